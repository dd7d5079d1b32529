package apigatewayv2

import (
	"context"
	"errors"
	"net/http"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

// Types returns the CloudFormation types of HTTP APIs.
func (s *Service) Types() []stack.Type {
	return shaped(append([]stack.Type{
		{
			Name: "AWS::ApiGatewayV2::Api", Level: stack.Real, Replace: []string{"ProtocolType"},
			Attributes: []string{"ApiId", "ApiEndpoint", "ExecuteApiArn"},
			Handler:    handler[apiProperties]{s.makeApi, s.changeApi, s.removeApi},
		},
		{
			Name: "AWS::ApiGatewayV2::Stage", Level: stack.Real, Replace: []string{"ApiId", "StageName"}, Required: []string{"ApiId", "StageName"},
			Handler: handler[stageProperties]{s.makeStage, s.changeStage, s.removeStage},
		},
		{
			Name: "AWS::ApiGatewayV2::Route", Level: stack.Real, Replace: []string{"ApiId"}, Required: []string{"ApiId", "RouteKey"},
			Attributes: []string{"RouteId"},
			Handler: partHandler(part[routeProperties, Route]{
				attribute: "RouteId", owner: func(p *routeProperties) string { return p.ApiId }, lay: (*routeProperties).lay,
				create: s.createRoute, id: func(r *Route) string { return r.RouteId }, update: s.UpdateRoute, remove: s.DeleteRoute,
			}),
		},
		{
			Name: "AWS::ApiGatewayV2::Integration", Level: stack.Real, Replace: []string{"ApiId"}, Required: []string{"ApiId", "IntegrationType"},
			Attributes: []string{"IntegrationId"},
			Handler: partHandler(part[integrationProperties, Integration]{
				attribute: "IntegrationId", owner: func(p *integrationProperties) string { return p.ApiId }, lay: (*integrationProperties).lay,
				create: s.createIntegration, id: func(i *Integration) string { return i.IntegrationId }, update: s.UpdateIntegration, remove: s.DeleteIntegration,
			}),
		},
		{
			Name: "AWS::ApiGatewayV2::Authorizer", Level: stack.Real, Replace: []string{"ApiId"}, Required: []string{"ApiId", "AuthorizerType", "Name"},
			Attributes: []string{"AuthorizerId"},
			Handler: partHandler(part[authorizerProperties, Authorizer]{
				attribute: "AuthorizerId", owner: func(p *authorizerProperties) string { return p.ApiId }, lay: (*authorizerProperties).lay,
				create: s.createAuthorizer, id: func(a *Authorizer) string { return a.AuthorizerId }, update: s.UpdateAuthorizer, remove: s.DeleteAuthorizer,
			}),
		},
		{
			Name: "AWS::ApiGatewayV2::Deployment", Level: stack.Real, Replace: []string{"ApiId"}, Required: []string{"ApiId"},
			Attributes: []string{"DeploymentId"},
			Handler:    handler[deploymentProperties]{s.makeDeployment, s.changeDeployment, s.removeDeployment},
		},
		{
			Name: "AWS::ApiGatewayV2::VpcLink", Level: stack.Real, Replace: []string{"SecurityGroupIds", "SubnetIds"}, Required: []string{"Name", "SubnetIds"},
			Attributes: []string{"VpcLinkId"},
			Handler:    handler[vpcLinkProperties]{s.makeVpcLink, s.changeVpcLink, s.removeVpcLink},
		},
		s.overridesType(),
	}, s.domainTypes()...))
}

// A handler handles a resource type with the properties P.
type handler[P any] struct {
	create func(ctx context.Context, r *stack.Request, p *P) (stack.Result, error)
	update func(ctx context.Context, r *stack.Request, p *P) (stack.Result, error)
	remove func(ctx context.Context, r *stack.Request, p *P) error
}

func (h handler[P]) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	var p P
	if err := r.Properties.Decode(&p); err != nil {
		return stack.Result{}, err
	}
	return h.create(ctx, r, &p)
}

func (h handler[P]) Update(ctx context.Context, r *stack.Request, _ *template.Node) (stack.Result, error) {
	var p P
	if err := r.Properties.Decode(&p); err != nil {
		return stack.Result{}, err
	}
	return h.update(ctx, r, &p)
}

func (h handler[P]) Delete(ctx context.Context, r *stack.Request) error {
	var p P
	if err := r.Properties.Decode(&p); err != nil {
		return err
	}
	err := h.remove(ctx, r, &p)
	if e, ok := errors.AsType[*awserr.Error](err); ok && e.Status == http.StatusNotFound {
		return nil
	}
	return err
}

// A part is how resources of the type R, with the properties P, belong to an API
// or to a domain name.
type part[P, R any] struct {
	attribute string // that is the identifier
	owner     func(*P) string
	lay       func(*P, *R) error // puts the properties over the resource
	create    func(ctx context.Context, owner string, r R, token string) (*R, error)
	id        func(*R) string
	update    func(ctx context.Context, owner, id string, fn func(*R) error) (*R, error)
	remove    func(ctx context.Context, owner, id string) error
}

func partHandler[P, R any](of part[P, R]) handler[P] {
	return handler[P]{
		create: func(ctx context.Context, r *stack.Request, p *P) (stack.Result, error) {
			var in R
			if err := of.lay(p, &in); err != nil {
				return stack.Result{}, err
			}
			made, err := of.create(ctx, of.owner(p), in, r.ClientToken)
			if err != nil {
				return stack.Result{}, err
			}
			return result(of.id(made), of.attribute), nil
		},
		update: func(ctx context.Context, r *stack.Request, p *P) (stack.Result, error) {
			_, err := of.update(ctx, of.owner(p), r.PhysicalID, func(to *R) error { return of.lay(p, to) })
			return result(r.PhysicalID, of.attribute), err
		},
		remove: func(ctx context.Context, r *stack.Request, p *P) error {
			return of.remove(ctx, of.owner(p), r.PhysicalID)
		},
	}
}

// result returns the result for a resource whose attribute name is its
// identifier.
func result(id, attribute string) stack.Result {
	return stack.Result{PhysicalID: id, Attributes: map[string]string{attribute: id}}
}

// onlyWebSocket refuses properties that only WebSocket APIs have.
func onlyWebSocket(properties map[string]*template.Node) error {
	for _, name := range sortedKeys(properties) {
		if !properties[name].IsNull() {
			return badRequest("The property %s is not supported for HTTP APIs", name)
		}
	}
	return nil
}
