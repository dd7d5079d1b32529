package backend

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// said is a connection on which a backend has said something and hung up.
type said struct {
	net.Conn

	text io.Reader
}

func (s said) Read(p []byte) (int, error)       { return s.text.Read(p) }
func (s said) Write(p []byte) (int, error)      { return len(p), nil }
func (s said) Close() error                     { return nil }
func (s said) SetDeadline(time.Time) error      { return nil }
func (s said) SetReadDeadline(time.Time) error  { return nil }
func (s said) SetWriteDeadline(time.Time) error { return nil }

// Whatever is taken for an answer is the same answer to net/http: status, headers,
// body and where it ends.
func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{
		hello,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nHTTP/1.1",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n5;a=b\r\nhello\r\n0\r\nA: b\r\n\r\n",
		"HTTP/1.0 200\nX-A: 1\nx-a: 2\n\nhello",
		"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nConnection: x, close\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nA: b\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
	} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, text []byte, isHead bool) {
		method := http.MethodGet
		if isHead {
			method = http.MethodHead
		}
		c := newConnection(&Transport{}, Origin{}, said{text: bytes.NewReader(text)})
		ours, err := c.exchange(&Request{Method: method, Host: "h", Target: "/"})
		if err != nil {
			return
		}
		reader := bufio.NewReader(bytes.NewReader(text))
		var theirs *http.Response
		for theirs == nil || theirs.StatusCode < 200 {
			if theirs, err = http.ReadResponse(reader, &http.Request{Method: method}); err != nil {
				t.Fatalf("net/http refuses it: %v", err)
			}
		}
		defer theirs.Body.Close()
		if ours.Status != theirs.StatusCode {
			t.Fatalf("status %d, net/http has %d", ours.Status, theirs.StatusCode)
		}
		for _, h := range ours.Headers {
			if h.Name != strings.ToLower(h.Name) {
				t.Errorf("the name %q is not in lower case", h.Name)
			}
		}
		for name, values := range theirs.Header {
			if strings.EqualFold(name, "Content-Length") {
				continue // net/http folds equal ones into one, and leaves out those beside chunks
			}
			var got []string
			for _, h := range ours.Headers {
				if strings.EqualFold(h.Name, name) {
					got = append(got, h.Value)
				}
			}
			if strings.Join(got, "\n") != strings.Join(values, "\n") {
				t.Errorf("%s: %q, net/http has %q", name, got, values)
			}
		}
		if !isHead && theirs.ContentLength != ours.Length {
			t.Errorf("length %d, net/http has %d", ours.Length, theirs.ContentLength)
		}
		want, wantErr := io.ReadAll(theirs.Body)
		got, gotErr := io.ReadAll(ours)
		if !bytes.Equal(got, want) || gotErr == nil && wantErr != nil {
			t.Fatalf("body %q, %v; net/http has %q, %v", got, gotErr, want, wantErr)
		}
		if gotErr == nil && ours.keep && theirs.Close {
			t.Error("the connection is kept, which net/http would not do")
		}
		if gotErr == nil && ours.keep && c.reader.Buffered() != reader.Buffered() {
			t.Errorf("%d bytes are left, net/http has %d", c.reader.Buffered(), reader.Buffered())
		}
	})
}
