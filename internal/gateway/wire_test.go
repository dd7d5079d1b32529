package gateway

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/gateway/integration"
	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/trace"
	"github.com/hakonegate/hakone/sigv4"
)

// TestPresignedURLIsAnswered also sees that the query reaches the function.
func TestPresignedURLIsAnswered(t *testing.T) {
	b := newBench(t, nil, httpAPI("$default", "GET /a : AWS_IAM"))
	in := &sigv4.Request{Method: "GET", Host: testHost, Path: "/a", RawQuery: "q=1"}
	query, err := signer.Presign(in, session, testTime.Add(-time.Hour), 2*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if w := b.do(request(t, "GET", "/a?"+query, "", nil)); w.Code != 200 {
		t.Fatalf("presigned = %d: %+v", w.Code, b.trace.Last())
	}
	event := <-b.event
	parameters := event["queryStringParameters"].(map[string]any)
	if parameters["q"] != "1" || parameters["X-Amz-Signature"] == nil {
		t.Errorf("parameters %v", parameters)
	}
	if text := fmt.Sprintf("%+v %+v", b.trace.Last(), b.trace.Last().Signature); strings.Contains(text, session.SessionToken) || strings.Contains(text, parameters["X-Amz-Signature"].(string)) {
		t.Errorf("secrets in the trace: %s", text)
	}
	if w := b.do(request(t, "GET", "/a?"+strings.Replace(query, "q=1", "q=2", 1), "", nil)); w.Code != 403 {
		t.Errorf("a changed presigned URL = %d, want 403", w.Code)
	}
	over, err := signer.Presign(in, allowed, testTime.Add(-time.Hour), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if w := b.do(request(t, "GET", "/a?"+over, "", nil)); w.Code != 403 {
		t.Errorf("an expired presigned URL = %d, want 403", w.Code)
	}
}

func TestOddRequestsGetABoundedAnswer(t *testing.T) {
	b := newBench(t, answer(`"ok"`), httpAPI("$default", "ANY /{proxy+}"))
	server := httptest.NewServer(b)
	defer server.Close()
	const host = "Host: " + testHost + "\r\n"
	for _, tt := range []struct{ name, request, want string }{
		{"plain", "GET / HTTP/1.1\r\n" + host + "\r\n", "200"},
		{"absolute form", "GET http://" + testHost + "/ HTTP/1.1\r\n" + host + "\r\n", "400"},
		{"asterisk form", "OPTIONS * HTTP/1.1\r\n" + host + "\r\n", "200"}, // net/http answers it itself
		{"no host", "GET / HTTP/1.1\r\n\r\n", "400"},
		{"two hosts", "GET / HTTP/1.1\r\n" + host + "Host: b\r\n\r\n", "400"},
		{"malformed chunks", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "400"},
		{"a body that ends early", "POST / HTTP/1.1\r\n" + host + "Content-Length: 10\r\nConnection: close\r\n\r\nabc", "400"},
		{"a length that is none", "POST / HTTP/1.1\r\n" + host + "Content-Length: x\r\n\r\n", "400"},
		{"an unknown method", "PURGE / HTTP/1.1\r\n" + host + "\r\n", "200"},
		{"bytes that are not UTF-8", "GET /\xff HTTP/1.1\r\n" + host + "\r\n", "200"},
		{"a broken escape in the query", "GET /?a=%zz HTTP/1.1\r\n" + host + "\r\n", "400"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var d net.Dialer
			c, err := d.DialContext(t.Context(), "tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(5 * time.Second))
			fmt.Fprint(c, tt.request)
			if strings.Contains(tt.request, "abc") {
				_ = c.(*net.TCPConn).CloseWrite()
			}
			line, err := bufio.NewReader(c).ReadString('\n')
			if !strings.HasPrefix(line, "HTTP/1.1 "+tt.want) {
				t.Errorf("got %q %v, want %s", line, err, tt.want)
			}
		})
	}
}

func TestPanicIsAnInternalError(t *testing.T) {
	b := newBench(t, func(context.Context, *integration.Invocation) (*integration.Result, error) { panic("oops") }, httpAPI("$default", "GET /"))
	if w := b.do(request(t, "GET", "/", "", nil)); w.Code != 500 || w.Body.String() != `{"message":"Internal Server Error"}` {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

// TestDeployedAPIIsServed has real records behind the gateway.
func TestDeployedAPIIsServed(t *testing.T) {
	e, err := engine.Start(t.Context(), engine.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	s, err := store.Open(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	apis := apigatewayv2.New(apigatewayv2.Config{Store: s, Account: testAccount, Region: testRegion})
	g := New(Config{
		APIs: apis, Keys: testKeys(t), Invoker: answer(`"ok"`), Trace: &trace.Log{}, Log: slog.New(slog.DiscardHandler),
		Account: testAccount, Region: testRegion,
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- g.Run(ctx) }()
	a, err := apis.CreateApi(ctx, &apigatewayv2.CreateApiInput{API: apigatewayv2.API{Name: "a", ProtocolType: "HTTP"}, Target: function})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.WaitFor(ctx, apis.Revision()); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewTLSServer(g)
	defer server.Close()
	get := func(want int) {
		t.Helper()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/any/path", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = strings.TrimPrefix(a.ApiEndpoint, "https://")
		res, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if body, _ := io.ReadAll(res.Body); res.StatusCode != want {
			t.Errorf("got %d %s, want %d", res.StatusCode, body, want)
		}
	}
	get(200)
	if err := apis.DeleteApi(ctx, a.ApiId); err != nil {
		t.Fatal(err)
	}
	if err := g.WaitFor(ctx, apis.Revision()); err != nil {
		t.Fatal(err)
	}
	get(404)
	cancel()
	if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
