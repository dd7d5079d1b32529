package instance

import (
	"context"
	"errors"
	"io"
	"net"
	"time"
)

// forward carries connections to the gateway, byte by byte: certificate and
// HTTP version are the gateway's.
func forward(ctx context.Context, listener net.Listener, gateway string) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	slots := make(chan struct{}, 256)
	go func() {
		for {
			slots <- struct{}{}
			inside, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { <-slots }()
				carry(ctx, inside, gateway)
			}()
		}
	}()
	return func() {
		cancel()
		_ = listener.Close()
	}
}

func carry(ctx context.Context, inside net.Conn, gateway string) {
	outside, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", gateway)
	if err != nil {
		_ = inside.Close()
		return
	}
	join(ctx, inside, outside)
}

// join copies between two connections until both have ended or ctx is done, and
// closes them.
func join(ctx context.Context, inside, outside net.Conn) {
	defer context.AfterFunc(ctx, func() { _ = errors.Join(inside.Close(), outside.Close()) })()
	defer outside.Close()
	defer inside.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		pipe(outside, inside)
	}()
	pipe(inside, outside)
	<-done
}

// pipe copies until the end and passes the end on.
func pipe(to, from net.Conn) {
	_, err := io.Copy(to, from)
	if half, ok := to.(*net.TCPConn); ok && err == nil {
		_ = half.CloseWrite()
		return
	}
	_ = errors.Join(to.Close(), from.Close())
}
