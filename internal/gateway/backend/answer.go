package backend

import (
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
	"net/textproto"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/hakonegate/hakone/sigv4"
)

// An Answer is what a backend said. It must be closed, which gives the connection
// back when the body was read to its end, and closes it otherwise. It has one user
// at a time.
type Answer struct {
	Status  int
	Headers []sigv4.Header // names in lower case, as sent but for transfer-encoding; good until Close
	Length  int64          // of the body; of that which HEAD leaves out; -1: not told

	connection *connection
	sent       <-chan bool // tells whether a long request was written; nil: it was
	left       int64       // of the body; -1: not told
	chunks     io.Reader   // nil: none
	keep       bool        // the connection may serve another request
	ended      bool
	closed     bool
}

// newAnswer returns the answer that begins with h.
func newAnswer(c *connection, h *head, method string, sent <-chan bool) *Answer {
	a := &Answer{Status: h.status, Headers: h.headers, Length: h.length, connection: c, sent: sent, left: h.length, keep: h.keep}
	switch {
	case h.status == http.StatusNoContent || h.status == http.StatusNotModified:
		a.Length, a.ended = 0, true
	case method == http.MethodHead:
		a.ended = true
	case h.chunked:
		a.chunks = httputil.NewChunkedReader(c.reader)
	case h.length < 0: // until the backend hangs up
		a.keep = false
	default:
		a.ended = h.length == 0
	}
	return a
}

// Read reads the body. An end before the one that was told is
// [io.ErrUnexpectedEOF].
func (a *Answer) Read(p []byte) (n int, err error) {
	switch {
	case a.closed:
		return 0, http.ErrBodyReadAfterClose
	case a.ended:
		return 0, io.EOF
	case a.chunks != nil:
		n, err = a.chunks.Read(p)
		if errors.Is(err, io.EOF) {
			err = a.trailer()
		}
		return n, err
	case a.left >= 0 && int64(len(p)) > a.left:
		p = p[:a.left]
	}
	n, err = a.connection.reader.Read(p)
	if a.left < 0 {
		a.ended = errors.Is(err, io.EOF)
		return n, err //nolint:wrapcheck // as it is, says the contract of io.Reader
	}
	a.left -= int64(n)
	switch {
	case a.left == 0:
		a.ended = true
		return n, io.EOF
	case errors.Is(err, io.EOF):
		return n, io.ErrUnexpectedEOF
	default:
		return n, err //nolint:wrapcheck // as above
	}
}

var errTrailer = errors.New("what follows the last chunk is malformed or too long")

// trailer reads the lines after the last chunk, which nobody gets.
func (a *Answer) trailer() error {
	const most = 64
	for range most {
		line, err := a.connection.reader.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		}
		text, whole := strings.CutSuffix(string(line), "\r\n")
		if err != nil || !whole {
			return errTrailer
		}
		if text == "" {
			a.ended = true
			return io.EOF
		}
		if name, value, ok := strings.Cut(text, ":"); !ok || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
			return errTrailer
		}
	}
	return errTrailer
}

// Close ends the use of the answer.
func (a *Answer) Close() error {
	if a.closed {
		return nil
	}
	a.closed = true
	c := a.connection
	idle := a.ended && a.keep && c.reader.Buffered() == 0
	if a.sent != nil {
		select {
		case whole := <-a.sent:
			idle = idle && whole
		default: // the backend answered without waiting for the body
			idle = false
			c.close()
			<-a.sent
		}
	}
	if !idle {
		c.close()
		return nil
	}
	c.forget()
	c.transport.pools.give(c)
	return nil
}

// response is the answer to r for those who know net/http.
func (a *Answer) response(r *http.Request) *http.Response {
	h := make(http.Header, len(a.Headers))
	for _, f := range a.Headers {
		name := textproto.CanonicalMIMEHeaderKey(f.Name)
		h[name] = append(h[name], f.Value)
	}
	return &http.Response{
		Status: strconv.Itoa(a.Status) + " " + http.StatusText(a.Status), StatusCode: a.Status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, Body: a, ContentLength: a.Length, Request: r,
	}
}
