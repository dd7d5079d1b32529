package backend

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hakonegate/hakone/sigv4"
)

// scripted is a backend that says the given texts, one for each request on a
// connection, and hangs up after the last.
func scripted(t *testing.T, answers ...string) (origin Origin, connections *atomic.Int32) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	connections = new(atomic.Int32)
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			go func() {
				defer c.Close()
				reader := bufio.NewReader(c)
				for _, answer := range answers {
					r, err := http.ReadRequest(reader)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, r.Body)
					_, _ = io.WriteString(c, answer)
				}
			}()
		}
	}()
	return Origin{Address: listener.Addr().String()}, connections
}

const hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

func call(t *testing.T, transport *Transport, r *Request) (status int, body string, err error) {
	t.Helper()
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	r.Host, r.Target = "backend.example", "/"
	answer, err := transport.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer answer.Close()
	b, err := io.ReadAll(answer)
	return answer.Status, string(b), err
}

func TestConnectionsAreKept(t *testing.T) {
	origin, connections := scripted(t, hello, hello, hello)
	transport := &Transport{}
	for range 3 {
		if status, body, err := call(t, transport, &Request{Origin: origin}); status != 200 || body != "hello" || err != nil {
			t.Fatalf("got %d %q, %v", status, body, err)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections for three requests, one after the other", n)
	}
}

func TestAConnectionThatIsGoneIsReplaced(t *testing.T) {
	for _, method := range []string{"GET", "POST"} { // a POST is not repeated: that the connection is gone must be seen before
		origin, connections := scripted(t, hello)
		transport := &Transport{}
		for i := range 3 {
			if status, _, err := call(t, transport, &Request{Origin: origin, Method: method}); status != 200 || err != nil {
				t.Fatalf("%s %d: got %d, %v", method, i, status, err)
			}
			awaitHangup(t, transport, origin)
		}
		if n := connections.Load(); n != 3 {
			t.Errorf("%s: %d connections", method, n)
		}
	}
}

// awaitHangup waits until the kept connection has been hung up.
func awaitHangup(t *testing.T, transport *Transport, origin Origin) {
	t.Helper()
	for range 1000 {
		transport.pools.mu.Lock()
		list := transport.pools.idle[origin]
		gone := len(list) == 0 || !list[0].alive()
		transport.pools.mu.Unlock()
		if gone {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("the backend does not hang up")
}

func TestAnswers(t *testing.T) {
	for _, tt := range []struct {
		name, answer, method string
		status               int
		body, err            string
	}{
		{"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "", 200, "hello", ""},
		{"a trailer", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n", "", 200, "hello", ""},
		{"no trailer", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA\r\n\r\n", "", 200, "hello", "last chunk"},
		{"a long line", "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("b", 3*firstLines) + "\r\nContent-Length: 5\r\n\r\nhello", "", 200, "hello", ""},
		{"a folded line", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\nhello", "", 0, "", "malformed header line"},
		{"another encoding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello", "", 0, "", "Transfer-Encoding"},
		{"until the backend hangs up", "HTTP/1.1 200 OK\r\n\r\nhello", "", 200, "hello", ""},
		{"no body to HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD", 200, "", ""},
		{"interim answers are passed over", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + hello, "", 200, "hello", ""},
		{"too many of them", strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 9) + hello, "", 0, "", "interim"},
		{"another protocol", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "", 0, "", "switches protocols"},
		{"broken off in the body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", "", 200, "hello", "unexpected EOF"},
		{"broken off in the head", "HTTP/1.1 200 OK\r\nContent-", "POST", 0, "", "unexpected EOF"},
		{"nonsense", "SSH-2.0-OpenSSH\r\n\r\n", "POST", 0, "", "malformed"},
		{"headers without end", "HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", maxHeader), "", 0, "", "longer than 65536 bytes"},
		{"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "", 0, "", "Content-Length"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			origin, _ := scripted(t, tt.answer)
			status, body, err := call(t, &Transport{}, &Request{Origin: origin, Method: tt.method})
			if status != tt.status && err == nil || body != tt.body {
				t.Errorf("got %d %q", status, body)
			}
			if tt.err == "" != (err == nil) || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
		})
	}
}

func TestWhatAnotherRequestCouldHideInIsNotSent(t *testing.T) {
	good := Request{Method: "GET", Host: "h", Target: "/", Origin: Origin{Address: "127.0.0.1:1"}}
	for name, spoil := range map[string]func(*Request){
		"method":            func(r *Request) { r.Method = "GET / HTTP/1.1\r\nA: b" },
		"host":              func(r *Request) { r.Host = "h\r\nA: b" },
		"no host":           func(r *Request) { r.Host = "" },
		"target":            func(r *Request) { r.Target = "/ HTTP/1.1\r\nA: b" },
		"header name":       func(r *Request) { r.Headers = []sigv4.Header{{Name: "A: b\r\nC", Value: "d"}} },
		"header value":      func(r *Request) { r.Headers = []sigv4.Header{{Name: "A", Value: "b\r\nC: d"}} },
		"transfer encoding": func(r *Request) { r.Headers = []sigv4.Header{{Name: "transfer-encoding", Value: "chunked"}} },
		"length":            func(r *Request) { r.Headers = []sigv4.Header{{Name: "content-length", Value: "3"}} },
	} {
		r := good
		spoil(&r)
		if r.check() == nil {
			t.Errorf("%s: nothing was refused", name)
		}
	}
	if err := good.check(); err != nil {
		t.Errorf("a good request: %v", err)
	}
}

func TestAnEarlyAnswerDoesNotWaitForTheBody(t *testing.T) {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		c, err := listener.Accept()
		if err != nil {
			return
		}
		_, _ = bufio.NewReader(c).ReadString('\n') // and no more of it
		_, _ = io.WriteString(c, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno")
	}()
	body := make([]byte, 8<<20)
	status, text, err := call(t, &Transport{}, &Request{Origin: Origin{Address: listener.Addr().String()}, Method: "POST", Body: body})
	if status != 413 || text != "no" || err != nil {
		t.Errorf("got %d %q, %v", status, text, err)
	}
	clear(body) // the race detector tells if it is still read
}

func TestTheDeadlineEndsACall(t *testing.T) {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0") // accepts, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for name, deadline := range map[string]time.Time{"waiting for the answer": time.Now().Add(50 * time.Millisecond), "dialling": time.Now().Add(-time.Second)} {
		_, err = (&Transport{}).Do(&Request{
			Origin: Origin{Address: listener.Addr().String()}, Method: "GET", Host: "h", Target: "/", Deadline: deadline,
		})
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		_, _ = w.Write(b)
	}))
	defer server.Close()
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := &Transport{}
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			want := strings.Repeat(string(rune('a'+i)), 1<<(i%16))
			for range 50 {
				if status, body, err := call(t, transport, &Request{Origin: OriginOf(u), Method: "POST", Body: []byte(want)}); status != 200 || body != want || err != nil {
					t.Errorf("got %d, %d bytes, %v; want %d bytes", status, len(body), err, len(want))
					return
				}
			}
		})
	}
	all.Wait()
}
