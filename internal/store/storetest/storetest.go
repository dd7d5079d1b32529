// Package storetest holds what is true of a store, whatever keeps its records.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/store"
)

// Reopen closes the store that it opened before, if any, and opens the same
// records again.
type Reopen func() *store.Store

type pet struct {
	Name string
	Tags []string
}

// Run tests a kind of store. fresh returns an empty one.
func Run(t *testing.T, fresh func(t *testing.T) Reopen) {
	t.Helper()
	for _, tt := range []struct {
		name string
		test func(t *testing.T, open Reopen)
	}{
		{"a record is created, read, changed and deleted", lifecycle},
		{"keys are any text", keys},
		{"readers get copies", copies},
		{"records survive", survives},
		{"a deleted key can be created again", recreate},
		{"concurrent updates all count", counts},
		{"several records change together or not at all", atomic},
		{"readers never see half a change", isolated},
		{"a change replayed after parts were overwritten is whole", overwritten},
		{"a change is announced", announced},
		{"sizes are bounded", bounded},
		{"logged changes can be undone after a restart", undo},
		{"logs about parts of one record are undone part by part", undoParts},
		{"a closed store refuses writes", closed},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, fresh(t)) })
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func lifecycle(t *testing.T, open Reopen) {
	t.Helper()
	ctx, s := t.Context(), open()
	pets := store.In[pet](s, "test.pets")
	if _, ok := pets.Get("a"); ok {
		t.Error("Get of an empty collection found a record")
	}
	if err := pets.Update(ctx, "a", func(*pet) error { return nil }); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Update = %v, want ErrNotFound", err)
	}
	if err := pets.Delete(ctx, "a"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Delete = %v, want ErrNotFound", err)
	}
	must(t, pets.Create(ctx, "a", pet{Name: "Rex"}))
	if err := pets.Create(ctx, "a", pet{Name: "Max"}); !errors.Is(err, store.ErrExists) {
		t.Errorf("second Create = %v, want ErrExists", err)
	}
	must(t, pets.Update(ctx, "a", func(p *pet) error { p.Tags = append(p.Tags, "x"); return nil }))
	failure := errors.New("no")
	if err := pets.Update(ctx, "a", func(p *pet) error { p.Name = "never"; return failure }); !errors.Is(err, failure) {
		t.Errorf("Update = %v, want the function's error", err)
	}
	got, ok := pets.Get("a")
	if diff := cmp.Diff(pet{"Rex", []string{"x"}}, got); diff != "" || !ok {
		t.Errorf("Get after Update (-want +got):\n%s", diff)
	}
	must(t, pets.Put(ctx, "a", pet{Name: "Max"}))
	if pets.Len() != 1 {
		t.Errorf("Len = %d, want 1", pets.Len())
	}
	must(t, pets.Delete(ctx, "a"))
	if _, ok := pets.Get("a"); ok || pets.Len() != 0 {
		t.Error("a deleted record is still there")
	}
}

func keys(t *testing.T, open Reopen) {
	t.Helper()
	s := open()
	c := store.In[int](s, "test.keys")
	want := []string{" ", "$default", "*", ">", "GET /pets/{id}", "a.b", "arn:aws:iam::123456789012:role/x=y", "日本", "~"}
	for i, k := range slices.Backward(want) {
		must(t, c.Create(t.Context(), k, i))
	}
	s = open()
	c = store.In[int](s, "test.keys")
	var got []string
	for k, v := range c.All() {
		got = append(got, k)
		if want[v] != k {
			t.Errorf("value of %q is %d", k, v)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("All (-want +got):\n%s", diff)
	}
	if err := c.Put(t.Context(), "", 1); err == nil {
		t.Error("an empty key was accepted")
	}
}

func copies(t *testing.T, open Reopen) {
	t.Helper()
	pets := store.In[pet](open(), "test.pets")
	mine := pet{Name: "Rex", Tags: []string{"x"}}
	must(t, pets.Create(t.Context(), "a", mine))
	mine.Tags[0] = "changed"
	got, _ := pets.Get("a")
	got.Tags[0] = "changed too"
	for _, p := range pets.All() {
		if p.Tags[0] != "x" {
			t.Errorf("tag is %q, want x", p.Tags[0])
		}
	}
}

func survives(t *testing.T, open Reopen) {
	t.Helper()
	ctx := t.Context()
	pets := store.In[pet](open(), "test.pets")
	must(t, pets.Create(ctx, "a", pet{Name: "Rex"}))
	must(t, pets.Create(ctx, "b", pet{Name: "Max"}))
	must(t, pets.Put(ctx, "a", pet{Name: "Rexona"}))
	must(t, pets.Delete(ctx, "b"))
	for range 2 {
		got := maps.Collect(store.In[pet](open(), "test.pets").All())
		if diff := cmp.Diff(map[string]pet{"a": {Name: "Rexona"}}, got); diff != "" {
			t.Errorf("after reopening (-want +got):\n%s", diff)
		}
	}
}

func recreate(t *testing.T, open Reopen) {
	t.Helper()
	ctx, s := t.Context(), open()
	for i := range 3 {
		c := store.In[int](s, "test.again")
		must(t, c.Create(ctx, "k", i))
		must(t, c.Delete(ctx, "k"))
		must(t, c.Create(ctx, "k", i+10))
		must(t, c.Create(ctx, "other", i)) // so that the marker is not the last message
		must(t, c.Delete(ctx, "k"))
		must(t, c.Delete(ctx, "other"))
		s = open()
	}
}

func counts(t *testing.T, open Reopen) {
	t.Helper()
	c := store.In[int](open(), "test.counters")
	must(t, c.Create(t.Context(), "n", 0))
	var wg sync.WaitGroup
	const writers, times = 8, 10
	for range writers {
		wg.Go(func() {
			for range times {
				if err := c.Update(t.Context(), "n", func(n *int) error { *n++; return nil }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n, _ := c.Get("n"); n != writers*times {
		t.Errorf("counter is %d, want %d", n, writers*times)
	}
}

func atomic(t *testing.T, open Reopen) {
	t.Helper()
	ctx, s := t.Context(), open()
	c := store.In[int](s, "test.accounts")
	log := store.In[string](s, "test.log")
	must(t, c.Create(ctx, "a", 1))
	failure := errors.New("no")
	err := s.Atomically(ctx, func(tx *store.Tx) error {
		must(t, c.In(tx).Put("a", 5))
		must(t, c.In(tx).Create("b", 5))
		if v, ok := c.In(tx).Get("b"); !ok || v != 5 {
			t.Errorf("Get in the transaction = %d, %t; want what was staged", v, ok)
		}
		return failure
	})
	if !errors.Is(err, failure) {
		t.Errorf("Atomically = %v, want the function's error", err)
	}
	if diff := cmp.Diff(map[string]int{"a": 1}, maps.Collect(c.All())); diff != "" {
		t.Errorf("after a failed change (-want +got):\n%s", diff)
	}
	must(t, s.Atomically(ctx, func(tx *store.Tx) error {
		must(t, c.In(tx).Update("a", func(n *int) error { *n--; return nil }))
		must(t, c.In(tx).Create("b", 1))
		must(t, c.In(tx).Create("c", 1))
		must(t, c.In(tx).Delete("c"))
		return log.In(tx).Put("1", "moved")
	}))
	for range 2 {
		if diff := cmp.Diff(map[string]int{"a": 0, "b": 1}, maps.Collect(store.In[int](s, "test.accounts").All())); diff != "" {
			t.Errorf("after a change (-want +got):\n%s", diff)
		}
		s = open()
	}
}

func isolated(t *testing.T, open Reopen) {
	t.Helper()
	s := open()
	c := store.In[int](s, "test.accounts")
	const accounts, total = 5, 100
	for i := range accounts {
		must(t, c.Create(t.Context(), fmt.Sprint(i), total/accounts))
	}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for ctx.Err() == nil {
				sum := 0
				for _, v := range c.All() {
					sum += v
				}
				if sum != total {
					t.Errorf("sum is %d, want %d", sum, total)
					return
				}
			}
		})
	}
	for i := range 40 {
		must(t, s.Atomically(t.Context(), func(tx *store.Tx) error {
			left := 0
			for j := range accounts {
				must(t, c.In(tx).Update(fmt.Sprint(j), func(n *int) error {
					if left += *n; j < accounts-1 {
						*n = (i * j) % 7
						left -= *n
						return nil
					}
					*n = left
					return nil
				}))
			}
			return nil
		}))
	}
	stop()
	wg.Wait()
}

func overwritten(t *testing.T, open Reopen) {
	t.Helper()
	ctx, s := t.Context(), open()
	c := store.In[int](s, "test.parts")
	both := func(v int) {
		must(t, s.Atomically(ctx, func(tx *store.Tx) error {
			return errors.Join(c.In(tx).Put("a", v), c.In(tx).Put("b", v))
		}))
	}
	both(1)
	must(t, c.Put(ctx, "b", 2)) // overwrites the end of the first batch
	s = open()
	c = store.In[int](s, "test.parts")
	if diff := cmp.Diff(map[string]int{"a": 1, "b": 2}, maps.Collect(c.All())); diff != "" {
		t.Errorf("after reopening (-want +got):\n%s", diff)
	}
	both(3)
	must(t, c.Put(ctx, "a", 4)) // overwrites the beginning
	c = store.In[int](open(), "test.parts")
	if diff := cmp.Diff(map[string]int{"a": 4, "b": 3}, maps.Collect(c.All())); diff != "" {
		t.Errorf("after reopening (-want +got):\n%s", diff)
	}
}

func undo(t *testing.T, open Reopen) {
	t.Helper()
	s := open()
	c := store.In[int](s, "test.undo")
	must(t, c.Put(t.Context(), "changed", 1))
	must(t, c.Put(t.Context(), "deleted", 1))
	must(t, c.Put(t.Context(), "contested", 1))
	want := maps.Collect(c.All())
	logged := store.WithUndo(t.Context(), "log")
	for i := range 3 {
		must(t, c.Update(logged, "changed", func(n *int) error { *n += i + 1; return nil }))
	}
	must(t, c.Delete(logged, "deleted"))
	must(t, c.Create(logged, "created", 1))
	must(t, c.Create(logged, "passing", 1))
	must(t, c.Delete(logged, "passing"))
	must(t, c.Put(logged, "contested", 2))
	must(t, c.Put(t.Context(), "contested", 3))
	want["contested"] = 3
	s = open()
	kept, err := s.Undo(t.Context(), "log")
	must(t, err)
	if diff := cmp.Diff([]string{`test.undo "contested"`}, kept); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	c = store.In[int](s, "test.undo")
	if diff := cmp.Diff(want, maps.Collect(c.All())); diff != "" {
		t.Errorf("after Undo (-want +got):\n%s", diff)
	}
	must(t, c.Put(logged, "changed", 7))
	must(t, s.Atomically(t.Context(), func(tx *store.Tx) error { return tx.Keep("log") }))
	if _, err := s.Undo(t.Context(), "log"); err != nil {
		t.Fatal(err)
	}
	if v, _ := c.Get("changed"); v != 7 {
		t.Errorf("a kept change was undone: %d", v)
	}
}

// An album has parts that several logs are about.
type album struct {
	Name  string
	Cover *pet
	Pets  map[string]pet
	Rooms map[string]string
}

func undoParts(t *testing.T, open Reopen) {
	t.Helper()
	s := open()
	c := store.In[album](s, "test.albums")
	must(t, c.Put(t.Context(), "k", album{Name: "first", Rooms: map[string]string{"old": "1"}}))
	add := func(log, name string) {
		must(t, c.Update(store.WithUndo(t.Context(), log), "k", func(a *album) error {
			if a.Pets == nil {
				a.Pets = map[string]pet{}
			}
			a.Pets[name] = pet{Name: name}
			a.Rooms = map[string]string{name: "1"}
			a.Name = name
			return nil
		}))
	}
	add("a", "cat")
	add("b", "dog")
	add("c", "owl")
	must(t, c.Update(store.WithUndo(t.Context(), "c"), "k", func(a *album) error { a.Cover = &pet{Tags: []string{"x"}}; return nil }))
	must(t, s.Atomically(t.Context(), func(tx *store.Tx) error { return tx.Keep("b") }))
	s = open()
	c = store.In[album](s, "test.albums")
	for _, log := range []string{"a", "c"} {
		kept, err := s.Undo(t.Context(), log)
		must(t, err)
		t.Logf("%s: kept %v", log, kept)
	}
	got, _ := c.Get("k")
	if diff := cmp.Diff(map[string]pet{"dog": {Name: "dog"}}, got.Pets); diff != "" || got.Name != "dog" || got.Cover != nil || got.Rooms["dog"] != "1" || got.Rooms["cat"]+got.Rooms["owl"] != "" {
		t.Errorf("of three, one was kept (-want +got):\n%s\n%+v", diff, got)
	}
	add("d", "emu")
	_, err := s.Undo(t.Context(), "d")
	must(t, err)
	if again, _ := c.Get("k"); cmp.Diff(got, again) != "" {
		t.Errorf("undone at once (-before +after):\n%s", cmp.Diff(got, again))
	}
}

func announced(t *testing.T, open Reopen) {
	t.Helper()
	s := open()
	changes, cancel := s.Changes()
	before := s.Revision()
	must(t, store.In[int](s, "test.n").Put(t.Context(), "k", 1))
	select {
	case <-changes:
	case <-time.After(10 * time.Second):
		t.Fatal("no signal after a change")
	}
	if s.Revision() <= before {
		t.Errorf("revision went from %d to %d", before, s.Revision())
	}
	cancel()
	must(t, store.In[int](s, "test.n").Put(t.Context(), "k", 2))
	select {
	case <-changes:
		t.Error("a signal after the subscription ended")
	default:
	}
}

func bounded(t *testing.T, open Reopen) {
	t.Helper()
	s := open()
	c := store.In[string](s, "test.big")
	for name, put := range map[string]func() error{
		"value": func() error { return c.Put(t.Context(), "k", strings.Repeat("x", store.MaxRecord)) },
		"key":   func() error { return c.Put(t.Context(), strings.Repeat("k", store.MaxKey+1), "") },
		"change": func() error {
			return s.Atomically(t.Context(), func(tx *store.Tx) error {
				for i := range 1001 {
					must(t, c.In(tx).Put(fmt.Sprint(i), ""))
				}
				return nil
			})
		},
	} {
		if err := put(); !errors.Is(err, store.ErrTooLarge) {
			t.Errorf("large %s: %v, want ErrTooLarge", name, err)
		}
	}
	must(t, c.Put(t.Context(), strings.Repeat("ü", store.MaxKey/2), strings.Repeat("x", store.MaxRecord-2)))
	must(t, s.Atomically(t.Context(), func(tx *store.Tx) error {
		for i := range 1000 {
			must(t, c.In(tx).Put(fmt.Sprint(i), ""))
		}
		return nil
	}))
	if c.Len() != 1001 {
		t.Errorf("Len = %d, want 1001", c.Len())
	}
}

func closed(t *testing.T, open Reopen) {
	t.Helper()
	s := open()
	c := store.In[int](s, "test.n")
	must(t, c.Put(t.Context(), "k", 1))
	must(t, s.Close())
	if err := c.Put(t.Context(), "k", 2); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Put after Close = %v, want ErrClosed", err)
	}
	if v, ok := c.Get("k"); !ok || v != 1 {
		t.Errorf("Get after Close = %d, %t; want the last state", v, ok)
	}
}
