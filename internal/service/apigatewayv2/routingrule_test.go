package apigatewayv2

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/policy"
)

// rule returns a rule to a stage with one condition for each text: HEADER: GLOB
// or a base path.
func rule(apiID string, priority int, conditions ...string) RoutingRule {
	r := RoutingRule{Priority: priority, Actions: []RoutingRuleAction{{&InvokeApi{ApiId: apiID, Stage: "prod"}}}}
	for _, c := range conditions {
		if name, glob, ok := strings.Cut(c, ": "); ok {
			r.Conditions = append(r.Conditions, RoutingRuleCondition{MatchHeaders: &MatchHeaders{[]HeaderGlob{{name, glob}}}})
		} else {
			r.Conditions = append(r.Conditions, RoutingRuleCondition{MatchBasePaths: &MatchBasePaths{[]string{c}}})
		}
	}
	return r
}

func newRuleDomain(t *testing.T, s *Service, mode string) (apiID string) {
	t.Helper()
	must[*DomainName](t)(s.CreateDomainName(t.Context(), DomainName{DomainName: "api.example.com", RoutingMode: mode}))
	return newStage(t, s, "prod")
}

func TestRoutingRulesAreChecked(t *testing.T) {
	s := newService(t)
	id := newRuleDomain(t, s, "ROUTING_RULE_THEN_API_MAPPING")
	must[*RoutingRule](t)(s.CreateRoutingRule(t.Context(), "api.example.com", rule(id, 1)))
	with := func(change func(*RoutingRule)) RoutingRule {
		r := rule(id, 2)
		change(&r)
		return r
	}
	for _, tt := range []struct {
		name string
		in   RoutingRule
		want int
	}{
		{"a priority that is taken", rule(id, 1), 409},
		{"no priority", rule(id, 0), 400},
		{"a priority of more than a million", rule(id, 1_000_001), 400},
		{"three headers", rule(id, 2, "a: 1", "b: 2", "c: 3"), 400},
		{"two base paths", rule(id, 2, "a", "b"), 400},
		{"a header with a wildcard", rule(id, 2, "a*: 1"), 400},
		{"a header of 40 characters", rule(id, 2, strings.Repeat("a", 40)+": 1"), 400},
		{"a header that says who asks", rule(id, 2, "Authorization: x"), 400},
		{"a header of AWS", rule(id, 2, "X-Amz-Date: x"), 400},
		{"a wildcard within", rule(id, 2, "a: b*c"), 400},
		{"a value of 128 characters", rule(id, 2, "a: "+strings.Repeat("a", 128)), 400},
		{"an infix of 40 characters", rule(id, 2, "a: *"+strings.Repeat("a", 38)+"*"), 400},
		{"a value with a blank", rule(id, 2, "a: b c"), 400},
		{"a path with a slash before", rule(id, 2, "/a"), 400},
		{"a path with a slash behind", rule(id, 2, "a/"), 400},
		{"a path that is encoded", rule(id, 2, "a%20b"), 400},
		{"a path of 128 characters", rule(id, 2, strings.Repeat("a", 128)), 400},
		{"no action", with(func(r *RoutingRule) { r.Actions = nil }), 400},
		{"an empty action", with(func(r *RoutingRule) { r.Actions[0].InvokeApi = nil }), 400},
		{"two actions", with(func(r *RoutingRule) { r.Actions = append(r.Actions, r.Actions[0]) }), 400},
		{"an API that is not there", with(func(r *RoutingRule) { r.Actions[0].InvokeApi.ApiId = "none" }), 404},
		{"a stage that is not there", with(func(r *RoutingRule) { r.Actions[0].InvokeApi.Stage = "none" }), 400},
		{"an empty condition", with(func(r *RoutingRule) { r.Conditions = make([]RoutingRuleCondition, 1) }), 400},
		{"a header or another", with(func(r *RoutingRule) {
			r.Conditions = []RoutingRuleCondition{{MatchHeaders: &MatchHeaders{[]HeaderGlob{{"a", "1"}, {"b", "2"}}}}}
		}), 400},
		{"everything that a rule can have", rule(id, 1_000_000, "Accept: image/webp", "x-version: *beta*", "a/b-c_1"), 0},
	} {
		if _, err := s.CreateRoutingRule(t.Context(), "api.example.com", tt.in); status(err) != tt.want {
			t.Errorf("%s: %v, want %d", tt.name, err, tt.want)
		}
	}
	if err := s.DeleteStage(t.Context(), id, "prod"); status(err) != http.StatusConflict {
		t.Errorf("a stage that a rule serves was deleted: %v", err)
	}
	if _, err := s.PutRoutingRule(t.Context(), "api.example.com", rule(id, 5)); status(err) != http.StatusNotFound {
		t.Errorf("a rule that is not there was replaced: %v", err)
	}
}

func TestRoutingModesKeepWhatTheyDoNotServe(t *testing.T) {
	s := newService(t)
	id := newRuleDomain(t, s, "ROUTING_RULE_THEN_API_MAPPING")
	mapping := ApiMapping{ApiId: id, ApiMappingKey: "k", Stage: "prod"}
	must[*ApiMapping](t)(s.CreateApiMapping(t.Context(), "api.example.com", mapping))
	must[*RoutingRule](t)(s.CreateRoutingRule(t.Context(), "api.example.com", rule(id, 20)))
	must[*RoutingRule](t)(s.CreateRoutingRule(t.Context(), "api.example.com", rule(id, 10)))
	mapping.ApiMappingKey = "other"
	for mode, want := range map[string]struct{ rules, mappings, rule, mapping int }{
		"API_MAPPING_ONLY":              {0, 1, 400, 0},
		"ROUTING_RULE_ONLY":             {2, 0, 0, 400},
		"ROUTING_RULE_THEN_API_MAPPING": {2, 1, 0, 0},
	} {
		must[*DomainName](t)(s.UpdateDomainName(t.Context(), "api.example.com", func(d *DomainName) error { d.RoutingMode = mode; return nil }))
		served := slices.Collect(s.Domains())[0]
		if len(served.Rules) != want.rules || len(served.Mappings) != want.mappings {
			t.Errorf("%s serves %+v", mode, served)
		}
		if len(served.Rules) > 1 && served.Rules[0].Priority != 10 {
			t.Errorf("%s: the last rule is first", mode)
		}
		r, err := s.CreateRoutingRule(t.Context(), "api.example.com", rule(id, 30))
		if status(err) != want.rule {
			t.Errorf("%s, a rule: %v", mode, err)
		} else if err == nil {
			must[struct{}](t)(struct{}{}, s.DeleteRoutingRule(t.Context(), "api.example.com", r.RoutingRuleId))
		}
		m, err := s.CreateApiMapping(t.Context(), "api.example.com", mapping)
		if status(err) != want.mapping {
			t.Errorf("%s, a mapping: %v", mode, err)
		} else if err == nil {
			must[struct{}](t)(struct{}{}, s.DeleteApiMapping(t.Context(), "api.example.com", m.ApiMappingId))
		}
	}
}

func TestRoutingRulesOnTheWire(t *testing.T) {
	s := newService(t)
	id := newRuleDomain(t, s, "ROUTING_RULE_ONLY")
	c := newClient(t, s)
	const all = "/v2/domainnames/api.example.com/routingrules"
	body := said{
		"priority": 50.0, "actions": []any{said{"invokeApi": said{"apiId": id, "stage": "prod"}}},
		"conditions": []any{
			said{"matchHeaders": said{"anyOf": []any{said{"header": "Hello", "valueGlob": "World"}}}},
			said{"matchBasePaths": said{"anyOf": []any{"PetStoreShopper"}}},
		},
	}
	made := c.must("POST", all, body)
	rid, _ := made["routingRuleId"].(string)
	want := said{
		"priority": 50.0, "conditions": body["conditions"], "actions": []any{said{"invokeApi": said{"apiId": id, "stage": "prod", "stripBasePath": false}}},
		"routingRuleId": rid, "routingRuleArn": "arn:aws:apigateway:ap-northeast-1:123456789012:/domainnames/api.example.com/routingrules/" + rid,
	}
	if diff := cmp.Diff(want, made); diff != "" {
		t.Errorf("made (-want +got):\n%s", diff)
	}
	body["priority"], body["conditions"] = 30, []any{}
	changed := c.must("PUT", all+"/"+rid, body)
	want["priority"], want["conditions"] = 30.0, []any{}
	if diff := cmp.Diff(want, changed); diff != "" {
		t.Errorf("put (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(changed, c.must("GET", all+"/"+rid, nil)); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{"routingRules": []any{changed}}, c.must("GET", all, nil)); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
	delete(body, "conditions")
	if _, err := c.call("PUT", all+"/"+rid, body); status(err) != http.StatusBadRequest {
		t.Errorf("a rule without conditions: %v", err)
	}
	c.must("DELETE", all+"/"+rid, nil)
	if _, err := c.call("GET", all+"/"+rid, nil); status(err) != http.StatusNotFound {
		t.Errorf("deleted, and yet: %v", err)
	}
	for _, o := range s.API().Operations {
		in := o.NewInput()
		if r, ok := in.(*request); ok && strings.HasSuffix(o.Name, "RoutingRule") {
			r.DomainName, r.RoutingRuleId, r.DomainNameId = "api.example.com", rid, "abc"
			if _, err := o.Run(asAdministrator(t), in); status(err) != http.StatusBadRequest {
				t.Errorf("%s of a private domain name: %v", o.Name, err)
			}
		}
	}
}

func TestPoliciesKnowRoutingRules(t *testing.T) {
	s := newService(t)
	id := newRuleDomain(t, s, "ROUTING_RULE_ONLY")
	made := must[*RoutingRule](t)(s.CreateRoutingRule(t.Context(), "api.example.com", rule(id, 7, "orders")))
	in := &request{DomainName: "api.example.com", RoutingRuleId: made.RoutingRuleId, Body: []byte(`{"priority":8,"conditions":[{"matchBasePaths":{"anyOf":["pay"]}}]}`)}
	f := s.facts("PutRoutingRule", in)
	want := policy.Map{
		"apigateway:request/priority": policy.One("8"), "apigateway:request/conditionbasepaths": policy.Many("pay"),
		"apigateway:resource/priority": policy.One("7"), "apigateway:resource/conditionbasepaths": policy.Many("orders"),
	}
	if diff := cmp.Diff(want, f.Keys, cmp.AllowUnexported(policy.Value{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	arns := map[string]string{}
	for _, o := range s.API().Operations {
		if strings.Contains(o.Name, "RoutingRule") {
			arns[o.Action] = o.Resources(&request{DomainName: "d.example", RoutingRuleId: map[bool]string{true: "r"}[strings.Contains(o.Path, "{RoutingRuleId}")]})[0]
		}
	}
	const prefix = "arn:aws:apigateway:ap-northeast-1:123456789012:/domainnames/d.example/routingrules/"
	if diff := cmp.Diff(map[string]string{
		"apigateway:CreateRoutingRule": prefix + "*", "apigateway:ListRoutingRules": prefix + "*", "apigateway:GetRoutingRule": prefix + "r",
		"apigateway:UpdateRoutingRule": prefix + "r", "apigateway:DeleteRoutingRule": prefix + "r",
	}, arns); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestStackMakesARoutingRule(t *testing.T) {
	s := newService(t)
	id := newRuleDomain(t, s, "ROUTING_RULE_ONLY")
	h := stack.Collect(s.Types())["AWS::ApiGatewayV2::RoutingRule"].Handler
	request := func(physicalID, domain, conditions string) *stack.Request {
		return &stack.Request{PhysicalID: physicalID, ClientToken: "token", Properties: parse(t, `
p:
  DomainNameArn: `+domain+`
  Priority: 3
  Conditions: `+conditions+`
  Actions: [{InvokeApi: {ApiId: `+id+`, Stage: prod, StripBasePath: true}}]
`).Get("p")}
	}
	const domain = "arn:aws:apigateway:ap-northeast-1::/domainnames/api.example.com"
	made := must[stack.Result](t)(h.Create(t.Context(), request("", domain, "[{MatchBasePaths: {AnyOf: [a]}}]")))
	if made.PhysicalID != made.Attributes["RoutingRuleArn"] || !strings.HasSuffix(made.PhysicalID, "/routingrules/"+made.Attributes["RoutingRuleId"]) {
		t.Errorf("got %+v", made)
	}
	must[stack.Result](t)(h.Update(t.Context(), request(made.PhysicalID, domain, "[{MatchHeaders: {AnyOf: [{Header: a, ValueGlob: b}]}}]"), nil))
	rules := must[[]RoutingRule](t)(s.ListRoutingRules("api.example.com"))
	if len(rules) != 1 || rules[0].Conditions[0].MatchHeaders == nil || !rules[0].Actions[0].InvokeApi.StripBasePath {
		t.Errorf("got %+v", rules)
	}
	if _, err := h.Create(t.Context(), request("", "api.example.com", "[]")); status(err) != http.StatusBadRequest {
		t.Errorf("a name in place of an ARN: %v", err)
	}
	for range 2 {
		if err := h.Delete(t.Context(), request(made.PhysicalID, domain, "[]")); err != nil {
			t.Error(err)
		}
	}
}
