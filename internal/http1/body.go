package http1

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
)

// A body is that of the request which is being answered.
type body struct {
	conn    *conn
	length  int64 // still to be read; unknown while chunks is set
	chunks  io.Reader
	lines   *bufio.Reader // that chunks reads from
	waiting bool          // the client waits for 100 Continue
	ended   bool
	err     error
	closed  bool
}

// begin takes a body of the given length; -1: in chunks.
func (b *body) begin(length int64, waiting bool) {
	*b = body{conn: b.conn, length: length, waiting: waiting, ended: length == 0, lines: b.lines}
	if length >= 0 {
		return
	}
	if b.lines == nil {
		b.lines = bufio.NewReaderSize((*unframed)(b.conn), 4<<10)
	} else {
		b.lines.Reset((*unframed)(b.conn))
	}
	b.chunks = httputil.NewChunkedReader(b.lines)
}

// unframed reads what comes on the connection: first what was read with the head.
type unframed conn

func (u *unframed) Read(p []byte) (int, error) {
	if u.at < u.end {
		n := copy(p, u.in[u.at:u.end])
		u.at += n
		return n, nil
	}
	return u.net.Read(p) //nolint:wrapcheck // as it is, says the contract of io.Reader
}

func (b *body) Read(p []byte) (int, error) {
	switch {
	case b.closed:
		return 0, http.ErrBodyReadAfterClose
	case b.err != nil:
		return 0, b.err
	case b.ended:
		return 0, io.EOF
	case len(p) == 0:
		return 0, nil
	}
	if b.waiting {
		b.waiting = false
		b.conn.extendWrite()
		if !b.conn.writer.sent {
			_, _ = io.WriteString(b.conn.net, "HTTP/1.1 100 Continue\r\n\r\n") // if it fails, so will reading
		}
	}
	if !b.conn.deadlineSet {
		b.conn.extendRead(b.conn.server.HeaderTimeout)
	}
	n, err := b.read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return n, err
}

func (b *body) read(p []byte) (n int, err error) {
	if b.chunks != nil {
		n, err = b.chunks.Read(p)
		if errors.Is(err, io.EOF) {
			err = b.trailer()
		}
		return n, err
	}
	if int64(len(p)) > b.length {
		p = p[:b.length]
	}
	n, err = (*unframed)(b.conn).Read(p)
	b.length -= int64(n)
	switch {
	case b.length == 0:
		b.ended = true
		return n, io.EOF
	case errors.Is(err, io.EOF):
		return n, io.ErrUnexpectedEOF
	default:
		return n, err
	}
}

var errTrailer = errors.New("the trailer after the last chunk is malformed or too long")

// trailer reads the lines after the last chunk, which mean nothing here, and gives
// back what was read beyond them.
func (b *body) trailer() error {
	const most = 64
	for range most {
		line, err := b.lines.ReadSlice('\n')
		if err != nil || len(line) < 2 || line[len(line)-2] != '\r' {
			return errTrailer
		}
		if len(line) == 2 {
			return b.giveBack()
		}
		if _, _, err := cutHeader(string(line[:len(line)-2])); err != nil {
			return errTrailer
		}
	}
	return errTrailer
}

// giveBack puts what lines holds beyond the body back to the connection.
func (b *body) giveBack() error {
	c := b.conn
	ahead, _ := b.lines.Peek(b.lines.Buffered()) // buffered, so it cannot fail
	if n := c.end - c.at; len(ahead)+n > len(c.in) {
		c.in = append(c.in, make([]byte, len(ahead)+n-len(c.in))...)
	}
	rest := append([]byte(nil), c.in[c.at:c.end]...)
	c.end = copy(c.in, ahead)
	c.end += copy(c.in[c.end:], rest)
	c.at = 0
	b.ended = true
	return io.EOF
}

func (b *body) Close() error {
	b.closed = true
	return nil
}

// left reports whether the client has more to send.
func (b *body) left() bool { return !b.ended }

// rest reads what nobody wanted, at most limit bytes, and reports whether the end
// of the body was found.
func (b *body) rest(limit int64) bool {
	switch {
	case b.ended:
		return true
	case b.err != nil || b.waiting:
		return false
	}
	b.closed = false
	b.conn.extendRead(b.conn.server.HeaderTimeout)
	b.conn.deadlineSet = true // for all of it
	n, err := io.Copy(io.Discard, io.LimitReader(b, limit))
	return err == nil && n <= limit && b.ended
}
