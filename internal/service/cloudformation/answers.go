package cloudformation

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"sync"

	"github.com/hakonegate/hakone/internal/awserr"
)

// maxAnswer is how long the answer of a custom resource may be.
const maxAnswer = 4096

// answers are the custom resources that wait for one. Whoever knows a token may
// answer: it is in the event's ResponseURL and nowhere else.
type answers struct {
	mu      sync.Mutex
	waiting map[string]*waiting
}

// waiting is one place for one answer.
type waiting struct {
	token  string
	all    *answers
	answer chan []byte // holds the first one
}

func (a *answers) open() *waiting {
	w := &waiting{token: newToken(), all: a, answer: make(chan []byte, 1)}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.waiting == nil {
		a.waiting = map[string]*waiting{}
	}
	a.waiting[w.token] = w
	return w
}

// newToken returns a text that nobody guesses.
func newToken() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func (w *waiting) close() {
	w.all.mu.Lock()
	defer w.all.mu.Unlock()
	delete(w.all.waiting, w.token)
}

// wait returns the answer. An error of failed ends the waiting, unless the answer
// came before; so does ctx.
func (w *waiting) wait(ctx context.Context, failed <-chan error) ([]byte, error) {
	for {
		select {
		case body := <-w.answer:
			return body, nil
		case err := <-failed:
			if err == nil {
				failed = nil
				continue
			}
			select {
			case body := <-w.answer:
				return body, nil
			default:
				return nil, err
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// MaxAnswer is how many bytes [Service.Answer] wants to see of a body: one more
// than it takes.
const MaxAnswer = maxAnswer + 1

// Answer takes what was put to the ResponseURL with the token: the answer of a
// custom resource, or the signal of a wait condition. An [*awserr.Error] says that
// nothing waits for it.
func (s *Service) Answer(ctx context.Context, token string, body []byte) error {
	s.answers.mu.Lock()
	w := s.answers.waiting[token]
	s.answers.mu.Unlock()
	if w == nil {
		return s.signal(ctx, token, body)
	}
	select {
	case w.answer <- body:
	default: // the first one counts
	}
	return nil
}

func unknownToken() error { return awserr.New("AccessDenied", 403, "Request has expired") }

func (s *Service) responseURL(token string) string { return s.cfg.ResponseURL() + token }
