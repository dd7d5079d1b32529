package http1

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

// A writer answers the request of a connection. It waits with what it sends until
// there is enough, or the handler returns: most answers are one write.
type writer struct {
	conn   *conn
	header http.Header
	names  []string
	out    []byte // not yet sent; before the head is: of the body
	body   []byte // memory for the body, while out has the head before it
	status int    // 0: WriteHeader has not been called
	length int64  // of the body; -1: not told
	wrote  int64  // of the body
	framed bool   // the head is in out, or sent
	sent   bool   // something of the answer was sent
	chunks bool   // the body goes in chunks
	close  bool   // the connection ends after the answer
	err    error
}

// enough is how much is collected before it is sent.
const enough = 16 << 10

func (w *writer) begin() {
	if len(w.header) > manyHeaders {
		w.header, w.names = make(http.Header, 8), nil
	}
	clear(w.header)
	w.conn.deadlineSet = false
	*w = writer{conn: w.conn, header: w.header, names: w.names[:0], out: empty(w.out), body: empty(w.body), close: w.close, length: -1}
}

// empty returns memory to use again, unless it grew large.
func empty(b []byte) []byte {
	if cap(b) > 4*enough {
		return nil
	}
	return b[:0]
}

func (w *writer) Header() http.Header { return w.header }

// WriteHeader sets the status. Only the first call counts.
func (w *writer) WriteHeader(status int) {
	if w.status != 0 || status < 200 || status > 999 {
		return
	}
	w.status = status
	if text := w.header["Content-Length"]; len(text) == 1 {
		if n, err := strconv.ParseInt(text[0], 10, 64); err == nil && n >= 0 {
			w.length = n
		}
	}
	delete(w.header, "Content-Length")
}

// bodyless reports whether the answer has no body whatever is written.
func (w *writer) bodyless() bool {
	return w.status == http.StatusNoContent || w.status == http.StatusNotModified
}

func (w *writer) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	switch {
	case w.err != nil:
		return 0, w.err
	case w.bodyless():
		return 0, http.ErrBodyNotAllowed
	case w.length >= 0 && w.wrote+int64(len(p)) > w.length:
		return 0, http.ErrContentLength
	}
	w.wrote += int64(len(p))
	if w.conn.request.Method == http.MethodHead {
		return len(p), nil
	}
	if !w.framed && w.length < 0 && len(w.out)+len(p) <= enough {
		w.out = append(w.out, p...) // the length may be known soon
		return len(p), nil
	}
	if !w.framed {
		w.frame(w.length)
	}
	w.append(p)
	if len(w.out) >= enough {
		w.send()
	}
	return len(p), w.err
}

// append adds a part of the body to what is sent.
func (w *writer) append(p []byte) {
	if len(p) == 0 {
		return
	}
	if w.chunks {
		w.out = strconv.AppendInt(w.out, int64(len(p)), 16)
		w.out = append(w.out, '\r', '\n')
	}
	if len(p) > enough { // too much to be copied
		w.send()
		w.write(p)
	} else {
		w.out = append(w.out, p...)
	}
	if w.chunks {
		w.out = append(w.out, '\r', '\n')
	}
}

// frame puts the head before what out holds of the body. A length below 0 is not
// known.
func (w *writer) frame(length int64) {
	w.framed = true
	body := w.out
	w.out, w.body = w.body[:0], body[:0]
	w.chunks = length < 0 && !w.bodyless() && w.conn.request.ProtoMinor > 0
	if length < 0 && !w.chunks && !w.bodyless() {
		w.close = true
	}
	if w.conn.server.closing.Load() || w.conn.body.left() && (w.conn.body.waiting || w.conn.body.length > w.conn.server.Drain || w.conn.body.err != nil) {
		w.close = true
	}
	w.appendHead(length)
	if w.conn.request.Method == http.MethodHead {
		w.chunks = false
		return
	}
	w.append(body)
}

// appendHead appends the status line and the headers in API Gateway's order: date,
// type and length first, then what the answer has of its own, by name, and the
// request ID last.
func (w *writer) appendHead(length int64) {
	b := append(w.out, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(w.status), 10)
	b = append(b, ' ')
	b = append(b, http.StatusText(w.status)...)
	b = append(b, '\r', '\n')
	if _, ok := w.header["Date"]; ok {
		b = appendHeader(b, "Date", w.header)
	} else {
		b = append(b, "Date: "...)
		b = time.Now().UTC().AppendFormat(b, http.TimeFormat)
		b = append(b, '\r', '\n')
	}
	b = appendHeader(b, "Content-Type", w.header)
	switch {
	case w.bodyless():
	case w.chunks:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	case length >= 0:
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, length, 10)
		b = append(b, '\r', '\n')
	}
	if w.close {
		b = append(b, "Connection: close\r\n"...)
	} else {
		b = append(b, "Connection: keep-alive\r\n"...)
	}
	w.names = w.names[:0]
	for name := range w.header {
		switch name {
		case "Apigw-Requestid", "Connection", "Content-Type", "Date", "Transfer-Encoding":
		default:
			if httpguts.ValidHeaderFieldName(name) {
				w.names = append(w.names, name)
			}
		}
	}
	slices.Sort(w.names)
	for _, name := range w.names {
		b = appendHeader(b, name, w.header)
	}
	b = appendHeader(b, "Apigw-Requestid", w.header)
	w.out = append(b, '\r', '\n')
}

// appendHeader appends a line for each value of a header.
func appendHeader(b []byte, name string, h http.Header) []byte {
	for _, v := range h[name] {
		b = append(b, name...)
		b = append(b, ':', ' ')
		b = appendValue(b, v)
		b = append(b, '\r', '\n')
	}
	return b
}

// appendValue appends a header's value, in which a line break would begin another
// header.
func appendValue(b []byte, v string) []byte {
	if !strings.ContainsAny(v, "\r\n\x00") {
		return append(b, v...)
	}
	for i := range len(v) {
		c := v[i]
		if c == '\r' || c == '\n' || c == 0 {
			c = ' '
		}
		b = append(b, c)
	}
	return b
}

// Flush sends what was written so far.
func (w *writer) Flush() { _ = w.FlushError() }

// FlushError is Flush, as [http.ResponseController] wants it.
func (w *writer) FlushError() error {
	w.WriteHeader(http.StatusOK)
	if !w.framed {
		w.frame(w.length)
	}
	w.send()
	return w.err
}

// finish sends what is left of the answer.
func (w *writer) finish() error {
	w.WriteHeader(http.StatusOK)
	if !w.framed {
		length := w.length
		if length < 0 {
			length = w.wrote
		}
		w.frame(length)
	}
	if w.chunks {
		w.out = append(w.out, "0\r\n\r\n"...)
	}
	w.send()
	switch {
	case w.err != nil:
		return w.err
	case w.length >= 0 && w.wrote < w.length && !w.bodyless() && w.conn.request.Method != http.MethodHead:
		return fmt.Errorf("the handler wrote %d of %d bytes", w.wrote, w.length)
	}
	return nil
}

// send writes what was collected.
func (w *writer) send() {
	if len(w.out) > 0 {
		w.write(w.out)
		w.out = w.out[:0]
	}
}

// write writes to the connection, in parts, so that a large answer is not taken
// for a client that takes nothing.
func (w *writer) write(p []byte) {
	const part = 64 << 10
	for len(p) > 0 && w.err == nil {
		n := min(len(p), part)
		w.conn.extendWrite()
		_, w.err = w.conn.net.Write(p[:n])
		p = p[n:]
		w.sent = true
	}
}

// SetReadDeadline is for [http.ResponseController].
func (w *writer) SetReadDeadline(t time.Time) error {
	w.conn.readUntil, w.conn.deadlineSet = time.Time{}, true
	return w.conn.net.SetReadDeadline(t) //nolint:wrapcheck // net/http's is not either
}
