package apigatewayv2

import (
	"context"
	"maps"
)

func (s *Service) wireGetApis(_ context.Context, in *request) (*list[API], error) {
	return paged(s.GetApis(), in)
}

func (s *Service) wireCreateApi(ctx context.Context, in *request) (*API, error) {
	var said CreateApiInput
	if err := in.readMembers("Api", &said); err != nil {
		return nil, err
	}
	if err := s.passes(ctx, said.CredentialsArn); err != nil {
		return nil, err
	}
	said.ClientToken, said.ApiGatewayManaged, said.ImportInfo, said.Warnings = "", false, nil, nil
	return s.CreateApi(ctx, &said)
}

func (s *Service) wireImportApi(ctx context.Context, in *request) (*API, error) {
	document, err := s.document(ctx, in)
	if err != nil {
		return nil, err
	}
	return s.ImportApi(ctx, document)
}

func (s *Service) wireReimportApi(ctx context.Context, in *request) (*API, error) {
	document, err := s.document(ctx, in)
	if err != nil {
		return nil, err
	}
	return s.ReimportApi(ctx, in.ApiId, document)
}

func (s *Service) wireUpdateApi(ctx context.Context, in *request) (*API, error) {
	var quick quickUpdate
	if err := in.read(&quick); err != nil {
		return nil, err
	}
	if err := s.passes(ctx, quick.CredentialsArn); err != nil {
		return nil, err
	}
	return s.updateApi(ctx, in.ApiId, quick, func(a *API) error {
		kept := *a
		a.Tags, a.ImportInfo, a.Warnings = nil, nil, nil // so that nothing is read into the record's own
		if err := in.readMembers("Api", a); err != nil {
			return err
		}
		a.ApiGatewayManaged, a.ImportInfo, a.Warnings, a.Tags, a.ProtocolType = kept.ApiGatewayManaged, kept.ImportInfo, kept.Warnings, kept.Tags, kept.ProtocolType
		return nil
	})
}

type exportAnswer struct {
	Body []byte `rest:"payload"`
}

func (s *Service) wireExportApi(_ context.Context, in *request) (*exportAnswer, error) {
	switch {
	case in.Specification != "OAS30":
		return nil, badRequest("Invalid specification %s. Must be OAS30", in.Specification)
	case in.ExportVersion != "" && in.ExportVersion != "1.0":
		return nil, badRequest("Invalid export version %s. Must be 1.0", in.ExportVersion)
	case in.OutputType != "JSON" && in.OutputType != "YAML":
		return nil, badRequest("Invalid output type %s. Must be one of [JSON, YAML]", in.OutputType)
	}
	document, err := s.ExportApi(&ExportApiInput{
		ApiId: in.ApiId, StageName: in.ExportStage, WithoutExtensions: in.IncludeExtensions != nil && !*in.IncludeExtensions,
	})
	if err != nil {
		return nil, err
	}
	if in.OutputType == "JSON" {
		return &exportAnswer{document.JSON("  ")}, nil
	}
	text, err := document.YAML()
	return &exportAnswer{text}, err
}

func (s *Service) wireCreateRoute(ctx context.Context, in *request) (*Route, error) {
	var r Route
	if err := in.readMembers("Route", &r); err != nil {
		return nil, err
	}
	r.ApiGatewayManaged = false
	return s.CreateRoute(ctx, in.ApiId, r)
}

func (s *Service) wireUpdateRoute(ctx context.Context, in *request) (*Route, error) {
	return s.UpdateRoute(ctx, in.ApiId, in.RouteId, func(r *Route) error {
		managed := r.ApiGatewayManaged
		err := in.readMembers("Route", r)
		r.ApiGatewayManaged = managed
		return err
	})
}

func (s *Service) wireCreateIntegration(ctx context.Context, in *request) (*Integration, error) {
	var i Integration
	if err := in.readMembers("Integration", &i); err != nil {
		return nil, err
	}
	if err := s.passes(ctx, i.CredentialsArn); err != nil {
		return nil, err
	}
	i.ApiGatewayManaged = false
	return s.CreateIntegration(ctx, in.ApiId, i)
}

func (s *Service) wireUpdateIntegration(ctx context.Context, in *request) (*Integration, error) {
	return s.UpdateIntegration(ctx, in.ApiId, in.IntegrationId, func(i *Integration) error {
		kept := *i
		i.RequestParameters = maps.Clone(i.RequestParameters)
		i.ResponseParameters = maps.Clone(i.ResponseParameters)
		if err := in.readMembers("Integration", i); err != nil {
			return err
		}
		i.ApiGatewayManaged = kept.ApiGatewayManaged
		if i.CredentialsArn == kept.CredentialsArn {
			return nil
		}
		return s.passes(ctx, i.CredentialsArn)
	})
}

func (s *Service) wireCreateAuthorizer(ctx context.Context, in *request) (*Authorizer, error) {
	var a Authorizer
	if err := in.readMembers("Authorizer", &a); err != nil {
		return nil, err
	}
	if err := s.passes(ctx, a.AuthorizerCredentialsArn); err != nil {
		return nil, err
	}
	return s.CreateAuthorizer(ctx, in.ApiId, a)
}

func (s *Service) wireUpdateAuthorizer(ctx context.Context, in *request) (*Authorizer, error) {
	return s.UpdateAuthorizer(ctx, in.ApiId, in.AuthorizerId, func(a *Authorizer) error {
		before := a.AuthorizerCredentialsArn
		if err := in.readMembers("Authorizer", a); err != nil {
			return err
		}
		if a.AuthorizerCredentialsArn == before {
			return nil
		}
		return s.passes(ctx, a.AuthorizerCredentialsArn)
	})
}

func (s *Service) wireCreateStage(ctx context.Context, in *request) (*Stage, error) {
	var stage Stage
	if err := in.readMembers("Stage", &stage); err != nil {
		return nil, err
	}
	stage.ApiGatewayManaged, stage.LastDeploymentStatusMessage = false, ""
	return s.CreateStage(ctx, in.ApiId, stage)
}

// wireUpdateStage changes a stage; a variable with an empty value goes.
func (s *Service) wireUpdateStage(ctx context.Context, in *request) (*Stage, error) {
	return s.UpdateStage(ctx, in.ApiId, in.StageName, func(stage *Stage) error {
		kept := *stage
		stage.StageVariables, stage.RouteSettings, stage.Tags = maps.Clone(kept.StageVariables), maps.Clone(kept.RouteSettings), nil
		if err := in.readMembers("Stage", stage); err != nil {
			return err
		}
		maps.DeleteFunc(stage.StageVariables, func(_, value string) bool { return value == "" })
		stage.ApiGatewayManaged, stage.LastDeploymentStatusMessage, stage.Tags = kept.ApiGatewayManaged, kept.LastDeploymentStatusMessage, kept.Tags
		return nil
	})
}

func (s *Service) wireDeleteAccessLogSettings(ctx context.Context, in *request) error {
	_, err := s.UpdateStage(ctx, in.ApiId, in.StageName, func(stage *Stage) error {
		stage.AccessLogSettings = nil
		return nil
	})
	return err
}

func (s *Service) wireDeleteRouteSettings(ctx context.Context, in *request) error {
	_, err := s.UpdateStage(ctx, in.ApiId, in.StageName, func(stage *Stage) error {
		stage.RouteSettings = maps.Clone(stage.RouteSettings)
		delete(stage.RouteSettings, in.RouteKey)
		return nil
	})
	return err
}

func (s *Service) wireCreateDeployment(ctx context.Context, in *request) (*Deployment, error) {
	var said struct{ Description, StageName string }
	if err := in.read(&said); err != nil {
		return nil, err
	}
	return s.CreateDeployment(ctx, in.ApiId, said.Description, said.StageName)
}

func (s *Service) wireUpdateDeployment(ctx context.Context, in *request) (*Deployment, error) {
	var said struct{ Description string }
	if err := in.read(&said); err != nil {
		return nil, err
	}
	return s.UpdateDeployment(ctx, in.ApiId, in.DeploymentId, said.Description)
}

func (s *Service) wireResetAuthorizersCache(_ context.Context, in *request) error {
	if _, err := s.GetStage(in.ApiId, in.StageName); err != nil {
		return err
	}
	if s.config.ResetAuthorizers != nil {
		s.config.ResetAuthorizers(in.ApiId, in.StageName)
	}
	return nil
}
