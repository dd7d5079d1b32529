package httpapi

import (
	"slices"
	"strconv"
	"strings"

	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
	"github.com/hakonegate/hakone/sigv4"
)

// CORS answers for an API's corsConfiguration. A nil CORS adds nothing.
type CORS struct {
	anyOrigin   bool
	origins     []string // in lower case; may be "http://*" or "https://*"
	methods     string
	headers     string
	expose      string
	maxAge      string // empty: not sent
	credentials bool
}

// NewCORS compiles c; nil gives nil.
func NewCORS(c *apigatewayv2.Cors) *CORS {
	if c == nil {
		return nil
	}
	out := &CORS{
		methods:     strings.Join(c.AllowMethods, ","),
		headers:     strings.Join(c.AllowHeaders, ","),
		expose:      strings.Join(c.ExposeHeaders, ","),
		credentials: c.AllowCredentials,
	}
	for _, o := range c.AllowOrigins {
		out.anyOrigin = out.anyOrigin || o == "*"
		out.origins = append(out.origins, strings.ToLower(o))
	}
	if c.MaxAge != nil && *c.MaxAge >= 0 {
		out.maxAge = strconv.Itoa(*c.MaxAge)
	}
	return out
}

// Preflight returns the headers of the answer to a preflight request from
// origin: none when the origin is not allowed. What the browser asks for is not
// looked at: it decides itself.
func (c *CORS) Preflight(origin string) []sigv4.Header {
	h := c.origin(nil, origin)
	if len(h) == 0 {
		return nil
	}
	add := func(name, value string) {
		if value != "" {
			h = append(h, sigv4.Header{Name: name, Value: value})
		}
	}
	add("access-control-allow-methods", c.methods)
	add("access-control-allow-headers", c.headers)
	add("access-control-max-age", c.maxAge)
	if c.credentials {
		add("access-control-allow-credentials", "true")
	}
	return h
}

// Apply replaces the access-control-* headers of a response to origin by the
// configured ones; it returns headers as they are when c is nil.
func (c *CORS) Apply(headers []sigv4.Header, origin string) []sigv4.Header {
	if c == nil {
		return headers
	}
	headers = slices.DeleteFunc(headers, func(h sigv4.Header) bool {
		return len(h.Name) > 15 && strings.EqualFold(h.Name[:15], "access-control-")
	})
	before := len(headers)
	headers = c.origin(headers, origin)
	if len(headers) == before {
		return headers
	}
	if c.credentials {
		headers = append(headers, sigv4.Header{Name: "access-control-allow-credentials", Value: "true"})
	}
	if c.expose != "" {
		headers = append(headers, sigv4.Header{Name: "access-control-expose-headers", Value: c.expose})
	}
	return headers
}

// origin appends access-control-allow-origin if origin is allowed.
func (c *CORS) origin(headers []sigv4.Header, origin string) []sigv4.Header {
	switch {
	case c == nil || origin == "":
		return headers
	case c.anyOrigin:
		return append(headers, sigv4.Header{Name: "access-control-allow-origin", Value: "*"})
	case c.allows(origin):
		return append(headers,
			sigv4.Header{Name: "access-control-allow-origin", Value: origin},
			sigv4.Header{Name: "vary", Value: "origin"})
	default:
		return headers
	}
}

func (c *CORS) allows(origin string) bool {
	origin = strings.ToLower(origin)
	for _, o := range c.origins {
		if scheme, ok := strings.CutSuffix(o, "://*"); ok {
			if strings.HasPrefix(origin, scheme+"://") {
				return true
			}
		} else if o == origin {
			return true
		}
	}
	return false
}
