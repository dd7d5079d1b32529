package apigatewayv2

import (
	"context"

	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

// apiProperties are those of AWS::ApiGatewayV2::Api.
type apiProperties struct {
	ApiKeySelectionExpression string
	BasePath                  string
	Body                      *template.Node
	BodyS3Location            *bodyLocation
	CorsConfiguration         *Cors
	CredentialsArn            string
	Description               string
	DisableExecuteApiEndpoint *bool
	DisableSchemaValidation   bool
	FailOnWarnings            bool
	IpAddressType             string `oneof:"ipv4,dualstack"`
	Name                      string
	ProtocolType              string `oneof:"HTTP,WEBSOCKET"`
	RouteKey                  string
	RouteSelectionExpression  string
	Tags                      map[string]string
	Target                    string
	Version                   string
}

func (p *apiProperties) check() error {
	switch {
	case p.DisableSchemaValidation:
		return badRequest("DisableSchemaValidation is not supported for HTTP APIs")
	case p.Body.IsNull() && (p.Name == "" || p.ProtocolType == ""):
		return badRequest("An API without Body must have Name and ProtocolType")
	}
	return nil
}

func (s *Service) prepare(ctx context.Context, p *apiProperties) error {
	if err := s.readBody(ctx, p); err != nil {
		return err
	}
	return p.check()
}

// lay puts the properties over an API. Those that are not given leave what a
// body said.
func (p *apiProperties) lay(a *API) {
	imported := !p.Body.IsNull()
	text := func(to *string, value string) {
		if value != "" || !imported {
			*to = value
		}
	}
	text(&a.Name, p.Name)
	text(&a.Description, p.Description)
	text(&a.Version, p.Version)
	text(&a.IpAddressType, p.IpAddressType)
	text(&a.ApiKeySelectionExpression, p.ApiKeySelectionExpression)
	text(&a.RouteSelectionExpression, p.RouteSelectionExpression)
	if p.CorsConfiguration != nil || !imported {
		a.CorsConfiguration = p.CorsConfiguration
	}
	if p.DisableExecuteApiEndpoint != nil {
		a.DisableExecuteApiEndpoint = *p.DisableExecuteApiEndpoint
	} else if !imported {
		a.DisableExecuteApiEndpoint = false
	}
	if p.Tags != nil || !imported {
		a.Tags = p.Tags
	}
}

func (s *Service) makeApi(ctx context.Context, r *stack.Request, p *apiProperties) (stack.Result, error) {
	if err := s.prepare(ctx, p); err != nil {
		return stack.Result{}, err
	}
	if p.Body.IsNull() {
		in := CreateApiInput{CredentialsArn: p.CredentialsArn, RouteKey: p.RouteKey, Target: p.Target, ClientToken: r.ClientToken}
		in.ProtocolType = p.ProtocolType
		p.lay(&in.API)
		a, err := s.CreateApi(ctx, &in)
		return s.apiResult(a), err
	}
	a, err := s.importOver(ctx, "", r.ClientToken, p)
	return s.apiResult(a), err
}

func (s *Service) changeApi(ctx context.Context, r *stack.Request, p *apiProperties) (stack.Result, error) {
	if err := s.prepare(ctx, p); err != nil {
		return stack.Result{}, err
	}
	if !p.Body.IsNull() {
		a, err := s.importOver(ctx, r.PhysicalID, "", p)
		return s.apiResult(a), err
	}
	a, err := s.updateApi(ctx, r.PhysicalID, quickUpdate{p.CredentialsArn, p.RouteKey, p.Target}, func(a *API) error { p.lay(a); return nil })
	return s.apiResult(a), err
}

// importOver imports p's body, into an API that exists if apiID is not empty.
func (s *Service) importOver(ctx context.Context, apiID, token string, p *apiProperties) (*API, error) {
	in := &ImportApiInput{Body: p.Body, Basepath: p.BasePath, FailOnWarnings: p.FailOnWarnings, ClientToken: token, over: p.lay}
	if apiID == "" {
		return s.ImportApi(ctx, in)
	}
	return s.ReimportApi(ctx, apiID, in)
}

func (s *Service) removeApi(ctx context.Context, r *stack.Request, _ *apiProperties) error {
	return s.DeleteApi(ctx, r.PhysicalID)
}

func (s *Service) apiResult(a *API) stack.Result {
	if a == nil {
		return stack.Result{}
	}
	return stack.Result{PhysicalID: a.ApiId, Attributes: map[string]string{
		"ApiId": a.ApiId, "ApiEndpoint": a.ApiEndpoint,
		"ExecuteApiArn": "arn:" + s.config.Partition + ":execute-api:" + s.config.Region + ":" + s.config.Account + ":" + a.ApiId,
	}}
}
