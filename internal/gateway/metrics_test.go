package gateway

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hakonegate/hakone/internal/gateway/integration"
)

// scrape returns the lines of the metrics by their series.
func scrape(t *testing.T, b *bench) map[string]string {
	t.Helper()
	w := httptest.NewRecorder()
	b.Metrics().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if got := w.Header().Get("Content-Type"); got != "text/plain; version=0.0.4; charset=utf-8" {
		t.Errorf("content-type %q", got)
	}
	series := map[string]string{}
	for line := range strings.Lines(w.Body.String()) {
		line = strings.TrimSuffix(line, "\n")
		if i := strings.LastIndexByte(line, ' '); !strings.HasPrefix(line, "#") {
			if _, twice := series[line[:i]]; twice {
				t.Errorf("twice: %s", line)
			}
			series[line[:i]] = line[i+1:]
		}
	}
	return series
}

func TestMetricsCountByRoute(t *testing.T) {
	served := httpAPI("prod", "POST /a", "GET /iam : AWS_IAM", "GET /broken", `GET /unused`)
	route := served.Stages[0].Configuration.Routes["c"]
	route.Target = ""
	served.Stages[0].Configuration.Routes["c"] = route
	b := newBench(t, answer(`"four"`), served)
	var mu sync.Mutex
	now := testTime
	b.config.Now = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	b.config.Invoker = invoker(func(context.Context, *integration.Invocation) (*integration.Result, error) {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(20 * time.Millisecond)
		return &integration.Result{Payload: []byte(`"four"`)}, nil
	})
	b.Refresh()
	b.do(request(t, "POST", "/prod/a", "12345", nil))
	b.Refresh() // a new table goes on counting
	b.do(request(t, "POST", "/prod/a", "", nil))
	b.do(request(t, "GET", "/prod/iam", "", nil))
	b.do(request(t, "GET", "/prod/broken", "", nil))
	b.do(request(t, "GET", "/prod/nope", "", nil))
	b.do(request(t, "GET", "/nope", "", nil)) // of no stage
	got := scrape(t, b)
	labels := func(route string) string { return `{api_id="` + testAPI + `",stage="prod",route="` + route + `"` }
	for series, want := range map[string]string{
		"aws_apigateway_count_total" + labels("POST /a") + "}":                                   "2",
		"aws_apigateway_4xx_total" + labels("POST /a") + "}":                                     "0",
		"aws_apigateway_5xx_total" + labels("POST /a") + "}":                                     "0",
		"aws_apigateway_data_processed_bytes_total" + labels("POST /a") + "}":                    "13",
		"aws_apigateway_latency_seconds_bucket" + labels("POST /a") + `,le="0.01"}`:              "0",
		"aws_apigateway_latency_seconds_bucket" + labels("POST /a") + `,le="0.025"}`:             "2",
		"aws_apigateway_latency_seconds_bucket" + labels("POST /a") + `,le="+Inf"}`:              "2",
		"aws_apigateway_latency_seconds_sum" + labels("POST /a") + "}":                           "0.04",
		"aws_apigateway_latency_seconds_count" + labels("POST /a") + "}":                         "2",
		"aws_apigateway_integration_latency_seconds_count" + labels("POST /a") + "}":             "2",
		"aws_apigateway_integration_latency_seconds_bucket" + labels("POST /a") + `,le="+Inf"}`:  "2",
		"aws_apigateway_count_total" + labels("GET /iam") + "}":                                  "1",
		"aws_apigateway_4xx_total" + labels("GET /iam") + "}":                                    "1",
		"aws_apigateway_integration_latency_seconds_count" + labels("GET /iam") + "}":            "0",
		"aws_apigateway_integration_latency_seconds_bucket" + labels("GET /iam") + `,le="+Inf"}`: "0",
		"aws_apigateway_5xx_total" + labels("GET /broken") + "}":                                 "1",
		"aws_apigateway_count_total" + labels("GET /unused") + "}":                               "0",
		"aws_apigateway_count_total" + labels("") + "}":                                          "1",
		"aws_apigateway_4xx_total" + labels("") + "}":                                            "1",
	} {
		if got[series] != want {
			t.Errorf("%s = %q, want %s", series, got[series], want)
		}
	}
	b.apis.set(httpAPI("prod", "GET /other"))
	b.Refresh()
	if _, ok := scrape(t, b)["aws_apigateway_count_total"+labels("POST /a")+"}"]; ok {
		t.Error("a route that is gone is still told of")
	}
}

func TestMetricsAreCountedAtOnce(t *testing.T) {
	b := newBench(t, answer(`"ok"`), httpAPI("$default", "GET /"))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				b.do(request(t, "GET", "/", "", nil))
			}
		})
	}
	wg.Wait()
	if got := scrape(t, b)[`aws_apigateway_count_total{api_id="`+testAPI+`",stage="$default",route="GET /"}`]; got != "400" {
		t.Errorf("counted %s of 400", got)
	}
}

func TestLabelsAreEscaped(t *testing.T) {
	m := &meter{api: "a", stage: "b", route: "GET /\"\\\n"}
	if got, want := m.labels(), `api_id="a",stage="b",route="GET /\"\\\n"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
