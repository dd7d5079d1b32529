package runtimeapi

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strconv"
	"sync/atomic"
	"time"
)

// A talk is the conversation with one client in frames. Its goroutine reads what
// the client says, except between the client's request for an event and its
// answer, if whoever delivers the event waits for it: a client that answers within
// some dozens of microseconds is not worth two switches of goroutines and a round
// of the network poller.
type talk struct {
	session *Session
	conn    net.Conn
	ask     *waiter
	out     []byte // of the last frame, to be used again

	// Of whose turn it is to read.
	in    *bufio.Reader
	open  *stream   // a streamed answer that has begun
	until time.Time // of a wait in place; zero: there is none
	err   error     // that such a wait met, for the goroutine

	here   *inPlace      // nil: the connection cannot be waited for in place
	parked atomic.Bool   // the goroutine waits for its turn, and nobody reads
	resume chan struct{} // gives the goroutine its turn
}

// inBuffer is how large an answer may be, with its head, to be waited for in place.
const inBuffer = 16 << 10

// maxOut is how much is kept for the next frame.
const maxOut = 64 << 10

func newTalk(s *Session, conn net.Conn) *talk {
	t := &talk{session: s, conn: conn, resume: make(chan struct{}, 1)}
	t.here = newInPlace(conn)
	t.in = bufio.NewReaderSize(t, inBuffer)
	// Events are written by whoever delivers them, which saves a switch of
	// goroutines. The client asks for one at a time, so writes do not meet.
	t.ask = &waiter{func(ev *Event) {
		if t.send(ev) != nil {
			s.lose()
		}
	}}
	return t
}

// send writes an event.
func (t *talk) send(ev *Event) error {
	var deadline [20]byte
	head := [...]string{
		ev.RequestID, string(strconv.AppendInt(deadline[:0], ev.Deadline.UnixMilli(), 10)), ev.FunctionARN, ev.TraceID,
		ev.ClientContext, ev.CognitoIdentity, ev.TenantID,
	}
	t.out = appendFrame(t.out[:0], frameEvent, head[:], ev.Payload)
	_, err := t.conn.Write(t.out)
	if cap(t.out) > maxOut {
		t.out = nil
	}
	return err
}

// Read reads from the client, in place while somebody waits there.
func (t *talk) Read(p []byte) (int, error) {
	if t.until.IsZero() {
		return t.conn.Read(p)
	}
	return t.here.read(p, t.until)
}

// serve reads frames until the connection ends.
func (t *talk) serve() error {
	for {
		kind, head, body, err := readFrame(t.in)
		if err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
				return nil
			}
			return err
		}
		parks := t.parks(kind)
		if err := t.frame(kind, head, body); err != nil {
			return err
		}
		if !parks {
			continue
		}
		select {
		case <-t.resume:
		case <-t.session.ended:
			return nil
		}
		if t.err != nil {
			return t.err
		}
	}
}

// parks leaves reading to the next call of attend, when the client is about to
// have said all that it says before an event. Nothing of the talk may be touched
// after the frame of that kind was taken.
func (t *talk) parks(kind byte) bool {
	if kind != frameNext || t.here == nil || t.in.Buffered() > 0 || t.session.redelivers() {
		return false
	}
	t.parked.Store(true)
	return true
}

// attend reads in place, for as long as the event has patience, until the client
// asks for the next one. What it does not see to the end, the goroutine does. It
// is called after each event.
func (t *talk) attend(ev *Event) {
	if !t.parked.CompareAndSwap(true, false) {
		return // it is the goroutine's turn
	}
	if ev.Patience <= 0 || ev.Stream != nil || !t.wait(ev.Patience) {
		t.resume <- struct{}{}
	}
}

// wait is attend's part in place.
func (t *talk) wait(patience time.Duration) (done bool) {
	t.until = time.Now().Add(patience)
	defer func() { t.until = time.Time{} }()
	for {
		h, err := t.in.Peek(frameHeader)
		if err != nil {
			return false
		}
		size := frameHeader + int64(binary.BigEndian.Uint32(h[4:])) + int64(binary.BigEndian.Uint32(h[8:]))
		if size > inBuffer {
			return false
		}
		if _, err := t.in.Peek(int(size)); err != nil {
			return false
		}
		kind, head, body, err := readFrame(t.in)
		parks := err == nil && t.parks(kind)
		if err == nil {
			err = t.frame(kind, head, body)
		}
		if t.err = err; err != nil || parks {
			return err == nil
		}
	}
}
