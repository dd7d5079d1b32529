package server

import (
	"net/http"
	"time"
)

// patient is handler for HTTP/2, whose clients may take nothing of an answer for
// pause at most: a window that stays shut would hold the answer, and who makes it,
// without end. A handler may be silent for longer. HTTP/1.1 has it in package http1.
func patient(handler http.Handler, pause time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := &patientWriter{ResponseWriter: w, control: http.NewResponseController(w), pause: pause}
		handler.ServeHTTP(p, r)
		p.begin() // net/http sends what it has kept
	})
}

type patientWriter struct {
	http.ResponseWriter

	control *http.ResponseController
	pause   time.Duration
	since   int // bytes written since a flush
}

// begin sets the deadline of a write, which HTTP/2 has; end takes it away.
func (w *patientWriter) begin() { _ = w.control.SetWriteDeadline(time.Now().Add(w.pause)) }
func (w *patientWriter) end()   { _ = w.control.SetWriteDeadline(time.Time{}) }

// Write writes in parts, so that a large answer is not taken for a client that takes
// nothing.
func (w *patientWriter) Write(p []byte) (n int, err error) {
	const part, kept = 64 << 10, 4 << 10 // which net/http keeps
	if w.since += len(p); w.since < kept {
		return w.ResponseWriter.Write(p) //nolint:wrapcheck // as it is, says the contract of io.Writer
	}
	defer w.end()
	for err == nil && n < len(p) {
		var wrote int
		w.begin()
		wrote, err = w.ResponseWriter.Write(p[n:min(len(p), n+part)])
		n += wrote
	}
	return n, err //nolint:wrapcheck // as above
}

// FlushError is for [http.ResponseController].
func (w *patientWriter) FlushError() error {
	w.since = 0
	w.begin()
	defer w.end()
	return w.control.Flush() //nolint:wrapcheck // net/http's is not either
}

func (w *patientWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
