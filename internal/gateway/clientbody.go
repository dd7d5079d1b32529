package gateway

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

// How long a client may take to send a body: between any two parts of it, and
// in all.
const (
	bodyPause = 10 * time.Second
	bodyTotal = 2 * time.Minute
)

// A clientBody reads the body of a request, and gives up on a client that sends
// it too slowly, or when there is no memory for it.
type clientBody struct {
	io.ReadCloser

	memory *bodyMemory
	held   int // of memory, until the exchange ends

	connection *http.ResponseController
	pause      time.Duration
	end        time.Time
	err        error // that is the client's doing
}

// watchBody makes a slow body fail. The first deadline also counts for what the
// server drains of a body that nobody reads.
func (x *exchange) watchBody() {
	if x.r.Body == nil || x.r.Body == http.NoBody {
		return
	}
	x.client = &clientBody{
		ReadCloser: x.r.Body, memory: &x.g.bodies, connection: http.NewResponseController(x.w), pause: x.g.bodyPause, end: time.Now().Add(bodyTotal),
	}
	x.r.Body = x.client
	x.client.extend()
}

// BoundBody makes the body of a request that is none to an API fail as those do:
// when it is slow, with an error that is [os.ErrDeadlineExceeded], and when there
// is no memory for it, with [ErrBodies]. The caller calls release when it has done
// with the body.
func (g *Gateway) BoundBody(w http.ResponseWriter, r *http.Request) (release func()) {
	if r.Body == nil || r.Body == http.NoBody {
		return func() {}
	}
	b := &clientBody{ReadCloser: r.Body, memory: &g.bodies, connection: http.NewResponseController(w), pause: g.bodyPause, end: time.Now().Add(bodyTotal)}
	r.Body = b
	b.extend()
	return func() { b.memory.give(b.held) }
}

// extend sets the deadline of the next read. Test recorders have none.
func (b *clientBody) extend() {
	deadline := time.Now().Add(b.pause)
	if deadline.After(b.end) {
		deadline = b.end
	}
	_ = b.connection.SetReadDeadline(deadline)
}

func (b *clientBody) Read(p []byte) (int, error) {
	b.extend()
	n, err := b.ReadCloser.Read(p)
	if full := b.memory.take(n); full != nil {
		b.err = full
		return 0, full
	}
	b.held += n
	switch {
	case errors.Is(err, io.EOF):
		_ = b.connection.SetReadDeadline(time.Time{}) // the server waits for the client's going away from here on
	case err != nil:
		b.err = err
	}
	return n, err //nolint:wrapcheck // as it is, says the contract of io.Reader
}

// brokenBody returns the refusal of a request whose body could not be read.
func (x *exchange) brokenBody(err error) error {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return refuseWith(http.StatusRequestTimeout, "the client sends the body too slowly")
	case errors.Is(err, ErrBodies):
		return refuseWith(http.StatusServiceUnavailable, ErrBodies.Error())
	}
	return &refusal{Status: http.StatusBadRequest, Detail: "the body could not be read", Err: err}
}
