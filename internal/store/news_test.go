package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/store"
)

func TestChangesAreToldByCollection(t *testing.T) {
	s, _ := open(t, engine.Config{Dir: t.TempDir()})
	a, b := store.In[int](s, "test.a"), store.In[int](s, "test.b")
	if err := a.Put(t.Context(), "1", 1); err != nil {
		t.Fatal(err)
	}
	told, leave := s.Changes("test.a")
	defer leave()
	revision := s.RevisionOf("test.a")
	if err := b.Put(t.Context(), "1", 1); err != nil {
		t.Fatal(err)
	}
	select {
	case <-told:
		t.Error("a change of b was told to who asked for a")
	default:
	}
	if got := s.RevisionOf("test.a"); got != revision {
		t.Errorf("the revision of a went from %d to %d with a change of b", revision, got)
	}
	put := func(key string) {
		err := s.Atomically(t.Context(), func(tx *store.Tx) error {
			if err := b.In(tx).Put(key, 2); err != nil {
				return err
			}
			return a.In(tx).Put(key, 2)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	put("2")
	select {
	case <-told:
	default:
		t.Error("a change of a was not told")
	}
	if err := a.Delete(t.Context(), "1"); err != nil {
		t.Fatal(err)
	}
	got, ok := s.ChangedSince(revision, "test.a")
	want := []store.Changed{{Collection: "test.a", Key: "2"}, {Collection: "test.a", Key: "1"}}
	if diff := cmp.Diff(want, got); !ok || diff != "" {
		t.Errorf("changed since: %v (-want +got):\n%s", ok, diff)
	}
	for range 9000 / 500 {
		err := s.Atomically(t.Context(), func(tx *store.Tx) error {
			for n := range 500 {
				if err := b.In(tx).Put(string(rune('a'+n)), n); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := s.ChangedSince(revision, "test.a"); ok {
		t.Error("what is long ago is told as if it were all")
	}
}
