package engine_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
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

func TestRecordsHaveOnePlace(t *testing.T) {
	srv, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(10 * time.Second) {
		t.Fatal("server did not start")
	}
	url, dir := srv.ClientURL(), t.TempDir()
	e, err := engine.Start(t.Context(), engine.Config{Dir: dir, URL: url})
	if err != nil {
		t.Fatal(err)
	}
	node := e.Node()
	if seen, ok := e.SeenAs(); !ok || seen.String() != "127.0.0.1" {
		t.Errorf("the server sees %s, %v; want 127.0.0.1", seen, ok)
	}
	if _, err := engine.Start(t.Context(), engine.Config{Dir: dir, URL: url}); err == nil {
		t.Error("two processes are one node")
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if e, err = engine.Start(t.Context(), engine.Config{Dir: dir, URL: url}); err != nil || e.Node() != node {
		t.Errorf("after a restart the node is %q, %v; want %q", e.Node(), err, node)
	}
	_ = e.Close()
	if _, err := engine.Start(t.Context(), engine.Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), "--nats") {
		t.Errorf("embedded in the directory of a node = %v, want a refusal", err)
	}
	own := t.TempDir()
	_ = start(t, own).Close()
	if _, err := engine.Start(t.Context(), engine.Config{Dir: own, URL: url}); err == nil || !strings.Contains(err.Error(), "records of its own") {
		t.Errorf("external in a directory with records = %v, want a refusal", err)
	}
}

func TestAPasswordIsNotRepeated(t *testing.T) {
	for _, url := range []string{"nats://user:pass%zzword@host:4222", "nats://user:password@127.0.0.1:1", "://user:password"} {
		_, err := engine.Start(t.Context(), engine.Config{URL: url})
		if err == nil || strings.Contains(err.Error(), "word") {
			t.Errorf("Start = %v", err)
		}
	}
}
