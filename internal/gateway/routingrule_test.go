package gateway

import (
	"strings"
	"testing"

	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
	"github.com/hakonegate/hakone/sigv4"
)

// routed returns a rule to a stage of API with one condition for each text:
// HEADER: GLOB or a base path.
func routed(id, api, stage string, priority int, conditions ...string) apigatewayv2.RoutingRule {
	r := apigatewayv2.RoutingRule{
		RoutingRuleId: id, Priority: priority, Actions: []apigatewayv2.RoutingRuleAction{{InvokeApi: &apigatewayv2.InvokeApi{ApiId: api, Stage: stage}}},
	}
	for _, c := range conditions {
		if name, glob, ok := strings.Cut(c, ": "); ok {
			r.Conditions = append(r.Conditions, apigatewayv2.RoutingRuleCondition{
				MatchHeaders: &apigatewayv2.MatchHeaders{AnyOf: []apigatewayv2.HeaderGlob{{Header: name, ValueGlob: glob}}},
			})
		} else {
			r.Conditions = append(r.Conditions, apigatewayv2.RoutingRuleCondition{MatchBasePaths: &apigatewayv2.MatchBasePaths{AnyOf: []string{c}}})
		}
	}
	return r
}

// The first two domain names are those of AWS's examples ("Examples of how API
// Gateway evaluates routing rules").
func TestRoutingRules(t *testing.T) {
	api := func(id, stage string) apigatewayv2.Served {
		served := httpAPI(stage, "GET /", "GET /{proxy+}")
		served.API.ApiId = id
		return served
	}
	b := newBench(t, nil, api("aaaaaaaaaa", "$default"), api("bbbbbbbbbb", "prod"), api("cccccccccc", "$default"))
	stripped := routed("strip", "aaaaaaaaaa", "$default", 2, "cut/here")
	stripped.Actions[0].InvokeApi.StripBasePath = true
	b.apis.domains = []apigatewayv2.ServedDomain{
		{Name: "rules.example.com", Rules: []apigatewayv2.RoutingRule{
			routed("abc123", "aaaaaaaaaa", "$default", 10, "Hello: World"),
			routed("zzz000", "bbbbbbbbbb", "prod", 50, "Accept: image/webp", "Pet: Dog-*", "PetStoreShopper"),
			routed("efg456", "cccccccccc", "$default", 100),
		}},
		{
			Name:     "both.example.com",
			Rules:    []apigatewayv2.RoutingRule{routed("r1", "aaaaaaaaaa", "$default", 1, "orders/v2"), routed("gone", "dddddddddd", "$default", 5, "x: *a*")},
			Mappings: []apigatewayv2.ApiMapping{{ApiId: "cccccccccc", ApiMappingKey: "orders", Stage: "$default"}},
		},
		{Name: "*.example.org", Rules: []apigatewayv2.RoutingRule{
			stripped,
			routed("end", "bbbbbbbbbb", "prod", 3, "x: *end"), routed("in", "cccccccccc", "$default", 4, "x: *in*"), routed("host", "aaaaaaaaaa", "$default", 5, "Host: b.*"),
			routed("any", "bbbbbbbbbb", "prod", 6, "y: *"),
		}},
	}
	b.Refresh()
	for _, tt := range []struct {
		name, host, path string
		headers          string // "NAME: VALUE; …"
		want             string // API; empty: 404
		rule, rawPath    string
	}{
		{"one header", "rules.example.com", "/", "hello: World", "aaaaaaaaaa", "abc123", "/"},
		{"the lowest priority of those that match", "rules.example.com", "/PetStoreShopper", "Hello: World; Pet: Dog-Bella; Accept: image/webp", "aaaaaaaaaa", "abc123", "/PetStoreShopper"},
		{"all conditions, the path stays", "rules.example.com", "/PetStoreShopper/1", "Pet: Dog-Bella; Accept: image/webp", "bbbbbbbbbb", "zzz000", "/prod/PetStoreShopper/1"},
		{"a header is missing", "rules.example.com", "/PetStoreShopper", "Pet: Dog-Bella", "cccccccccc", "efg456", "/PetStoreShopper"},
		{"values have a case", "rules.example.com", "/", "Hello: world", "cccccccccc", "efg456", "/"},
		{"paths have a case", "rules.example.com", "/petstoreshopper", "Pet: Dog-Bella; Accept: image/webp", "cccccccccc", "efg456", "/petstoreshopper"},
		{"paths match whole segments", "rules.example.com", "/PetStoreShoppers", "Pet: Dog-Bella; Accept: image/webp", "cccccccccc", "efg456", "/PetStoreShoppers"},
		{"one of several lines", "rules.example.com", "/", "Hello: x; Hello: World", "aaaaaaaaaa", "abc123", "/"},
		{"rules before mappings", "both.example.com", "/orders/v2/7", "", "aaaaaaaaaa", "r1", "/orders/v2/7"},
		{"then mappings", "both.example.com", "/orders/v3", "", "cccccccccc", "", "/v3"},
		{"neither", "both.example.com", "/else", "", "", "", ""},
		{"a rule to a stage that is gone", "both.example.com", "/orders/v3", "x: bab", "", "gone", ""},
		{"the base path is stripped", "a.example.org", "/cut/here/b", "", "aaaaaaaaaa", "strip", "/b"},
		{"all of the path is stripped", "a.example.org", "/cut/here", "", "aaaaaaaaaa", "strip", "/"},
		{"an end", "a.example.org", "/", "x: the end", "bbbbbbbbbb", "end", "/prod/"},
		{"no end", "a.example.org", "/", "x: ends", "", "", ""},
		{"an infix", "a.example.org", "/", "x: something", "cccccccccc", "in", "/"},
		{"the host", "b.example.org", "/", "", "aaaaaaaaaa", "host", "/"},
		{"any value", "a.example.org", "/", "y: 1", "bbbbbbbbbb", "any", "/prod/"},
		{"no rule", "a.example.org", "/", "", "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := request(t, "GET", tt.path, "", nil)
			r.Host = tt.host
			for h := range strings.SplitSeq(tt.headers, "; ") {
				if name, value, ok := strings.Cut(h, ": "); ok {
					r.Header.Add(name, value)
				}
			}
			w := b.do(r)
			last := b.trace.Last()
			if step := last.Steps[1]; tt.rule != "" && !strings.Contains(step.Detail, "routing rule "+tt.rule+" of priority") {
				t.Errorf("the trace does not name the rule %s: %+v", tt.rule, step)
			}
			if tt.want == "" {
				if w.Code != 404 || w.Body.String() != `{"message":"Not Found"}` {
					t.Errorf("got %d %s, want 404", w.Code, w.Body)
				}
				return
			}
			if w.Code != 200 {
				t.Fatalf("got %d %s: %+v", w.Code, w.Body, last)
			}
			e := b.lastEvent(t)
			if c := e["requestContext"].(map[string]any); c["apiId"] != tt.want || e["rawPath"] != tt.rawPath {
				t.Errorf("got API %v, path %v; want %s, %s", c["apiId"], e["rawPath"], tt.want, tt.rawPath)
			}
		})
	}
}

func TestTheAccessLogNamesTheRoutingRule(t *testing.T) {
	served := httpAPI("prod", "GET /a/found", "GET /found")
	served.Stages[0].Stage.AccessLogSettings = &apigatewayv2.AccessLogSettings{
		DestinationArn: "x", Format: "$context.customDomain.routingRuleIdMatched $context.customDomain.basePathMatched",
	}
	b := newBench(t, nil, served)
	b.apis.domains = []apigatewayv2.ServedDomain{{
		Name: "api.example.com", Rules: []apigatewayv2.RoutingRule{routed("r1", testAPI, "prod", 1, "a")},
		Mappings: []apigatewayv2.ApiMapping{{ApiId: testAPI, ApiMappingKey: "m", Stage: "prod"}},
	}}
	logs := &lines{}
	b.config.AccessLogs = logs
	b.Refresh()
	for _, path := range []string{"/a/found", "/m/found"} {
		r := request(t, "GET", path, "", nil)
		r.Host = "api.example.com"
		b.do(r)
	}
	if len(*logs) != 2 || (*logs)[0] != "x: r1 -" || (*logs)[1] != "x: - m" {
		t.Errorf("access log %q", *logs)
	}
}

func TestRoutingRulesCostNoMemory(t *testing.T) {
	var records []apigatewayv2.RoutingRule
	for i := range 50 {
		records = append(records, routed("r", testAPI, "prod", i+1, "x-version: *beta*", "a/b"))
	}
	rules := compileRules(nil, records)
	req := &sigv4.Request{Path: "/a/b/c", Host: "api.example.com", Headers: []sigv4.Header{{Name: "Accept", Value: "*/*"}, {Name: "X-Version", Value: "alpha"}}}
	matched := false
	if n := testing.AllocsPerRun(100, func() {
		for i := range rules {
			matched = matched || rules[i].matches(req)
		}
	}); n != 0 || matched {
		t.Errorf("%v allocations, matched %t", n, matched)
	}
}
