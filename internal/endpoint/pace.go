package endpoint

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/hakonegate/hakone/internal/awserr"
)

// How slow a client may be that sends a body or takes a stream: it must not stall
// for long, nor, after a while, be slower than any line is.
const (
	patience = 30 * time.Second
	grace    = time.Minute
	slowest  = 4 << 10 // bytes a second
)

// A pace is how slow a client was: how long it was waited for, and for how many
// bytes.
type pace struct {
	waited time.Duration
	bytes  int64
}

// next returns how long the client has for what comes next.
func (p *pace) next() time.Duration {
	earned := time.Duration(float64(p.bytes) / slowest * float64(time.Second))
	return min(patience, grace+earned-p.waited)
}

// wait does what waits for the client. Between two of them the client may wait as
// long as it takes: no deadline stays.
func (p *pace) wait(deadline func(time.Time) error, do func() (int, error)) (int, error) {
	begin := time.Now()
	_ = deadline(begin.Add(p.next())) // without deadlines in a test
	n, err := do()
	_ = deadline(time.Time{})
	p.waited += time.Since(begin)
	p.bytes += int64(n)
	return n, err
}

// patient reads a body that must come at a [pace].
type patient struct {
	body    io.Reader
	control *http.ResponseController
	pace    pace
}

func (p *patient) Read(b []byte) (int, error) {
	n, err := p.pace.wait(p.control.SetReadDeadline, func() (int, error) { return p.body.Read(b) })
	switch {
	case err == nil, errors.Is(err, io.EOF):
		return n, err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return n, awserr.New("IncompleteBody", http.StatusBadRequest, "You did not provide the number of bytes specified by the Content-Length HTTP header")
	}
	_ = p.control.SetReadDeadline(time.Unix(1, 0)) // net/http would wait for the rest
	refusal := awserr.New("RequestTimeout", http.StatusBadRequest, "Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.")
	refusal.Err = err
	return n, refusal
}

// A sink is where an answer goes: to a client that must take it at a [pace].
type sink struct {
	w       http.ResponseWriter
	control *http.ResponseController
	live    bool // what is written is sent at once
	pace    pace
}

// atOnce is how much a client must take within its patience.
const atOnce = 32 << 10

func (s *sink) Write(b []byte) (written int, err error) {
	for part := range slices.Chunk(b, atOnce) {
		n, err := s.pace.wait(s.control.SetWriteDeadline, func() (int, error) { return s.w.Write(part) })
		if written += n; err != nil {
			return written, err
		}
	}
	if s.live {
		err = s.flush()
	}
	return written, err
}

func (s *sink) flush() error {
	_, err := s.pace.wait(s.control.SetWriteDeadline, func() (int, error) { return 0, s.control.Flush() })
	return err
}

// send sends the whole of a stream and closes it.
func (s *sink) send(stream io.ReadCloser) (err error) {
	defer func() { err = errors.Join(err, stream.Close()) }()
	_, err = io.Copy(s, stream) // what is too short shows by its length
	if err == nil {
		err = s.flush()
	}
	return err
}

// A held body is one of which everything that is read while held is true stays in
// memory: no more than a little of what nobody has signed, and of large ones a few
// at a time.
type heldBody struct {
	io.Reader
	c    *call
	held bool
	size int
}

func (h *heldBody) Read(b []byte) (int, error) {
	n, err := h.Reader.Read(b)
	if !h.held {
		return n, err
	}
	if h.size += n; h.size <= maxUnsigned || h.c.large {
		return n, err
	}
	if h.c.signature == nil {
		return n, awserr.New("EntityTooLarge", http.StatusBadRequest, "Your proposed upload exceeds the maximum allowed size")
	}
	select {
	case h.c.largeXML <- struct{}{}:
		h.c.large = true
		return n, err
	default:
		return n, awserr.New("SlowDown", http.StatusServiceUnavailable, "Please reduce your request rate.")
	}
}

// release lets another call have a large body.
func (c *call) release() {
	if c.large {
		<-c.largeXML
		c.large = false
	}
}
