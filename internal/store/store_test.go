package store_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/store/storetest"
)

// open opens the store of an engine and closes both at the end.
func open(tb testing.TB, c engine.Config) (*store.Store, func()) {
	tb.Helper()
	e, err := engine.Start(tb.Context(), c)
	if err != nil {
		tb.Fatal(err)
	}
	s, err := store.Open(tb.Context(), e)
	if err != nil {
		_ = e.Close()
		tb.Fatal(err)
	}
	shut := func() { _, _ = s.Close(), e.Close() }
	tb.Cleanup(shut)
	return s, shut
}

func reopener(t *testing.T, c engine.Config) storetest.Reopen {
	t.Helper()
	shut := func() {}
	return func() *store.Store {
		shut()
		var s *store.Store
		s, shut = open(t, c)
		return s
	}
}

func TestEmbedded(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Reopen {
		t.Helper()
		return reopener(t, engine.Config{Dir: t.TempDir()})
	})
}

// external starts a NATS server like one that an operator would run.
func external(t *testing.T) engine.Config {
	t.Helper()
	srv, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, MaxPayload: engine.MaxPayload,
	})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(10 * time.Second) {
		t.Fatal("server did not start")
	}
	return engine.Config{URL: srv.ClientURL()}
}

func TestExternal(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Reopen {
		t.Helper()
		return reopener(t, external(t))
	})
}

func TestTwoProcessesShareAServer(t *testing.T) {
	c := external(t)
	one, _ := open(t, c)
	two, _ := open(t, c)
	ctx := t.Context()
	a, b := store.In[int](one, "test.n"), store.In[int](two, "test.n")
	if err := a.Create(ctx, "n", 0); err != nil {
		t.Fatal(err)
	}
	if err := b.Create(ctx, "n", 0); !errors.Is(err, store.ErrExists) {
		t.Errorf("Create by the other = %v, want ErrExists", err)
	}
	done := make(chan error)
	for _, c := range []store.Collection[int]{a, b} {
		go func() {
			for range 50 {
				if err := c.Update(ctx, "n", func(n *int) error { *n++; return nil }); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	// What one reads may be behind what the other wrote; what an update was made
	// from is not, once it has succeeded.
	var last int
	if err := a.Update(ctx, "n", func(n *int) error { last = *n; return nil }); err != nil {
		t.Fatal(err)
	}
	if last != 100 {
		t.Errorf("counter is %d, want 100", last)
	}
}

func TestOfTwoGuardedWritesOneSeesTheOther(t *testing.T) {
	c := external(t)
	one, _ := open(t, c)
	two, _ := open(t, c)
	// Each may write its own record only while the other has none: at most one may succeed.
	errTaken := errors.New("taken")
	claim := func(s *store.Store, mine, other string) error {
		c := store.In[int](s, "test.claims")
		return s.Atomically(t.Context(), func(tx *store.Tx) error {
			if _, ok := c.In(tx).Get(other); ok {
				return errTaken
			}
			return c.In(tx).Create(mine, 1)
		})
	}
	for i := range 20 {
		x, y := fmt.Sprint("x", i), fmt.Sprint("y", i)
		errs := make(chan error, 2)
		go func() { errs <- claim(one, x, y) }()
		go func() { errs <- claim(two, y, x) }()
		won := 0
		for range 2 {
			switch err := <-errs; {
			case err == nil:
				won++
			case !errors.Is(err, errTaken):
				t.Fatal(err)
			}
		}
		if won != 1 {
			t.Fatalf("round %d: %d claims succeeded, want 1", i, won)
		}
	}
}

func TestLostRecordsAreNoFreshStart(t *testing.T) {
	dir := t.TempDir()
	s, shut := open(t, engine.Config{Dir: dir})
	if err := store.In[int](s, "test.n").Put(t.Context(), "k", 1); err != nil {
		t.Fatal(err)
	}
	shut()
	if err := os.RemoveAll(filepath.Join(dir, "engine")); err != nil {
		t.Fatal(err)
	}
	e, err := engine.Start(t.Context(), engine.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if _, err = store.Open(t.Context(), e); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("Open = %v, want an error that records are missing", err)
	}
}

func TestRecordOfAnotherShapeIsFoundByCheck(t *testing.T) {
	s, _ := open(t, engine.Config{Dir: t.TempDir()})
	if err := store.In[string](s, "test.n").Put(t.Context(), "k", "text"); err != nil {
		t.Fatal(err)
	}
	if err := store.In[int](s, "test.n").Check(); err == nil || !strings.Contains(err.Error(), `test.n "k"`) {
		t.Errorf("Check = %v, want an error that names the record", err)
	}
}

func TestWhatIsNotWantedIsNotDecoded(t *testing.T) {
	s, _ := open(t, engine.Config{Dir: t.TempDir()})
	if err := store.In[string](s, "test.n").Put(t.Context(), "b", "no number"); err != nil {
		t.Fatal(err)
	}
	numbers := store.In[int](s, "test.n")
	for i, key := range []string{"c", "a", "d"} {
		if err := numbers.Put(t.Context(), key, i); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	wanted := func(key string) bool {
		got = append(got, key+"?")
		return key != "b"
	}
	for key, n := range numbers.Where(wanted) {
		if got = append(got, fmt.Sprint(key, n)); key == "c" {
			break
		}
	}
	if want := "a? a1 b? c? c0"; strings.Join(got, " ") != want {
		t.Errorf("asked and got %v, want %s", got, want)
	}
}

// TestKilledWriterLeavesWholeChanges kills a process in the middle of its
// writing, again and again, and looks whether a change is ever torn.
func TestKilledWriterLeavesWholeChanges(t *testing.T) {
	if dir := os.Getenv("STORE_TEST_DIR"); dir != "" {
		writeForever(t, dir)
	}
	dir := t.TempDir()
	for round := range 8 {
		cmd, lines := again(t, dir)
		if !lines.Scan() {
			t.Fatal("nothing printed")
		}
		time.Sleep(time.Duration(20+round*17) * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		s, shut := open(t, engine.Config{Dir: dir})
		seen := map[int]int{}
		for _, v := range store.In[int](s, "test.parts").All() {
			seen[v]++
		}
		if len(seen) > 1 {
			t.Fatalf("round %d: the parts are of several changes: %v", round, seen)
		}
		t.Logf("round %d: %v", round, seen)
		shut()
	}
}

func writeForever(t *testing.T, dir string) {
	t.Helper()
	s, _ := open(t, engine.Config{Dir: dir})
	c := store.In[int](s, "test.parts")
	start, _ := c.Get("0")
	_, _ = os.Stdout.WriteString("ready\n")
	for n := start + 1; ; n++ {
		err := s.Atomically(t.Context(), func(tx *store.Tx) error {
			var errs []error
			for i := range 20 {
				errs = append(errs, c.In(tx).Put(fmt.Sprint(i), n))
			}
			return errors.Join(errs...)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func BenchmarkPut(b *testing.B) {
	s, _ := open(b, engine.Config{Dir: b.TempDir()})
	c := store.In[int](s, "bench.n")
	for i := 0; b.Loop(); i++ {
		if err := c.Put(b.Context(), "k", i); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAtomically10(b *testing.B) {
	s, _ := open(b, engine.Config{Dir: b.TempDir()})
	c := store.In[int](s, "bench.n")
	for i := 0; b.Loop(); i++ {
		err := s.Atomically(b.Context(), func(tx *store.Tx) error {
			var errs []error
			for k := range 10 {
				errs = append(errs, c.In(tx).Put(fmt.Sprint(k), i))
			}
			return errors.Join(errs...)
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen10000(b *testing.B) {
	dir := b.TempDir()
	s, shut := open(b, engine.Config{Dir: dir})
	c := store.In[int](s, "bench.n")
	for i := range 20 {
		_ = s.Atomically(b.Context(), func(tx *store.Tx) error {
			for k := range 500 {
				_ = c.In(tx).Put(fmt.Sprint(i, "-", k), i)
			}
			return nil
		})
	}
	if c.Len() != 10000 {
		b.Fatal(c.Len())
	}
	shut()
	for b.Loop() {
		_, shut := open(b, engine.Config{Dir: dir})
		shut()
	}
}

func embedded(t *testing.T) engine.Config {
	t.Helper()
	return engine.Config{Dir: t.TempDir()}
}
