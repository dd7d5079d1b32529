package integration

import (
	"errors"
	"io"
	"sync"
)

// A loan is a body that a transport reads. A transport may still be at it when
// the backend has answered; [loan.end] takes the bytes back.
type loan struct {
	mu    sync.Mutex
	body  []byte
	ended bool
}

// reader returns a reader from the start of the body.
func (l *loan) reader() (io.ReadCloser, error) { return &loanReader{loan: l}, nil }

// end takes the body back: when it returns, nobody reads the bytes any more.
func (l *loan) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.body, l.ended = nil, true
}

type loanReader struct {
	loan *loan
	at   int
}

var errLoanEnded = errors.New("the request has been answered")

func (r *loanReader) Read(p []byte) (int, error) {
	r.loan.mu.Lock()
	defer r.loan.mu.Unlock()
	switch {
	case r.loan.ended:
		return 0, errLoanEnded
	case r.at == len(r.loan.body):
		return 0, io.EOF
	}
	n := copy(p, r.loan.body[r.at:])
	r.at += n
	return n, nil
}

func (*loanReader) Close() error { return nil }
