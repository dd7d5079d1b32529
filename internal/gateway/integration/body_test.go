package integration

import (
	"io"
	"net/http"
	"testing"
	"time"
)

// lateReader is a transport that answers at once and reads the body afterwards.
type lateReader struct{ body chan io.Reader }

func (l lateReader) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.ContentLength != 4 {
		return nil, io.ErrShortBuffer
	}
	l.body <- r.Body
	again, err := r.GetBody()
	l.body <- again
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, err
}

func TestABodyIsNotReadAfterTheRequestIsDone(t *testing.T) {
	transport := lateReader{make(chan io.Reader, 2)}
	h := &HTTP{Transport: transport, URI: "http://backend.example/", Method: "POST", Timeout: time.Minute}
	_, done, err := h.Do(t.Context(), &HTTPRequest{Method: "POST", Body: []byte("body")})
	if err != nil {
		t.Fatal(err)
	}
	first, again := <-transport.body, <-transport.body
	if b, err := io.ReadAll(again); string(b) != "body" || err != nil {
		t.Errorf("a second attempt reads %q, %v", b, err)
	}
	done()
	if b, err := io.ReadAll(first); len(b) > 0 || err == nil {
		t.Errorf("read %q, %v after the request was done", b, err)
	}
}
