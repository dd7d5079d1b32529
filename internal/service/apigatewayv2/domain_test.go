package apigatewayv2

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/stack"
)

func status(err error) int {
	if e, ok := errors.AsType[*awserr.Error](err); ok {
		return e.Status
	}
	return 0
}

// newStage makes an API with a stage.
func newStage(t *testing.T, s *Service, stage string) (apiID string) {
	t.Helper()
	a := must[*API](t)(s.CreateApi(t.Context(), &CreateApiInput{API: API{Name: "n", ProtocolType: "HTTP"}}))
	must[*Stage](t)(s.CreateStage(t.Context(), a.ApiId, Stage{StageName: stage, AutoDeploy: true}))
	return a.ApiId
}

func TestDomainNamesAreChecked(t *testing.T) {
	s := newService(t)
	for _, tt := range []struct {
		name string
		in   DomainName
		want int
	}{
		{"a name", DomainName{DomainName: "API.example.com"}, 0},
		{"the same again", DomainName{DomainName: "api.example.com"}, 409},
		{"a wildcard", DomainName{DomainName: "*.example.com"}, 0},
		{"no name", DomainName{}, 400},
		{"one label", DomainName{DomainName: "example"}, 400},
		{"a wildcard within", DomainName{DomainName: "a.*.example.com"}, 400},
		{"a default endpoint", DomainName{DomainName: "abc.execute-api.ap-northeast-1.amazonaws.com"}, 400},
		{"a routing mode that is none", DomainName{DomainName: "a.example.com", RoutingMode: "RULES"}, 400},
		{"an edge endpoint", DomainName{DomainName: "a.example.com", DomainNameConfigurations: []DomainNameConfiguration{{EndpointType: "EDGE"}}}, 400},
		{"TLS 1.0", DomainName{DomainName: "a.example.com", DomainNameConfigurations: []DomainNameConfiguration{{SecurityPolicy: "TLS_1_0"}}}, 400},
	} {
		if _, err := s.CreateDomainName(t.Context(), tt.in); status(err) != tt.want {
			t.Errorf("%s: %v, want %d", tt.name, err, tt.want)
		}
	}
	d := must[*DomainName](t)(s.GetDomainName("api.example.com"))
	c := d.DomainNameConfigurations[0]
	if d.DomainNameArn != "arn:aws:apigateway:ap-northeast-1::/domainnames/api.example.com" || c.HostedZoneId != "Z1YSHQZHG15GKL" ||
		!strings.HasPrefix(c.ApiGatewayDomainName, "d-") || !strings.HasSuffix(c.ApiGatewayDomainName, ".execute-api.ap-northeast-1.amazonaws.com") {
		t.Errorf("got %+v", d)
	}
	if n := len(s.GetDomainNames()); n != 2 {
		t.Errorf("%d domain names", n)
	}
	if err := s.DeleteDomainName(t.Context(), "api.example.com"); err != nil {
		t.Error(err)
	}
	if _, err := s.GetDomainName("api.example.com"); status(err) != 404 {
		t.Errorf("after deletion: %v", err)
	}
}

func TestApiMappingsAreChecked(t *testing.T) {
	s := newService(t)
	id := newStage(t, s, "prod")
	must[*DomainName](t)(s.CreateDomainName(t.Context(), DomainName{DomainName: "api.example.com"}))
	for _, tt := range []struct {
		key, domain, api, stage string
		want                    int
	}{
		{"", "api.example.com", id, "prod", 0},
		{"orders/v1", "api.example.com", id, "prod", 0},
		{"orders/v1", "api.example.com", id, "prod", 409},
		{"a-Z_0.9+!*'()$", "api.example.com", id, "prod", 0},
		{"/a", "api.example.com", id, "prod", 400},
		{"a/", "api.example.com", id, "prod", 400},
		{"a//b", "api.example.com", id, "prod", 400},
		{"a%20b", "api.example.com", id, "prod", 400},
		{strings.Repeat("a", 301), "api.example.com", id, "prod", 400},
		{"ping", "api.example.com", id, "prod", 400},
		{"b", "api.example.com", id, "none", 400},
		{"b", "api.example.com", "none", "prod", 404},
		{"b", "other.example.com", id, "prod", 404},
	} {
		if _, err := s.CreateApiMapping(t.Context(), tt.domain, ApiMapping{ApiId: tt.api, ApiMappingKey: tt.key, Stage: tt.stage}); status(err) != tt.want {
			t.Errorf("%.40s: %v, want %d", tt.key, err, tt.want)
		}
	}
	if err := s.DeleteStage(t.Context(), id, "prod"); status(err) != 409 {
		t.Errorf("a mapped stage was deleted: %v", err)
	}
	if err := s.DeleteApi(t.Context(), id); status(err) != 409 {
		t.Errorf("a mapped API was deleted: %v", err)
	}
	for _, m := range must[[]ApiMapping](t)(s.GetApiMappings("api.example.com")) {
		if err := s.DeleteApiMapping(t.Context(), "api.example.com", m.ApiMappingId); err != nil {
			t.Error(err)
		}
	}
	if err := s.DeleteStage(t.Context(), id, "prod"); err != nil {
		t.Error(err)
	}
}

func TestStackMakesADomainName(t *testing.T) {
	s := newService(t)
	id := newStage(t, s, "$default")
	types := stack.Collect(s.Types())
	request := func(physicalID, properties string) *stack.Request {
		return &stack.Request{PhysicalID: physicalID, ClientToken: "token", Properties: parse(t, "p: "+properties).Get("p")}
	}
	domains, mappings := types["AWS::ApiGatewayV2::DomainName"].Handler, types["AWS::ApiGatewayV2::ApiMapping"].Handler
	properties := "{DomainName: api.example.com, DomainNameConfigurations: [{CertificateArn: 'arn:aws:acm:x', EndpointType: REGIONAL}], Tags: {a: b}}"
	d := must[stack.Result](t)(domains.Create(t.Context(), request("", properties)))
	if d.PhysicalID != "api.example.com" || d.Attributes["RegionalHostedZoneId"] != "Z1YSHQZHG15GKL" ||
		!strings.HasPrefix(d.Attributes["RegionalDomainName"], "d-") || d.Attributes["DomainNameArn"] != "arn:aws:apigateway:ap-northeast-1::/domainnames/api.example.com" {
		t.Errorf("got %+v", d)
	}
	if again := must[stack.Result](t)(domains.Update(t.Context(), request(d.PhysicalID, properties), nil)); again.Attributes["RegionalDomainName"] != d.Attributes["RegionalDomainName"] {
		t.Errorf("the update changed %+v", again)
	}
	_, err := domains.Create(t.Context(), request("", "{DomainName: b.example.com, MutualTlsAuthentication: {TruststoreUri: 's3://a/b'}}"))
	if status(err) != 400 {
		t.Errorf("mutual TLS was left out: %v", err)
	}
	m := must[stack.Result](t)(mappings.Create(t.Context(), request("", "{DomainName: api.example.com, ApiId: "+id+", Stage: $default, ApiMappingKey: v1}")))
	if m.PhysicalID == "" || m.Attributes["ApiMappingId"] != m.PhysicalID {
		t.Errorf("got %+v", m)
	}
	p := "{DomainName: api.example.com, ApiId: " + id + ", Stage: $default, ApiMappingKey: v2}"
	must[stack.Result](t)(mappings.Update(t.Context(), request(m.PhysicalID, p), nil))
	want := []ServedDomain{{Name: "api.example.com", Mappings: []ApiMapping{{id, m.PhysicalID, "v2", "$default"}}}}
	if diff := cmp.Diff(want, slices.Collect(s.Domains())); diff != "" {
		t.Error(diff)
	}
	for range 2 {
		if err := mappings.Delete(t.Context(), request(m.PhysicalID, p)); err != nil {
			t.Error(err)
		}
	}
	for range 2 {
		if err := domains.Delete(t.Context(), request(d.PhysicalID, properties)); err != nil {
			t.Error(err)
		}
	}
}
