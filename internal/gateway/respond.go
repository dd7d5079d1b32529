package gateway

import (
	"net/http"
	"net/textproto"
	"strconv"

	"github.com/hakonegate/hakone/sigv4"
)

// respond sends x.response.
func (x *exchange) respond() error {
	x.write(nil)
	return nil
}

// write sends x.response with the CORS headers of its API, then extra. An HTTP
// API adds the date, the content length and its request ID, and nothing else.
func (x *exchange) write(extra []sigv4.Header) {
	if x.stage != nil {
		x.response.Headers = x.stage.cors.Apply(x.response.Headers, x.r.Header.Get("Origin"))
	}
	x.send(extra)
}

// send sends x.response as it is.
func (x *exchange) send(extra []sigv4.Header) {
	x.answered = true
	res := &x.response
	h := x.w.Header()
	for _, f := range res.Headers {
		add(h, f)
	}
	for _, f := range extra {
		add(h, f)
	}
	h["Apigw-Requestid"] = []string{x.id}
	h["Date"] = []string{x.g.config.Now().UTC().Format(http.TimeFormat)}
	if h["Content-Type"] == nil {
		h["Content-Type"] = nil // or net/http would guess one
	}
	bodyless := res.Status == http.StatusNoContent || res.Status == http.StatusNotModified
	if !bodyless {
		h["Content-Length"] = []string{strconv.FormatInt(x.responseLength(), 10)}
	}
	x.trace.Status = res.Status
	x.w.WriteHeader(res.Status)
	if bodyless || x.r.Method == http.MethodHead {
		if x.stream != nil {
			_ = x.stream.body.Close()
		}
		return
	}
	if x.stream != nil {
		x.pass()
		return
	}
	n, err := x.w.Write(res.Body)
	x.trace.Bytes = int64(n)
	if err != nil {
		x.g.config.Log.Debug("client went away", "request_id", x.id, "error", err)
	}
}

// responseLength returns the length of the body that is sent, or that would be
// if the request were not HEAD.
func (x *exchange) responseLength() int64 {
	switch {
	case x.stream != nil:
		return x.stream.length
	case x.length > 0:
		return x.length
	default:
		return int64(len(x.response.Body))
	}
}

func add(h http.Header, f sigv4.Header) {
	name := textproto.CanonicalMIMEHeaderKey(f.Name)
	h[name] = append(h[name], f.Value)
}
