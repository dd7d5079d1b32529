package backend

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/hakonegate/hakone/sigv4"
)

// A head is the status line and the headers of an answer, and what they say of its
// framing.
type head struct {
	status  int
	headers []sigv4.Header
	length  int64 // of the body as told; -1: not told
	chunked bool
	keep    bool // the connection may serve another request
}

// readHead reads the status line and the headers of an answer. The memory of its
// headers is the connection's and is used again.
func (c *connection) readHead() (head, error) {
	if err := c.readLines(); err != nil {
		return head{}, err
	}
	text := string(c.lines)
	line, rest := cutLine(text)
	h := head{headers: c.headers[:0], length: -1}
	old, err := h.statusLine(line)
	if err != nil {
		return head{}, err
	}
	h.keep = !old
	for line, rest = cutLine(rest); line != ""; line, rest = cutLine(rest) {
		if err := h.header(line, old); err != nil {
			return head{}, err
		}
	}
	if h.chunked && h.length >= 0 { // chunks count, and nobody should have to know that
		h.length, h.keep = -1, false
	}
	c.headers = h.headers
	return h, nil
}

// readLines reads up to the empty line after the headers.
func (c *connection) readLines() error {
	c.lines = c.lines[:0]
	for start := 0; ; {
		part, err := c.reader.ReadSlice('\n')
		c.lines = append(c.lines, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue // of a long line
		case errors.Is(err, io.EOF) && c.left != 0 && len(c.lines) > 0:
			return io.ErrUnexpectedEOF
		case err != nil:
			return err //nolint:wrapcheck // the caller says where
		}
		if line := string(c.lines[start:]); line == "\r\n" || line == "\n" {
			return nil
		}
		start = len(c.lines)
	}
}

// cutLine takes the first line off text; a line may end without a carriage return.
func cutLine(text string) (line, rest string) {
	line, rest, _ = strings.Cut(text, "\n")
	return strings.TrimSuffix(line, "\r"), rest
}

// statusLine reads HTTP/1.x STATUS, after which a reason may stand.
func (h *head) statusLine(line string) (old bool, err error) {
	version, rest, _ := strings.Cut(line, " ")
	status, _, _ := strings.Cut(rest, " ")
	n, err := strconv.ParseUint(status, 10, 16)
	if err != nil || len(status) != 3 || n < 100 || version != "HTTP/1.1" && version != "HTTP/1.0" {
		return false, fmt.Errorf("malformed status line %q", excerpt(line))
	}
	h.status = int(n)
	return version == "HTTP/1.0", nil
}

// header reads one header line. Folded lines are refused: they begin with a blank,
// which no name does.
func (h *head) header(line string, old bool) error {
	name, value, ok := strings.Cut(line, ":")
	if !ok || !httpguts.ValidHeaderFieldName(name) {
		return fmt.Errorf("malformed header line %q", excerpt(line))
	}
	value = strings.Trim(value, " \t")
	if !httpguts.ValidHeaderFieldValue(value) {
		return fmt.Errorf("the header %s has a control character", name)
	}
	name = lowered(name)
	switch name {
	case "content-length":
		n, err := strconv.ParseUint(value, 10, 63)
		if err != nil || value[0] == '+' || h.length >= 0 && h.length != int64(n) {
			return fmt.Errorf("bad Content-Length %q", excerpt(value))
		}
		h.length = int64(n)
	case "transfer-encoding":
		if h.chunked || old || !strings.EqualFold(value, "chunked") {
			return fmt.Errorf("unsupported Transfer-Encoding %q", excerpt(value))
		}
		h.chunked = true
		return nil
	case "connection":
		for token := range strings.SplitSeq(value, ",") {
			switch token = strings.Trim(token, " \t"); {
			case strings.EqualFold(token, "close"):
				h.keep = false
			case old && strings.EqualFold(token, "keep-alive"):
				h.keep = true
			}
		}
	}
	h.headers = append(h.headers, sigv4.Header{Name: name, Value: value})
	return nil
}

func excerpt(s string) string {
	const most = 80
	if len(s) > most {
		return s[:most]
	}
	return s
}

// common are the names of headers that most answers have: a lookup is cheaper than
// a new string.
var common = func() map[string]string {
	names := map[string]string{}
	for name := range strings.FieldsSeq(`accept-ranges age cache-control connection content-disposition content-encoding content-language content-length
		content-type date etag expires keep-alive last-modified link location server set-cookie strict-transport-security transfer-encoding vary via
		x-content-type-options x-frame-options x-powered-by x-request-id`) {
		names[name] = name
	}
	return names
}()

// lowered returns name in lower case.
func lowered(name string) string {
	var memory [32]byte
	if len(name) > len(memory) {
		return strings.ToLower(name)
	}
	b := memory[:len(name)]
	for i := range b {
		b[i] = name[i]
		if 'A' <= b[i] && b[i] <= 'Z' {
			b[i] += 'a' - 'A'
		}
	}
	if known, ok := common[string(b)]; ok {
		return known
	}
	return strings.ToLower(name)
}
