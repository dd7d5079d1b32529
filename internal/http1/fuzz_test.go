package http1

import (
	"bufio"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// script is a connection on which everything has been sent.
type script struct {
	net.Conn

	in  io.Reader
	out strings.Builder
}

func (s *script) Read(p []byte) (int, error)     { return s.in.Read(p) }
func (s *script) Write(p []byte) (int, error)    { return s.out.Write(p) }
func (*script) Close() error                     { return nil }
func (*script) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (*script) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (*script) SetDeadline(time.Time) error      { return nil }
func (*script) SetReadDeadline(time.Time) error  { return nil }
func (*script) SetWriteDeadline(time.Time) error { return nil }

// What is taken for a request here is the same request to net/http, with the same
// body, and so is the one after it.
func FuzzRequests(f *testing.F) {
	for _, seed := range []string{
		"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
		"POST /a?b HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: i\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nA: b\r\n\r\nGET / HTTP/1.1\r\nHost: i\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\nConnection: close\r\n\r\n",
		"GET http://a/ HTTP/1.0\r\nA:\tb \r\nA: c\r\n\r\n",
		"\x16\x03\x01",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		theirs := bufio.NewReader(strings.NewReader(string(sent)))
		server := &Server{MaxHeader: 4096, HeaderTimeout: time.Second, IdleTimeout: time.Second, WriteTimeout: time.Second, Log: slog.New(slog.DiscardHandler)}
		server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return // and the connection ends
			}
			want, wantErr := http.ReadRequest(theirs)
			if wantErr != nil {
				t.Fatalf("net/http takes %q for no request: %v", sent, wantErr)
			}
			wantBody, wantErr := io.ReadAll(want.Body)
			if wantErr != nil || string(wantBody) != string(body) {
				t.Fatalf("%q: body %q, net/http has %q, %v", sent, body, wantBody, wantErr)
			}
			if r.Method != want.Method || r.RequestURI != want.RequestURI || r.Host != want.Host || *r.URL != *want.URL || r.Proto != want.Proto {
				t.Fatalf("%q: got %s %s at %s, net/http has %s %s at %s", sent, r.Method, r.RequestURI, r.Host, want.Method, want.RequestURI, want.Host)
			}
			if !maps.EqualFunc(r.Header, want.Header, slices.Equal) {
				t.Fatalf("%q: headers %v, net/http has %v", sent, r.Header, want.Header)
			}
		})
		server.start(&script{in: strings.NewReader(string(sent))})
		server.served.Wait()
	})
}
