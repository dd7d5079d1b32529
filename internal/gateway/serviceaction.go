package gateway

import (
	"fmt"
	"net/url"
	"time"

	"github.com/hakonegate/hakone/internal/gateway/integration"
	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
	"github.com/hakonegate/hakone/internal/trace"
)

// Services are the AWS services that integrations call with their role.
type Services struct {
	Endpoints map[string]*url.URL // by signing name
	Roles     integration.Roles
}

// service is an AWS service integration.
type service struct {
	integration.Service

	input     apigatewayv2.ServiceInput
	responses responseMappings
}

func (g *Gateway) compileService(i *apigatewayv2.Integration, timeout time.Duration) (*service, error) {
	action, err := apigatewayv2.ServiceActionOf(i.IntegrationSubtype)
	if err != nil {
		return nil, err
	}
	endpoint := g.config.Services.Endpoints[action.Service]
	if endpoint == nil {
		return nil, fmt.Errorf("no endpoint is configured for %s: start hakone with --service-endpoint %[1]s=URL", action.Service)
	}
	s := &service{Service: integration.Service{
		Roles: g.config.Services.Roles, Transport: g.transport, Action: action, Endpoint: endpoint, Role: i.CredentialsArn,
		Partition: g.config.Partition, Region: g.config.Region, Account: g.config.Account, Timeout: timeout,
	}}
	if s.input, err = action.ParseInput(i.RequestParameters); err != nil {
		return nil, err
	}
	if region := i.RequestParameters["Region"]; region != "" {
		s.Region = region
	}
	s.responses, err = compileResponses(i)
	return s, err
}

// integrate calls the service and gives the client its status and body.
func (s *service) integrate(x *exchange) error {
	input := make(map[string]string, len(s.input))
	for name, value := range s.input {
		if text, ok := x.mappedValue(&value); ok {
			input[name] = text
		}
	}
	source := x.stage.arns.Sources(x.route, x.req.Method)[0]
	x.trace.SetIntegration(trace.Integration{Type: "AWS_PROXY", Target: s.Action.Subtype + " at " + s.Endpoint.Host, SourceARN: source})
	began := time.Now()
	answer, body, err := s.Call(x.r.Context(), input, source)
	x.trace.Integration.Duration = time.Since(began)
	if err != nil {
		x.trace.Integration.Error = err.Error()
		return integrationRefusal(err)
	}
	x.trace.Integration.Status, x.trace.Integration.RequestID = answer.Status, answer.RequestID
	x.response.Status, x.response.Headers, x.response.Body = answer.Status, answer.Headers, body
	return x.mapResponse(s.responses[answer.Status])
}
