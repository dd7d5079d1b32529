package awscurl

import (
	"io"
	"net"
	"time"
)

// stats are what -w can tell. Times count from when the request was sent.
type stats struct {
	sent      time.Time
	lookup    time.Duration
	connect   time.Duration
	handshake time.Duration
	ready     time.Duration
	firstByte time.Duration

	remote, local        net.Addr
	target               *target
	method               string
	uploaded, downloaded int64
}

func (s *stats) start(out *outgoing) {
	*s = stats{sent: time.Now(), target: out.target, method: out.method}
}

// upload counts what is read of body.
func (s *stats) upload(body io.ReadCloser) io.ReadCloser {
	return &counting{ReadCloser: body, n: &s.uploaded}
}

// A counting reader adds up what is read.
type counting struct {
	io.ReadCloser
	n *int64
}

func (c *counting) Read(b []byte) (int, error) {
	n, err := c.ReadCloser.Read(b)
	*c.n += int64(n)
	return n, err
}
