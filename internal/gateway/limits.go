package gateway

import (
	"errors"
	"io"
	"net/http"
)

// The quotas of HTTP APIs: request line and header values together, and the
// payload.
const (
	maxHeaderBytes = 10_240
	maxBody        = 10 << 20
)

// limits refuses requests that are too large or too odd to look at. It reads
// no body.
func (x *exchange) limits() error {
	x.watchBody()
	req := &x.received
	if err := req.Reset(x.r); err != nil {
		return &refusal{Status: http.StatusBadRequest, Detail: "the request cannot be read", Err: err}
	}
	x.req = req
	x.trace.Path = req.Path
	size := len(req.Method) + len(req.Path) + len(req.RawQuery) + len(" ? HTTP/1.1") + len(req.Host)
	for _, h := range req.Headers {
		size += len(h.Value)
	}
	switch {
	case size > maxHeaderBytes:
		return refuseWith(http.StatusRequestHeaderFieldsTooLarge, "the request line and the header values are longer than 10,240 bytes")
	case req.Path == "" || req.Path[0] != '/':
		return refuseWith(http.StatusBadRequest, "the request target is not a path")
	case x.r.ProtoMajor > 1 && hasBlank(req.Path, req.RawQuery): // HTTP/1.1 cannot say it
		return refuseWith(http.StatusBadRequest, "the request target has a space or a control character")
	}
	return nil
}

// readBody reads what the body holds, unless the signature check has done so.
func (x *exchange) readBody() error {
	if body, ok := x.req.Payload(); ok {
		x.body = body
		return nil
	}
	if x.r.ContentLength > maxBody {
		return tooLarge()
	}
	body, err := io.ReadAll(http.MaxBytesReader(x.w, x.r.Body, maxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge()
	}
	if err != nil {
		return x.brokenBody(err)
	}
	x.body = body
	return nil
}

func tooLarge() error {
	return refuseWith(http.StatusRequestEntityTooLarge, "the body is larger than 10 MB")
}

func hasBlank(parts ...string) bool {
	for _, s := range parts {
		for i := range len(s) {
			if s[i] <= ' ' || s[i] == 0x7f {
				return true
			}
		}
	}
	return false
}
