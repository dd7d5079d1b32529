package server

import (
	"bufio"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"
)

// maxUndecided bounds the connections that have not said their first byte.
const maxUndecided = 256

// An eitherWay is a listener whose connections begin with TLS or do not: instances
// reach the control plane by AWS's names, with HTTPS, everybody else with HTTP.
type eitherWay struct {
	net.Listener
	config *tls.Config
	ready  chan net.Conn
	closed chan struct{}
	failed error // why nothing is accepted any more; read after ready is closed
	once   sync.Once
}

// listenEitherWay takes over a listener.
func listenEitherWay(l net.Listener, config *tls.Config) *eitherWay {
	e := &eitherWay{Listener: l, config: config, ready: make(chan net.Conn), closed: make(chan struct{})}
	go e.accept()
	return e
}

// accept looks at the first byte of every connection, on which nobody else waits.
func (e *eitherWay) accept() {
	slots := make(chan struct{}, maxUndecided)
	var deciding sync.WaitGroup
	defer func() {
		deciding.Wait() // a moment: who says nothing is sent away
		close(e.ready)
	}()
	for {
		conn, err := e.Listener.Accept()
		if err != nil {
			e.failed = err
			return
		}
		slots <- struct{}{}
		deciding.Go(func() {
			defer func() { <-slots }()
			decided, err := e.decide(conn)
			if err != nil {
				_ = conn.Close()
				return
			}
			select {
			case e.ready <- decided:
			case <-e.closed:
				_ = conn.Close()
			}
		})
	}
}

// decide returns the connection as what it is.
func (e *eitherWay) decide(conn net.Conn) (net.Conn, error) {
	const handshake = 22 // the type of a TLS record that nothing in HTTP begins with
	buffered := bufio.NewReaderSize(conn, 512)
	err := conn.SetReadDeadline(time.Now().Add(headerTimeout))
	if err != nil {
		return nil, err
	}
	first, err := buffered.Peek(1)
	if err != nil {
		return nil, err
	}
	if err := conn.SetReadDeadline(time.Time{}); err != nil {
		return nil, err
	}
	whole := &begunConn{Conn: conn, begun: buffered}
	if first[0] == handshake {
		return tls.Server(whole, e.config), nil
	}
	return whole, nil
}

// Accept implements [net.Listener].
func (e *eitherWay) Accept() (net.Conn, error) {
	select {
	case conn, ok := <-e.ready:
		if ok {
			return conn, nil
		}
		return nil, e.failed
	case <-e.closed:
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener].
func (e *eitherWay) Close() error {
	err := net.ErrClosed
	e.once.Do(func() {
		close(e.closed)
		err = e.Listener.Close()
	})
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// A begunConn is a connection whose first bytes were read already.
type begunConn struct {
	net.Conn
	begun *bufio.Reader
}

func (c *begunConn) Read(b []byte) (int, error) { return c.begun.Read(b) }
