package apigatewayv2

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/policy"
)

func TestActionsAreVerbsOnPaths(t *testing.T) {
	s := New(Config{Store: newService(t).config.Store, Account: "111111111111", Region: "us-east-1"})
	in := &request{ApiId: "a1", RouteId: "r1", StageName: "$default", RouteKey: "GET /x", ResourceArn: "arn:aws:apigateway:us-east-1::/apis/a1"}
	want := map[string][2]string{
		"GetApis":             {"apigateway:GET", "arn:aws:apigateway:us-east-1::/apis"},
		"ReimportApi":         {"apigateway:PUT", "arn:aws:apigateway:us-east-1::/apis/a1"},
		"UpdateRoute":         {"apigateway:PATCH", "arn:aws:apigateway:us-east-1::/apis/a1/routes/r1"},
		"DeleteStage":         {"apigateway:DELETE", "arn:aws:apigateway:us-east-1::/apis/a1/stages/$default"},
		"DeleteRouteSettings": {"apigateway:DELETE", "arn:aws:apigateway:us-east-1::/apis/a1/stages/$default/routesettings/GET /x"},
		"TagResource":         {"apigateway:POST", "arn:aws:apigateway:us-east-1::/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Fapis%2Fa1"},
	}
	got := map[string][2]string{}
	for _, o := range s.API().Operations {
		if _, ok := want[o.Name]; ok {
			got[o.Name] = [2]string{o.Action, o.Resources(in)[0]}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("actions and resources (-want +got):\n%s", diff)
	}
}

// body returns a request with a JSON body.
func body(t *testing.T, apiID string, v any) *request {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return &request{ApiId: apiID, Body: b}
}

type said = map[string]any

func TestUpdatesChangeWhatIsGiven(t *testing.T) {
	s := newService(t)
	made, err := s.wireCreateApi(t.Context(), body(t, "", said{
		"name": "n", "protocolType": "HTTP", "description": "d", "apiId": "mine", "apiGatewayManaged": true,
		"corsConfiguration": said{"allowOrigins": []string{"https://a.example"}, "maxAge": 5}, "tags": said{"a": "b"},
	}))
	if err != nil {
		t.Fatal(err)
	}
	if made.ApiId == "mine" || made.ApiGatewayManaged {
		t.Errorf("a caller chose %+v", made)
	}
	changed, err := s.wireUpdateApi(t.Context(), body(t, made.ApiId, said{
		"name": "m", "corsConfiguration": said{"allowOrigins": []string{"https://b.example"}}, "tags": said{"c": "d"}, "apiEndpoint": "https://evil.example",
	}))
	if err != nil {
		t.Fatal(err)
	}
	want := *made
	want.Name, want.CorsConfiguration = "m", &Cors{AllowOrigins: []string{"https://b.example"}}
	if diff := cmp.Diff(&want, changed); diff != "" {
		t.Errorf("UpdateApi (-want +got):\n%s", diff)
	}
	if _, err := s.wireUpdateApi(t.Context(), &request{ApiId: made.ApiId, Body: []byte(`[]`)}); err == nil {
		t.Error("a body that is a list is taken")
	}
	if _, err := s.wireCreateStage(t.Context(), body(t, made.ApiId, said{"stageName": "s", "stageVariables": said{"a": "1", "b": "2"}})); err != nil {
		t.Fatal(err)
	}
	in := body(t, made.ApiId, said{"stageVariables": said{"a": "", "c": "3"}})
	in.StageName = "s"
	stage, err := s.wireUpdateStage(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"b": "2", "c": "3"}, stage.StageVariables); diff != "" {
		t.Errorf("stage variables (-want +got):\n%s", diff)
	}
}

func TestRolesMustBeTheCallersToGive(t *testing.T) {
	s := newService(t)
	d, err := policy.Parse(policy.Identity, []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"apigateway:*","Resource":"*"}}`))
	if err != nil {
		t.Fatal(err)
	}
	c := &access.Caller{Kind: policy.User, AccountID: "111111111111", ARN: "arn:aws:iam::111111111111:user/bob", PrincipalARN: "arn:aws:iam::111111111111:user/bob", Policies: policy.Set{Identity: []*policy.Policy{policy.New("p", "", d)}}}
	ctx := access.With(t.Context(), c, &access.RequestFacts{})
	const role = "arn:aws:iam::111111111111:role/r"
	document := `{"openapi":"3.0.1","info":{"title":"t"},"paths":{"/a":{"get":{"x-amazon-apigateway-integration":{"type":"aws_proxy","uri":"u","credentials":"` + role + `"}}}}}`
	for name, call := range map[string]func(context.Context) error{
		"an integration's": func(ctx context.Context) error {
			_, err := s.wireCreateIntegration(ctx, body(t, "a", said{"credentialsArn": role}))
			return err
		},
		"an authorizer's": func(ctx context.Context) error {
			_, err := s.wireCreateAuthorizer(ctx, body(t, "a", said{"authorizerCredentialsArn": role}))
			return err
		},
		"a document's": func(ctx context.Context) error {
			_, err := s.wireImportApi(ctx, body(t, "", said{"body": document}))
			return err
		},
	} {
		var no *awserr.Error
		if err := call(ctx); !errors.As(err, &no) || no.Code != "AccessDeniedException" {
			t.Errorf("%s: %v, want AccessDeniedException", name, err)
		}
	}
}

func TestListsArePaged(t *testing.T) {
	in := &request{MaxResults: "2"}
	var got []int
	for {
		page, err := paged([]int{1, 2, 3}, in)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, page.Items...)
		if in.NextToken = page.NextToken; in.NextToken == "" {
			break
		}
	}
	if diff := cmp.Diff([]int{1, 2, 3}, got); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
	for _, bad := range []*request{{MaxResults: "0"}, {MaxResults: "x"}, {NextToken: "-1"}} {
		if _, err := paged([]int{1}, bad); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}
