package worker

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/execenv"
)

// Subjects. Those of one worker or gateway end in its name.
const (
	announceSubject = "hakone.workers"
	callSubject     = "hakone.worker.call."
	moreSubject     = "hakone.worker.more."
	pingSubject     = "hakone.worker.ping."
	gatewaySubject  = "hakone.gateway." // GATEWAY.CALL
	roleSubject     = "hakone.roles"
)

const (
	announceEvery = time.Second
	pingEvery     = 500 * time.Millisecond
	silence       = 4 * time.Second // after which a worker is dead
	askWait       = 2 * time.Second // for the answer to one message
	maxPiece      = 1 << 20
	maxEvent      = 8 << 20  // events are at most 6 MB
	maxResult     = 32 << 20 // answers are at most 6 MB, and escaped at worst
)

// answers to a message
const (
	answerOK   = "ok"
	answerBusy = "busy" // the worker takes no call now
	answerGone = "gone" // nobody waits for this
)

// An announcement is what a worker says of itself.
type announcement struct {
	Name, Host string
	Capacity   int
	Busy       int
	Leaving    bool `json:",omitempty"` // it takes no more calls
}

// A callHead opens a call. The event follows: what does not fit in the message, in
// further ones.
type callHead struct {
	Call     string
	ReplyTo  string
	Function *execenv.Function
	Request  invocation
	Size     int // of the event
}

// An invocation is [execenv.Invocation] as it is sent.
type invocation struct {
	RequestID, InvokedARN, TraceID, ClientContext, CognitoIdentity, TenantID string
	Tail, Stream                                                             bool
}

type moreHead struct {
	Call string
}

// A replyHead is a part of the answer: a piece of a stream, or of the result. A
// part that is sent again has the number that it had.
type replyHead struct {
	Number      int
	ContentType string  `json:",omitempty"` // of a stream
	Result      *result `json:",omitempty"` // with the first piece of the payload
	Payload     bool    `json:",omitempty"` // a further piece of it
}

// A result is [execenv.Result] as it is sent, or the error instead.
type result struct {
	execenv.Result
	Size    int    // of the payload, which is not in Result
	Refused string `json:",omitempty"` // kind of the error
	Reason  string `json:",omitempty"`
	Runtime string `json:",omitempty"` // of an [execenv.UnavailableError]
}

// frame puts a head before a body.
func frame(head any, body []byte) ([]byte, error) {
	text, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	b := make([]byte, 4, 4+len(text)+len(body))
	binary.BigEndian.PutUint32(b, uint32(len(text))) //nolint:gosec // far below 4 GiB
	return append(append(b, text...), body...), nil
}

var errFrame = errors.New("the message is cut off or no frame")

// unframe is the inverse. The body is a part of b.
func unframe[T any](b []byte) (head T, body []byte, err error) {
	if len(b) < 4 {
		return head, nil, errFrame
	}
	n := 4 + int(binary.BigEndian.Uint32(b))
	if n < 4 || n > len(b) {
		return head, nil, errFrame
	}
	if err := json.Unmarshal(b[4:n], &head); err != nil {
		return head, nil, errFrame
	}
	return head, b[n:], nil
}

// A link says pieces to one listener.
type link struct {
	e     *engine.Engine
	piece int // bytes of a body that fit in a message beside a head
}

func newLink(e *engine.Engine) link {
	return link{e, int(min(maxPiece, e.MaxPayload()-256<<10))}
}

// say sends one frame and returns the answer.
func (l link) say(ctx context.Context, subject string, head any, body []byte) (string, error) {
	b, err := frame(head, body)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, askWait)
	defer cancel()
	answer, err := l.e.Ask(ctx, subject, b)
	return string(answer), err
}

// cut splits off the first piece.
func (l link) cut(b []byte) (first, rest []byte) {
	n := min(len(b), l.piece)
	return b[:n], b[n:]
}

func newName() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// kinds of errors that keep a call from its function
const (
	refusedLimit       = "limit"
	refusedCredentials = "credentials"
	refusedRuntime     = "runtime"
	refusedStopped     = "stopped"
	refusedOther       = "other"
)

// refusal words an error of a pool.
func refusal(err error) *result {
	r := &result{Refused: refusedOther, Reason: err.Error()}
	no, ok := errors.AsType[*execenv.UnavailableError](err)
	switch {
	case ok:
		r.Refused, r.Runtime, r.Reason = refusedRuntime, no.Runtime, no.Reason
	case errors.Is(err, execenv.ErrLimit), errors.Is(err, execenv.ErrFunctionLimit):
		r.Refused = refusedLimit
	case errors.Is(err, execenv.ErrCredentials):
		r.Refused = refusedCredentials
	case errors.Is(err, execenv.ErrStopped):
		r.Refused = refusedStopped
	}
	return r
}

// refusedError is the inverse.
func (r *result) err() error {
	switch r.Refused {
	case "":
		return nil
	case refusedRuntime:
		return &execenv.UnavailableError{Runtime: r.Runtime, Reason: r.Reason}
	case refusedLimit:
		return execenv.ErrLimit
	case refusedCredentials:
		return execenv.ErrCredentials
	case refusedStopped:
		return execenv.ErrStopped
	default:
		return errors.New("on the worker: " + r.Reason)
	}
}
