package http1

import (
	"bytes"
	"errors"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

// A refusal says why something is no request. The status 0 closes without a word.
type refusal struct {
	status int
	reason string
}

func (r *refusal) Error() string { return r.reason }

func (r *refusal) line() string {
	return strconv.Itoa(r.status) + " " + http.StatusText(r.status)
}

func bad(reason string) error { return &refusal{http.StatusBadRequest, reason} }

var errHTTP2 = errors.New("the connection speaks HTTP/2")

const preface = "PRI * HTTP/2.0\r\n"

// readHead reads up to the empty line after the headers and notes where lines
// end. in[at:] begins with the head then.
func (c *conn) readHead() error {
	c.shift()
	c.lines = c.lines[:0]
	var began time.Time // when the first byte of the request was there, if not all were
	scanned := c.at
	for {
		for {
			i := bytes.IndexByte(c.in[scanned:c.end], '\n')
			if i < 0 {
				break
			}
			end := scanned + i
			if end == c.at || c.in[end-1] != '\r' {
				return bad("a line of the request line or headers ends without a carriage return")
			}
			empty := end == c.at+1 || len(c.lines) > 0 && end == c.lines[len(c.lines)-1]+2
			c.lines = append(c.lines, end)
			scanned = end + 1
			if empty {
				return nil
			}
			if len(c.lines) == 1 && string(c.in[c.at:scanned]) == preface {
				return errHTTP2
			}
		}
		scanned = c.end
		if c.end-c.at >= c.server.MaxHeader {
			return &refusal{http.StatusRequestHeaderFieldsTooLarge, "its request line and headers are longer than " + strconv.Itoa(c.server.MaxHeader) + " bytes"}
		}
		if err := c.fill(&began); err != nil {
			return err
		}
	}
}

// manyHeaders is how many lines a request may have for its memory to be used again.
const manyHeaders = 256

// shift moves what is not used to the front, which is cheap: there is nothing
// unless the client sends requests ahead.
func (c *conn) shift() {
	c.end = copy(c.in, c.in[c.at:c.end])
	c.at = 0
	if len(c.in) > 4*firstBuffer && c.end <= firstBuffer {
		small := make([]byte, firstBuffer)
		copy(small, c.in[:c.end])
		c.in = small
	}
	if cap(c.lines) > manyHeaders { // an idle connection does not keep the memory of an odd request
		c.lines, c.values, c.header = nil, nil, make(http.Header, 16)
	}
}

// fill reads more of a head.
func (c *conn) fill(began *time.Time) error {
	if c.end == len(c.in) {
		c.in = append(c.in, make([]byte, len(c.in))...)
	}
	switch {
	case c.end == c.at:
		c.idle.Store(true)
		if c.request.Method == "" { // who has not asked anything yet may not hold a place for long
			c.extendRead(c.server.HeaderTimeout)
		} else {
			c.extendRead(c.server.IdleTimeout)
		}
		if c.server.closing.Load() {
			return http.ErrServerClosed
		}
	case began.IsZero():
		*began = time.Now()
		c.readUntil = began.Add(c.server.HeaderTimeout)
		_ = c.net.SetReadDeadline(c.readUntil)
	}
	n, err := c.net.Read(c.in[c.end:])
	c.end += n
	if n > 0 {
		c.idle.Store(false)
		return nil
	}
	switch {
	case err == nil:
		return nil
	case c.end > c.at && timedOut(err):
		return &refusal{http.StatusRequestTimeout, "its headers came too slowly"}
	case c.end > c.at:
		return &refusal{0, "it ended within the headers"}
	default:
		return err //nolint:wrapcheck // nobody is told
	}
}

// parse makes c.request of the head.
func (c *conn) parse() error {
	head := string(c.in[c.at : c.lines[len(c.lines)-1]+1])
	start := c.at
	c.at += len(head)
	line := func(i int) string {
		from := 0
		if i > 0 {
			from = c.lines[i-1] + 1 - start
		}
		return head[from : c.lines[i]-1-start]
	}
	r := &c.request
	*r = c.blank
	r.Header, r.URL = c.header, &c.url
	if err := c.requestLine(line(0)); err != nil {
		return err
	}
	clear(c.header)
	c.values = c.values[:0]
	if n := len(c.lines); cap(c.values) < n {
		c.values = make([]string, 0, n+8)
	}
	var framing framing
	for i := 1; i < len(c.lines)-1; i++ {
		name, value, err := cutHeader(line(i))
		if err != nil {
			return err
		}
		if err := framing.note(name, value); err != nil {
			return err
		}
		if name == "Host" {
			continue
		}
		if before, ok := c.header[name]; ok {
			c.header[name] = append(before, value)
			continue
		}
		n := len(c.values)
		c.values = append(c.values, value)
		c.header[name] = c.values[n : n+1 : n+1]
	}
	return c.frame(&framing)
}

// requestLine reads METHOD TARGET HTTP/1.x.
func (c *conn) requestLine(line string) error {
	r := &c.request
	method, rest, _ := strings.Cut(line, " ")
	target, version, ok := strings.Cut(rest, " ")
	switch {
	case !ok || !httpguts.ValidHeaderFieldName(method) || target == "":
		return bad("its request line is malformed")
	case method == http.MethodConnect:
		return bad("it asks for a tunnel")
	case version == "HTTP/1.1":
		r.ProtoMinor = 1
	case version != "HTTP/1.0":
		return &refusal{http.StatusHTTPVersionNotSupported, "its request line names another version of HTTP"}
	}
	for i := range len(target) {
		if target[i] <= ' ' || target[i] == 0x7f {
			return bad("its request target has a control character")
		}
	}
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return bad("its request target is malformed")
	}
	c.url = *u
	r.Method, r.RequestURI, r.Proto, r.Host = method, target, version, u.Host
	return nil
}

// cutHeader takes a header line apart; the name is in its canonical form.
func cutHeader(line string) (name, value string, err error) {
	name, value, ok := strings.Cut(line, ":")
	switch {
	case !ok || !httpguts.ValidHeaderFieldName(name): // a folded line begins with a space, which no name does
		return "", "", bad("a header line is malformed")
	case !httpguts.ValidHeaderFieldValue(value):
		return "", "", bad("a header has a control character")
	}
	return textproto.CanonicalMIMEHeaderKey(name), strings.Trim(value, " \t"), nil
}

// framing is what headers say of where the request ends and whom it is for.
type framing struct {
	length, encoding, host string
	hasLength, hasHost     bool
	hasEncoding            bool
	expect                 string
	connection             string
}

func (f *framing) note(name, value string) error {
	switch name {
	case "Content-Length":
		if f.hasLength {
			return bad("it has two lengths")
		}
		f.length, f.hasLength = value, true
	case "Transfer-Encoding":
		if f.hasEncoding {
			return bad("it has two transfer encodings")
		}
		f.encoding, f.hasEncoding = value, true
	case "Host":
		if f.hasHost {
			return bad("it has two hosts")
		}
		f.host, f.hasHost = value, true
	case "Expect":
		f.expect = value
	case "Connection":
		f.connection += "," + value
	}
	return nil
}

// frame says where the request ends and what becomes of the connection then.
func (c *conn) frame(f *framing) error {
	r := &c.request
	old := r.ProtoMinor == 0
	switch {
	case !f.hasHost && !old:
		return bad("it has no host")
	case !httpguts.ValidHostHeader(f.host):
		return bad("its host is malformed")
	case r.Host == "":
		r.Host = f.host
	}
	length := int64(0)
	switch {
	case f.hasEncoding && (f.hasLength || old):
		return bad("it has both a length and a transfer encoding, or one that its version does not know")
	case f.hasEncoding && !strings.EqualFold(f.encoding, "chunked"):
		return &refusal{http.StatusNotImplemented, "it has a transfer encoding other than chunked"}
	case f.hasEncoding:
		length = -1
		r.TransferEncoding = chunked
		delete(c.header, "Transfer-Encoding")
	case f.hasLength:
		n, err := strconv.ParseUint(f.length, 10, 63)
		if err != nil || f.length[0] == '+' {
			return bad("its length is no number")
		}
		length = int64(n)
	}
	r.ContentLength = length
	c.writer.close = old
	for token := range strings.SplitSeq(f.connection, ",") {
		if strings.EqualFold(strings.Trim(token, " \t"), "close") {
			c.writer.close = true
			r.Close = true
		}
	}
	if f.expect != "" && !strings.EqualFold(f.expect, "100-continue") {
		return &refusal{http.StatusExpectationFailed, "it expects something other than 100-continue"}
	}
	c.body.begin(length, f.expect != "" && length != 0 && !old)
	if length != 0 {
		r.Body = &c.body
	}
	return nil
}

var chunked = []string{"chunked"}
