package gateway

import (
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
)

// blunt answers every read with the same text, without allocating.
func blunt(tb testing.TB) string {
	tb.Helper()
	listener, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				var memory [4096]byte
				for {
					if _, err := c.Read(memory[:]); err != nil {
						return
					}
					if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nServer: blunt\r\nContent-Type: text/plain\r\nContent-Length: 12\r\nConnection: keep-alive\r\n\r\nHello, World"); err != nil {
						return
					}
				}
			}()
		}
	}()
	return listener.Addr().String()
}

// A signed request to an HTTP backend; the backend's time is in it.
func BenchmarkProxyPath(b *testing.B) {
	served := httpAPI("$default", "GET /hello : AWS_IAM")
	served.Stages[0].Configuration.Integrations["int"] = apigatewayv2.Integration{
		IntegrationId: "int", IntegrationType: "HTTP_PROXY", IntegrationMethod: "ANY", IntegrationUri: "http://" + blunt(b) + "/hello",
	}
	bench := newBench(b, nil, served)
	r := request(b, "GET", "/hello", "", &allowed)
	r.Body = http.NoBody
	w := &cleared{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		again := *r
		clear(w.header)
		bench.ServeHTTP(w, &again)
	}
	if last := bench.trace.Last(); last.Status != http.StatusOK {
		b.Fatalf("%+v", last)
	}
}

// cleared is a writer whose header is used again, as package http1 does.
type cleared struct {
	discard

	header http.Header
}

func (c *cleared) Header() http.Header { return c.header }
