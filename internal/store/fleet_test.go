package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/hakonegate/hakone/internal/store"
)

func TestWorkHasOneHolder(t *testing.T) {
	c := external(t)
	one, shut := open(t, c)
	two, _ := open(t, c)
	held, _, err := one.Lease(t.Context(), "stack")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := two.Lease(t.Context(), "stack"); !errors.Is(err, store.ErrHeld) {
		t.Fatalf("second Lease = %v, want ErrHeld", err)
	}
	n := store.In[int](one, "test.n")
	if err := n.Put(held, "n", 1); err != nil {
		t.Fatal(err)
	}
	shut() // says that it stops
	eventually(t, "the work is free", func() bool { return two.Free("stack") })
	_, release, err := two.Lease(t.Context(), "stack")
	if err != nil {
		t.Fatal(err)
	}
	release()
	if !two.Free("stack") {
		t.Error("a released lease is held")
	}
}

func TestWhoLostTheLeaseChangesNothing(t *testing.T) {
	c := external(t)
	one, _ := open(t, c)
	held, _, err := one.Lease(t.Context(), "stack")
	if err != nil {
		t.Fatal(err)
	}
	// Another takes over, as it would after a silence.
	if err := store.Steal(t.Context(), one, "stack"); err != nil {
		t.Fatal(err)
	}
	n := store.In[int](one, "test.n")
	if err := n.Put(store.WithUndo(held, "log"), "n", 2); !errors.Is(err, store.ErrLost) {
		t.Errorf("Put under a lost lease = %v, want ErrLost", err)
	}
	if _, ok := n.Get("n"); ok {
		t.Error("it was written")
	}
}

func TestNodesHearOfEachOther(t *testing.T) {
	c := external(t)
	one, shut := open(t, c)
	two, _ := open(t, c)
	self := one.Self()
	eventually(t, "both are known", func() bool { return len(two.Nodes()) == 2 })
	if two.Gone(self) {
		t.Error("a node that lives is gone")
	}
	if age := one.Stale(); age > store.StaleAfter {
		t.Errorf("the records are %v old", age)
	}
	shut()
	eventually(t, "the node is gone", func() bool { return two.Gone(self) })
}

func TestEmbeddedRecordsAreNeverStaleNorShared(t *testing.T) {
	c := embedded(t)
	s, _ := open(t, c)
	if s.Self() != "" || s.Stale() != 0 || s.Nodes() != nil || s.Gone("") || !s.Gone("another/run") {
		t.Errorf("an embedded store believes in others: %q %v %v", s.Self(), s.Stale(), s.Nodes())
	}
	revision := s.Revision()
	ctx, release, err := s.Lease(t.Context(), "stack")
	if err != nil || ctx != t.Context() {
		t.Fatal(err)
	}
	release()
	if s.Revision() != revision {
		t.Error("a lease of an embedded store was written")
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("not in time: %s", what)
}

func TestNodesThatAreLongGoneAreForgotten(t *testing.T) {
	c := external(t)
	one, shut := open(t, c)
	two, _ := open(t, c)
	eventually(t, "both are known", func() bool { return len(two.Nodes()) == 2 })
	self := one.Self()
	shut()
	eventually(t, "the node is gone", func() bool { return two.Gone(self) })
	store.Age(two, 2*time.Hour)
	eventually(t, "it is forgotten", func() bool { return len(two.Nodes()) == 1 })
	three, _ := open(t, c)
	eventually(t, "who comes later does not hear of it", func() bool { return len(three.Nodes()) == 2 })
}
