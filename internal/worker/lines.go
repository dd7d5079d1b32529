package worker

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/execenv"
)

const logSubject = "hakone.logs"

// mostUntold bounds the lines that wait to be told; more are dropped.
const mostUntold = 4096

// Lines are some of a function's log.
type Lines struct {
	From          string
	Group, Stream string
	Events        []execenv.LogEvent
}

// Tell tells others what functions write: gateways keep the logs of all. What is
// told while somebody is cut off, they never hear; functions never wait for it. It
// is an [execenv.Logs].
type Tell struct {
	engine *engine.Engine
	from   string
	untold chan Lines
}

// NewTell returns what tells lines once it runs.
func NewTell(e *engine.Engine) *Tell {
	return &Tell{e, newName(), make(chan Lines, mostUntold)}
}

// Append implements [execenv.Logs].
func (t *Tell) Append(group, stream string, events ...execenv.LogEvent) {
	select {
	case t.untold <- Lines{t.from, group, stream, slices.Clone(events)}: // the caller keeps its own
	default:
	}
}

// Run tells what was appended until ctx is done, and what is left then.
func (t *Tell) Run(ctx context.Context) error {
	for {
		select {
		case lines := <-t.untold:
			t.tell(lines)
		case <-ctx.Done():
			for len(t.untold) > 0 {
				t.tell(<-t.untold)
			}
			return nil
		}
	}
}

func (t *Tell) tell(lines Lines) {
	if text, err := json.Marshal(lines); err == nil {
		_ = t.engine.Tell(logSubject, text)
	}
}

// Hear calls keep with what others tell, until stop is called.
func (t *Tell) Hear(keep func(*Lines)) (stop func(), err error) {
	return t.engine.Listen(logSubject, "", func(m *engine.Message) {
		var lines Lines
		if json.Unmarshal(m.Data, &lines) == nil && lines.From != t.from {
			keep(&lines)
		}
	})
}
