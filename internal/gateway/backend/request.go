package backend

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// check reports what of r must not be sent, since it could be read as more than
// one request.
func (r *Request) check() error {
	switch {
	case !httpguts.ValidHeaderFieldName(r.Method): // a token too
		return fmt.Errorf("the method %q is none", r.Method)
	case r.Host == "" || !httpguts.ValidHostHeader(r.Host):
		return fmt.Errorf("the host %q is none", r.Host)
	case r.Target == "" || r.Target[0] != '/' || hasBlank(r.Target):
		return errors.New("the path or the query has characters that must be encoded")
	}
	for i := range r.Headers {
		h := &r.Headers[i]
		if !httpguts.ValidHeaderFieldName(h.Name) || framing(h.Name) {
			return fmt.Errorf("a header name %q cannot be sent", h.Name)
		}
		if !httpguts.ValidHeaderFieldValue(h.Value) {
			return fmt.Errorf("the value of the header %s cannot be sent", h.Name)
		}
	}
	return nil
}

func hasBlank(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == 0x7f {
			return true
		}
	}
	return false
}

// framing reports whether a header says where a request ends or whom it is for,
// which is the transport's to say.
func framing(name string) bool {
	return strings.EqualFold(name, "Content-Length") || strings.EqualFold(name, "Transfer-Encoding") || strings.EqualFold(name, "Host")
}

// appendHead writes the request line and the headers.
func (r *Request) appendHead(b []byte) []byte {
	b = append(b, r.Method...)
	b = append(b, ' ')
	b = append(b, r.Target...)
	b = append(b, " HTTP/1.1\r\n"...)
	b = appendHeader(b, "Host", r.Host)
	for i := range r.Headers {
		b = appendHeader(b, r.Headers[i].Name, r.Headers[i].Value)
	}
	if len(r.Body) > 0 || r.Method == http.MethodPost || r.Method == http.MethodPut || r.Method == http.MethodPatch {
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, int64(len(r.Body)), 10)
		b = append(b, '\r', '\n')
	}
	return append(b, '\r', '\n')
}

func appendHeader(b []byte, name, value string) []byte {
	b = append(b, name...)
	b = append(b, ':', ' ')
	b = append(b, value...)
	return append(b, '\r', '\n')
}
