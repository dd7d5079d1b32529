package http1

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// quiet is a server for connections that a test makes itself.
func quiet(handler http.HandlerFunc) *Server {
	return &Server{
		Handler: handler, HeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, WriteTimeout: time.Minute, MaxHeader: 64 << 10, Log: slog.New(slog.DiscardHandler),
	}
}

func TestABodyHasATimeOfItsOwn(t *testing.T) {
	for _, tt := range []struct {
		name        string
		head, body  time.Duration // waits before them
		wantTimeout bool
	}{
		{"the connection was idle for long", 8 * time.Second, 5 * time.Second, false},
		{"the body comes too slowly", 0, 11 * time.Second, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got string
				server := quiet(func(_ http.ResponseWriter, r *http.Request) {
					b, err := io.ReadAll(r.Body)
					got = fmt.Sprintf("%s %v", b, timedOut(err))
				})
				client, theirs := net.Pipe()
				server.start(theirs)
				time.Sleep(tt.head)
				_, _ = io.WriteString(client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nConnection: close\r\n\r\n")
				time.Sleep(tt.body)
				go func() { _, _ = io.WriteString(client, "abc") }()
				_, _ = io.Copy(io.Discard, client)
				server.served.Wait()
				want := "abc false"
				if tt.wantTimeout {
					want = " true"
				}
				if got != want {
					t.Errorf("got %q, want %q", got, want)
				}
				_ = client.Close()
			})
		})
	}
}

func TestAnOddRequestLeavesNoMemoryWithItsConnection(t *testing.T) {
	server := quiet(func(http.ResponseWriter, *http.Request) {})
	client, theirs := net.Pipe()
	defer client.Close()
	c := newConn(server, theirs)
	server.served.Go(c.serve)
	reader := bufio.NewReader(client)
	var many strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&many, "h%d: v\r\n", i)
	}
	for _, headers := range []string{many.String(), "", ""} { // the last one's answer tells that the one before has been shifted out
		go func() { _, _ = io.WriteString(client, "GET / HTTP/1.1\r\nHost: h\r\n"+headers+"\r\n") }()
		res, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
	}
	_ = client.Close()
	server.served.Wait()
	if cap(c.lines) > manyHeaders || cap(c.values) > manyHeaders || len(c.in) > 4*firstBuffer {
		t.Errorf("kept: %d lines, %d values, %d bytes", cap(c.lines), cap(c.values), len(c.in))
	}
}
