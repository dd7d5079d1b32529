package stack

import (
	"context"
	"sync"
)

// concurrency bounds how many handlers work at once.
const concurrency = 64

// walk visits each id after all that it needs, independent ones in parallel.
// needs may name ids that are not walked; they count as done. A failed visit
// leaves out everything behind it; with stop, nothing new starts after a failure
// and the visits under way are cancelled with errStopped.
//
// walk returns when no visit is running.
func walk(ctx context.Context, ids []string, needs func(id string) []string, stop bool, visit func(ctx context.Context, id string) error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	waiting := map[string]int{}
	users := map[string][]string{}
	walked := map[string]bool{}
	for _, id := range ids {
		walked[id] = true
	}
	for _, id := range ids {
		for _, n := range needs(id) {
			if walked[n] && n != id {
				waiting[id]++
				users[n] = append(users[n], id)
			}
		}
	}
	var (
		mu      sync.Mutex
		wg      sync.WaitGroup
		stopped bool
		start   func(id string)
		slots   = make(chan struct{}, concurrency)
	)
	// start runs with mu held.
	start = func(id string) {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			mu.Lock()
			if stopped || ctx.Err() != nil {
				mu.Unlock()
				return
			}
			mu.Unlock()
			err := visit(ctx, id)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				if stop && !stopped {
					stopped = true
					cancel(errStopped)
				}
				return
			}
			for _, u := range users[id] {
				if waiting[u]--; waiting[u] == 0 {
					start(u)
				}
			}
		})
	}
	mu.Lock()
	for _, id := range ids {
		if waiting[id] == 0 {
			start(id)
		}
	}
	mu.Unlock()
	wg.Wait()
}

// reversed turns "needs" round: what is needed goes after those who need it.
func reversed(ids []string, needs func(string) []string) func(string) []string {
	users := map[string][]string{}
	for _, id := range ids {
		for _, n := range needs(id) {
			users[n] = append(users[n], id)
		}
	}
	return func(id string) []string { return users[id] }
}
