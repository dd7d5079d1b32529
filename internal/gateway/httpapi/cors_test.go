package httpapi

import (
	"fmt"
	"testing"

	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
	"github.com/hakonegate/hakone/sigv4"
)

func TestCORS(t *testing.T) {
	age := 600
	never := -1
	full := &apigatewayv2.Cors{
		AllowOrigins: []string{"https://a.example", "http://*"}, AllowMethods: []string{"GET", "POST"}, AllowHeaders: []string{"x-a", "x-b"},
		ExposeHeaders: []string{"x-c"}, MaxAge: &age, AllowCredentials: true,
	}
	any := &apigatewayv2.Cors{AllowOrigins: []string{"*"}, AllowMethods: []string{"*"}, MaxAge: &never}
	tests := []struct {
		name            string
		cors            *apigatewayv2.Cors
		origin          string
		preflight, want string
	}{
		{
			"an allowed origin is echoed", full, "https://a.example",
			"[{access-control-allow-origin https://a.example} {vary origin} {access-control-allow-methods GET,POST} {access-control-allow-headers x-a,x-b} {access-control-max-age 600} {access-control-allow-credentials true}]",
			"[{content-type a/b} {access-control-allow-origin https://a.example} {vary origin} {access-control-allow-credentials true} {access-control-expose-headers x-c}]",
		},
		{"another scheme is another origin", full, "https://b.example", "[]", "[{content-type a/b}]"},
		{
			"a scheme with a star", full, "http://B.example:81",
			"[{access-control-allow-origin http://B.example:81} {vary origin} {access-control-allow-methods GET,POST} {access-control-allow-headers x-a,x-b} {access-control-max-age 600} {access-control-allow-credentials true}]",
			"[{content-type a/b} {access-control-allow-origin http://B.example:81} {vary origin} {access-control-allow-credentials true} {access-control-expose-headers x-c}]",
		},
		{
			"any origin is a star", any, "https://x.example",
			"[{access-control-allow-origin *} {access-control-allow-methods *}]",
			"[{content-type a/b} {access-control-allow-origin *}]",
		},
		{"no origin, no headers", any, "", "[]", "[{content-type a/b}]"},
		{"not configured: the integration's own stay", nil, "https://x.example", "[]", "[{content-type a/b} {access-control-allow-origin mine}]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := NewCORS(tt.cors)
			if got := fmt.Sprint(c.Preflight(tt.origin)); got != tt.preflight {
				t.Errorf("Preflight = %s\nwant %s", got, tt.preflight)
			}
			headers := []sigv4.Header{{Name: "content-type", Value: "a/b"}, {Name: "access-control-allow-origin", Value: "mine"}}
			if got := fmt.Sprint(c.Apply(headers, tt.origin)); got != tt.want {
				t.Errorf("Apply = %s\nwant %s", got, tt.want)
			}
		})
	}
}
