package apigatewayv2

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/wire/restjson"
)

func TestMembersOfWebSocketAPIsAreRefusedByName(t *testing.T) {
	s := newService(t)
	a := createAPI(t, s)
	if _, err := s.wireCreateStage(t.Context(), body(t, a.ApiId, said{"stageName": "s"})); err != nil {
		t.Fatal(err)
	}
	route := func(v said) error {
		v["routeKey"] = "GET /" + strings.ToLower(t.Name()[len(t.Name())-2:])
		_, err := s.wireCreateRoute(t.Context(), body(t, a.ApiId, v))
		return err
	}
	integration := func(v said) error {
		v["integrationType"], v["integrationUri"] = "AWS_PROXY", function
		_, err := s.wireCreateIntegration(t.Context(), body(t, a.ApiId, v))
		return err
	}
	stage := func(v said) error {
		in := body(t, a.ApiId, v)
		in.StageName = "s"
		_, err := s.wireUpdateStage(t.Context(), in)
		return err
	}
	api := func(v said) error {
		v["name"], v["protocolType"] = "n", "HTTP"
		_, err := s.wireCreateApi(t.Context(), body(t, "", v))
		return err
	}
	for _, tt := range []struct {
		name string
		err  error
		want string // "" is no refusal
	}{
		{"request models", route(said{"requestModels": said{"a": "b"}}), "requestModels"},
		{"a model selection", route(said{"modelSelectionExpression": "$request.body.a"}), "modelSelectionExpression"},
		{"a route response", route(said{"routeResponseSelectionExpression": "$default"}), "routeResponseSelectionExpression"},
		{"request parameters of a route", route(said{"requestParameters": said{"route.request.header.a": said{"required": true}}}), "requestParameters"},
		{"nothing of them", route(said{"requestModels": said{}, "modelSelectionExpression": "", "requestParameters": nil}), ""},
		{"templates", integration(said{"requestTemplates": said{"a": "b"}}), "requestTemplates"},
		{"content handling", integration(said{"contentHandlingStrategy": "CONVERT_TO_TEXT"}), "contentHandlingStrategy"},
		{"passing nothing through", integration(said{"passthroughBehavior": "NEVER"}), "passthroughBehavior"},
		{"what Terraform sends always", integration(said{"passthroughBehavior": "WHEN_NO_MATCH"}), ""},
		{"a client certificate", stage(said{"clientCertificateId": "c"}), "clientCertificateId"},
		{"no validation of schemas", api(said{"disableSchemaValidation": true}), "disableSchemaValidation"},
		{"validation of schemas as it is", api(said{"disableSchemaValidation": false}), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := tt.want
			if want != "" {
				want = "BadRequestException: " + want + " is not supported for HTTP APIs"
			}
			got := ""
			if tt.err != nil {
				got = tt.err.Error()
			}
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestNotFoundNamesTheKindOfResource(t *testing.T) {
	s := newService(t)
	id := createAPI(t, s).ApiId
	operations := s.API()
	for _, tt := range []struct {
		operation string
		in        request
		want      string
	}{
		{"GetApi", request{ApiId: "nope"}, `{"message":"Invalid API identifier specified 123456789012:nope","resourceType":"Api"}`},
		{"GetRoute", request{ApiId: id, RouteId: "x"}, `{"message":"Invalid Route identifier specified","resourceType":"Route"}`},
		{"GetIntegration", request{ApiId: id, IntegrationId: "x"}, `{"message":"Invalid Integration identifier specified x","resourceType":"Integration"}`},
		{"GetAuthorizer", request{ApiId: id, AuthorizerId: "x"}, `{"message":"Invalid Authorizer identifier specified","resourceType":"Authorizer"}`},
		{"GetStage", request{ApiId: id, StageName: "x"}, `{"message":"Invalid stage identifier specified","resourceType":"Stage"}`},
		{"GetDeployment", request{ApiId: id, DeploymentId: "x"}, `{"message":"Invalid deployment identifier specified","resourceType":"Deployment"}`},
		{"GetDomainName", request{DomainName: "x.example"}, `{"message":"The domain name resource specified in the request was not found.","resourceType":"DomainName"}`},
		{"GetVpcLink", request{VpcLinkId: "x"}, `{"message":"Invalid VpcLink identifier specified: x","resourceType":"VpcLink"}`},
		{"GetModel", request{ApiId: id, ModelId: "x"}, `{"message":"Invalid Model identifier specified","resourceType":"Model"}`},
		{"ListPortals", request{}, `{"message":"Developer portals are not served by this gateway","resourceType":"Portal"}`},
	} {
		t.Run(tt.operation, func(t *testing.T) {
			for _, o := range operations.Operations {
				if o.Name != tt.operation {
					continue
				}
				_, err := o.Run(t.Context(), &tt.in)
				no, ok := errors.AsType[*awserr.Error](err)
				if !ok || no.HTTPStatus() != 404 {
					t.Fatalf("got %v, want a 404", err)
				}
				if got := string(restjson.EncodeError(no, operations.Refusal)); got != tt.want || !json.Valid([]byte(got)) {
					t.Errorf("got %s, want %s", got, tt.want)
				}
				return
			}
			t.Fatal("there is no such operation")
		})
	}
}
