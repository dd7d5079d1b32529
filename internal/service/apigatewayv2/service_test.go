package apigatewayv2

import (
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/template"
)

const function = "arn:aws:lambda:ap-northeast-1:123456789012:function:HelloWorld-Function"

var testTime = time.Date(2025, 4, 14, 22, 14, 16, 0, time.UTC)

// newService returns a service over an empty store.
func newService(t *testing.T) *Service {
	t.Helper()
	e, err := engine.Start(t.Context(), engine.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	s, err := store.Open(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return New(Config{Store: s, Account: "123456789012", Region: "ap-northeast-1", Now: func() time.Time { return testTime }})
}

func must[T any](t *testing.T) func(v T, err error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func createAPI(t *testing.T, s *Service) *API {
	t.Helper()
	return must[*API](t)(s.CreateApi(t.Context(), &CreateApiInput{API: API{Name: "a", ProtocolType: "HTTP"}}))
}

func parse(t *testing.T, text string) *template.Node {
	t.Helper()
	n, _, err := template.Parse("body.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// shape describes what an API serves, without identifiers.
func shape(s *Service, apiID string) []string {
	var out []string
	for served := range s.Served() {
		if served.API.ApiId != apiID {
			continue
		}
		for _, stage := range served.Stages {
			for _, r := range stage.Configuration.Routes {
				i := stage.Configuration.Integrations[strings.TrimPrefix(r.Target, "integrations/")]
				a := stage.Configuration.Authorizers[r.AuthorizerId]
				out = append(out, strings.Join([]string{stage.Stage.StageName, r.RouteKey, r.AuthorizationType + a.Name, i.IntegrationUri}, " | "))
			}
		}
	}
	slices.Sort(out)
	return out
}

func TestCreatedAPIHasAWSDefaults(t *testing.T) {
	s := newService(t)
	a := createAPI(t, s)
	if !regexp.MustCompile(`^[a-z0-9]{10}$`).MatchString(a.ApiId) {
		t.Errorf("api id %q", a.ApiId)
	}
	want := API{
		ApiId: a.ApiId, ApiEndpoint: "https://" + a.ApiId + ".execute-api.ap-northeast-1.amazonaws.com", Name: "a", ProtocolType: "HTTP",
		RouteSelectionExpression: "$request.method $request.path", ApiKeySelectionExpression: "$request.header.x-api-key",
		IpAddressType: "ipv4", CreatedDate: testTime, Tags: map[string]string{},
	}
	if diff := cmp.Diff(want, *a); diff != "" {
		t.Errorf("CreateApi (-want +got):\n%s", diff)
	}
	got := must[*API](t)(s.GetApi(a.ApiId))
	if diff := cmp.Diff(want, *got); diff != "" {
		t.Errorf("GetApi (-want +got):\n%s", diff)
	}
}

func TestRefusals(t *testing.T) {
	s := newService(t)
	a := createAPI(t, s)
	id := a.ApiId
	i := must[*Integration](t)(s.CreateIntegration(t.Context(), id, Integration{IntegrationType: "AWS_PROXY", IntegrationUri: function}))
	must[*Route](t)(s.CreateRoute(t.Context(), id, Route{RouteKey: "GET /x", Target: "integrations/" + i.IntegrationId}))
	must[*Stage](t)(s.CreateStage(t.Context(), id, Stage{StageName: "prod"}))
	route := func(r Route) error { _, err := s.CreateRoute(t.Context(), id, r); return err }
	api := func(a API) error { _, err := s.CreateApi(t.Context(), &CreateApiInput{API: a}); return err }
	integration := func(i Integration) error { _, err := s.CreateIntegration(t.Context(), id, i); return err }
	authorizer := func(a Authorizer) error { _, err := s.CreateAuthorizer(t.Context(), id, a); return err }
	stage := func(st Stage) error { _, err := s.CreateStage(t.Context(), id, st); return err }
	get := func() error { _, err := s.GetApi("nope"); return err }
	ttl := 10
	const logGroup = "arn:aws:logs:r:1:log-group:g"
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"an unknown API", get(), "NotFoundException: Invalid API identifier specified 123456789012:nope"},
		{"a protocol that is none", api(API{Name: "a", ProtocolType: "FTP"}), "BadRequestException: Invalid protocol specified. Must be one of [HTTP, WEBSOCKET]"},
		{"WebSocket", api(API{Name: "a", ProtocolType: "WEBSOCKET"}), "BadRequestException: WEBSOCKET APIs are not served by this gateway"},
		{
			"credentials for every origin", api(API{Name: "a", ProtocolType: "HTTP", CorsConfiguration: &Cors{AllowOrigins: []string{"*"}, AllowCredentials: true}}),
			"BadRequestException: allow-credentials is not supported if 'allow-origin' is *",
		},
		{"the same route twice", route(Route{RouteKey: "GET /x"}), "ConflictException: Unable to create Route. Route with key GET /x already exists for this API"},
		{"a path that ends in a slash", route(Route{RouteKey: "GET /x/"}), "the path has an empty segment"},
		{"a greedy variable in the middle", route(Route{RouteKey: "GET /{x+}/y"}), "{x+} may only be the last segment"},
		{"two blanks", route(Route{RouteKey: "GET  /x"}), "neither $default nor a method, one space and a path"},
		{"a method in lower case", route(Route{RouteKey: "get /x"}), "the method is not one of"},
		{"a target that does not exist", route(Route{RouteKey: "GET /y", Target: "integrations/zzz"}), "NotFoundException: Invalid Integration identifier specified zzz"},
		{"an authorization type that is none", route(Route{RouteKey: "GET /y", AuthorizationType: "IAM"}), "Invalid authorization type IAM"},
		{"JWT without an authorizer", route(Route{RouteKey: "GET /y", AuthorizationType: "JWT"}), "Invalid Authorizer identifier specified"},
		{"characters that no path segment has", route(Route{RouteKey: "GET /a~b"}), "the segment \"a~b\" has characters that a route key may not have"},
		{
			"more than ten scopes", route(Route{RouteKey: "GET /y", AuthorizationType: "JWT", AuthorizationScopes: strings.Fields("a b c d e f g h i j k")}),
			"A route has at most 10 authorization scopes",
		},
		{"API keys", route(Route{RouteKey: "GET /y", ApiKeyRequired: true}), "HTTP APIs do not support API keys"},
		{"an integration in use", s.DeleteIntegration(t.Context(), id, i.IntegrationId), "ConflictException: Cannot delete Integration '" + i.IntegrationId + "' due to it being referenced by another resource, e.g., Route"},
		{"a mock", integration(Integration{IntegrationType: "MOCK"}), "Invalid integration type MOCK"},
		{"a timeout too long", integration(Integration{IntegrationType: "AWS_PROXY", IntegrationUri: function, TimeoutInMillis: 30001}), "Timeout should be between 50 ms and 30000 ms"},
		{"an AWS service without a role", integration(Integration{IntegrationType: "AWS_PROXY", IntegrationSubtype: "SQS-SendMessage"}), "Credentials ARN must be specified"},
		{"a VPC link", integration(Integration{IntegrationType: "HTTP_PROXY", ConnectionType: "VPC_LINK"}), "ConnectionId must be set to vpcLinkId"},
		{"no URL", integration(Integration{IntegrationType: "HTTP_PROXY", IntegrationMethod: "GET", IntegrationUri: "nope"}), "Invalid HTTP endpoint specified for URI"},
		{"results cached by nothing", authorizer(Authorizer{
			Name: "l", AuthorizerType: "REQUEST", AuthorizerUri: function, AuthorizerPayloadFormatVersion: "2.0", AuthorizerResultTtlInSeconds: &ttl,
		}), "Results can only be cached for authorizers with an identity source"},
		{"no payload format", authorizer(Authorizer{Name: "l", AuthorizerType: "REQUEST", AuthorizerUri: function}), "AuthorizerPayloadFormatVersion must be one of [1.0, 2.0]"},
		{"a stage twice", stage(Stage{StageName: "prod"}), "ConflictException: Stage already exists"},
		{"a stage name with a dot", stage(Stage{StageName: "a.b"}), "Stage name only allows"},
		{"settings for a route that is none", stage(Stage{StageName: "s", RouteSettings: map[string]RouteSettings{"GET /z": {}}}), "NotFoundException: Unable to find Route by key GET /z within the provided RouteSettings"},
		{
			"an access log to Firehose", stage(Stage{StageName: "s", AccessLogSettings: &AccessLogSettings{DestinationArn: "arn:aws:firehose:r:1:deliverystream/amazon-apigateway-x", Format: "$context.requestId"}}),
			"The access log destination arn:aws:firehose:r:1:deliverystream/amazon-apigateway-x is not served by this gateway; the ARN of a log group is",
		},
		{
			"an access log without a request ID", stage(Stage{StageName: "s", AccessLogSettings: &AccessLogSettings{DestinationArn: logGroup, Format: "$context.status"}}),
			"$context.requestId or $context.extendedRequestId is required",
		},
		{
			"an access log format of more than 3 KB", stage(Stage{StageName: "s", AccessLogSettings: &AccessLogSettings{DestinationArn: logGroup, Format: "$context.requestId" + strings.Repeat("x", 3<<10)}}),
			"It has 3090 bytes; at most 3072 are allowed",
		},
		{
			"execution logs", stage(Stage{StageName: "s", DefaultRouteSettings: RouteSettings{LoggingLevel: "INFO"}}),
			"Execution logs are not supported on protocolType HTTP",
		},
		{"a deployment that does not exist", stage(Stage{StageName: "s", DeploymentId: "zzz"}), "Deployment ID zzz does not exist"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.err == nil || !strings.Contains(tt.err.Error(), tt.want) {
				t.Errorf("got %v, want %s", tt.err, tt.want)
			}
			if _, ok := errors.AsType[*awserr.Error](tt.err); !ok {
				t.Errorf("%T is not an AWS error", tt.err)
			}
		})
	}
}

func TestArticleBodyIsImported(t *testing.T) {
	s := newService(t)
	text, err := os.ReadFile("testdata/article.json")
	if err != nil {
		t.Fatal(err)
	}
	a := must[*API](t)(s.ImportApi(t.Context(), &ImportApiInput{Body: parse(t, string(text)), FailOnWarnings: true}))
	must[*Stage](t)(s.CreateStage(t.Context(), a.ApiId, Stage{StageName: "$default", AutoDeploy: true}))
	want := []string{"$default | GET / | AWS_IAM | arn:aws:apigateway:ap-northeast-1:lambda:path/2015-03-31/functions/" + function + "/invocations"}
	if diff := cmp.Diff(want, shape(s, a.ApiId)); diff != "" {
		t.Errorf("served (-want +got):\n%s", diff)
	}
	if a.Name != "HelloWorld-HttpApi" || a.Version != "1.0" || a.Tags["httpapi:createdBy"] != "SAM" {
		t.Errorf("API = %+v", a)
	}
	if diff := cmp.Diff(&Cors{AllowOrigins: []string{"*"}, AllowMethods: []string{"GET", "OPTIONS"}}, a.CorsConfiguration); diff != "" {
		t.Errorf("CORS (-want +got):\n%s", diff)
	}
	routes := must[[]Route](t)(s.GetRoutes(a.ApiId))
	again := must[*API](t)(s.ReimportApi(t.Context(), a.ApiId, &ImportApiInput{Body: parse(t, strings.Replace(string(text), `"/"`, `"/hello"`, 1))}))
	if again.ApiId != a.ApiId {
		t.Errorf("ReimportApi changed the identifier to %s", again.ApiId)
	}
	if got := shape(s, a.ApiId); len(got) != 1 || !strings.Contains(got[0], "GET /hello") {
		t.Errorf("after ReimportApi: %s", got)
	}
	must[*API](t)(s.ReimportApi(t.Context(), a.ApiId, &ImportApiInput{Body: parse(t, string(text))}))
	must[*API](t)(s.ReimportApi(t.Context(), a.ApiId, &ImportApiInput{Body: parse(t, string(text))}))
	if got := must[[]Route](t)(s.GetRoutes(a.ApiId)); len(got) != len(routes) {
		t.Errorf("%d routes, want %d", len(got), len(routes))
	}
}

// document30 returns an OpenAPI document with the given members.
func document30(members string) string {
	return "openapi: 3.0.1\ninfo: {title: t, version: '1'}\n" + members
}

func TestImportRefusesWhatItDoesNotUnderstand(t *testing.T) {
	const integration = "x-amazon-apigateway-integration: {type: aws_proxy, httpMethod: POST, payloadFormatVersion: '2.0', uri: '" + function + "'}"
	tests := []struct{ name, body, want string }{
		{"Swagger 2", "swagger: '2.0'", "/swagger: version 2.0 is not supported"},
		{"OpenAPI 3.1", "openapi: 3.1.0", "/openapi: version \"3.1.0\" is not supported"},
		{"an extension at the root", document30("x-amazon-apigateway-policy: {}"), "/x-amazon-apigateway-policy: the extension is not supported"},
		{"an extension of an operation", document30("paths: {/: {get: {x-amazon-apigateway-request-validator: all, " + integration + "}}}"), "/paths/~1/get/x-amazon-apigateway-request-validator: the extension"},
		{"an extension in other letters", document30("paths: {/: {get: {X-Amazon-Apigateway-Auth2: all, " + integration + "}}}"), "X-Amazon-Apigateway-Auth2: the extension"},
		{"an undeclared scheme", document30("paths: {/: {get: {security: [{x: []}], " + integration + "}}}"), "/paths/~1/get/security/x: the security scheme is not defined"},
		{"an undeclared scheme for all", document30("security: [{x: []}]\npaths: {/: {get: {" + integration + "}}}"), "/security/x: the security scheme is not defined"},
		{
			"a scheme that nothing checks",
			document30("components: {securitySchemes: {x: {type: apiKey, name: k, in: header}}}\npaths: {/: {get: {security: [{x: []}], " + integration + "}}}"),
			"so nothing would check it",
		},
		{"two requirements", document30("paths: {/: {get: {security: [{NONE: []}, {NONE: []}], " + integration + "}}}"), "at most one security requirement"},
		{"an authtype that is none", document30("components: {securitySchemes: {x: {type: apiKey, x-amazon-apigateway-authtype: custom}}}"), "the type custom is not supported"},
		{"an authorizer type that is none", document30("components: {securitySchemes: {x: {x-amazon-apigateway-authorizer: {type: token}}}}"), "authorizer type token is not one of request, jwt"},
		{"an integration member that is none", document30("paths: {/: {get: {x-amazon-apigateway-integration: {type: aws_proxy, payloadFormatVersion: '2.0', uri: '" + function + "', cacheKeyParameters: [a]}}}}"), "Encountered unsupported property cacheKeyParameters"},
		{"no payload format", document30("paths: {/: {get: {x-amazon-apigateway-integration: {type: aws_proxy, uri: '" + function + "'}}}}"), "/payloadFormatVersion: is missing"},
		{"a reference to nothing", document30("paths: {/: {get: {x-amazon-apigateway-integration: {$ref: '#/components/x-amazon-apigateway-integrations/x'}}}}"), "does not exist"},
		{"TRACE", document30("paths: {/: {trace: {" + integration + "}}}"), "/paths/~1/trace: the member is not supported"},
		{"a path that is none", document30("paths: {/a/: {get: {" + integration + "}}}"), "the path has an empty segment"},
		{"no title", "openapi: 3.0.1", "/info/title: the title is missing"},
	}
	s := newService(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := s.ImportApi(t.Context(), &ImportApiInput{Body: parse(t, tt.body)})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
	if got := s.GetApis(); len(got) != 0 {
		t.Errorf("%d APIs were made", len(got))
	}
	warned := document30("paths: {/: {get: {}}}")
	if _, err := s.ImportApi(t.Context(), &ImportApiInput{Body: parse(t, warned), FailOnWarnings: true}); err == nil {
		t.Error("FailOnWarnings did not fail on a warning")
	}
	a := must[*API](t)(s.ImportApi(t.Context(), &ImportApiInput{Body: parse(t, warned)}))
	if len(a.Warnings) != 1 {
		t.Errorf("warnings %q, want one", a.Warnings)
	}
}

func TestImportReadsAuthorizersAndDefaultRoute(t *testing.T) {
	s := newService(t)
	a := must[*API](t)(s.ImportApi(t.Context(), &ImportApiInput{Body: parse(t, document30(`
components:
  x-amazon-apigateway-integrations:
    hello: {type: AWS_PROXY, httpMethod: POST, payloadFormatVersion: 1.0, uri: `+function+`}
  securitySchemes:
    iam: {type: apiKey, name: Authorization, in: header, x-amazon-apigateway-authtype: awsSigv4}
    jwt:
      type: oauth2
      x-amazon-apigateway-authorizer:
        type: jwt
        identitySource: $request.header.Authorization
        jwtConfiguration: {issuer: https://issuer.example, audience: [me]}
    asked:
      type: apiKey
      x-amazon-apigateway-authorizer:
        type: request
        authorizerUri: `+function+`
        authorizerPayloadFormatVersion: 2.0
        enableSimpleResponses: true
        identitySource: $request.header.A, $request.querystring.b
security: [{iam: []}]
servers:
  - x-amazon-apigateway-endpoint-configuration: {disableExecuteApiEndpoint: true}
paths:
  /$default: {x-amazon-apigateway-any-method: {isDefaultRoute: true, x-amazon-apigateway-integration: {$ref: '#/components/x-amazon-apigateway-integrations/hello'}}}
  /open/{proxy+}: {x-amazon-apigateway-any-method: {security: [], x-amazon-apigateway-integration: {$ref: '#/components/x-amazon-apigateway-integrations/hello'}}}
  /none: {get: {security: [{NONE: []}], x-amazon-apigateway-integration: {$ref: '#/components/x-amazon-apigateway-integrations/hello'}}}
  /jwt: {post: {security: [{jwt: [read]}], x-amazon-apigateway-integration: {$ref: '#/components/x-amazon-apigateway-integrations/hello'}}}
  /asked: {put: {security: [{asked: []}], x-amazon-apigateway-integration: {$ref: '#/components/x-amazon-apigateway-integrations/hello'}}}
  /auth: {patch: {x-amazon-apigateway-auth: {type: AWS_IAM}, x-amazon-apigateway-integration: {$ref: '#/components/x-amazon-apigateway-integrations/hello'}}}
`))}))
	must[*Stage](t)(s.CreateStage(t.Context(), a.ApiId, Stage{StageName: "v1", AutoDeploy: true}))
	want := []string{
		"v1 | $default | AWS_IAM | " + function,
		"v1 | ANY /open/{proxy+} | NONE | " + function,
		"v1 | GET /none | NONE | " + function,
		"v1 | PATCH /auth | AWS_IAM | " + function,
		"v1 | POST /jwt | JWTjwt | " + function,
		"v1 | PUT /asked | CUSTOMasked | " + function,
	}
	if diff := cmp.Diff(want, shape(s, a.ApiId)); diff != "" {
		t.Errorf("served (-want +got):\n%s", diff)
	}
	if !a.DisableExecuteApiEndpoint {
		t.Error("disableExecuteApiEndpoint was not read")
	}
	for _, auth := range must[[]Authorizer](t)(s.GetAuthorizers(a.ApiId)) {
		if auth.Name == "asked" && (len(auth.IdentitySource) != 2 || *auth.AuthorizerResultTtlInSeconds != 300) {
			t.Errorf("authorizer %+v", auth)
		}
	}
}

func TestStagesServeTheirDeployment(t *testing.T) {
	s := newService(t)
	id := createAPI(t, s).ApiId
	route := func(key string) {
		t.Helper()
		must[*Route](t)(s.CreateRoute(t.Context(), id, Route{RouteKey: key}))
	}
	keys := func(stage string) string {
		var out []string
		for _, line := range shape(s, id) {
			if name, rest, _ := strings.Cut(line, " | "); name == stage {
				key, _, _ := strings.Cut(rest, " | ")
				out = append(out, key)
			}
		}
		return strings.Join(out, ",")
	}
	expect := func(what, want string) {
		t.Helper()
		if got := keys("auto") + ";" + keys("fixed"); got != want {
			t.Errorf("%s: served %q, want %q", what, got, want)
		}
	}
	route("GET /a")
	must[*Stage](t)(s.CreateStage(t.Context(), id, Stage{StageName: "auto", AutoDeploy: true}))
	must[*Stage](t)(s.CreateStage(t.Context(), id, Stage{StageName: "fixed"}))
	expect("a stage without a deployment serves nothing", "GET /a;")
	must[*Deployment](t)(s.CreateDeployment(t.Context(), id, "", "fixed"))
	expect("deployed", "GET /a;GET /a")
	route("GET /b")
	expect("a change reaches only the stage that deploys by itself", "GET /a,GET /b;GET /a")
	if _, err := s.CreateDeployment(t.Context(), id, "", "auto"); err == nil {
		t.Error("a deployment to a stage that deploys by itself was taken")
	}
	must[*Stage](t)(s.UpdateStage(t.Context(), id, "auto", func(st *Stage) error { st.AutoDeploy = false; return nil }))
	route("GET /c")
	expect("a stage that stops to deploy by itself keeps what it had", "GET /a,GET /b;GET /a")
	must[*Stage](t)(s.UpdateStage(t.Context(), id, "fixed", func(st *Stage) error { st.AutoDeploy = true; return nil }))
	expect("a stage that begins to deploy by itself has all", "GET /a,GET /b;GET /a,GET /b,GET /c")
	for range 5 {
		must[*API](t)(s.UpdateApi(t.Context(), id, func(a *API) error { a.Description += "x"; return nil }))
	}
	if got := must[[]Deployment](t)(s.GetDeployments(id)); len(got) != 3 {
		t.Errorf("%d deployments are kept, want 3: one of each stage and the old one of fixed", len(got))
	}
	if err := s.DeleteApi(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if n := s.snapshots.Len(); n != 0 {
		t.Errorf("%d snapshots are left behind", n)
	}
}
