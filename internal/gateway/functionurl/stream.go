package functionurl

import (
	"log/slog"
	"net/http"

	"github.com/hakonegate/hakone/internal/gateway/event"
)

// A stream passes on what a function writes as it comes.
type stream struct {
	*exchange
	requestID string

	began  bool // the status was sent
	failed bool // what came first is no answer
	first  []byte
	bytes  int64
}

// maxStream is how much a function may stream.
const maxStream = 200 << 20

// take takes the next chunk.
func (s *stream) take(contentType string, chunk []byte) {
	switch s.bytes += int64(len(chunk)); {
	case s.failed || s.bytes > maxStream:
		s.failed = true
		return
	case s.began:
		s.send(chunk)
		return
	}
	s.first = append(s.first, chunk...)
	answer, err := event.ParseStreamed(contentType, s.first)
	if err != nil {
		s.config.Log.DebugContext(s.r.Context(), "stream to a function URL is malformed", slog.String("function", s.url.FunctionArn), slog.Any("error", err))
		s.failed = true
		return
	}
	if answer == nil {
		return
	}
	s.began, s.first = true, nil
	h := s.w.Header()
	for _, f := range s.cors.Apply(answer.Headers, s.r.Header.Get("Origin")) {
		h.Add(f.Name, f.Value)
	}
	h.Set("X-Amzn-Requestid", s.requestID)
	s.w.WriteHeader(answer.Status)
	s.send(answer.Body)
}

// send sends a part of the body at once. The client may be gone.
func (s *stream) send(chunk []byte) {
	if s.r.Method == http.MethodHead {
		return
	}
	_, _ = s.w.Write(chunk)
	_ = http.NewResponseController(s.w).Flush()
}

// end ends the body. That of a function which failed in mid-stream is broken
// off, so that the client does not take it for whole.
func (s *stream) end(ok bool) error {
	if !ok || s.failed {
		panic(http.ErrAbortHandler)
	}
	return nil
}
