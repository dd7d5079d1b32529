package apigatewayv2

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/template"
)

// everything is an API with all that a document can say.
func everything(t *testing.T, s *Service) (apiID string) {
	t.Helper()
	ctx, age, ttl := t.Context(), 60, 5
	s.config.HasEndpoint = func(string) bool { return true }
	s.config.HasVPCLink = func(string) bool { return true }
	a := must[*API](t)(s.CreateApi(ctx, &CreateApiInput{API: API{
		Name: "everything", ProtocolType: "HTTP", Description: "all: of it", Version: "1.0", DisableExecuteApiEndpoint: true, Tags: map[string]string{"a": "b", "yes": "no"},
		CorsConfiguration: &Cors{AllowOrigins: []string{"https://a.example"}, AllowMethods: []string{"*"}, AllowHeaders: []string{"x-a"}, ExposeHeaders: []string{"x-b"}, AllowCredentials: true, MaxAge: &age},
	}}))
	jwt := must[*Authorizer](t)(s.CreateAuthorizer(ctx, a.ApiId, Authorizer{
		Name: "tokens", AuthorizerType: "JWT", IdentitySource: []string{"$request.header.Authorization"}, JwtConfiguration: &JWT{Issuer: "https://i.example", Audience: []string{"x", "y"}},
	}))
	lambda := must[*Authorizer](t)(s.CreateAuthorizer(ctx, a.ApiId, Authorizer{
		Name: "asks", AuthorizerType: "REQUEST", AuthorizerUri: function, AuthorizerPayloadFormatVersion: "2.0", EnableSimpleResponses: true,
		AuthorizerCredentialsArn: "arn:aws:iam::123456789012:role/r", AuthorizerResultTtlInSeconds: &ttl, IdentitySource: []string{"$request.querystring.q", "$context.routeKey"},
	}))
	routes := []struct {
		route       Route
		integration Integration
	}{
		{Route{RouteKey: "$default"}, Integration{IntegrationType: "HTTP_PROXY", IntegrationMethod: "ANY", IntegrationUri: "https://a.example/${stageVariables.v}", TimeoutInMillis: 100}},
		{Route{RouteKey: "ANY /a/{b}/{c+}", AuthorizationType: "AWS_IAM", OperationName: "op"}, Integration{IntegrationType: "AWS_PROXY", IntegrationUri: function, PayloadFormatVersion: "2.0", CredentialsArn: "arn:aws:iam::123456789012:role/r", Description: "d"}},
		{Route{RouteKey: "GET /a", AuthorizationType: "JWT", AuthorizerId: jwt.AuthorizerId, AuthorizationScopes: []string{"s1", "s2"}}, Integration{
			IntegrationType: "HTTP_PROXY", IntegrationMethod: "POST", IntegrationUri: "https://b.example", RequestParameters: map[string]string{"append:header.x": "$context.requestId", "overwrite:path": "/p"},
			ResponseParameters: map[string]map[string]string{"200": {"remove:header.y": "''"}, "500": {"overwrite:statuscode": "503"}},
		}},
		{Route{RouteKey: "POST /a", AuthorizationType: "CUSTOM", AuthorizerId: lambda.AuthorizerId}, Integration{
			IntegrationType: "AWS_PROXY", IntegrationSubtype: "SQS-SendMessage", CredentialsArn: "arn:aws:iam::123456789012:role/r",
			RequestParameters: map[string]string{"QueueUrl": queue, "MessageBody": "$request.body"},
		}},
		{Route{RouteKey: "DELETE /a"}, Integration{
			IntegrationType: "HTTP_PROXY", IntegrationMethod: "GET", ConnectionType: "VPC_LINK", ConnectionId: "v", TlsConfig: &TlsConfig{"s.example"},
			IntegrationUri: "arn:aws:servicediscovery:ap-northeast-1:123456789012:service/srv-1",
		}},
	}
	for _, r := range routes {
		i := must[*Integration](t)(s.CreateIntegration(ctx, a.ApiId, r.integration))
		r.route.Target = "integrations/" + i.IntegrationId
		must[*Route](t)(s.CreateRoute(ctx, a.ApiId, r.route))
	}
	return a.ApiId
}

// withoutIdentifiers returns what an API is, without its identifiers: what an import and an
// export must not change.
func (s *Service) withoutIdentifiers(t *testing.T, apiID string) (API, map[string]any) {
	t.Helper()
	d := must[*document](t)(s.read(apiID))
	a := d.API
	a.ApiId, a.ApiEndpoint, a.ImportInfo, a.Warnings = "", "", nil, nil
	parts := map[string]any{}
	for _, r := range d.Configuration.Routes {
		i := d.Configuration.Integrations[strings.TrimPrefix(r.Target, "integrations/")]
		authorizer := d.Configuration.Authorizers[r.AuthorizerId]
		r.RouteId, r.Target, r.AuthorizerId, i.IntegrationId, authorizer.AuthorizerId = "", "", "", "", ""
		parts[r.RouteKey] = []any{r, i, authorizer}
	}
	return a, parts
}

func TestAnExportImportsAsTheSameAPI(t *testing.T) {
	s := newService(t)
	id := everything(t, s)
	document := must[*template.Node](t)(s.ExportApi(&ExportApiInput{ApiId: id}))
	yaml := must[[]byte](t)(document.YAML())
	for kind, text := range map[string][]byte{"JSON": document.JSON("  "), "YAML": yaml} {
		t.Run(kind, func(t *testing.T) {
			body, _, err := template.ParseValue("export", text)
			if err != nil {
				t.Fatal(err)
			}
			imported, err := s.ImportApi(t.Context(), &ImportApiInput{Body: body, FailOnWarnings: true})
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			api, parts := s.withoutIdentifiers(t, id)
			gotAPI, gotParts := s.withoutIdentifiers(t, imported.ApiId)
			if diff := cmp.Diff(api, gotAPI); diff != "" {
				t.Errorf("API (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(parts, gotParts); diff != "" {
				t.Errorf("routes (-want +got):\n%s", diff)
			}
			again := must[*template.Node](t)(s.ExportApi(&ExportApiInput{ApiId: imported.ApiId}))
			if diff := cmp.Diff(strings.ReplaceAll(string(document.JSON(" ")), id, imported.ApiId), string(again.JSON(" "))); diff != "" {
				t.Errorf("exported again (-want +got):\n%s", diff)
			}
		})
	}
}

func TestExportOfAStage(t *testing.T) {
	s := newService(t)
	c := newClient(t, s)
	id := everything(t, s)
	c.must("POST", "/v2/apis/"+id+"/stages", said{"stageName": "prod"})
	c.must("POST", "/v2/apis/"+id+"/deployments", said{"stageName": "prod"})
	for routeID := range must[*document](t)(s.read(id)).Configuration.Routes {
		c.must("DELETE", "/v2/apis/"+id+"/routes/"+routeID, nil)
	}
	export := func(in ExportApiInput) string {
		in.ApiId = id
		return string(must[*template.Node](t)(s.ExportApi(&in)).JSON(""))
	}
	for _, tt := range []struct {
		name  string
		in    ExportApiInput
		has   string
		hasnt string
	}{
		{"what the stage serves", ExportApiInput{StageName: "prod"}, `"/a":{"delete"`, "nothing of this"},
		{"what is configured now", ExportApiInput{}, `"paths":{}`, `"/a"`},
		{"without extensions", ExportApiInput{StageName: "prod", WithoutExtensions: true}, `"/a":{"delete"`, "x-amazon"},
	} {
		if got := export(tt.in); !strings.Contains(got, tt.has) || strings.Contains(got, tt.hasnt) {
			t.Errorf("%s: %s", tt.name, got)
		}
	}
	if _, err := s.ExportApi(&ExportApiInput{ApiId: id, StageName: "nope"}); status(err) != 404 {
		t.Errorf("a stage that does not exist: %v", err)
	}
	for _, path := range []string{"/exports/OAS20", "/exports/OAS30"} {
		if _, err := c.call("GET", "/v2/apis/"+id+path, nil); status(err) != 400 {
			t.Errorf("%s without an output type: %v", path, err)
		}
	}
}
