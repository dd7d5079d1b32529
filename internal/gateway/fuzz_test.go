package gateway

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
)

// fuzzFormat is an access log in JSON, with what callers choose.
const fuzzFormat = `{"path":"$context.path","agent":"$context.identity.userAgent","route":"$context.routeKey","error":"$context.error.message","method":"$context.httpMethod"}`

// FuzzRequest sends a request line and a header as they come off the wire: each
// gets one of the gateway's answers, the route is one of the API or none, and
// the access log is one line of JSON, whatever the caller writes.
func FuzzRequest(f *testing.F) {
	served := httpAPI("$default", "GET /", "GET /a/{b}/c", "ANY /g/{p+}", "POST /{x}/{y}", "GET /iam/{id} : AWS_IAM")
	keys := map[string]bool{"": true}
	for _, r := range served.Stages[0].Configuration.Routes {
		keys[r.RouteKey] = true
	}
	served.Stages[0].Stage.AccessLogSettings = &apigatewayv2.AccessLogSettings{DestinationArn: "x", Format: fuzzFormat}
	b := newBench(f, answer(`"ok"`), served)
	log := &lines{}
	b.config.AccessLogs = log
	for _, s := range []string{
		"GET / HTTP/1.1", "GET /a/x%2Fy/c?q=%zz HTTP/1.1", "POST /g/../%00 HTTP/1.1", "GET http://a/b HTTP/1.1", "OPTIONS * HTTP/1.1", "GET /\xff HTTP/1.1",
		"GET /iam/1?X-Amz-Signature=a&X-Amz-Credential=b HTTP/1.1", "PURGE /g/{p+} HTTP/1.1", "GET //g//x HTTP/1.0",
	} {
		f.Add(s, `x","y":"`)
	}
	f.Fuzz(func(t *testing.T, line, agent string) {
		if strings.ContainsAny(line+agent, "\r\n") {
			return
		}
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(line + "\r\nHost: " + testHost + "\r\nUser-Agent: " + agent + "\r\n\r\n")))
		if err != nil {
			return // net/http answers 400
		}
		r.Host, r.RemoteAddr = testHost, "192.0.2.1:1"
		*log = nil
		w := httptest.NewRecorder()
		b.ServeHTTP(w, r)
		last := b.trace.Last()
		switch w.Code {
		case 200, 204, 400, 403, 404, 414, 431:
		default:
			t.Errorf("%q got %d %s: %+v", line, w.Code, w.Body, last)
		}
		if open := last.Route != "" && last.Route != "GET /iam/{id}"; !keys[last.Route] || w.Code == 200 && !open {
			t.Errorf("%q: status %d on route %q", line, w.Code, last.Route)
		}
		for _, text := range *log {
			var m map[string]any
			if err := json.Unmarshal([]byte(strings.TrimPrefix(text, "x: ")), &m); err != nil || len(m) != 5 {
				t.Errorf("%q wrote %s: %v", line, text, err)
			}
			if strings.ContainsAny(text, "\r\n") {
				t.Errorf("%q wrote more than one line: %q", line, text)
			}
		}
	})
}
