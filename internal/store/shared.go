package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"github.com/hakonegate/hakone/internal/engine"
)

// ErrCutOff says that this node cannot change records: it has no connection to
// the NATS servers, or they have no quorum. What it knew last, it goes on showing.
var ErrCutOff = errors.New("this node is cut off from the engine: what it serves is as old as its status says")

// changeHeader names the change that a message belongs to.
const changeHeader = "Hakone-Change"

// errIncompleteBatch is the code of a batch that a new leader knows only a part of.
const errIncompleteBatch jetstream.ErrorCode = 10176

// attemptWait bounds one try of a write. A server that died with it never answers.
const attemptWait = 5 * time.Second

// send writes messages and finds out whether they were written when the answer
// is lost: servers die, and clusters elect new leaders, while writers wait.
//
// A second try of what was written after all is refused by the sequences that it
// expects; what expects none is written twice, which is the same.
func (s *Store) send(ctx context.Context, messages []*nats.Msg) (rev uint64, err error) {
	if age := s.Stale(); age > refuseAfter {
		return 0, fmt.Errorf("%w (%d s)", ErrCutOff, int(age.Seconds()))
	}
	id := nuid.Next()
	for _, msg := range messages {
		msg.Header.Set(changeHeader, id)
	}
	for tries := 0; ; tries++ {
		attempt, cancel := context.WithTimeout(ctx, attemptWait)
		rev, err = s.publish(attempt, messages)
		cancel()
		mayBeOurs := wrongSequence(err) && tries > 0
		if err == nil || !passing(err) && !mayBeOurs {
			return rev, err
		}
		found, lookErr := s.landed(ctx, messages, id)
		switch {
		case found != 0:
			return found, nil
		case lookErr == nil && wrongSequence(err):
			return 0, err
		}
		if !engine.Passing(ctx) || s.Stale() > refuseAfter {
			return 0, fmt.Errorf("%w: whether the change was made is not known: %w", ErrCutOff, err)
		}
	}
}

// landed looks whether a change was made after all, and returns the sequence of
// its last message.
func (s *Store) landed(ctx context.Context, messages []*nats.Msg, id string) (rev uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, attemptWait)
	defer cancel()
	for i, sent := range slices.Backward(messages) {
		msg, err := s.stream.GetLastMsgForSubject(ctx, sent.Subject)
		switch {
		case errors.Is(err, jetstream.ErrMsgNotFound):
		case err != nil:
			return 0, err
		case msg.Header.Get(changeHeader) == id:
			return msg.Sequence + uint64(len(messages)-1-i), nil //nolint:gosec // a batch has consecutive sequences
		}
	}
	return 0, nil
}

// passing reports whether an error says that nobody has decided about a write.
func passing(err error) bool {
	if api, ok := errors.AsType[*jetstream.APIError](err); ok {
		return api.Code >= 500 || api.Code == 429 || api.ErrorCode == errIncompleteBatch
	}
	return true
}
