package runtimeapi

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
)

// MaxStream is the largest result that is streamed to a caller who takes it in
// chunks.
const MaxStream = 200 << 20

// A Chunk is a part of a result that is streamed.
type Chunk struct {
	ContentType string // of the whole result
	Data        []byte // the receiver's
}

// A stream is an answer on its way. It is written by one goroutine.
type stream struct {
	session *Session
	event   *Event
	size    int
	kept    []byte // if the caller takes no chunks
}

// begin begins a streamed answer to the call id.
func (s *Session) begin(id string) (*stream, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if no := s.takes(id, "InvocationResponse"); no != nil {
		return nil, no
	}
	s.streaming = true
	return &stream{session: s, event: s.current}, nil
}

// write passes a chunk on, and waits until it was taken. What is beyond the
// limit goes nowhere.
func (t *stream) write(contentType string, data []byte) {
	t.size += len(data)
	switch {
	case t.event.Stream == nil && t.size <= MaxResponse:
		t.kept = append(t.kept, data...)
	case t.event.Stream != nil && t.size <= MaxStream:
		select {
		case t.event.Stream <- Chunk{contentType, data}:
		case <-t.session.ended:
		}
	}
}

// end is the answer of a stream that is over. What a stream wrote before it
// failed stays written; the error's own text is the body where nothing else is.
func (t *stream) end(contentType string, failed bool, name string, text []byte) *refusal {
	a := Answer{Body: t.kept, ContentType: contentType, Streamed: true, Failed: failed}
	if failed {
		a.ErrorType = errorType(name)
		if len(a.Body) == 0 {
			a.Body = text
		}
	}
	if t.event.Stream == nil && t.size > MaxResponse || t.size > MaxStream {
		a = TooLarge()
		a.Streamed = t.event.Stream != nil
	}
	return t.session.finish(t.event.RequestID, "InvocationResponse", a)
}

// abandon ends a stream that was cut off; the call goes on without an answer.
func (t *stream) abandon() {
	t.session.mu.Lock()
	defer t.session.mu.Unlock()
	t.session.streaming = false
}

// serveStream takes an answer as it comes. An error after the first byte comes
// in trailers.
func (s *Session) serveStream(w http.ResponseWriter, r *http.Request, id string) {
	t, no := s.begin(id)
	if no != nil {
		refuse(w, no)
		return
	}
	contentType := r.Header.Get("Content-Type")
	buffer := make([]byte, 32<<10)
	for {
		n, err := r.Body.Read(buffer)
		if n > 0 {
			t.write(contentType, bytes.Clone(buffer[:n]))
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.abandon()
			refuse(w, &refusal{http.StatusBadRequest, "TruncatedHTTPRequest", "HTTP request detected as truncated"})
			return
		}
	}
	name := r.Trailer.Get("Lambda-Runtime-Function-Error-Type")
	text, err := base64.StdEncoding.DecodeString(r.Trailer.Get("Lambda-Runtime-Function-Error-Body"))
	if err != nil {
		text = nil
	}
	if no := t.end(contentType, name != "", name, text); no != nil {
		refuse(w, no)
		return
	}
	accept(w)
}
