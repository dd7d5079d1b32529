package gateway

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hakonegate/hakone/internal/gateway/integration"
	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
)

func limit(rate float64, burst int) apigatewayv2.RouteSettings {
	return apigatewayv2.RouteSettings{ThrottlingRateLimit: &rate, ThrottlingBurstLimit: &burst}
}

func TestThrottling(t *testing.T) {
	served := httpAPI("$default", "GET /a", "GET /b", "GET /own", "GET /zero", "GET /iam : AWS_IAM")
	served.Stages[0].Stage.DefaultRouteSettings = limit(1, 2)
	served.Stages[0].Stage.RouteSettings = map[string]apigatewayv2.RouteSettings{"GET /own": limit(10, 1), "GET /zero": limit(0, 5), "GET /iam": limit(0, 0)}
	b := newBench(t, answer(`"ok"`), served)
	now := testTime
	b.config.Now = func() time.Time { return now }
	for _, tt := range []struct {
		what, path string
		later      time.Duration
		want       int
	}{
		{"the stage's burst", "/a", 0, 200},
		{"is shared by its routes", "/b", 0, 200},
		{"and used up", "/a", 0, 429},
		{"a route with settings has its own", "/own", 0, 200},
		{"of its own burst", "/own", 0, 429},
		{"tokens flow in at the stage's rate", "/b", time.Second, 200},
		{"and no faster", "/b", 0, 429},
		{"nor above the burst", "/a", time.Hour, 200},
		{"second of the burst", "/a", 0, 200},
		{"used up again", "/a", 0, 429},
		{"an explicit 0 refuses every call", "/zero", time.Hour, 429},
		{"before anybody is asked for a signature", "/iam", 0, 429},
	} {
		now = now.Add(tt.later)
		w := b.do(request(t, "GET", tt.path, "", nil))
		if w.Code != tt.want || w.Code == 429 && (w.Body.String() != `{"message":"Too Many Requests"}` || w.Header().Get("Content-Length") != "31" || len(w.Header()) != 4) {
			t.Errorf("%s: %d %s %v, want %d", tt.what, w.Code, w.Body, w.Header(), tt.want)
		}
	}
	b.Refresh()
	if w := b.do(request(t, "GET", "/own", "", nil)); w.Code != 200 {
		t.Errorf("after an hour: %d", w.Code)
	}
	b.Refresh()
	if w := b.do(request(t, "GET", "/own", "", nil)); w.Code != 429 {
		t.Errorf("a deployment filled the bucket: %d", w.Code)
	}
}

// lines are the lines of access logs.
type lines []string

func (l *lines) WriteAccessLog(destination string, _ time.Time, line string) {
	*l = append(*l, destination+": "+line)
}

func TestAccessLog(t *testing.T) {
	const clf = `$context.identity.sourceIp - - [$context.requestTime] "$context.httpMethod $context.routeKey $context.protocol" $context.status $context.responseLength $context.requestId`
	for _, tt := range []struct{ name, format, path, auth, agent, want string }{
		{"common log format", clf, "/a", "", "x", `192.0.2.1 - - [14/Apr/2025:22:14:16 +0000] "GET GET /a HTTP/1.1" 200 2 ID`},
		{"no route", clf, "/nope", "", "x", `192.0.2.1 - - [14/Apr/2025:22:14:16 +0000] "GET - HTTP/1.1" 404 23 ID`},
		{"text right after a variable", `$context.requestId.$context.stage,$context.status.`, "/a", "", "x", `ID.$default,200.`},
		{"a caller cannot write JSON", `{"a":"$context.identity.userAgent","id":"$context.requestId"}`, "/a", "", "x\",\"b\":\"\\", `{"a":"x\",\"b\":\"\\","id":"ID"}`},
		{"the caller and the error", `$context.requestId $context.identity.caller $context.identity.userArn $context.error.message $context.error.messageString`, "/iam", "signed", "x", `ID AXDAAKIDALLOWED arn:aws:iam::123456789012:user/akidallowed - -`},
		{"a refusal", `$context.requestId $context.identity.caller $context.error.message $context.error.messageString $context.authorizer.error`, "/iam", "", "x", `ID - Forbidden "Forbidden" the signature is refused: missing: neither an Authorization header nor X-Amz-Signature in the query`},
		{
			"what a refusal is called", `$context.requestId $context.error.responseType $context.integration.requestId`, "/iam", "", "x",
			`ID ACCESS_DENIED -`,
		},
		{
			"the request ID of Lambda", `$context.requestId $context.awsEndpointRequestId $context.integration.requestId $context.error.responseType`, "/a", "", "x",
			`ID lambda-id lambda-id -`,
		},
		{"both bodies", `$context.requestId $context.dataProcessed $context.responseLength`, "/a", "", "x", `ID 6 2`},
		{"an unknown variable", `$context.requestId $context.nope.x $context.integrationStatus`, "/a", "", "x", `ID - 200`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			served := httpAPI("$default", "GET /a", "GET /iam : AWS_IAM")
			served.Stages[0].Stage.AccessLogSettings = &apigatewayv2.AccessLogSettings{DestinationArn: "group", Format: tt.format}
			b := newBench(t, func(context.Context, *integration.Invocation) (*integration.Result, error) {
				return &integration.Result{RequestID: "lambda-id", Payload: []byte(`"ok"`)}, nil
			}, served)
			var log lines
			b.config.AccessLogs = &log
			r := request(t, "GET", tt.path, "body", nil)
			r.Header.Set("User-Agent", tt.agent)
			if tt.auth != "" {
				sign(t, r, allowed, testTime)
			}
			id := b.do(r).Header().Get("Apigw-Requestid")
			got := fmt.Sprint(log)
			want := "[group: " + strings.ReplaceAll(strings.Replace(tt.want, "ID", id, 1), "AXDA", "AIDA") + "]"
			if got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestEveryStageWritesAnAccessLogWhenTheOperatorWantsThem(t *testing.T) {
	b := newBench(t, answer(`"ok"`), httpAPI("$default", "GET /a"))
	var log lines
	b.config.AccessLogs = &log
	b.do(request(t, "GET", "/a", "", nil))
	if len(log) != 0 {
		t.Errorf("a stage without an access log wrote %q", log)
	}
	b.config.LogEveryStage = true
	b.Refresh()
	id := b.do(request(t, "GET", "/a", "", nil)).Header().Get("Apigw-Requestid")
	if want := `: 192.0.2.1 - - [14/Apr/2025:22:14:16 +0000] "GET GET /a HTTP/1.1" 200 2 ` + id; len(log) != 1 || log[0] != want {
		t.Errorf("got %q, want %q", log, want)
	}
}

func FuzzLogFormat(f *testing.F) {
	for _, s := range []string{"$context.requestId", "a $context. b", "$context.a.b-c_d.", "$$context.x$context.y", "$context"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, format string) {
		got := ""
		parts := compileLogFormat("", format).parts
		for i, p := range parts {
			got += p.text
			if p.variable != "" || i < len(parts)-1 {
				got += "$context." + p.variable
			}
		}
		if !strings.HasPrefix(format, got) {
			t.Errorf("%q became %q", format, got)
		}
	})
}
