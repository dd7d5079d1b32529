package cloudformation

import (
	"context"
	"errors"
	"time"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/store"
)

// A token makes a call that is sent again do nothing the second time.
type token struct {
	Operation string
	StackID   string // of what the first call began
	Time      time.Time
}

// tokensFor is how long a token is remembered.
const tokensFor = 24 * time.Hour

// once runs an operation on a stack unless the caller's token says that it was
// begun already. A token is given up when its operation is refused. "" is no
// token. It returns the stack's id if the first call told it.
func (a api) once(ctx context.Context, name, operation, value string, run func() (string, error)) (string, error) {
	if value == "" {
		return run()
	}
	key := name + "/" + value
	before, ok := a.s.tokens.Get(key)
	switch {
	case ok && before.Operation == operation:
		return before.StackID, nil
	case ok:
		return "", awserr.New("TokenAlreadyExistsException", 400, "A client request token already exists: %s", value)
	}
	err := a.s.tokens.Create(ctx, key, token{Operation: operation, Time: a.s.cfg.Now()})
	if errors.Is(err, store.ErrExists) { // the same call, at the same moment
		return "", awserr.New("OperationInProgressException", 400, "An operation with the client request token %s is being started", value)
	} else if err != nil {
		return "", err
	}
	id, err := run()
	ctx = context.WithoutCancel(ctx)
	if err != nil {
		return "", errors.Join(err, a.s.tokens.Delete(ctx, key))
	}
	return id, a.s.tokens.Put(ctx, key, token{Operation: operation, StackID: id, Time: a.s.cfg.Now()})
}

// forgetTokens drops tokens that are too old to come again.
func (s *Service) forgetTokens(ctx context.Context) error {
	for key, t := range s.tokens.All() {
		if s.cfg.Now().Sub(t.Time) < tokensFor {
			continue
		}
		if err := s.tokens.Delete(ctx, key); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return nil
}
