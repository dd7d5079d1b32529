package gateway

import (
	"testing"

	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
)

// domainBench serves three APIs under domain names.
func domainBench(t *testing.T) *bench {
	t.Helper()
	api := func(id, stage string, disabled bool) apigatewayv2.Served {
		served := httpAPI(stage, "GET /found", "GET /v1/found", "GET /", "GET /iam : AWS_IAM")
		served.API.ApiId = id
		served.Stages[0].Configuration.DisableExecuteApiEndpoint = disabled
		return served
	}
	b := newBench(t, nil, api("aaaaaaaaaa", "prod", false), api("bbbbbbbbbb", "$default", true), api("cccccccccc", "$default", false))
	mapping := func(key, id, stage string) apigatewayv2.ApiMapping {
		return apigatewayv2.ApiMapping{ApiId: id, ApiMappingKey: key, Stage: stage}
	}
	b.apis.domains = []apigatewayv2.ServedDomain{
		{Name: "api.example.com", Mappings: []apigatewayv2.ApiMapping{
			mapping("orders", "cccccccccc", "$default"), mapping("orders/v1", "aaaaaaaaaa", "prod"), mapping("hidden", "bbbbbbbbbb", "$default"),
			mapping("gone", "dddddddddd", "$default"),
		}},
		{Name: "*.example.com", Mappings: []apigatewayv2.ApiMapping{mapping("", "bbbbbbbbbb", "$default"), mapping("c", "cccccccccc", "$default")}},
		{Name: "empty.example.com"},
	}
	b.Refresh()
	return b
}

// lastEvent returns the event of the last invocation.
func (b *bench) lastEvent(t *testing.T) map[string]any {
	t.Helper()
	select {
	case e := <-b.event:
		return e
	default:
		t.Fatalf("the function was not called: %+v", b.trace.Last())
		return nil
	}
}

func TestCustomDomainNames(t *testing.T) {
	b := domainBench(t)
	for _, tt := range []struct {
		name, host, path string
		want             string // API; empty: 404
		rawPath          string
	}{
		{"the key is cut off", "api.example.com", "/orders/found", "cccccccccc", "/found"},
		{"the longest key", "api.example.com", "/orders/v1/found", "aaaaaaaaaa", "/prod/found"},
		{"the key alone", "api.example.com", "/orders", "cccccccccc", "/"},
		{"the key with a slash", "api.example.com", "/orders/", "cccccccccc", "/"},
		{"no other key is tried when the route is missing", "api.example.com", "/orders/v1/v1", "", ""},
		{"keys match whole segments", "api.example.com", "/ordersfound", "", ""},
		{"keys have a case", "api.example.com", "/Orders/found", "", ""},
		{"no key matches", "api.example.com", "/found", "", ""},
		{"an API whose endpoint is disabled", "api.example.com", "/hidden/found", "bbbbbbbbbb", "/found"},
		{"a stage that is gone", "api.example.com", "/gone/found", "", ""},
		{"the stage is not in the path", "api.example.com", "/orders/v1/prod/found", "", ""},
		{"exact beats wildcard", "API.example.com:8443", "/orders/found", "cccccccccc", "/found"},
		{"wildcard", "x.example.com", "/found", "bbbbbbbbbb", "/found"},
		{"wildcard with a key", "x.example.com", "/c/found", "cccccccccc", "/found"},
		{"the root without a key", "x.example.com", "/", "bbbbbbbbbb", "/"},
		{"a wildcard covers one label", "y.x.example.com", "/found", "", ""},
		{"a wildcard covers a label", "example.com", "/found", "", ""},
		{"no mapping", "empty.example.com", "/found", "", ""},
		{"another host", "api.example.org", "/found", "", ""},
		{"the path form is not for domain names", "api.example.com", "/_aws/execute-api/cccccccccc/$default/found", "", ""},
		{"the default endpoint", "cccccccccc.execute-api.ap-northeast-1.amazonaws.com", "/found", "cccccccccc", "/found"},
		{"a disabled endpoint", "bbbbbbbbbb.execute-api.ap-northeast-1.amazonaws.com", "/found", "", ""},
		{"a disabled endpoint in the path form", "localhost", "/_aws/execute-api/bbbbbbbbbb/$default/found", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := request(t, "GET", tt.path, "", nil)
			r.Host = tt.host
			w := b.do(r)
			if tt.want == "" {
				if w.Code != 404 || w.Body.String() != `{"message":"Not Found"}` {
					t.Fatalf("got %d %s, want 404", w.Code, w.Body)
				}
				return
			}
			if w.Code != 200 {
				t.Fatalf("got %d %s: %+v", w.Code, w.Body, b.trace.Last())
			}
			e := b.lastEvent(t)
			c := e["requestContext"].(map[string]any)
			if c["apiId"] != tt.want || e["rawPath"] != tt.rawPath || c["http"].(map[string]any)["path"] != tt.rawPath {
				t.Errorf("got API %v, rawPath %v, http %v; want %s, %s", c["apiId"], e["rawPath"], c["http"], tt.want, tt.rawPath)
			}
		})
	}
}

func TestTheEventTellsOfTheCustomDomainName(t *testing.T) {
	b := domainBench(t)
	r := request(t, "GET", "/orders/v1/found", "", nil)
	r.Host = "api.example.com"
	b.do(r)
	c := b.lastEvent(t)["requestContext"].(map[string]any)
	if c["domainName"] != "api.example.com" || c["domainPrefix"] != "api" || c["stage"] != "prod" {
		t.Errorf("got %v", c)
	}
	served := httpAPI("prod", "GET /found")
	served.Stages[0].Stage.AccessLogSettings = &apigatewayv2.AccessLogSettings{DestinationArn: "x", Format: "$context.customDomain.basePathMatched $context.path"}
	i := served.Stages[0].Configuration.Integrations["int"]
	i.PayloadFormatVersion = "1.0"
	served.Stages[0].Configuration.Integrations["int"] = i
	b.apis.domains[0].Mappings = []apigatewayv2.ApiMapping{{ApiId: testAPI, ApiMappingKey: "a/b", Stage: "prod"}}
	b.apis.set(served)
	logs := &lines{}
	b.config.AccessLogs = logs
	b.Refresh()
	r = request(t, "GET", "/a/b/found", "", nil)
	r.Host = "api.example.com"
	b.do(r)
	if e := b.lastEvent(t); e["path"] != "/a/b/found" {
		t.Errorf("path of 1.0: %v", e["path"])
	}
	if len(*logs) != 1 || (*logs)[0] != "x: a/b /prod/found" {
		t.Errorf("access log %q", *logs)
	}
}

func TestSignaturesCoverWhatTheClientSent(t *testing.T) {
	b := domainBench(t)
	r := request(t, "GET", "/orders/iam", "", nil)
	r.Host = "api.example.com"
	sign(t, r, allowed, testTime)
	if w := b.do(r); w.Code != 200 {
		t.Errorf("got %d %s: %+v", w.Code, w.Body, b.trace.Last())
	}
	r.RequestURI, r.URL.Path = "/hidden/iam", "/hidden/iam"
	if w := b.do(r); w.Code != 403 {
		t.Errorf("a signature of another mapping key: %d", w.Code)
	}
}
