package server

import (
	"errors"
	"log/slog"
	"net"
	"os"
	"syscall"
	"testing"
)

// failing is a listener with errors before its one connection.
type failing struct {
	net.Listener
	errors []error
}

func (f *failing) Accept() (net.Conn, error) {
	if len(f.errors) == 0 {
		c, _ := net.Pipe()
		return c, nil
	}
	err := f.errors[0]
	f.errors = f.errors[1:]
	return nil, err
}

func (*failing) Addr() net.Addr { return &net.TCPAddr{} }

func TestAListenerOutlivesALackOfDescriptors(t *testing.T) {
	lack := &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	l := lasting{&failing{errors: []error{lack, lack}}, slog.New(slog.DiscardHandler)}
	if c, err := l.Accept(); c == nil || err != nil {
		t.Errorf("got %v, %v", c, err)
	}
	closed := &net.OpError{Op: "accept", Net: "tcp", Err: net.ErrClosed}
	if _, err := (lasting{&failing{errors: []error{closed}}, slog.New(slog.DiscardHandler)}).Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a closed listener: %v", err)
	}
}
