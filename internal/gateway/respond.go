package gateway

import (
	"net/http"
	"net/textproto"
	"strconv"
	"sync/atomic"
	"time"

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
	h := valuesOf(x.w.Header(), len(res.Headers)+len(extra)+3)
	for _, f := range res.Headers {
		h.add(textproto.CanonicalMIMEHeaderKey(f.Name), f.Value)
	}
	for _, f := range extra {
		h.add(textproto.CanonicalMIMEHeaderKey(f.Name), f.Value)
	}
	h.set("Apigw-Requestid", x.id)
	h.set("Date", x.g.date.at(x.g.config.Now()))
	if h.header["Content-Type"] == nil {
		h.header["Content-Type"] = nil // or net/http would guess one
	}
	bodyless := res.Status == http.StatusNoContent || res.Status == http.StatusNotModified
	if !bodyless {
		h.set("Content-Length", strconv.FormatInt(x.responseLength(), 10))
	}
	x.trace.Status = res.Status
	x.w.WriteHeader(res.Status)
	if bodyless || x.r.Method == http.MethodHead {
		if x.stream.body != nil {
			_ = x.stream.body.Close()
		}
		return
	}
	if x.stream.body != nil {
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
	case x.stream.body != nil:
		return x.stream.length
	case x.length > 0:
		return x.length
	default:
		return int64(len(x.response.Body))
	}
}

// values fills in a header; the values of all names share one piece of memory.
type values struct {
	header http.Header
	memory []string
}

func valuesOf(h http.Header, n int) values { return values{h, make([]string, 0, n)} }

func (v *values) set(name, value string) {
	n := len(v.memory)
	v.memory = append(v.memory, value)
	v.header[name] = v.memory[n : n+1 : n+1]
}

func (v *values) add(name, value string) {
	if before, ok := v.header[name]; ok {
		v.header[name] = append(before, value)
		return
	}
	v.set(name, value)
}

// A date writes the time as HTTP does, once a second.
type date struct{ last atomic.Pointer[written] }

type written struct {
	second int64
	text   string
}

func (d *date) at(now time.Time) string {
	last, second := d.last.Load(), now.Unix()
	if last == nil || last.second != second {
		last = &written{second, now.UTC().Format(http.TimeFormat)}
		d.last.Store(last)
	}
	return last.text
}
