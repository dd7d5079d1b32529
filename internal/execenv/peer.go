package execenv

import (
	"net"

	"github.com/hakonegate/hakone/internal/sandbox"
)

// An ownListener takes connections of the environment's own processes only: on
// the machine's loopback every function could find the port.
type ownListener struct {
	net.Listener

	started chan struct{} // closed when proc is known
	proc    *sandbox.Process
}

// start says whose connections are taken; nil: nobody's.
func (l *ownListener) start(p *sandbox.Process) {
	l.proc = p
	close(l.started)
}

// Accept waits for the next connection of the environment's processes.
func (l *ownListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		<-l.started
		if l.proc != nil && l.proc.Holds(conn) {
			return conn, nil
		}
		_ = conn.Close()
	}
}
