package apigatewayv2

import (
	"context"
	"maps"

	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

// routeProperties are those of AWS::ApiGatewayV2::Route.
type routeProperties struct {
	ApiId               string
	ApiKeyRequired      bool
	AuthorizationScopes []string
	AuthorizationType   string `oneof:"NONE,AWS_IAM,JWT,CUSTOM"`
	AuthorizerId        string
	OperationName       string
	RouteKey            string
	Target              string

	ModelSelectionExpression         *template.Node
	RequestModels                    *template.Node
	RequestParameters                *template.Node
	RouteResponseSelectionExpression *template.Node
}

func (p *routeProperties) lay(r *Route) error {
	r.ApiKeyRequired, r.AuthorizationScopes, r.AuthorizationType, r.AuthorizerId = p.ApiKeyRequired, p.AuthorizationScopes, p.AuthorizationType, p.AuthorizerId
	r.OperationName, r.RouteKey, r.Target = p.OperationName, p.RouteKey, p.Target
	return onlyWebSocket(map[string]*template.Node{
		"ModelSelectionExpression": p.ModelSelectionExpression, "RequestModels": p.RequestModels,
		"RequestParameters": p.RequestParameters, "RouteResponseSelectionExpression": p.RouteResponseSelectionExpression,
	})
}

// integrationProperties are those of AWS::ApiGatewayV2::Integration.
type integrationProperties struct {
	ApiId                string
	ConnectionId         string
	ConnectionType       string `oneof:"INTERNET,VPC_LINK"`
	CredentialsArn       string
	Description          string
	IntegrationMethod    string
	IntegrationSubtype   string
	IntegrationType      string `oneof:"AWS,AWS_PROXY,HTTP,HTTP_PROXY,MOCK"`
	IntegrationUri       string
	PayloadFormatVersion string `oneof:"1.0,2.0"`
	RequestParameters    map[string]string
	ResponseParameters   map[string]responseParameters
	TimeoutInMillis      int
	TlsConfig            *TlsConfig

	PassthroughBehavior string

	ContentHandlingStrategy     *template.Node
	RequestTemplates            *template.Node
	TemplateSelectionExpression *template.Node
}

// responseParameters are the mappings of one status code.
type responseParameters struct {
	ResponseParameters []struct{ Destination, Source string }
}

func (p *integrationProperties) lay(i *Integration) error {
	i.ConnectionId, i.ConnectionType, i.CredentialsArn, i.Description = p.ConnectionId, p.ConnectionType, p.CredentialsArn, p.Description
	i.IntegrationMethod, i.IntegrationSubtype, i.IntegrationType, i.IntegrationUri = p.IntegrationMethod, p.IntegrationSubtype, p.IntegrationType, p.IntegrationUri
	i.PayloadFormatVersion, i.TimeoutInMillis, i.TlsConfig = p.PayloadFormatVersion, p.TimeoutInMillis, p.TlsConfig
	i.RequestParameters, i.ResponseParameters = maps.Clone(p.RequestParameters), nil
	for status, list := range p.ResponseParameters {
		mapped := map[string]string{}
		for _, m := range list.ResponseParameters {
			mapped[m.Destination] = m.Source
		}
		set(&i.ResponseParameters, status, mapped)
	}
	if err := checkPassthrough(p.PassthroughBehavior); err != nil {
		return err
	}
	return onlyWebSocket(map[string]*template.Node{
		"ContentHandlingStrategy": p.ContentHandlingStrategy, "RequestTemplates": p.RequestTemplates, "TemplateSelectionExpression": p.TemplateSelectionExpression,
	})
}

// authorizerProperties are those of AWS::ApiGatewayV2::Authorizer.
type authorizerProperties struct {
	ApiId                          string
	AuthorizerCredentialsArn       string
	AuthorizerPayloadFormatVersion string `oneof:"1.0,2.0"`
	AuthorizerResultTtlInSeconds   *int
	AuthorizerType                 string `oneof:"JWT,REQUEST"`
	AuthorizerUri                  string
	EnableSimpleResponses          bool
	IdentitySource                 []string
	JwtConfiguration               *JWT
	Name                           string

	IdentityValidationExpression *template.Node
}

func (p *authorizerProperties) lay(a *Authorizer) error {
	a.AuthorizerCredentialsArn, a.AuthorizerPayloadFormatVersion = p.AuthorizerCredentialsArn, p.AuthorizerPayloadFormatVersion
	a.AuthorizerResultTtlInSeconds, a.AuthorizerType, a.AuthorizerUri = p.AuthorizerResultTtlInSeconds, p.AuthorizerType, p.AuthorizerUri
	a.EnableSimpleResponses, a.IdentitySource, a.JwtConfiguration, a.Name = p.EnableSimpleResponses, p.IdentitySource, p.JwtConfiguration, p.Name
	return onlyWebSocket(map[string]*template.Node{"IdentityValidationExpression": p.IdentityValidationExpression})
}

// stageProperties are those of AWS::ApiGatewayV2::Stage.
type stageProperties struct {
	AccessLogSettings    *AccessLogSettings
	ApiId                string
	AutoDeploy           bool
	DefaultRouteSettings RouteSettings
	DeploymentId         string
	Description          string
	RouteSettings        map[string]RouteSettings
	StageName            string
	StageVariables       map[string]string
	Tags                 map[string]string

	AccessPolicyId      *template.Node
	ClientCertificateId *template.Node
}

func (p *stageProperties) lay(stage *Stage) error {
	stage.AccessLogSettings, stage.AutoDeploy, stage.DefaultRouteSettings = p.AccessLogSettings, p.AutoDeploy, p.DefaultRouteSettings
	stage.Description, stage.RouteSettings, stage.StageVariables, stage.Tags = p.Description, p.RouteSettings, p.StageVariables, p.Tags
	if !p.AutoDeploy && p.DeploymentId != "" {
		stage.DeploymentId = p.DeploymentId
	}
	return onlyWebSocket(map[string]*template.Node{"AccessPolicyId": p.AccessPolicyId, "ClientCertificateId": p.ClientCertificateId})
}

func (s *Service) makeStage(ctx context.Context, _ *stack.Request, p *stageProperties) (stack.Result, error) {
	in := Stage{StageName: p.StageName}
	if err := p.lay(&in); err != nil {
		return stack.Result{}, err
	}
	made, err := s.CreateStage(ctx, p.ApiId, in)
	if err != nil {
		return stack.Result{}, err
	}
	return stack.Result{PhysicalID: made.StageName}, nil
}

func (s *Service) changeStage(ctx context.Context, r *stack.Request, p *stageProperties) (stack.Result, error) {
	_, err := s.UpdateStage(ctx, p.ApiId, r.PhysicalID, p.lay)
	return stack.Result{PhysicalID: r.PhysicalID}, err
}

func (s *Service) removeStage(ctx context.Context, r *stack.Request, p *stageProperties) error {
	return s.DeleteStage(ctx, p.ApiId, r.PhysicalID)
}

// deploymentProperties are those of AWS::ApiGatewayV2::Deployment.
type deploymentProperties struct {
	ApiId       string
	Description string
	StageName   string
}

func (s *Service) makeDeployment(ctx context.Context, r *stack.Request, p *deploymentProperties) (stack.Result, error) {
	made, err := s.createDeployment(ctx, p.ApiId, p.Description, p.StageName, r.ClientToken)
	if err != nil {
		return stack.Result{}, err
	}
	return result(made.DeploymentId, "DeploymentId"), nil
}

// changeDeployment changes the description: what a deployment froze stays.
func (s *Service) changeDeployment(ctx context.Context, r *stack.Request, p *deploymentProperties) (stack.Result, error) {
	_, err := s.UpdateDeployment(ctx, p.ApiId, r.PhysicalID, p.Description)
	return result(r.PhysicalID, "DeploymentId"), err
}

func (s *Service) removeDeployment(ctx context.Context, r *stack.Request, p *deploymentProperties) error {
	return s.DeleteDeployment(ctx, p.ApiId, r.PhysicalID)
}
