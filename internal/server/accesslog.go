package server

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hakonegate/hakone/arn"
	"github.com/hakonegate/hakone/internal/execenv"
	"github.com/hakonegate/hakone/internal/service/logs"
)

// maxAccessLines is how many lines of the access log wait for a slow reader.
const maxAccessLines = 4096

// accessLogs writes the access logs of stages to their log groups and, where
// the operator asked for it, the lines of every stage to one stream. Requests
// never wait for the stream's reader: what is too much for it is dropped, and
// counted.
type accessLogs struct {
	logs    *logs.Service
	stream  io.Writer // nil: log groups only
	log     *slog.Logger
	lines   chan string
	dropped atomic.Int64
}

func newAccessLogs(groups *logs.Service, stream io.Writer, log *slog.Logger) *accessLogs {
	return &accessLogs{logs: groups, stream: stream, log: log, lines: make(chan string, maxAccessLines)}
}

// WriteAccessLog implements [gateway.AccessLogs]. Log groups are in memory, so
// it does not block.
func (a *accessLogs) WriteAccessLog(destinationARN string, at time.Time, line string) {
	if a.stream != nil {
		select {
		case a.lines <- line:
		default:
			a.dropped.Add(1)
		}
	}
	destination, err := arn.Parse(destinationARN)
	group, ok := strings.CutPrefix(destination.Resource, "log-group:")
	if err != nil || destination.Service != "logs" || !ok {
		return // no log group, or a Firehose stream, of which there is none here
	}
	a.logs.Append(strings.TrimSuffix(group, ":*"), "access", execenv.LogEvent{Time: at, Message: line})
}

// Run writes to the stream until ctx is done, then what still waits. A stream
// that cannot be written to is a warning: requests go on.
func (a *accessLogs) Run(ctx context.Context) error {
	if a.stream == nil {
		return nil
	}
	w := bufio.NewWriter(a.stream)
	for {
		select {
		case line := <-a.lines:
			a.write(w, line)
		case <-ctx.Done():
			for len(a.lines) > 0 {
				a.write(w, <-a.lines)
			}
			return nil
		}
	}
}

// write writes a line; the last one that waits is followed by a flush.
func (a *accessLogs) write(w *bufio.Writer, line string) {
	_, _ = w.WriteString(line) // an error stays until the flush
	_ = w.WriteByte('\n')
	if len(a.lines) > 0 {
		return
	}
	if err := w.Flush(); err != nil {
		a.log.Warn("the access log cannot be written", "error", err)
		w.Reset(a.stream)
	}
	if n := a.dropped.Swap(0); n > 0 {
		a.log.Warn("lines of the access log were dropped: its reader is too slow", "lines", n)
	}
}
