package apigatewayv2

import (
	"context"

	"github.com/hakonegate/hakone/internal/stack"
)

// overridesType is AWS::ApiGatewayV2::ApiGatewayManagedOverrides: it changes what
// a quick create made. What it does not name has the quick create's values, also
// after it is deleted.
func (s *Service) overridesType() stack.Type {
	return stack.Type{
		Name: "AWS::ApiGatewayV2::ApiGatewayManagedOverrides", Level: stack.Real, Replace: []string{"ApiId"}, Required: []string{"ApiId"},
		Attributes: []string{"Id"},
		Handler: handler[overridesProperties]{
			create: func(ctx context.Context, r *stack.Request, p *overridesProperties) (stack.Result, error) {
				return result(idOf(r.ClientToken, partLength), "Id"), s.override(ctx, p)
			},
			update: func(ctx context.Context, r *stack.Request, p *overridesProperties) (stack.Result, error) {
				return result(r.PhysicalID, "Id"), s.override(ctx, p)
			},
			remove: func(ctx context.Context, _ *stack.Request, p *overridesProperties) error {
				return s.override(ctx, &overridesProperties{ApiId: p.ApiId})
			},
		},
	}
}

// overridesProperties are those of AWS::ApiGatewayV2::ApiGatewayManagedOverrides.
type overridesProperties struct {
	ApiId       string
	Integration struct {
		Description          string
		IntegrationMethod    string
		PayloadFormatVersion string
		TimeoutInMillis      int
	}
	Route struct {
		AuthorizationScopes []string
		AuthorizationType   string
		AuthorizerId        string
		OperationName       string
		Target              string
	}
	Stage struct {
		AccessLogSettings    *AccessLogSettings
		AutoDeploy           *bool
		DefaultRouteSettings RouteSettings
		Description          string
		RouteSettings        map[string]RouteSettings
		StageVariables       map[string]string
	}
}

// override lays the properties over what the quick create of an API made.
func (s *Service) override(ctx context.Context, p *overridesProperties) error {
	d, err := s.read(p.ApiId)
	if err != nil {
		return err
	}
	integration, route, stage, ok := d.managed()
	if !ok {
		return badRequest("The API %s was not made by quick create, or what that made is gone: there is nothing to override", p.ApiId)
	}
	if _, err := s.UpdateIntegration(ctx, p.ApiId, integration, func(i *Integration) error { p.layIntegration(i); return nil }); err != nil {
		return err
	}
	if _, err := s.UpdateRoute(ctx, p.ApiId, route, func(r *Route) error { p.layRoute(r, integration); return nil }); err != nil {
		return err
	}
	_, err = s.UpdateStage(ctx, p.ApiId, stage, func(stage *Stage) error { p.layStage(stage); return nil })
	return err
}

// managed returns what a quick create made, by identifiers and name.
func (d *document) managed() (integration, route, stage string, ok bool) {
	for id, i := range d.Configuration.Integrations {
		if i.ApiGatewayManaged {
			integration = id
		}
	}
	for id, r := range d.Configuration.Routes {
		if r.ApiGatewayManaged {
			route = id
		}
	}
	for name, s := range d.Stages {
		if s.ApiGatewayManaged {
			stage = name
		}
	}
	return integration, route, stage, integration != "" && route != "" && stage != ""
}

func (p *overridesProperties) layIntegration(i *Integration) {
	made := quickIntegration(i.IntegrationUri, i.CredentialsArn)
	i.Description, i.IntegrationMethod, i.PayloadFormatVersion, i.TimeoutInMillis = "", made.IntegrationMethod, made.PayloadFormatVersion, 0
	o := &p.Integration
	layText(&i.Description, o.Description)
	layText(&i.IntegrationMethod, o.IntegrationMethod)
	layText(&i.PayloadFormatVersion, o.PayloadFormatVersion)
	i.TimeoutInMillis = o.TimeoutInMillis
}

func (p *overridesProperties) layRoute(r *Route, integration string) {
	o := &p.Route
	r.AuthorizationScopes, r.AuthorizationType, r.AuthorizerId, r.OperationName = o.AuthorizationScopes, o.AuthorizationType, o.AuthorizerId, o.OperationName
	r.Target = "integrations/" + integration
	layText(&r.Target, o.Target)
}

func (p *overridesProperties) layStage(stage *Stage) {
	o := &p.Stage
	stage.AccessLogSettings, stage.DefaultRouteSettings, stage.Description = o.AccessLogSettings, o.DefaultRouteSettings, o.Description
	stage.RouteSettings, stage.StageVariables = o.RouteSettings, o.StageVariables
	stage.AutoDeploy = o.AutoDeploy == nil || *o.AutoDeploy
}

// layText stores what is given.
func layText(to *string, given string) {
	if given != "" {
		*to = given
	}
}
