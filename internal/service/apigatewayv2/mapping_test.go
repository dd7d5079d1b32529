package apigatewayv2

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/awserr"
)

func TestParameterMappingsAreCheckedAtCreation(t *testing.T) {
	s := newService(t)
	a, err := s.CreateApi(t.Context(), &CreateApiInput{API: API{Name: "n", ProtocolType: "HTTP"}})
	if err != nil {
		t.Fatal(err)
	}
	create := func(request map[string]string, responses map[string]map[string]string) error {
		_, err := s.CreateIntegration(t.Context(), a.ApiId, Integration{
			IntegrationType: IntegrationHTTPProxy, IntegrationMethod: "GET", IntegrationUri: "https://backend.example/",
			RequestParameters: request, ResponseParameters: responses,
		})
		return err
	}
	for _, tt := range []struct {
		key, value string
		request    bool
		response   bool
	}{
		{"append:header.a", "x", true, true},
		{"overwrite:header.a", "$context.requestId", true, true},
		{"overwrite:header.a", "$stageVariables.x", true, true},
		{"overwrite:header.a", "$5 ${context.a}", true, true},
		{"remove:header.a", "''", true, true},
		{"remove:header.a", "x", false, false},
		{"overwrite:header.a", "", false, false},
		{"overwrite:header.a", "${context.a", false, false},
		{"overwrite:header.a", "${other.a}", false, false},
		{"overwrite:header.a", "$request.header.b", true, false},
		{"overwrite:header.a", "$request.querystring.b", true, false},
		{"overwrite:header.a", "$request.path", true, false},
		{"overwrite:header.a", "$request.path.b", true, false},
		{"overwrite:header.a", "$request.body.b[0]['c']", true, false},
		{"overwrite:header.a", "$request.body..b", false, false},
		{"overwrite:header.a", "$request.body[?(@.x)]", false, false},
		{"overwrite:header.a", "$request.other.b", false, false},
		{"overwrite:header.a", "$request.header.", false, false},
		{"overwrite:header.a", "$response.header.b", false, true},
		{"overwrite:header.a", "$response.body", false, true},
		{"overwrite:header.a", "$response.querystring.b", false, false},
		{"overwrite:querystring.a", "x", true, false},
		{"overwrite:path", "/x", true, false},
		{"append:path", "/x", false, false},
		{"overwrite:path.x", "/x", false, false},
		{"overwrite:statuscode", "404", false, true},
		{"overwrite:statuscode", "99", false, false},
		{"append:statuscode", "404", false, false},
		{"set:header.a", "x", false, false},
		{"header.a", "x", false, false},
		{"append:header.a b", "x", false, false},
		{"append:header.", "x", false, false},
	} {
		if err := create(map[string]string{tt.key: tt.value}, nil); (err == nil) != tt.request {
			t.Errorf("request %s = %s: %v", tt.key, tt.value, err)
		}
		if err := create(nil, map[string]map[string]string{"200": {tt.key: tt.value}}); (err == nil) != tt.response {
			t.Errorf("response %s = %s: %v", tt.key, tt.value, err)
		}
	}
	for _, name := range []string{
		"access-control-x", "Apigw-x", "Authorization", "Connection", "Content-Encoding", "Content-Length", "Content-Location", "Forwarded",
		"Keep-Alive", "Origin", "Proxy-Authenticate", "Proxy-Authorization", "TE", "Trailers", "Transfer-Encoding", "Upgrade", "x-amz-x",
		"X-Amzn-x", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Via",
	} {
		for _, action := range []string{"append", "overwrite", "remove"} {
			value := map[bool]string{true: "''", false: "x"}[action == "remove"]
			for _, err := range []error{
				create(map[string]string{action + ":header." + name: value}, nil),
				create(nil, map[string]map[string]string{"200": {action + ":header." + name: value}}),
			} {
				if e, ok := errors.AsType[*awserr.Error](err); !ok || e.Status != 400 {
					t.Errorf("%s %s: %v", action, name, err)
				}
			}
		}
	}
	if err := create(nil, map[string]map[string]string{"199": {"append:header.a": "x"}}); err == nil {
		t.Error("the status 199 was taken")
	}
	if _, err := s.CreateIntegration(t.Context(), a.ApiId, Integration{
		IntegrationType: IntegrationAWSProxy, IntegrationUri: function, RequestParameters: map[string]string{"append:header.a": "x"},
	}); err == nil {
		t.Error("a Lambda integration has no parameter mapping")
	}
}

func TestAnUpdateEmptiesMappings(t *testing.T) {
	s := newService(t)
	a, err := s.CreateApi(t.Context(), &CreateApiInput{API: API{Name: "n", ProtocolType: "HTTP"}})
	if err != nil {
		t.Fatal(err)
	}
	i, err := s.CreateIntegration(t.Context(), a.ApiId, Integration{
		IntegrationType: IntegrationHTTPProxy, IntegrationMethod: "GET", IntegrationUri: "https://backend.example/",
		RequestParameters:  map[string]string{"append:header.a": "x", "append:header.b": "y"},
		ResponseParameters: map[string]map[string]string{"200": {"append:header.a": "x"}, "404": {"append:header.a": "x"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	i, err = s.UpdateIntegration(t.Context(), a.ApiId, i.IntegrationId, func(i *Integration) error {
		i.RequestParameters["append:header.a"] = ""
		i.ResponseParameters["200"] = map[string]string{}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]string{"append:header.b": "y"}, i.RequestParameters); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string]map[string]string{"404": {"append:header.a": "x"}}, i.ResponseParameters); d != "" {
		t.Error(d)
	}
}

func TestParameterMappingsAreImported(t *testing.T) {
	s := newService(t)
	document := func(header string) string {
		return `
openapi: 3.0.1
info: {title: t}
paths:
  /a:
    get:
      x-amazon-apigateway-integration:
        type: http_proxy
        httpMethod: GET
        uri: https://backend.example/
        payloadFormatVersion: "1.0"
        requestParameters: {"append:header.` + header + `": $request.header.b}
        responseParameters: {"404": {"overwrite:statuscode": "200"}}
`
	}
	a, err := s.ImportApi(t.Context(), &ImportApiInput{Body: parse(t, document("a"))})
	if err != nil {
		t.Fatal(err)
	}
	is, err := s.GetIntegrations(a.ApiId)
	if err != nil || len(is) != 1 || is[0].RequestParameters["append:header.a"] != "$request.header.b" || is[0].ResponseParameters["404"]["overwrite:statuscode"] != "200" {
		t.Errorf("%v %+v", err, is)
	}
	if _, err := s.ImportApi(t.Context(), &ImportApiInput{Body: parse(t, document("via"))}); err == nil || !strings.Contains(err.Error(), "/paths/~1a/get") {
		t.Errorf("a reserved header was imported: %v", err)
	}
}
