package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
)

// ErrNobody says that nobody listens on a subject.
var ErrNobody = errors.New("nobody listens")

// A Message is what another process said.
type Message struct {
	Subject string
	Data    []byte
	msg     *nats.Msg
}

// Answer answers a message of [Engine.Ask].
func (m *Message) Answer(data []byte) error { return m.msg.Respond(data) }

// Tell says something to all who listen now. It may be lost.
func (e *Engine) Tell(subject string, data []byte) error { return e.conn.Publish(subject, data) }

// Ask says something to one who listens and waits for the answer until ctx is
// done; [ErrNobody] if nobody does.
func (e *Engine) Ask(ctx context.Context, subject string, data []byte) ([]byte, error) {
	answer, err := e.conn.RequestWithContext(ctx, subject, data)
	if errors.Is(err, nats.ErrNoResponders) {
		return nil, ErrNobody
	}
	if err != nil {
		return nil, fmt.Errorf("ask by NATS: %w", err)
	}
	return answer.Data, nil
}

// Listen calls hear for each message on a subject, one after the other, until
// stop is called. Of those who share a group, one hears each message; with the
// group "" all do.
func (e *Engine) Listen(subject, group string, hear func(*Message)) (stop func(), err error) {
	subscription, err := e.conn.QueueSubscribe(subject, group, func(msg *nats.Msg) { hear(&Message{msg.Subject, msg.Data, msg}) })
	if err != nil {
		return nil, fmt.Errorf("listen to NATS: %w", err)
	}
	if err := e.conn.Flush(); err != nil {
		return nil, fmt.Errorf("listen to NATS: %w", err)
	}
	return func() { _ = subscription.Unsubscribe() }, nil
}
