package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// A field is a header of HTTP/2, of any bytes.
type field struct{ name, value string }

// TestMalformedHTTP2IsNotPassedOn sends what cannot be said in HTTP/1.1 and would
// be another request there.
func TestMalformedHTTP2IsNotPassedOn(t *testing.T) {
	address, host, got := plainFront(t)
	get := func(more ...field) []field {
		return append([]field{{":method", "GET"}, {":scheme", "http"}, {":authority", host}, {":path", "/fixed"}}, more...)
	}
	with := func(name, value string) []field {
		fields := get()
		for i := range fields {
			if fields[i].name == name {
				fields[i].value = value
			}
		}
		return fields
	}
	const second = " HTTP/1.1\r\nHost: x\r\n\r\nGET /smuggled"
	for _, tt := range []struct {
		fact   string
		fields []field
		data   string
	}{
		{"a path with a second request", with(":path", "/fixed"+second), ""},
		{"a query with a second request", with(":path", "/fixed?q"+second), ""},
		{"a path with a version", with(":path", "/fixed HTTP/1.1"), ""},
		{"a query with a version", with(":path", "/fixed?a HTTP/1.1"), ""},
		{"a path with a tab", with(":path", "/fixed\t"), ""},
		{"a path without a slash", with(":path", "fixed"), ""},
		{"an empty path", with(":path", ""), ""},
		{"a path that is a URL", with(":path", "http://evil.example/fixed"), ""},
		{"a method with a second request", with(":method", "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET"), ""},
		{"a method with a space", with(":method", "GET /x"), ""},
		{"an authority with a line break", with(":authority", host+"\r\nX: y"), ""},
		{"an authority and another host", get(field{"host", "evil.example"}), ""},
		{"two paths", get(field{":path", "/smuggled"}), ""},
		{"two methods", get(field{":method", "POST"}), ""},
		{"a pseudo-header that is none", get(field{":smuggled", "x"}), ""},
		{"a pseudo-header after others", []field{{":method", "GET"}, {":scheme", "http"}, {":authority", host}, {"x", "y"}, {":path", "/fixed"}}, ""},
		{"no path", []field{{":method", "GET"}, {":scheme", "http"}, {":authority", host}}, ""},
		{"no method", []field{{":scheme", "http"}, {":authority", host}, {":path", "/fixed"}}, ""},
		{"no scheme", []field{{":method", "GET"}, {":authority", host}, {":path", "/fixed"}}, ""},
		{"a transfer encoding", get(field{"transfer-encoding", "chunked"}), "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"},
		{"headers of a connection", get(field{"connection", "keep-alive"}), ""},
		{"an upgrade", get(field{"upgrade", "h2c"}), ""},
		{"a proxy's connection", get(field{"proxy-connection", "keep-alive"}), ""},
		{"te other than trailers", get(field{"te", "gzip"}), ""},
		{"a name in capitals", get(field{"Transfer-Encoding", "chunked"}), ""},
		{"a name with a colon", get(field{"x: y\r\nz", "a"}), ""},
		{"a name with a space", get(field{"transfer-encoding ", "chunked"}), ""},
		{"an empty name", get(field{"", "a"}), ""},
		{"a value with a line break", get(field{"x", "a\r\nTransfer-Encoding: chunked"}), ""},
		{"a value with a line feed", get(field{"x", "a\nContent-Length: 9"}), ""},
		{"a value with NUL", get(field{"x", "a\x00b"}), ""},
		{"more than the length says", get(field{"content-length", "3"}), "abcGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"},
		{"less than the length says", get(field{"content-length", "99"}), "abc"},
		{"a length that is none", get(field{"content-length", "3x"}), "abc"},
	} {
		t.Run(tt.fact, func(t *testing.T) {
			status, err := sendHTTP2(connect(t, address), tt.fields, tt.data)
			if status < 400 && err == nil {
				t.Errorf("answered %d", status)
			}
			if heads := got.take(); len(heads) > 0 {
				t.Errorf("the backend got %q", heads)
			}
		})
	}
	// The body ends where its frames end, whatever else is said.
	if status, err := sendHTTP2(connect(t, address), get(field{"content-length", "3"}, field{"content-length", "4"}), "abc"); status == 200 || err == nil {
		for _, head := range got.take() {
			if strings.Count(head, "Content-Length:") != 1 {
				t.Errorf("two lengths: the backend got %q", head)
			}
		}
	}
	if status, err := sendHTTP2(connect(t, address), get(), ""); status != 200 || err != nil || len(got.take()) != 1 {
		t.Errorf("the well-formed request: %d %v", status, err)
	}
}

var errClosed = errors.New("the stream or the connection was closed")

// sendHTTP2 sends a request on a new connection and returns the status of the
// answer, or errClosed.
func sendHTTP2(c net.Conn, fields []field, data string) (int, error) {
	_ = c.SetDeadline(time.Now().Add(30 * time.Second))
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for _, f := range fields {
		if err := encoder.WriteField(hpack.HeaderField{Name: f.name, Value: f.value}); err != nil {
			return 0, err
		}
	}
	_, _ = io.WriteString(c, http2.ClientPreface)
	framer := http2.NewFramer(c, c)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	_ = framer.WriteSettings()
	_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true, EndStream: data == ""})
	if data != "" {
		_ = framer.WriteData(1, true, []byte(data))
	}
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return 0, errClosed
		}
		switch frame := frame.(type) {
		case *http2.MetaHeadersFrame:
			status := 0
			_, err := fmt.Sscan(frame.PseudoValue("status"), &status)
			return status, err
		case *http2.RSTStreamFrame, *http2.GoAwayFrame:
			return 0, errClosed
		}
	}
}
