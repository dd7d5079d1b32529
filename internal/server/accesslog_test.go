package server

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/hakonegate/hakone/internal/service/logs"
)

func TestTheAccessLogStreamHasEveryLineWhenTheServerStops(t *testing.T) {
	var out strings.Builder
	a := newAccessLogs(&logs.Service{}, &out, slog.New(slog.DiscardHandler))
	for _, line := range []string{"one", "two"} {
		a.WriteAccessLog("", time.Time{}, line)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := a.Run(ctx); err != nil || out.String() != "one\ntwo\n" {
		t.Errorf("Run: %v, wrote %q", err, out.String())
	}
}

func TestASlowReaderOfTheAccessLogHoldsNobodyUp(t *testing.T) {
	r, w := io.Pipe()
	var log strings.Builder
	a := newAccessLogs(&logs.Service{}, w, slog.New(slog.NewTextHandler(&log, nil)))
	for range maxAccessLines + 7 {
		a.WriteAccessLog("", time.Time{}, "line")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	read := make(chan int)
	go func() {
		b, _ := io.ReadAll(r)
		read <- strings.Count(string(b), "\n")
	}()
	if err := a.Run(ctx); err != nil {
		t.Error(err)
	}
	w.Close()
	if n := <-read; n != maxAccessLines || !strings.Contains(log.String(), "lines=7") {
		t.Errorf("%d lines, log %q", n, log.String())
	}
}

type closedPipe struct{}

func (closedPipe) Write([]byte) (int, error) { return 0, errors.New("closed pipe") }

func TestAnAccessLogThatCannotBeWrittenIsAWarning(t *testing.T) {
	var log strings.Builder
	a := newAccessLogs(&logs.Service{}, closedPipe{}, slog.New(slog.NewTextHandler(&log, nil)))
	a.WriteAccessLog("", time.Time{}, "line")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := a.Run(ctx); err != nil || !strings.Contains(log.String(), "closed pipe") {
		t.Errorf("Run: %v, log %q", err, log.String())
	}
}
