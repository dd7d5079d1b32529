package apigatewayv2

import (
	"context"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/wire"
)

// request is any call of the API: labels of the path, the query and the body.
type request struct {
	ApiId, AuthorizerId, DeploymentId, IntegrationId, RouteId string

	StageName, RouteKey, ResourceArn, Specification string

	DomainName, ApiMappingId, RoutingRuleId, VpcLinkId string

	ModelId, IntegrationResponseId, RouteResponseId, RequestParameterKey string // of WebSocket APIs

	PortalId, PortalProductId, ProductPageId, ProductRestEndpointPageId string // of developer portals

	DomainNameId   string   `rest:"query=domainNameId"` // of private domain names, of which there are none
	Basepath       string   `rest:"query=basepath"`
	FailOnWarnings bool     `rest:"query=failOnWarnings"`
	MaxResults     string   `rest:"query=maxResults"`
	NextToken      string   `rest:"query=nextToken"`
	TagKeys        []string `rest:"query=tagKeys"`
	Body           []byte   `rest:"payload"`

	// Of an export. Its stage is no label: who names one in the query of another
	// call must not be judged by that stage's tags.
	ExportStage       string `rest:"query=stageName"`
	ExportVersion     string `rest:"query=exportVersion"`
	IncludeExtensions *bool  `rest:"query=includeExtensions"`
	OutputType        string `rest:"query=outputType"`
}

// The paths of the API.
const (
	apisPath         = "/v2/apis"
	apiPath          = apisPath + "/{ApiId}"
	authorizersPath  = apiPath + "/authorizers"
	authorizerPath   = authorizersPath + "/{AuthorizerId}"
	deploymentsPath  = apiPath + "/deployments"
	deploymentPath   = deploymentsPath + "/{DeploymentId}"
	integrationsPath = apiPath + "/integrations"
	integrationPath  = integrationsPath + "/{IntegrationId}"
	routesPath       = apiPath + "/routes"
	routePath        = routesPath + "/{RouteId}"
	stagesPath       = apiPath + "/stages"
	stagePath        = stagesPath + "/{StageName}"
	domainsPath      = "/v2/domainnames"
	domainPath       = domainsPath + "/{DomainName}"
	mappingsPath     = domainPath + "/apimappings"
	mappingPath      = mappingsPath + "/{ApiMappingId}"
	rulesPath        = domainPath + "/routingrules"
	rulePath         = rulesPath + "/{RoutingRuleId}"
	vpcLinksPath     = "/v2/vpclinks"
	vpcLinkPath      = vpcLinksPath + "/{VpcLinkId}"
	tagsPath         = "/v2/tags/{ResourceArn+}"
)

const (
	get    = http.MethodGet
	post   = http.MethodPost
	put    = http.MethodPut
	patch  = http.MethodPatch
	remove = http.MethodDelete
)

// API returns the surface of API Gateway's version 2. Policies know its
// operations by their methods and paths (AWS: "Actions, resources, and condition
// keys for Amazon API Gateway Management V2").
func (s *Service) API() wire.Service {
	return wire.Service{
		Name:       "apigateway",
		Protocol:   wire.RESTJSON1,
		LowerCamel: true,
		Refusal:    refusal,
		Facts:      s.facts,
		Operations: slices.Concat(s.domainOperations(), s.routingRuleOperations(), s.vpcLinkOperations(), s.absentOperations(), s.portalOperations(), []wire.Operation{
			op(s, "GetApis", get, apisPath, s.wireGetApis),
			op(s, "CreateApi", post, apisPath, s.wireCreateApi),
			op(s, "ImportApi", put, apisPath, s.wireImportApi),
			op(s, "GetApi", get, apiPath, func(_ context.Context, in *request) (*API, error) { return s.GetApi(in.ApiId) }),
			op(s, "ReimportApi", put, apiPath, s.wireReimportApi),
			op(s, "UpdateApi", patch, apiPath, s.wireUpdateApi),
			op(s, "DeleteApi", remove, apiPath, nothing(func(ctx context.Context, in *request) error { return s.DeleteApi(ctx, in.ApiId) })),
			op(s, "DeleteCorsConfiguration", remove, apiPath+"/cors", nothing(func(ctx context.Context, in *request) error {
				return s.DeleteCorsConfiguration(ctx, in.ApiId)
			})),

			op(s, "ExportApi", get, apiPath+"/exports/{Specification}", s.wireExportApi),

			op(s, "GetRoutes", get, routesPath, listed(s.GetRoutes)),
			op(s, "CreateRoute", post, routesPath, s.wireCreateRoute),
			op(s, "GetRoute", get, routePath, func(_ context.Context, in *request) (*Route, error) { return s.GetRoute(in.ApiId, in.RouteId) }),
			op(s, "UpdateRoute", patch, routePath, s.wireUpdateRoute),
			op(s, "DeleteRoute", remove, routePath, nothing(func(ctx context.Context, in *request) error {
				return s.DeleteRoute(ctx, in.ApiId, in.RouteId)
			})),

			op(s, "GetIntegrations", get, integrationsPath, listed(s.GetIntegrations)),
			op(s, "CreateIntegration", post, integrationsPath, s.wireCreateIntegration),
			op(s, "GetIntegration", get, integrationPath, func(_ context.Context, in *request) (*Integration, error) {
				return s.GetIntegration(in.ApiId, in.IntegrationId)
			}),
			op(s, "UpdateIntegration", patch, integrationPath, s.wireUpdateIntegration),
			op(s, "DeleteIntegration", remove, integrationPath, nothing(func(ctx context.Context, in *request) error {
				return s.DeleteIntegration(ctx, in.ApiId, in.IntegrationId)
			})),

			op(s, "GetAuthorizers", get, authorizersPath, listed(s.GetAuthorizers)),
			op(s, "CreateAuthorizer", post, authorizersPath, s.wireCreateAuthorizer),
			op(s, "GetAuthorizer", get, authorizerPath, func(_ context.Context, in *request) (*Authorizer, error) {
				return s.GetAuthorizer(in.ApiId, in.AuthorizerId)
			}),
			op(s, "UpdateAuthorizer", patch, authorizerPath, s.wireUpdateAuthorizer),
			op(s, "DeleteAuthorizer", remove, authorizerPath, nothing(func(ctx context.Context, in *request) error {
				return s.DeleteAuthorizer(ctx, in.ApiId, in.AuthorizerId)
			})),

			op(s, "GetStages", get, stagesPath, listed(s.GetStages)),
			op(s, "CreateStage", post, stagesPath, s.wireCreateStage),
			op(s, "GetStage", get, stagePath, func(_ context.Context, in *request) (*Stage, error) { return s.GetStage(in.ApiId, in.StageName) }),
			op(s, "UpdateStage", patch, stagePath, s.wireUpdateStage),
			op(s, "DeleteStage", remove, stagePath, nothing(func(ctx context.Context, in *request) error {
				return s.DeleteStage(ctx, in.ApiId, in.StageName)
			})),
			op(s, "DeleteAccessLogSettings", remove, stagePath+"/accesslogsettings", nothing(s.wireDeleteAccessLogSettings)),
			op(s, "ResetAuthorizersCache", remove, stagePath+"/cache/authorizers", nothing(s.wireResetAuthorizersCache)),
			op(s, "DeleteRouteSettings", remove, stagePath+"/routesettings/{RouteKey}", nothing(s.wireDeleteRouteSettings)),

			op(s, "GetDeployments", get, deploymentsPath, listed(s.GetDeployments)),
			op(s, "CreateDeployment", post, deploymentsPath, s.wireCreateDeployment),
			op(s, "GetDeployment", get, deploymentPath, func(_ context.Context, in *request) (*Deployment, error) {
				return s.GetDeployment(in.ApiId, in.DeploymentId)
			}),
			op(s, "UpdateDeployment", patch, deploymentPath, s.wireUpdateDeployment),
			op(s, "DeleteDeployment", remove, deploymentPath, nothing(func(ctx context.Context, in *request) error {
				return s.DeleteDeployment(ctx, in.ApiId, in.DeploymentId)
			})),

			op(s, "GetTags", get, tagsPath, s.wireGetTags),
			op(s, "TagResource", post, tagsPath, s.wireTagResource),
			op(s, "UntagResource", remove, tagsPath, nothing(s.wireUntagResource)),
		}),
	}
}

// op returns a row of the table: its action is the method, its resource the
// path.
func op[O any](s *Service, name, method, path string, run func(context.Context, *request) (*O, error)) wire.Operation {
	status := http.StatusOK
	switch method {
	case post, put:
		status = http.StatusCreated
	case remove:
		status = http.StatusNoContent
	}
	resource := func(in *request) string { return s.arnPrefix() + in.fill(strings.TrimPrefix(path, "/v2")) }
	return wire.Op(name, run, resource).Called("apigateway:"+method).At(method, path, status)
}

// fill puts the labels' texts into a path. Their fields have the labels' names.
func (in *request) fill(path string) string {
	var b strings.Builder
	fields := reflect.ValueOf(in).Elem()
	for {
		before, after, ok := strings.Cut(path, "{")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		name, rest, _ := strings.Cut(after, "}")
		name, greedy := strings.CutSuffix(name, "+")
		text := fields.FieldByName(name).String()
		if greedy {
			text = url.QueryEscape(text)
		}
		b.WriteString(text)
		path = rest
	}
}

func (s *Service) arnPrefix() string {
	return "arn:" + s.config.Partition + ":apigateway:" + s.config.Region + "::"
}

func nothing(run func(context.Context, *request) error) func(context.Context, *request) (*wire.Nothing, error) {
	return func(ctx context.Context, in *request) (*wire.Nothing, error) { return &wire.Nothing{}, run(ctx, in) }
}
