package server

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
)

// seen are the heads of requests that a backend got.
type seen struct {
	mu    sync.Mutex
	heads []string
}

func (s *seen) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	heads := s.heads
	s.heads = nil
	return heads
}

// naive is a backend that believes what it reads: every head up to an empty line
// is a request, and its body is as long as the last Content-Length says.
func naive(t *testing.T) (address string, got *seen) {
	t.Helper()
	got = &seen{}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	serve := func(c net.Conn) {
		defer c.Close()
		r := bufio.NewReader(c)
		for {
			head, length := "", 0
			for {
				line, err := r.ReadString('\n')
				if err != nil {
					return
				}
				if strings.TrimRight(line, "\r\n") == "" {
					break
				}
				head += line
				if name, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(strings.TrimSpace(name), "content-length") {
					_, _ = fmt.Sscan(value, &length)
				}
			}
			_, _ = io.CopyN(io.Discard, r, int64(length))
			got.mu.Lock()
			got.heads = append(got.heads, head)
			got.mu.Unlock()
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serve(c)
		}
	}()
	return l.Addr().String(), got
}

// plainFront returns the plain data plane of a server, and the host of an API that
// passes everything on to a naive backend.
func plainFront(t *testing.T) (address, host string, got *seen) {
	t.Helper()
	s, apiID, got := backed(t)
	return s.plain.listener.Addr().String(), apiID + ".execute-api." + defaultRegion + ".amazonaws.com", got
}

// backed returns a server, and an API of it that passes everything on to a naive
// backend: by $default, and by ANY /fixed with a target of its own.
func backed(t *testing.T) (s *Server, apiID string, got *seen) {
	t.Helper()
	backend, got := naive(t)
	s, err := New(t.Context(), Config{DataDir: filepath.Join(t.TempDir(), "data"), Listen: "127.0.0.1:0", ListenHTTP: "127.0.0.1:0", Control: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	<-s.Ready()
	a, err := s.apis.CreateApi(ctx, &apigatewayv2.CreateApiInput{API: apigatewayv2.API{Name: "a", ProtocolType: "HTTP"}, Target: "http://" + backend + "/t"})
	if err != nil {
		t.Fatal(err)
	}
	s.route(t, a.ApiId, apigatewayv2.Route{RouteKey: "ANY /fixed"})
	return s, a.ApiId, got
}

// route makes a route to the API's only integration, and waits until it is served.
func (s *Server) route(t *testing.T, apiID string, r apigatewayv2.Route) {
	t.Helper()
	list, err := s.apis.GetIntegrations(apiID)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	r.Target = "integrations/" + list[0].IntegrationId
	if _, err := s.apis.CreateRoute(t.Context(), apiID, r); err != nil {
		t.Fatal(err)
	}
	if err := s.gateway.WaitFor(t.Context(), s.apis.Revision()); err != nil {
		t.Fatal(err)
	}
}

// malformed are requests that have smuggled others past some server. Each is
// answered once, with the status given; and what stands behind it is not taken for
// a request.
var malformed = []struct {
	fact, request string
	want          int
}{
	{"a length beside chunks", "POST /a HTTP/1.1\nHost: HOST\nContent-Length: 6\nTransfer-Encoding: chunked\n\n0\n\nG", 400},
	{"chunks beside a length", "POST /a HTTP/1.1\nHost: HOST\nTransfer-Encoding: chunked\nContent-Length: 4\n\n5c\n\n0\n\n", 400},
	{"chunks beside a length of zero", "POST /a HTTP/1.1\nHost: HOST\nContent-Length: 0\nTransfer-Encoding: chunked\n\n0\n\n", 400},
	{"chunks in HTTP/1.0", "POST /a HTTP/1.0\nHost: HOST\nTransfer-Encoding: chunked\n\n0\n\n", 400},
	{"two encodings", "POST /a HTTP/1.1\nHost: HOST\nTransfer-Encoding: chunked\nTransfer-Encoding: identity\n\n0\n\n", 400},
	{"two encodings, the first unknown", "POST /a HTTP/1.1\nHost: HOST\nTransfer-Encoding: x\nTransfer-Encoding: chunked\n\n0\n\n", 400},
	{"a list of encodings", "POST /a HTTP/1.1\nHost: HOST\nTransfer-Encoding: cow, chunked\n\n0\n\n", 400},
	{"chunked, and then not", "POST /a HTTP/1.1\nHost: HOST\nTransfer-Encoding: chunked, identity\n\n0\n\n", 400},
	{"identity", "POST /a HTTP/1.1\nHost: HOST\nTransfer-Encoding: identity\nContent-Length: 3\n\nabc", 400},
	{"an encoding that looks like chunked", "POST /a HTTP/1.1\nHost: HOST\nTransfer-Encoding: xchunked\n\n0\n\n", 400},
	{"chunked in quotes", "POST /a HTTP/1.1\nHost: HOST\nTransfer-Encoding: \"chunked\"\n\n0\n\n", 400},
	{"chunked with a parameter", "POST /a HTTP/1.1\nHost: HOST\nTransfer-Encoding: chunked;q=1\n\n0\n\n", 400},
	{"chunked with a vertical tab", "POST /a HTTP/1.1\nHost: HOST\nTransfer-Encoding:\vchunked\n\n0\n\n", 400},
	{"chunked with a form feed", "POST /a HTTP/1.1\nHost: HOST\nTransfer-Encoding: chunked\f\n\n0\n\n", 400},
	{"chunked with NUL", "POST /a HTTP/1.1\nHost: HOST\nTransfer-Encoding: chunked\x00\n\n0\n\n", 400},
	{"chunked with a non-breaking space", "POST /a HTTP/1.1\nHost: HOST\nTransfer-Encoding: \xa0chunked\n\n0\n\n", 400},
	{"an empty encoding", "POST /a HTTP/1.1\nHost: HOST\nTransfer-Encoding:\n\n0\n\n", 400},
	{"space before the colon of an encoding", "POST /a HTTP/1.1\nHost: HOST\nTransfer-Encoding : chunked\n\n0\n\n", 400},
	{"a tab before the colon of an encoding", "POST /a HTTP/1.1\nHost: HOST\nTransfer-Encoding\t: chunked\n\n0\n\n", 400},
	{"a folded encoding", "POST /a HTTP/1.1\nHost: HOST\nTransfer-Encoding:\n chunked\n\n0\n\n", 400},
	{"an encoding in a folded line", "POST /a HTTP/1.1\nHost: HOST\nX: y\n Transfer-Encoding: chunked\n\n0\n\n", 400},
	{"a folded first line", "POST /a HTTP/1.1\n Host: HOST\nTransfer-Encoding: chunked\n\n0\n\n", 400},
	{"an encoding after a bare line feed", "POST /a HTTP/1.1\nHost: HOST\nX: y<LF>Transfer-Encoding: chunked\n\n0\n\n", 400},
	{"an encoding after a bare carriage return", "POST /a HTTP/1.1\nHost: HOST\nX: y<CR>Transfer-Encoding: chunked\n\n0\n\n", 400},

	{"two lengths", "POST /a HTTP/1.1\nHost: HOST\nContent-Length: 0\nContent-Length: 44\n\n", 400},
	{"two equal lengths", "POST /a HTTP/1.1\nHost: HOST\nContent-Length: 3\ncontent-length: 3\n\nabc", 400},
	{"a list of lengths", "POST /a HTTP/1.1\nHost: HOST\nContent-Length: 3, 3\n\nabc", 400},
	{"two numbers as a length", "POST /a HTTP/1.1\nHost: HOST\nContent-Length: 3 4\n\nabc", 400},
	{"a length with a sign", "POST /a HTTP/1.1\nHost: HOST\nContent-Length: +3\n\nabc", 400},
	{"a negative length", "POST /a HTTP/1.1\nHost: HOST\nContent-Length: -3\n\nabc", 400},
	{"a hexadecimal length", "POST /a HTTP/1.1\nHost: HOST\nContent-Length: 0x3\n\nabc", 400},
	{"a length with an exponent", "POST /a HTTP/1.1\nHost: HOST\nContent-Length: 3e0\n\nabc", 400},
	{"a length with an underscore", "POST /a HTTP/1.1\nHost: HOST\nContent-Length: 1_0\n\nabc", 400},
	{"a length that overflows", "POST /a HTTP/1.1\nHost: HOST\nContent-Length: 18446744073709551619\n\nabc", 400},
	{"an empty length", "POST /a HTTP/1.1\nHost: HOST\nContent-Length:\n\nabc", 400},
	{"a length with a vertical tab", "POST /a HTTP/1.1\nHost: HOST\nContent-Length: \v3\n\nabc", 400},
	{"space before the colon of a length", "POST /a HTTP/1.1\nHost: HOST\nContent-Length : 3\n\nabc", 400},
	{"a folded length", "POST /a HTTP/1.1\nHost: HOST\nContent-Length:\n 3\n\nabc", 400},

	{"a size of a chunk with 0x", "POST /a HTTP/1.1\nHost: HOST\nTransfer-Encoding: chunked\n\n0x3\nabc\n0\n\n", 400},
	{"a size of a chunk with a sign", "POST /a HTTP/1.1\nHost: HOST\nTransfer-Encoding: chunked\n\n+3\nabc\n0\n\n", 400},
	{"a negative size of a chunk", "POST /a HTTP/1.1\nHost: HOST\nTransfer-Encoding: chunked\n\n-1\nabc\n0\n\n", 400},
	{"a size of a chunk that overflows", "POST /a HTTP/1.1\nHost: HOST\nTransfer-Encoding: chunked\n\n10000000000000003\nabc\n0\n\n", 400},
	{"an empty size of a chunk", "POST /a HTTP/1.1\nHost: HOST\nTransfer-Encoding: chunked\n\n\nabc\n0\n\n", 400},
	{"a chunk that is longer than its size", "POST /a HTTP/1.1\nHost: HOST\nTransfer-Encoding: chunked\n\n3\nabcd\n0\n\n", 400},
	{"a chunk that ends without a line break", "POST /a HTTP/1.1\nHost: HOST\nTransfer-Encoding: chunked\n\n3\nabc0\n\n", 400},
	{"a bare line feed after a size", "POST /a HTTP/1.1\nHost: HOST\nTransfer-Encoding: chunked\n\n3<LF>abc\n0\n\n", 400},
	{"a bare line feed in an extension", "POST /a HTTP/1.1\nHost: HOST\nTransfer-Encoding: chunked\n\n3;a<LF>b\nabc\n0\n\n", 400},
	{"a bare carriage return in an extension", "POST /a HTTP/1.1\nHost: HOST\nTransfer-Encoding: chunked\n\n3;a<CR>b\nabc\n0\n\n", 400},
	{"a bare line feed after the last chunk", "POST /a HTTP/1.1\nHost: HOST\nTransfer-Encoding: chunked\n\n0\n<LF>", 400},
	{"a trailer that is no header", "POST /a HTTP/1.1\nHost: HOST\nTransfer-Encoding: chunked\n\n0\nX : y\n\n", 400},
	{"a trailer that is folded", "POST /a HTTP/1.1\nHost: HOST\nTransfer-Encoding: chunked\n\n0\nX: y\n z\n\n", 400},

	{"lines that end in bare line feeds", "POST /a HTTP/1.1<LF>Host: HOST<LF>Content-Length: 0<LF><LF>", 400},
	{"no empty line but a bare line feed", "GET /a HTTP/1.1\nHost: HOST\n<LF>", 400},
	{"NUL in a value", "GET /a HTTP/1.1\nHost: HOST\nX: a\x00b\n\n", 400},
	{"NUL in a name", "GET /a HTTP/1.1\nHost: HOST\nX\x00: b\n\n", 400},
	{"no name", "GET /a HTTP/1.1\nHost: HOST\n: b\n\n", 400},
	{"a name that is none", "GET /a HTTP/1.1\nHost: HOST\nX(y): b\n\n", 400},
	{"a line that is no header", "GET /a HTTP/1.1\nHost: HOST\nnothing\n\n", 400},
	{"a control character in a value", "GET /a HTTP/1.1\nHost: HOST\nX: a\x7f\n\n", 400},

	{"two hosts", "GET /a HTTP/1.1\nHost: HOST\nHost: evil.example\n\n", 400},
	{"two equal hosts", "GET /a HTTP/1.1\nHost: HOST\nHost: HOST\n\n", 400},
	{"no host", "GET /a HTTP/1.1\n\n", 400},
	{"space before the colon of a host", "GET /a HTTP/1.1\nHost : HOST\n\n", 400},
	{"a host with a path", "GET /a HTTP/1.1\nHost: HOST/x\n\n", 400},
	{"a host with a user", "GET /a HTTP/1.1\nHost: user@HOST\n\n", 400},
	{"a list of hosts", "GET /a HTTP/1.1\nHost: HOST, evil.example\n\n", 400},
	{"another host in the target", "GET http://evil.example/a HTTP/1.1\nHost: HOST\n\n", 400},
	{"the same host in the target", "GET http://HOST/a HTTP/1.1\nHost: HOST\n\n", 400},

	{"two spaces in the request line", "GET  /a HTTP/1.1\nHost: HOST\n\n", 400},
	{"a tab in the request line", "GET\t/a HTTP/1.1\nHost: HOST\n\n", 400},
	{"a space in the target", "GET /a b HTTP/1.1\nHost: HOST\n\n", 400},
	{"a version in the target", "GET /a HTTP/1.1 HTTP/1.1\nHost: HOST\n\n", 400},
	{"a request line without a version", "GET /a\nHost: HOST\n\n", 400},
	{"a version that is none", "GET /a HTTP/1.1x\nHost: HOST\n\n", 400},
	{"a version in lower case", "GET /a http/1.1\nHost: HOST\n\n", 400},
	{"version 0.9", "GET /a HTTP/0.9\nHost: HOST\n\n", 400},
	{"version 2.0 without its preface", "GET /a HTTP/2.0\nHost: HOST\n\n", 400},
	{"NUL in the target", "GET /a\x00 HTTP/1.1\nHost: HOST\n\n", 400},
	{"a bare line feed in the target", "GET /a<LF>X: y HTTP/1.1\nHost: HOST\n\n", 400},
	{"a method with a space", "GE T /a HTTP/1.1\nHost: HOST\n\n", 400},
	{"a method that is none", "G@T /a HTTP/1.1\nHost: HOST\n\n", 400},
	{"a tunnel", "CONNECT HOST:80 HTTP/1.1\nHost: HOST\n\n", 400},
	{"the asterisk", "OPTIONS * HTTP/1.1\nHost: HOST\n\n", 400},
	{"a path without a slash", "GET a HTTP/1.1\nHost: HOST\n\n", 400},
	{"an empty line first", "\nGET /a HTTP/1.1\nHost: HOST\n\n", 400},
	{"TLS where there is none", "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\n\n", 400},
	{"nothing but line breaks", "\n\n\n\n", 400},
	{"an expectation that nobody has", "POST /a HTTP/1.1\nHost: HOST\nExpect: 200-ok\nContent-Length: 3\n\nabc", 400},
	{"headers that are too long", "GET /a HTTP/1.1\nHost: HOST\nX: " + strings.Repeat("x", maxHeader) + "\n\n", 431},
	{"an escape that is none", "GET /%zz HTTP/1.1\nHost: HOST\n\n", 400},
}

// onTheWire gives a request its line ends.
func onTheWire(text, host string) string {
	return strings.NewReplacer("\n", "\r\n", "<LF>", "\n", "<CR>", "\r", "HOST", host).Replace(text)
}

func TestMalformedRequestsAreRefusedAndNothingBehindThemIsRouted(t *testing.T) {
	address, host, got := plainFront(t)
	const smuggled = "GET /smuggled HTTP/1.1\nHost: HOST\n\n"
	for _, tt := range malformed {
		t.Run(tt.fact, func(t *testing.T) {
			c := connect(t, address)
			_ = c.SetDeadline(time.Now().Add(30 * time.Second))
			go func() {
				_, _ = io.WriteString(c, onTheWire(tt.request+smuggled, host)) // may be cut off
				_ = c.(*net.TCPConn).CloseWrite()
			}()
			var statuses []int
			for r := bufio.NewReader(c); ; {
				res, err := http.ReadResponse(r, nil)
				if err != nil {
					break
				}
				body, _ := io.ReadAll(res.Body)
				_ = res.Body.Close()
				statuses = append(statuses, res.StatusCode)
				if res.StatusCode != http.StatusOK && (res.Header.Get("Content-Type") != "application/json" || res.Header.Get("Apigw-Requestid") == "" || !strings.HasPrefix(string(body), `{"message":"`)) {
					t.Errorf("not an API's answer: %v %s", res.Header, body)
				}
			}
			want, heads := []int{tt.want}, got.take()
			if isTarget(tt.fact) { // the next request is one, then
				want, heads = append(want, 200), nil
			}
			if !slices.Equal(statuses, want) {
				t.Errorf("answers %v, want %v", statuses, want)
			}
			if len(heads) > 0 {
				t.Errorf("the backend got %q", heads)
			}
		})
	}
}

// isTarget reports whether a request is well-formed HTTP, with a target that only
// the gateway refuses, so that the connection goes on.
func isTarget(fact string) bool {
	return slices.Contains([]string{"another host in the target", "the same host in the target", "the asterisk"}, fact)
}

// TestOddRequestsAreRoutedOnce has what looks like the above and is in order.
func TestOddRequestsAreRoutedOnce(t *testing.T) {
	address, host, got := plainFront(t)
	for _, tt := range []struct{ fact, request, head string }{
		{"a tab before chunked", "POST /a HTTP/1.1\nHost: HOST\nTransfer-Encoding:\tchunked\n\n3\nabc\n0\n\n", "POST /t/a HTTP/1.1"},
		{"extensions and trailers", "POST /a HTTP/1.1\nHost: HOST\nTransfer-Encoding: Chunked\n\n3;a=b\nabc\n0\nContent-Length: 99\n\n", "POST /t/a HTTP/1.1"},
		{"a length that the client takes back", "POST /a HTTP/1.1\nHost: HOST\nConnection: Content-Length\nContent-Length: 3\n\nabc", "POST /t/a HTTP/1.1"},
		{"headers that look like others", "POST /a HTTP/1.1\nHost: HOST\nContent_Length: 9\nTransfer_Encoding: chunked\nContent-Length: 3\n\nabc", "POST /t/a HTTP/1.1"},
		{"a body for GET", "GET /a HTTP/1.1\nHost: HOST\nContent-Length: 3\n\nabc", "GET /t/a HTTP/1.1"},
		{"escaped line breaks", "GET /a%0d%0aX:%20y HTTP/1.1\nHost: HOST\n\n", "GET /t/a%0d%0aX:%20y HTTP/1.1"},
	} {
		t.Run(tt.fact, func(t *testing.T) {
			c := connect(t, address)
			_ = c.SetDeadline(time.Now().Add(30 * time.Second))
			_, _ = io.WriteString(c, onTheWire(tt.request+"GET /next HTTP/1.1\nHost: HOST\n\n", host))
			r := bufio.NewReader(c)
			for range 2 {
				res, err := http.ReadResponse(r, nil)
				if err != nil || res.StatusCode != http.StatusOK {
					t.Fatal(res, err)
				}
				_, _ = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
			}
			heads := got.take()
			if len(heads) != 2 || !strings.HasPrefix(heads[0], tt.head+"\r\n") || !strings.HasPrefix(heads[1], "GET /t/next HTTP/1.1\r\n") {
				t.Errorf("the backend got %q", heads)
			}
			for _, head := range heads {
				if n := strings.Count(strings.ToLower(head), "\ncontent-length:"); n > 1 || strings.Contains(strings.ToLower(head), "\ntransfer-encoding:") {
					t.Errorf("the backend must guess where the body ends: %q", head)
				}
			}
		})
	}
}

func TestABodyThatIsTooLargeLeavesTheConnectionUsable(t *testing.T) {
	address, host, got := plainFront(t)
	const size = 10<<20 + 1
	chunk := "100000\r\n" + strings.Repeat("x", 1<<20) + "\r\n"
	for fact, request := range map[string]string{
		"of a length": fmt.Sprintf("Content-Length: %d\r\n\r\n", size) + strings.Repeat("x", size),
		"in chunks":   "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat(chunk, 11) + "0\r\n\r\n",
	} {
		t.Run(fact, func(t *testing.T) {
			c := connect(t, address)
			go func() {
				_, _ = io.WriteString(c, "POST /a HTTP/1.1\r\nHost: "+host+"\r\n"+request)
				_, _ = io.WriteString(c, "GET /next HTTP/1.1\r\nHost: "+host+"\r\n\r\n")
			}()
			r := bufio.NewReader(c)
			for _, want := range []int{http.StatusRequestEntityTooLarge, http.StatusOK} {
				res, err := http.ReadResponse(r, nil)
				if err != nil {
					t.Fatal(err)
				}
				body, _ := io.ReadAll(res.Body)
				_ = res.Body.Close()
				if res.StatusCode != want || want != http.StatusOK && string(body) != `{"message":"Request Entity Too Large"}` {
					t.Errorf("got %d %s, want %d", res.StatusCode, body, want)
				}
			}
			if heads := got.take(); len(heads) != 1 || !strings.HasPrefix(heads[0], "GET /t/next ") {
				t.Errorf("the backend got %q", heads)
			}
		})
	}
}
