package store_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/store"
)

// put changes several records at once.
func put(t *testing.T, s *store.Store, n int, keys ...string) {
	t.Helper()
	c := store.In[int](s, "test.n")
	err := s.Atomically(t.Context(), func(tx *store.Tx) error {
		var errs []error
		for _, key := range keys {
			errs = append(errs, c.In(tx).Put(key, n))
		}
		return errors.Join(errs...)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func all(s *store.Store) map[string]int {
	return maps.Collect(store.In[int](s, "test.n").All())
}

func TestRecordsOutliveTheBundlesThatBroughtThem(t *testing.T) {
	dir := t.TempDir()
	s, shut := open(t, engine.Config{Dir: dir})
	put(t, s, 1, "old", "older")
	want := map[string]int{"old": 1, "older": 1}
	for n := range 1100 { // more than there are slots
		key := fmt.Sprint(n % 7)
		put(t, s, n, key, "last")
		want[key], want["last"] = n, n
	}
	for range 2 {
		if diff := cmp.Diff(want, all(s)); diff != "" {
			t.Fatalf("-want +got:\n%s", diff)
		}
		shut()
		s, shut = open(t, engine.Config{Dir: dir})
	}
}

func TestWhatWasMadeAndDeletedInBundlesIsForgotten(t *testing.T) {
	dir := t.TempDir()
	s, shut := open(t, engine.Config{Dir: dir})
	c := store.In[int](s, "test.n")
	for n := range 1100 {
		key := fmt.Sprint(n)
		put(t, s, n, key, "last")
		err := s.Atomically(t.Context(), func(tx *store.Tx) error {
			return errors.Join(c.In(tx).Put("last", -n), c.In(tx).Delete(key))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := store.Markers(s); n > 600 {
		t.Errorf("%d deleted records are remembered", n)
	}
	shut()
	s, _ = open(t, engine.Config{Dir: dir})
	if diff := cmp.Diff(map[string]int{"last": -1099}, all(s)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestWriterWaitsForWhatItDidNotSeeWritten(t *testing.T) {
	s, _ := open(t, engine.Config{Dir: t.TempDir()})
	put(t, s, 1, "a", "b")
	put(t, s, 2, "a", "b")
	store.Lose(s, 1, "test.n", "a")
	c := store.In[int](s, "test.n")
	if err := c.Create(t.Context(), "a", 3); !errors.Is(err, store.ErrExists) {
		t.Errorf("Create = %v, want ErrExists", err)
	}
	if diff := cmp.Diff(map[string]int{"a": 2, "b": 2}, all(s)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestOneTakesWhatManyWriteAtOnce(t *testing.T) {
	s, _ := open(t, engine.Config{Dir: t.TempDir()})
	c := store.In[string](s, "test.taken")
	var won sync.Map
	var work sync.WaitGroup
	for n := range 64 {
		work.Go(func() {
			key := fmt.Sprint(n % 8)
			err := s.Atomically(t.Context(), func(tx *store.Tx) error {
				if err := c.In(tx).Create(key, fmt.Sprint(n)); err != nil {
					return err
				}
				return c.In(tx).Put("by"+fmt.Sprint(n), key)
			})
			switch {
			case errors.Is(err, store.ErrExists):
			case err != nil:
				t.Error(err)
			default:
				if other, taken := won.LoadOrStore(key, n); taken {
					t.Errorf("%v and %d both took %s", other, n, key)
				}
			}
		})
	}
	work.Wait()
	if c.Len() != 16 {
		t.Errorf("%d records, want 8 taken and 8 takers", c.Len())
	}
}

// TestKilledWritersLoseNothingAcknowledged kills a process in which many write at
// once, so that their changes are grouped. What was acknowledged must be there, and
// each change whole.
func TestKilledWritersLoseNothingAcknowledged(t *testing.T) {
	if dir := os.Getenv("STORE_TEST_DIR"); dir != "" {
		writeTogether(t, dir)
	}
	dir := t.TempDir()
	acknowledged := map[string]int{}
	for round := range 8 {
		cmd, lines := again(t, dir)
		var after *time.Timer
		for lines.Scan() {
			if after == nil {
				after = time.AfterFunc(time.Duration(20+round*17)*time.Millisecond, func() { _ = cmd.Process.Kill() })
			}
			var key string
			var n int
			if _, err := fmt.Sscanf(lines.Text(), "%s %d!", &key, &n); err == nil && strings.HasSuffix(lines.Text(), "!") {
				acknowledged[key] = n
			}
		}
		_ = cmd.Wait()
		s, shut := open(t, engine.Config{Dir: dir})
		got := all(s)
		for key, n := range acknowledged {
			if got[key] < n {
				t.Errorf("round %d: %s is %d, after %d was acknowledged", round, key, got[key], n)
			}
			if first, second := got[key], got[key+"-too"]; first != second {
				t.Errorf("round %d: of one change there are %d and %d", round, first, second)
			}
		}
		shut()
	}
	if len(acknowledged) != 16 {
		t.Errorf("%d of 16 writers wrote", len(acknowledged))
	}
}

func writeTogether(t *testing.T, dir string) {
	t.Helper()
	store.RingBytes(20_000) // bundles are settled all the time
	s, _ := open(t, engine.Config{Dir: dir})
	c := store.In[int](s, "test.n")
	for k := range 16 {
		go func() {
			key := fmt.Sprint("writer", k)
			start, _ := c.Get(key)
			for n := start + 1; ; n++ {
				err := s.Atomically(t.Context(), func(tx *store.Tx) error {
					return errors.Join(c.In(tx).Put(key, n), c.In(tx).Put(key+"-too", n))
				})
				if err != nil {
					panic(err)
				}
				fmt.Printf("%s %d!\n", key, n)
			}
		}()
	}
	select {}
}
