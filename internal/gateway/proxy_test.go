package gateway

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
)

// proxyAPI returns an API with one route to an HTTP backend.
func proxyAPI(route, method, uri string, timeout int) apigatewayv2.Served {
	served := httpAPI("$default", route)
	served.Stages[0].Configuration.Integrations["int"] = apigatewayv2.Integration{
		IntegrationId: "int", IntegrationType: "HTTP_PROXY", IntegrationMethod: method, IntegrationUri: uri, TimeoutInMillis: timeout,
	}
	return served
}

func TestHTTPProxyPassesTheRequest(t *testing.T) {
	var got string
	var headers http.Header
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = r.Method + " " + r.RequestURI + " " + string(body)
		headers = r.Header
		w.Header().Set("Server", "mine")
		w.Header().Set("Connection", "X-Hop")
		w.Header().Set("X-Hop", "1")
		w.Header().Set("Apigw-Requestid", "forged")
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprint(w, "short and stout")
	}))
	defer backend.Close()
	for _, tt := range []struct{ name, route, method, uri, sent, want string }{
		{"variables, encoded", "ANY /u/{name}/x", "ANY", "/users/{name}?a=1", "/u/J%20D/x?q=%20", "POST /users/J%20D?a=1&q=%20 body"},
		{"greedy variables keep their slashes", "ANY /p/{proxy+}", "ANY", "/q/{proxy}", "/p/a/b%2Fc", "POST /q/a/b/c body"},
		{"the integration's method", "ANY /p/{proxy+}", "PUT", "/q/{proxy}", "/p/a", "PUT /q/a body"},
		{"unused variables are lost", "ANY /p/{proxy+}", "ANY", "/x", "/p/a", "POST /x body"},
		{"the default route appends the path", "$default", "ANY", "/base", "/p/a%2Fb?q=1", "POST /base/p/a%2Fb?q=1 body"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, nil, proxyAPI(tt.route, tt.method, backend.URL+tt.uri, 0))
			r := request(t, "POST", tt.sent, "body", nil)
			r.Header.Set("Authorization", "Bearer x")
			r.Header.Set("X-Forwarded-For", "198.51.100.7")
			r.Header.Set("Connection", "X-Drop")
			r.Header.Set("X-Drop", "1")
			w := b.do(r)
			if w.Code != 418 || w.Body.String() != "short and stout" || got != tt.want {
				t.Fatalf("got %d %q, the backend saw %q, want %q: %+v", w.Code, w.Body, got, tt.want, b.trace.Last())
			}
			if f := headers.Get("Forwarded"); f != "by=127.0.0.1;for=192.0.2.1;host="+testHost+";proto=https" {
				t.Errorf("forwarded: %s", f)
			}
			if headers.Get("Via") != "HTTP/1.1 AmazonAPIGateway" || headers.Get("X-Forwarded-For") != "198.51.100.7" || headers.Get("Authorization") != "Bearer x" || headers.Get("X-Drop") != "" {
				t.Errorf("the backend saw %v", headers)
			}
			h := w.Header()
			if h.Get("Server") != "mine" || h.Get("X-Hop") != "" || len(h["Set-Cookie"]) != 2 || h.Get("Apigw-Requestid") == "forged" || h.Get("Content-Length") != "15" {
				t.Errorf("the client saw %v", h)
			}
		})
	}
}

func TestNoContentTypeIsMadeUp(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = nil
		fmt.Fprint(w, "<html>")
	}))
	defer backend.Close()
	front := httptest.NewServer(newBench(t, nil, proxyAPI("GET /", "GET", backend.URL, 0)))
	defer front.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, front.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := front.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got := res.Header.Values("Content-Type"); len(got) > 0 {
		t.Errorf("content-type %q", got)
	}
}

func TestHTTPProxyFailures(t *testing.T) {
	unreachable, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	unreachable.Close()
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/slow":
			select {
			case <-r.Context().Done():
			case <-time.After(5 * time.Second):
			}
		case "/chunked":
			w.(http.Flusher).Flush()
			_, _ = io.Copy(w, io.LimitReader(zeros{}, 10<<20+1))
		case "/large":
			w.Header().Set("Content-Length", fmt.Sprint(10<<20+1))
			w.WriteHeader(http.StatusOK)
		case "/redirect":
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		case "/nonsense":
			c, _, _ := w.(http.Hijacker).Hijack()
			fmt.Fprint(c, "nonsense\r\n\r\n")
			c.Close()
		case "/half":
			c, _, _ := w.(http.Hijacker).Hijack()
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello")
			c.Close()
		}
	}))
	defer backend.Close()
	for _, tt := range []struct {
		name, uri string
		timeout   int // milliseconds
		want      int
	}{
		{"too slow", backend.URL + "/slow", 200, 503},
		{"not reachable", "http://" + unreachable.Addr().String() + "/", 30000, 503},
		{"nonsense", backend.URL + "/nonsense", 30000, 503},
		{"broken off in a small answer", backend.URL + "/half", 30000, 503},
		{"more than 10 MB, and says so", backend.URL + "/large", 30000, 500},
		{"more than 10 MB, in chunks", backend.URL + "/chunked", 30000, 500},
		{"redirects are passed on", backend.URL + "/redirect", 30000, 302},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, nil, proxyAPI("GET /", "GET", tt.uri, tt.timeout))
			if w := b.do(request(t, "GET", "/", "", nil)); w.Code != tt.want {
				t.Errorf("got %d, want %d: %+v", w.Code, tt.want, b.trace.Last())
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestHTTPProxyStreamsAndBreaksOff(t *testing.T) {
	large := bytes.Repeat([]byte("0123456789"), 500_000)
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(large)))
		if r.URL.Path == "/half" {
			_, _ = w.Write(large[:len(large)/2])
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write(large)
	}))
	defer backend.Close()
	b := newBench(t, nil, proxyAPI("$default", "ANY", backend.URL, 0))
	front := httptest.NewServer(b)
	defer front.Close()
	get := func(path string) ([]byte, error) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, front.URL+path, nil)
		if err != nil {
			return nil, err
		}
		res, err := front.Client().Do(r)
		if err != nil {
			return nil, err
		}
		defer res.Body.Close()
		return io.ReadAll(res.Body)
	}
	if body, err := get("/"); err != nil || !bytes.Equal(body, large) {
		t.Errorf("got %d bytes, %v; want %d", len(body), err, len(large))
	}
	if body, err := get("/half"); err == nil {
		t.Errorf("half an answer of %d bytes was taken for a whole one", len(body))
	}
	if last := b.trace.Last(); last.Integration == nil || !strings.Contains(last.Integration.Error, "EOF") {
		t.Errorf("the trace does not tell: %+v", last.Integration)
	}
}
