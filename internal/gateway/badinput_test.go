package gateway

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// dial opens a connection to server and sends text.
func dial(t *testing.T, server *httptest.Server, text string) (net.Conn, *bufio.Reader) {
	t.Helper()
	var d net.Dialer
	c, err := d.DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	return c, bufio.NewReader(c)
}

// read reads one answer.
func readAnswer(t *testing.T, r *bufio.Reader) (status int, body string, closes bool) {
	t.Helper()
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b), res.Close
}

func TestAHeaderThatIsTooLongLeavesTheConnectionUsable(t *testing.T) {
	b := newBench(t, answer(`"ok"`), httpAPI("$default", "ANY /"))
	server := httptest.NewServer(b)
	defer server.Close()
	const host = "Host: " + testHost + "\r\n"
	c, r := dial(t, server, "GET / HTTP/1.1\r\n"+host+"X-Long: "+strings.Repeat("x", maxHeaderBytes)+"\r\n\r\n")
	if status, body, closes := readAnswer(t, r); status != 431 || body != `{"message":"Request Header Fields Too Large"}` || closes {
		t.Errorf("got %d %s, closes %t", status, body, closes)
	}
	fmt.Fprint(c, "GET / HTTP/1.1\r\n"+host+"\r\n")
	if status, body, _ := readAnswer(t, r); status != 200 {
		t.Errorf("the next request: %d %s", status, body)
	}
}

func TestABodyThatIsTooLargeIsAnsweredBeforeTheConnectionIsClosed(t *testing.T) {
	b := newBench(t, answer(`"ok"`), httpAPI("$default", "POST /"))
	b.bodyPause = 2 * time.Second // how long the server waits for the body that nobody sends
	server := httptest.NewServer(b)
	defer server.Close()
	const host = "Host: " + testHost + "\r\n"
	chunk := "100000\r\n" + strings.Repeat("x", 1<<20) + "\r\n"
	for _, tt := range []struct{ name, head, body string }{
		{"declared, and sent all the same", fmt.Sprintf("Content-Length: %d\r\n\r\n", maxBody+1), strings.Repeat("x", maxBody+1)},
		{"declared, and not sent before the server wants it", fmt.Sprintf("Expect: 100-continue\r\nContent-Length: %d\r\n\r\n", maxBody+1), ""},
		{"in chunks", "Transfer-Encoding: chunked\r\n\r\n", strings.Repeat(chunk, 11) + "0\r\n\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, r := dial(t, server, "POST / HTTP/1.1\r\n"+host+tt.head)
			sent := make(chan struct{})
			go func() { _, _ = io.WriteString(c, tt.body); close(sent) }() // may be cut off
			if status, body, closes := readAnswer(t, r); status != 413 || body != `{"message":"Request Entity Too Large"}` || !closes {
				t.Errorf("got %d %s, closes %t", status, body, closes)
			}
			if _, err := r.ReadByte(); err == nil {
				t.Error("the server said more")
			}
			<-sent
		})
	}
	// Of the largest body that is taken, the connection stays.
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n, err)
	}))
	defer backend.Close()
	b.apis.set(proxyAPI("POST /", "POST", backend.URL, 0))
	b.Refresh()
	c, r := dial(t, server, fmt.Sprintf("POST / HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n", host, maxBody))
	for again := range 2 {
		if again > 0 {
			fmt.Fprintf(c, "POST / HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n", host, maxBody)
		}
		go func() { _, _ = io.WriteString(c, strings.Repeat("x", maxBody)) }()
		if status, body, closes := readAnswer(t, r); status != 200 || body != "10485760 <nil>" || closes {
			t.Fatalf("10 MB: got %d %.100s, closes %t", status, body, closes)
		}
	}
}

func TestASlowBodyIsGivenUp(t *testing.T) {
	b := newBench(t, answer(`"ok"`), httpAPI("$default", "POST /", "POST /iam : AWS_IAM"))
	b.bodyPause = 20 * time.Millisecond
	server := httptest.NewServer(b)
	defer server.Close()
	signed := request(t, "POST", "/iam", "0123456789", &allowed)
	var headers strings.Builder
	if err := signed.Header.Write(&headers); err != nil {
		t.Fatal(err)
	}
	const host = "Host: " + testHost + "\r\n"
	for _, tt := range []struct {
		name, request string
		want          int
	}{
		{"declared", "POST / HTTP/1.1\r\n" + host + "Content-Length: 10\r\n\r\n01", 408},
		{"in chunks", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n2\r\n01\r\n", 408},
		{"signed", "POST /iam HTTP/1.1\r\n" + host + "Content-Length: 10\r\n" + headers.String() + "\r\n01", 408},
		{"of a route that is not there", "POST /nope HTTP/1.1\r\n" + host + "Content-Length: 10\r\n\r\n01", 404},
		{"signed, and malformed", "POST /iam HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n" + headers.String() + "\r\nzz\r\n", 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, r := dial(t, server, tt.request)
			if status, body, _ := readAnswer(t, r); status != tt.want {
				t.Errorf("got %d %s, want %d: %+v", status, body, tt.want, b.trace.Last())
			}
			if _, err := r.ReadByte(); err != io.EOF {
				t.Errorf("the connection is not closed: %v", err)
			}
		})
	}
}

// TestASlowFunctionIsNoSlowBody has a function that takes longer than a client
// may pause.
func TestASlowFunctionIsNoSlowBody(t *testing.T) {
	const pause = 50 * time.Millisecond
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(&clientBody{
			ReadCloser: r.Body, memory: &bodyMemory{max: maxBodies}, connection: http.NewResponseController(w), pause: pause, end: time.Now().Add(time.Hour),
		})
		select {
		case <-r.Context().Done():
			w.WriteHeader(http.StatusInternalServerError)
		case <-time.After(4 * pause):
		}
	}))
	defer server.Close()
	_, r := dial(t, server, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n01")
	if status, _, closes := readAnswer(t, r); status != 200 || closes {
		t.Errorf("got %d, closes %t: the request was given up", status, closes)
	}
}

// TestTheLogSaysWhyARequestIsRefused also sees that nobody fills the log: of each
// kind there is one line in a while, which counts the others.
func TestTheLogSaysWhyARequestIsRefused(t *testing.T) {
	b := newBench(t, answer(`"ok"`), httpAPI("$default", "POST /", "GET /iam/{id+} : AWS_IAM"))
	now := testTime
	b.config.Now = func() time.Time { return now }
	var log strings.Builder
	b.config.Log = slog.New(slog.NewTextHandler(&log, nil))
	long := request(t, "POST", "/", "", nil)
	long.Header.Set("X-Long", strings.Repeat("x", maxHeaderBytes))
	broken := request(t, "POST", "/", "", nil)
	broken.Body, broken.ContentLength = io.NopCloser(iotest.ErrReader(errors.New("malformed chunked encoding"))), -1
	slow := request(t, "POST", "/", "", nil)
	slow.Body, slow.ContentLength = io.NopCloser(iotest.ErrReader(os.ErrDeadlineExceeded)), -1
	for _, tt := range []struct {
		name   string
		r      *http.Request
		status int
		reason string
	}{
		{"headers that are too long", long, 431, "the request line and the header values are longer than 10,240 bytes"},
		{"a body that is too large", request(t, "POST", "/", strings.Repeat("x", maxBody+1), nil), 413, "the body is larger than 10 MB"},
		{"malformed chunks", broken, 400, "the body could not be read: malformed chunked encoding"},
		{"a slow sender", slow, 408, "the client sends the body too slowly"},
		{"a resource name that is too long", request(t, "GET", "/iam/"+strings.Repeat("x", 1600), "", &allowed), 414, "the resource name of the request is longer than 1,600 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			log.Reset()
			if w := b.do(tt.r); w.Code != tt.status || !strings.Contains(log.String(), fmt.Sprintf("status=%d reason=%q others_before=0", tt.status, tt.reason)) {
				t.Errorf("got %d, and the log %q", w.Code, log.String())
			}
		})
	}
	log.Reset()
	for range 3 {
		b.do(request(t, "GET", "/%zz", "", nil))
	}
	if log.Len() > 0 {
		t.Errorf("of the same kind at once: %s", log.String())
	}
	now = now.Add(reportEvery)
	b.do(request(t, "GET", "/%zz", "", nil))
	if !strings.Contains(log.String(), "others_before=3") {
		t.Errorf("the log does not count the others: %s", log.String())
	}
}
