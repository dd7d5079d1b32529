package apigatewayv2

import (
	"strings"
	"testing"

	"github.com/hakonegate/hakone/internal/stack"
)

func TestStackMakesChangesAndRemovesAnAPI(t *testing.T) {
	s := newService(t)
	types := stack.Collect(s.Types())
	call := func(kind, physicalID, token, properties string) stack.Result {
		t.Helper()
		r := &stack.Request{Type: "AWS::ApiGatewayV2::" + kind, PhysicalID: physicalID, ClientToken: token, Properties: parse(t, "p: "+properties).Get("p")}
		h := types[r.Type].Handler
		var res stack.Result
		var err error
		if physicalID == "" {
			res, err = h.Create(t.Context(), r)
		} else {
			res, err = h.Update(t.Context(), r, r.Properties)
		}
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		return res
	}
	remove := func(kind, physicalID, properties string) {
		t.Helper()
		r := &stack.Request{PhysicalID: physicalID, Properties: parse(t, "p: "+properties).Get("p")}
		for range 2 { // the second time it is gone already
			if err := types["AWS::ApiGatewayV2::"+kind].Handler.Delete(t.Context(), r); err != nil {
				t.Fatalf("delete %s: %v", kind, err)
			}
		}
	}
	a := call("Api", "", "token-1", "{Name: n, ProtocolType: HTTP, Tags: {k: v}, CorsConfiguration: {AllowOrigins: ['https://x.example'], MaxAge: '5'}}")
	id := a.PhysicalID
	if want := "https://" + id + ".execute-api.ap-northeast-1.amazonaws.com"; a.Attributes["ApiEndpoint"] != want || a.Attributes["ApiId"] != id {
		t.Errorf("attributes %v", a.Attributes)
	}
	i := call("Integration", "", "token-2", "{ApiId: "+id+", IntegrationType: AWS_PROXY, IntegrationUri: "+function+", PayloadFormatVersion: '2.0', TimeoutInMillis: '1000'}")
	r := call("Route", "", "token-3", "{ApiId: "+id+", RouteKey: GET /a, AuthorizationType: AWS_IAM, Target: integrations/"+i.PhysicalID+"}")
	st := call("Stage", "", "token-4", "{ApiId: "+id+", StageName: $default, AutoDeploy: 'true', StageVariables: {a: b}}")
	if st.PhysicalID != "$default" {
		t.Errorf("stage %q", st.PhysicalID)
	}
	if got := strings.Join(shape(s, id), ","); got != "$default | GET /a | AWS_IAM | "+function {
		t.Errorf("served %s", got)
	}
	call("Route", r.PhysicalID, "", "{ApiId: "+id+", RouteKey: GET /b, Target: integrations/"+i.PhysicalID+"}")
	if got := strings.Join(shape(s, id), ","); got != "$default | GET /b | NONE | "+function {
		t.Errorf("served after the update %s", got)
	}
	d := call("Deployment", "", "token-5", "{ApiId: "+id+"}")
	remove("Deployment", d.PhysicalID, "{ApiId: "+id+"}")
	remove("Stage", "$default", "{ApiId: "+id+", StageName: $default}")
	remove("Route", r.PhysicalID, "{ApiId: "+id+", RouteKey: GET /b}")
	remove("Integration", i.PhysicalID, "{ApiId: "+id+", IntegrationType: AWS_PROXY}")
	remove("Api", id, "{Name: n, ProtocolType: HTTP}")
	if got := s.GetApis(); len(got) != 0 {
		t.Errorf("%d APIs are left", len(got))
	}
	if _, err := types["AWS::ApiGatewayV2::Api"].Handler.Create(t.Context(), &stack.Request{Properties: parse(t, "p: {NameX: n}").Get("p")}); err == nil {
		t.Error("an unknown property was taken")
	}
}

func TestStackImportsABody(t *testing.T) {
	s := newService(t)
	h := stack.Collect(s.Types())["AWS::ApiGatewayV2::Api"].Handler
	body := "{Description: mine, FailOnWarnings: true, Body: {openapi: 3.0.1, info: {title: t}, paths: {/: {get: {x-amazon-apigateway-integration: {type: aws_proxy, payloadFormatVersion: '2.0', uri: " + function + "}}}}}}"
	res, err := h.Create(t.Context(), &stack.Request{Properties: parse(t, "p: "+body).Get("p")})
	if err != nil {
		t.Fatal(err)
	}
	a := must[*API](t)(s.GetApi(res.PhysicalID))
	if a.Name != "t" || a.Description != "mine" {
		t.Errorf("API %+v", a)
	}
	if _, err := h.Update(t.Context(), &stack.Request{PhysicalID: res.PhysicalID, Properties: parse(t, "p: "+strings.Replace(body, "get:", "put:", 1)).Get("p")}, nil); err != nil {
		t.Fatal(err)
	}
	routes := must[[]Route](t)(s.GetRoutes(res.PhysicalID))
	if len(routes) != 1 || routes[0].RouteKey != "PUT /" {
		t.Errorf("routes %+v", routes)
	}
}
