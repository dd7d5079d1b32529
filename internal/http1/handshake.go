package http1

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"strings"
)

// handshake begins TLS, and reports whether there is somebody to talk to.
func (c *conn) handshake() bool {
	t := tls.Server(c.raw, c.server.TLS)
	ctx, cancel := context.WithTimeout(context.Background(), c.server.HeaderTimeout)
	defer cancel()
	if err := t.HandshakeContext(ctx); err != nil {
		c.server.Log.Debug("a TLS handshake failed", "remote", c.remote, "error", err)
		if reason := c.noHandshake(err); reason != "" && c.server.Unread != nil {
			c.server.Unread(c.raw.RemoteAddr(), reason)
		}
		return false
	}
	state := t.ConnectionState()
	c.net, c.state = t, &state
	return true
}

// plainToSecure is net/http's answer to HTTP where TLS is expected.
const plainToSecure = "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"

// noHandshake returns why a handshake failed, or "" where that is no news: the
// client went away, or decided against us. A client that forgot TLS is told.
func (c *conn) noHandshake(err error) string {
	record, isRecord := errors.AsType[tls.RecordHeaderError](err)
	switch {
	case isRecord && record.Conn != nil && looksLikeHTTP(record.RecordHeader):
		_, _ = io.WriteString(record.Conn, plainToSecure)
		return "it speaks HTTP, and TLS is expected"
	case isRecord:
		return "it speaks no TLS"
	case errors.Is(err, context.DeadlineExceeded):
		return "its TLS handshake came too slowly"
	case strings.HasPrefix(err.Error(), "tls: "):
		return "the TLS handshake failed: " + strings.TrimPrefix(err.Error(), "tls: ")
	default:
		return ""
	}
}

// looksLikeHTTP reports whether a connection begins with a method and a blank.
func looksLikeHTTP(start [5]byte) bool {
	switch string(start[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO", "DELET", "PATCH":
		return true
	default:
		return false
	}
}
