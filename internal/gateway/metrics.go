package gateway

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// A meter counts the requests to one route of a stage, or those to a stage that
// no route took: API Gateway's metrics Count, 4xx, 5xx, Latency,
// IntegrationLatency and DataProcessed. Counting takes no lock.
type meter struct {
	api, stage, route string // route: its key; "" for none

	clientErrors, serverErrors, bytes atomic.Int64
	latency, integration              histogram
}

// bounds are the upper bounds of the histograms. The longest integration
// timeout is 30 seconds.
var bounds = [...]time.Duration{
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2500 * time.Millisecond, 5 * time.Second,
	10 * time.Second, 30 * time.Second,
}

// A histogram counts durations by size.
type histogram struct {
	counts [len(bounds) + 1]atomic.Int64 // each without the smaller ones
	sum    atomic.Int64                  // in nanoseconds
}

func (h *histogram) observe(d time.Duration) {
	i := 0
	for i < len(bounds) && d > bounds[i] {
		i++
	}
	h.counts[i].Add(1)
	h.sum.Add(int64(d))
}

// count counts a finished exchange.
func (m *meter) count(x *exchange) {
	switch status := x.trace.Status; {
	case status >= 400 && status < 500:
		m.clientErrors.Add(1)
	case status >= 500:
		m.serverErrors.Add(1)
	}
	m.bytes.Add(x.dataProcessed())
	m.latency.observe(x.trace.Duration)
	if x.trace.Integration != nil {
		m.integration.observe(x.trace.Integration.Duration)
	}
}

// dataProcessed returns the bytes of the bodies of the request and the answer.
func (x *exchange) dataProcessed() int64 { return int64(len(x.body)) + x.trace.Bytes }

// meter counts the exchange, if it came as far as a stage.
func (x *exchange) meter() {
	switch {
	case x.target != nil:
		x.target.meter.count(x)
	case x.stage != nil:
		x.stage.meter.count(x)
	}
}

// A meterKey is what a meter is kept under when tables are swapped.
type meterKey struct{ api, stage, route string }

// compileMeter returns the meter of a route, or of the stage for the route "".
// One that was there goes on counting.
func compileMeter(old, kept map[meterKey]*meter, s *stage, route string) *meter {
	key := meterKey{s.api.id, s.name, route}
	m := old[key]
	if m == nil {
		m = &meter{api: key.api, stage: key.stage, route: key.route}
	}
	kept[key] = m
	return m
}

// Metrics returns a handler that tells the metrics of everything that is served
// now, by API, stage and route, in the text format of Prometheus. It does not
// ask who reads them.
func (g *Gateway) Metrics() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		if err := writeMetrics(w, g.table.Load().meters); err != nil {
			g.config.Log.DebugContext(r.Context(), "metrics could not be written", "error", err)
		}
	})
}

// sortedMeters returns meters in an order that stays.
func sortedMeters(meters map[meterKey]*meter) []*meter {
	out := make([]*meter, 0, len(meters))
	for _, m := range meters {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b *meter) int {
		return cmp.Or(strings.Compare(a.api, b.api), strings.Compare(a.stage, b.stage), strings.Compare(a.route, b.route))
	})
	return out
}

func writeMetrics(w io.Writer, meters []*meter) error {
	var b strings.Builder
	counter := func(name, help string, value func(*meter) int64) {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s counter\n", name, help, name)
		for _, m := range meters {
			fmt.Fprintf(&b, "%s{%s} %d\n", name, m.labels(), value(m))
		}
	}
	distribution := func(name, help string, value func(*meter) *histogram) {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s histogram\n", name, help, name)
		for _, m := range meters {
			value(m).write(&b, name, m.labels())
		}
	}
	counter("aws_apigateway_count_total", "Count: requests.", func(m *meter) int64 { return m.latency.total() })
	counter("aws_apigateway_4xx_total", "4xx: answers that are client errors.", func(m *meter) int64 { return m.clientErrors.Load() })
	counter("aws_apigateway_5xx_total", "5xx: answers that are server errors.", func(m *meter) int64 { return m.serverErrors.Load() })
	counter("aws_apigateway_data_processed_bytes_total", "DataProcessed: bytes of the bodies of requests and answers.", func(m *meter) int64 { return m.bytes.Load() })
	distribution("aws_apigateway_latency_seconds", "Latency: from a request to its answer.", func(m *meter) *histogram { return &m.latency })
	distribution("aws_apigateway_integration_latency_seconds", "IntegrationLatency: the part of the integration.", func(m *meter) *histogram { return &m.integration })
	_, err := io.WriteString(w, b.String())
	return err
}

var escapeLabel = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func (m *meter) labels() string {
	return `api_id="` + escapeLabel.Replace(m.api) + `",stage="` + escapeLabel.Replace(m.stage) + `",route="` + escapeLabel.Replace(m.route) + `"`
}

func (h *histogram) total() (n int64) {
	for i := range h.counts {
		n += h.counts[i].Load()
	}
	return n
}

func (h *histogram) write(b *strings.Builder, name, labels string) {
	var n int64
	for i := range h.counts {
		n += h.counts[i].Load()
		bound := "+Inf"
		if i < len(bounds) {
			bound = strconv.FormatFloat(bounds[i].Seconds(), 'g', -1, 64)
		}
		fmt.Fprintf(b, "%s_bucket{%s,le=\"%s\"} %d\n", name, labels, bound, n)
	}
	sum := strconv.FormatFloat(time.Duration(h.sum.Load()).Seconds(), 'g', -1, 64)
	fmt.Fprintf(b, "%s_sum{%s} %s\n%s_count{%s} %d\n", name, labels, sum, name, labels, n)
}
