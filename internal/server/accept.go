package server

import (
	"errors"
	"log/slog"
	"net"
	"time"
)

// A lasting listener outlives errors that pass, such as having no descriptors left:
// it waits a moment and accepts again.
type lasting struct {
	net.Listener
	log *slog.Logger
}

// Accept implements [net.Listener].
func (l lasting) Accept() (net.Conn, error) {
	var pause time.Duration
	for {
		c, err := l.Listener.Accept()
		if !passes(err) {
			return c, err //nolint:wrapcheck // as it is, says the contract of net.Listener
		}
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		l.log.Warn("no connection can be taken", "address", l.Addr().String(), "error", err, "again_in", pause)
		time.Sleep(pause)
	}
}

// passes reports whether an error of a listener goes away by itself.
func passes(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Temporary() //nolint:staticcheck // net/http asks the same: there is no other way to tell
}
