package engine_test

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/hakonegate/hakone/internal/engine"
)

func start(t *testing.T, dir string) *engine.Engine {
	t.Helper()
	e, err := engine.Start(t.Context(), engine.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func TestWhatWasAcknowledgedSurvivesARestart(t *testing.T) {
	dir := t.TempDir()
	e := start(t, dir)
	_, err := e.JetStream().CreateStream(t.Context(), jetstream.StreamConfig{Name: "S", Subjects: []string{"s"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.JetStream().Publish(t.Context(), "s", []byte("kept")); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}

	began := time.Now()
	e = start(t, dir)
	t.Logf("ready again after %v", time.Since(began))
	stream, err := e.JetStream().Stream(t.Context(), "S")
	if err != nil {
		t.Fatal(err)
	}
	msg, err := stream.GetMsg(t.Context(), 1)
	if err != nil || string(msg.Data) != "kept" {
		t.Errorf("GetMsg(1) = %v, %v; want the message", msg, err)
	}
}

func TestOneDirectoryHasOneProcess(t *testing.T) {
	dir := t.TempDir()
	first := start(t, dir)
	_, err := engine.Start(t.Context(), engine.Config{Dir: dir})
	var locked *engine.LockedError
	if !errors.As(err, &locked) || locked.PID != os.Getpid() {
		t.Fatalf("second Start = %v; want a LockedError with pid %d", err, os.Getpid())
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	start(t, dir) // free again
}

func TestStartNeedsAPlace(t *testing.T) {
	if _, err := engine.Start(t.Context(), engine.Config{}); err == nil {
		t.Error("Start without directory and URL succeeded")
	}
}

func TestUnreachableServerIsAnError(t *testing.T) {
	if _, err := engine.Start(t.Context(), engine.Config{URL: "nats://127.0.0.1:1"}); err == nil {
		t.Error("Start with an unreachable URL succeeded")
	}
}

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		e, err := engine.Start(b.Context(), engine.Config{Dir: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		_ = e.Close()
		b.StartTimer()
	}
}
