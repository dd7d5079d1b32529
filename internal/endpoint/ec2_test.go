package endpoint_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hakonegate/hakone/internal/endpoint"
	"github.com/hakonegate/hakone/internal/wire"
	"github.com/hakonegate/hakone/sigv4"
)

func TestEC2HasRefusalsOfItsOwn(t *testing.T) {
	p := start(t)
	type request struct{ VpcId []string }
	type answer struct {
		Vpcs []request `query:"vpcSet"`
	}
	table := wire.Service{
		Name: "ec2", Protocol: wire.EC2Query, Namespace: "urn:ec2", Strict: true,
		Operations: []wire.Operation{wire.Op("DescribeVpcs", func(_ context.Context, in *request) (*answer, error) { return &answer{[]request{*in}}, nil }, nil)},
	}
	server := httptest.NewServer(endpoint.New(endpoint.Config{Keys: p.sts, Services: []wire.Service{table}, Account: account, Region: region}))
	t.Cleanup(server.Close)
	p.URL = server.URL
	nobody := sigv4.Credentials{AccessKeyID: "AKIDNOBODY", SecretAccessKey: "x"}
	tests := []struct {
		name   string
		caller sigv4.Credentials
		pairs  []string
		status int
		want   string
	}{
		{"an answer", p.admin, []string{"Action", "DescribeVpcs", "VpcId.1", "vpc-1"}, http.StatusOK, "<vpcSet><item><vpcId><item>vpc-1</item></vpcId></item></vpcSet>"},
		{"an operation that is not there", p.admin, []string{"Action", "RunInstances"}, http.StatusBadRequest, "<Code>InvalidAction</Code><Message>hakone does not offer the operation RunInstances of ec2</Message>"},
		{"a parameter that is not read", p.admin, []string{"Action", "DescribeVpcs", "Colour", "red"}, http.StatusBadRequest, "does not support the parameter Colour of DescribeVpcs"},
		{"an unknown key", nobody, []string{"Action", "DescribeVpcs"}, http.StatusForbidden, "<Response><Errors><Error><Code>AuthFailure</Code>"},
	}
	for _, tt := range tests {
		if status, text := p.call(t, "ec2", tt.caller, tt.pairs...); status != tt.status || !strings.Contains(text, tt.want) {
			t.Errorf("%s: %d %s", tt.name, status, text)
		}
	}
}
