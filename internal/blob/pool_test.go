package blob

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"

	"github.com/hakonegate/hakone/internal/engine"
)

func openPool(t *testing.T) *Pool {
	t.Helper()
	e, err := engine.Start(t.Context(), engine.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	p, err := OpenPool(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestSweepRemovesWhatNothingRefersTo(t *testing.T) {
	p, ctx := openPool(t), t.Context()
	nothing := func() map[string]bool { return nil }
	if n, err := p.Sweep(ctx, nothing); n != 0 || err != nil {
		t.Errorf("Sweep of an empty pool = %d, %v", n, err)
	}
	hold := p.Hold()
	kept, _ := hold.Put(ctx, []byte("kept"))
	lost, _ := hold.Put(ctx, []byte("lost"))
	if n, err := p.Sweep(ctx, nothing); n != 0 || err != nil {
		t.Errorf("Sweep under a hold = %d, %v, want 0", n, err)
	}
	hold.Release()
	if n, err := p.Sweep(ctx, func() map[string]bool { return map[string]bool{kept: true} }); n != 1 || err != nil {
		t.Errorf("Sweep = %d, %v, want 1", n, err)
	}
	if content, err := p.store.Get(ctx, kept); string(content) != "kept" {
		t.Errorf("Get = %q, %v", content, err)
	}
	if _, err := p.store.Get(ctx, lost); !errors.Is(err, ErrNotFound) {
		t.Errorf("Get of what was swept: %v", err)
	}
	buffer := make([]byte, 4)
	if err := p.Fill(ctx, kept, buffer); err != nil || string(buffer) != "kept" {
		t.Errorf("Fill = %q, %v", buffer, err)
	}
	if err := p.Fill(ctx, kept, buffer[:3]); err == nil {
		t.Error("Fill filled a buffer that is too small")
	}
	if err := p.Fill(ctx, lost, buffer); !errors.Is(err, ErrNotFound) {
		t.Errorf("Fill of what was swept: %v", err)
	}
	info, err := p.stream.Info(ctx)
	if err != nil || info.State.Msgs != 2 {
		t.Errorf("%d messages are left, %v, want a chunk and its description", info.State.Msgs, err)
	}
	hold = p.Hold()
	if _, err := hold.Put(ctx, []byte("lost")); err != nil {
		t.Fatal(err)
	}
	hold.Release()
	if content, err := p.store.Get(ctx, lost); string(content) != "lost" {
		t.Errorf("Get of what was put again = %q, %v", content, err)
	}
}

// Writers refer to few contents again and again while everything is swept.
func TestSweepDoesNotRaceWithWriters(t *testing.T) {
	p := openPool(t)
	ctx, stop := context.WithCancel(t.Context())
	var mu sync.Mutex
	references := map[string]int{}
	var writers, sweeper sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := range 60 {
				hold := p.Hold()
				hash, err := hold.Put(ctx, []byte(strconv.Itoa((i+w)%3)))
				if err != nil {
					t.Errorf("Put: %v", err)
				}
				mu.Lock()
				references[hash]++
				mu.Unlock()
				hold.Release()
				if _, err := p.store.Get(ctx, hash); err != nil {
					t.Errorf("what is referred to is gone: %v", err)
				}
				mu.Lock()
				references[hash]--
				mu.Unlock()
			}
		})
	}
	sweeper.Go(func() {
		for ctx.Err() == nil {
			_, err := p.Sweep(ctx, func() map[string]bool {
				mu.Lock()
				defer mu.Unlock()
				keep := map[string]bool{}
				for hash, n := range references {
					keep[hash] = n > 0
				}
				return keep
			})
			if err != nil && ctx.Err() == nil {
				t.Errorf("Sweep: %v", err)
			}
		}
	})
	writers.Wait()
	stop()
	sweeper.Wait()
}
