package apigatewayv2

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/stack"
)

func TestStackOverridesAQuickCreate(t *testing.T) {
	s := newService(t)
	a := must[*API](t)(s.CreateApi(t.Context(), &CreateApiInput{API: API{Name: "n", ProtocolType: "HTTP"}, Target: function}))
	h := stack.Collect(s.Types())["AWS::ApiGatewayV2::ApiGatewayManagedOverrides"].Handler
	request := func(properties string) *stack.Request {
		return &stack.Request{PhysicalID: "id", ClientToken: "token", Properties: parse(t, "p: {ApiId: "+a.ApiId+properties+"}").Get("p")}
	}
	read := func() (Integration, Route, Stage) {
		return must[[]Integration](t)(s.GetIntegrations(a.ApiId))[0], must[[]Route](t)(s.GetRoutes(a.ApiId))[0], *must[*Stage](t)(s.GetStage(a.ApiId, DefaultStage))
	}
	made, route, stage := read()
	result := must[stack.Result](t)(h.Create(t.Context(), request(`,
  Integration: {Description: d, PayloadFormatVersion: '1.0', TimeoutInMillis: 100},
  Route: {AuthorizationType: AWS_IAM, OperationName: o},
  Stage: {AutoDeploy: true, Description: s, StageVariables: {k: v}, DefaultRouteSettings: {ThrottlingRateLimit: 5}}`)))
	if result.PhysicalID == "" || result.Attributes["Id"] != result.PhysicalID {
		t.Errorf("got %+v", result)
	}
	i, r, st := read()
	if i.Description != "d" || i.PayloadFormatVersion != "1.0" || i.TimeoutInMillis != 100 || i.IntegrationUri != function {
		t.Errorf("integration %+v", i)
	}
	if r.AuthorizationType != AuthorizationIAM || r.OperationName != "o" || r.Target != route.Target || r.RouteKey != DefaultRoute {
		t.Errorf("route %+v", r)
	}
	if st.Description != "s" || st.StageVariables["k"] != "v" || st.DefaultRouteSettings.ThrottlingRateLimit == nil || !st.AutoDeploy {
		t.Errorf("stage %+v", st)
	}
	// What an update leaves out is the quick create's again.
	must[stack.Result](t)(h.Update(t.Context(), request(", Stage: {AutoDeploy: false}"), nil))
	if _, r, st := read(); r.AuthorizationType != AuthorizationNone || st.AutoDeploy || st.Description != "" {
		t.Errorf("route %+v, stage %+v", r, st)
	}
	if err := h.Delete(t.Context(), request("")); err != nil {
		t.Error(err)
	}
	i, r, st = read()
	// A new one, since it deploys by itself again.
	st.DeploymentId, st.LastDeploymentStatusMessage = stage.DeploymentId, stage.LastDeploymentStatusMessage
	for _, diff := range []string{cmp.Diff(made, i), cmp.Diff(route, r), cmp.Diff(stage, st)} {
		if diff != "" {
			t.Errorf("after deletion (-quick create +got):\n%s", diff)
		}
	}
	for name, properties := range map[string]string{
		"a method that is none": ", Integration: {IntegrationMethod: NO, PayloadFormatVersion: '3.0'}", "an authorizer that is not there": ", Route: {AuthorizationType: JWT, AuthorizerId: x}",
	} {
		if _, err := h.Create(t.Context(), request(properties)); status(err) != 400 {
			t.Errorf("%s: %v", name, err)
		}
	}
	plain := createAPI(t, s)
	p := &stack.Request{Properties: parse(t, "p: {ApiId: "+plain.ApiId+"}").Get("p")}
	if _, err := h.Create(t.Context(), p); status(err) != 400 {
		t.Errorf("an API that was not made so: %v", err)
	}
	if err := h.Delete(t.Context(), &stack.Request{Properties: parse(t, "p: {ApiId: gone}").Get("p")}); err != nil {
		t.Errorf("an API that is gone: %v", err)
	}
}
