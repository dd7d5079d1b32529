package endpoint_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/endpoint"
	"github.com/hakonegate/hakone/internal/wire"
	"github.com/hakonegate/hakone/sigv4"
)

type thing struct {
	ThingName string
	Size      int `rest:"query=size"`
	Colour    string
}

type thingAnswer struct {
	ThingName, Colour string
	Size              int
	Version           string `rest:"header=X-Version"`
}

// things is a service of restJson1.
func things() wire.Service {
	path := "/v1/things/{ThingName}"
	resource := func(in *thing) string { return "arn:aws:things:" + region + ":" + account + ":thing/" + in.ThingName }
	get := func(_ context.Context, in *thing) (*thingAnswer, error) {
		if in.ThingName == "none" {
			return nil, awserr.New("NotFoundException", http.StatusNotFound, "No thing %s", in.ThingName)
		}
		return &thingAnswer{in.ThingName, in.Colour, in.Size, "7"}, nil
	}
	remove := func(context.Context, *thing) (*wire.Nothing, error) { return &wire.Nothing{}, nil }
	return wire.Service{Name: "things", Protocol: wire.RESTJSON1, LowerCamel: true, MaxBody: 9 << 20, Operations: []wire.Operation{
		wire.Op("GetThing", get, resource).At("GET", path, http.StatusOK),
		wire.Op("PutThing", get, resource).At("PUT", path, http.StatusCreated),
		wire.Op("DeleteThing", remove, resource).Called("things:DELETE").At("DELETE", path, http.StatusNoContent),
	}}
}

func TestRESTCalls(t *testing.T) {
	p := start(t)
	server := httptest.NewServer(endpoint.New(endpoint.Config{Keys: p.sts, Services: []wire.Service{p.sts.API(), things()}, Account: account, Region: region}))
	t.Cleanup(server.Close)
	bob := p.user(t, "bob", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["things:GetThing","things:DELETE"],"Resource":"arn:aws:things:*:*:thing/mine*"}}`)
	large := `{"Colour":"` + strings.Repeat("x", 9<<20) + `"}`
	tests := []struct {
		name               string
		credentials        sigv4.Credentials
		method, path, body string
		status             int
		code, want         string
	}{
		{"label and query", bob, "GET", "/v1/things/mine%2F1?size=3", "", 200, "", `{"colour":"","size":3,"thingName":"mine/1"}`},
		{"the body", p.admin, "PUT", "/v1/things/a", `{"colour":"red","thingName":"b"}`, 201, "", `{"colour":"red","size":0,"thingName":"a"}`},
		{"no body in the answer", bob, "DELETE", "/v1/things/mine", "", 204, "", ""},
		{"another's", bob, "GET", "/v1/things/other", "", 403, "AccessDeniedException", "User: arn:aws:iam::123456789012:user/bob is not authorized to perform: things:GetThing on resource: arn:aws:things:ap-northeast-1:123456789012:thing/other because"},
		{"another operation on one's own", bob, "PUT", "/v1/things/mine", "{}", 403, "AccessDeniedException", "things:PutThing"},
		{"a refusal", p.admin, "GET", "/v1/things/none", "", 404, "NotFoundException", `{"message":"No thing none"}`},
		{"a body that is no JSON", p.admin, "PUT", "/v1/things/a", "{", 400, "SerializationException", "message"},
		{"a body that is too large", p.admin, "PUT", "/v1/things/a", large, 413, "RequestEntityTooLarge", "message"},
		{"what is not offered is named", p.admin, "POST", "/v1/others", "{}", 400, "UnknownOperationException", "POST /v1/others of things"},
		{"unsigned", sigv4.Credentials{}, "GET", "/v1/things/a", "", 403, "MissingAuthenticationTokenException", `{"message":"Request is missing Authentication Token"}`},
		{"an unknown key", sigv4.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, "GET", "/v1/things/a", "", 403, "UnrecognizedClientException", "message"},
	}
	for _, tt := range tests {
		r, err := http.NewRequestWithContext(t.Context(), tt.method, server.URL+tt.path, strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		if tt.credentials.AccessKeyID != "" {
			if err := (&sigv4.Signer{Service: "things", Region: region}).SignHTTP(r, tt.credentials, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if res.StatusCode != tt.status || res.Header.Get("X-Amzn-Errortype") != tt.code || !strings.Contains(string(body), tt.want) {
			t.Errorf("%s: %d %q %.200s, want %d %q %s", tt.name, res.StatusCode, res.Header.Get("X-Amzn-Errortype"), body, tt.status, tt.code, tt.want)
		}
		if tt.status == 200 && res.Header.Get("X-Version") != "7" {
			t.Errorf("%s: the answer's headers are %v", tt.name, res.Header)
		}
		if tt.status == 204 && len(body) > 0 {
			t.Errorf("%s: the body is %s", tt.name, body)
		}
	}
}
