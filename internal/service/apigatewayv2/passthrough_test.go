package apigatewayv2

import (
	"strings"
	"testing"

	"github.com/hakonegate/hakone/internal/stack"
)

func TestPassthroughIsWhatAProxyDoes(t *testing.T) {
	s := newService(t)
	id := createAPI(t, s).ApiId
	create := stack.Collect(s.Types())["AWS::ApiGatewayV2::Integration"].Handler.Create
	for behavior, want := range map[string]int{"when_no_match": 0, "WHEN_NO_TEMPLATES": 0, "never": 400, "sometimes": 400} {
		body := document30("paths: {/: {get: {x-amazon-apigateway-integration: {type: http_proxy, httpMethod: GET, payloadFormatVersion: '1.0', uri: 'https://a.example', passthroughBehavior: " + behavior + "}}}}")
		_, err := s.ImportApi(t.Context(), &ImportApiInput{Body: parse(t, body)})
		if status(err) != want || err != nil && !strings.Contains(err.Error(), "/paths/~1/get/x-amazon-apigateway-integration/passthroughBehavior: ") {
			t.Errorf("an import with %s: %v", behavior, err)
		}
		properties := "p: {ApiId: " + id + ", IntegrationType: HTTP_PROXY, IntegrationMethod: GET, IntegrationUri: 'https://a.example', PayloadFormatVersion: '1.0', PassthroughBehavior: " + behavior + "}"
		if _, err := create(t.Context(), &stack.Request{ClientToken: behavior, Properties: parse(t, properties).Get("p")}); status(err) != want {
			t.Errorf("a template with %s: %v", behavior, err)
		}
	}
	api := stack.Collect(s.Types())["AWS::ApiGatewayV2::Api"].Handler
	if _, err := api.Create(t.Context(), &stack.Request{Properties: parse(t, "p: {Name: n, ProtocolType: HTTP, DisableSchemaValidation: true}").Get("p")}); status(err) != 400 {
		t.Errorf("validation of schemas: %v", err)
	}
}
