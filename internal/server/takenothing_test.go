package server

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// A client of HTTP/2 that never opens its window is given up.
func TestAWindowThatStaysShutEndsTheAnswer(t *testing.T) {
	outcome := make(chan error, 1)
	server := httptest.NewUnstartedServer(patient(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n, err := w.Write(make([]byte, 1<<20))
		if err == nil {
			t.Errorf("%d bytes were written to a window of 65,535", n)
		}
		outcome <- err
	}), 100*time.Millisecond))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	askHTTP2(t, server)
	select {
	case err := <-outcome:
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the answer ended with %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the answer is still being written")
	}
}

// What net/http keeps is sent when the handler has returned: that ends too, and so
// does the stream.
func TestAWindowThatStaysShutEndsWhatIsKept(t *testing.T) {
	server := httptest.NewUnstartedServer(patient(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("small"))
	}), 100*time.Millisecond))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	framer := askHTTP2(t, server, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			t.Fatalf("the stream was not reset: %v", err)
		}
		if reset, ok := frame.(*http2.RSTStreamFrame); ok && reset.StreamID == 1 {
			return
		}
	}
}

// askHTTP2 sends a request as stream 1, and never opens the window.
func askHTTP2(t *testing.T, server *httptest.Server, settings ...http2.Setting) *http2.Framer {
	t.Helper()
	conn, err := tls.Dial("tcp", server.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	var head bytes.Buffer
	fields := hpack.NewEncoder(&head)
	for _, f := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":path", "/"}, {":authority", "h"}} {
		_ = fields.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
	}
	framer := http2.NewFramer(conn, conn)
	_, err = conn.Write([]byte(http2.ClientPreface))
	err = errors.Join(err, framer.WriteSettings(settings...), framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: head.Bytes(), EndStream: true, EndHeaders: true}))
	if err != nil {
		t.Fatal(err)
	}
	return framer
}

// Who takes it slowly gets it whole, and flushing goes through.
func TestAPatientWriterWritesAll(t *testing.T) {
	w := httptest.NewRecorder()
	large := bytes.Repeat([]byte("a"), 300_000)
	patient(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n, err := w.Write(large); n != len(large) || err != nil {
			t.Errorf("%d bytes, %v", n, err)
		}
		if n, err := w.Write(nil); n != 0 || err != nil {
			t.Errorf("nothing: %d bytes, %v", n, err)
		}
		_ = http.NewResponseController(w).Flush()
	}), time.Minute).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", http.NoBody))
	if !bytes.Equal(w.Body.Bytes(), large) || !w.Flushed {
		t.Errorf("%d bytes arrived, flushed %v", w.Body.Len(), w.Flushed)
	}
}
