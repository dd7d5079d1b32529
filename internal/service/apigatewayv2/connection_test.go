package apigatewayv2

import (
	"strings"
	"testing"
)

func TestPrivateIntegrationsNeedAnAddress(t *testing.T) {
	const listener = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/net/a/b/c"
	const service = "arn:aws:servicediscovery:eu-west-1:123456789012:service/srv-1"
	known := map[string]bool{listener: true, service: true, "vl1": true}
	s := &Service{config: Config{HasVPCLink: func(name string) bool { return known[name] }}}
	for _, tt := range []struct{ name, kind, id, uri, want string }{
		{"a listener", "VPC_LINK", "vl2", listener, ""},
		{"a service, whose attributes do not count", "VPC_LINK", "vl2", service + "?stage=prod", ""},
		{"a VPC link", "VPC_LINK", "vl1", listener + "x", ""},
		{"a stage variable", "VPC_LINK", "vl1", "${stageVariables.listener}", ""},
		{"no address", "VPC_LINK", "vl2", listener + "x", "start hakone with --vpc-link ARN-or-ID=HOST:PORT"},
		{"no link", "VPC_LINK", "", listener, "ConnectionId"},
		{"a URL", "VPC_LINK", "vl1", "http://10.0.0.1", "ARN of no load balancer listener"},
		{"an unknown type", "PRIVATE", "vl1", listener, "Must be one of [INTERNET, VPC_LINK]"},
		{"a server name for the internet", "INTERNET", "", "https://a.example", "TlsConfig is for private integrations"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := s.checkIntegration(&Integration{
				IntegrationType: "HTTP_PROXY", IntegrationMethod: "ANY", ConnectionType: tt.kind, ConnectionId: tt.id, IntegrationUri: tt.uri,
				TlsConfig: &TlsConfig{ServerNameToVerify: "a.example"},
			})
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestStageVariablesMayStandForAnyPartOfAURI(t *testing.T) {
	s := newService(t)
	id := createAPI(t, s).ApiId
	for _, uri := range []string{
		"https://${stageVariables.host}/a", "http://127.0.0.1:${stageVariables.port}/{id}", "https://a.example/${stageVariables.path}?v=${stageVariables.v}",
		"${stageVariables.url}",
	} {
		if _, err := s.CreateIntegration(t.Context(), id, Integration{IntegrationType: "HTTP_PROXY", IntegrationMethod: "ANY", IntegrationUri: uri}); err != nil {
			t.Errorf("%s: %v", uri, err)
		}
	}
}
