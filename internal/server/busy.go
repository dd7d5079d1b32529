package server

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// busy are the requests that a handler is answering.
type busy struct {
	mu       sync.Mutex
	requests map[*http.Request]struct{}
}

// watch returns next with its requests noted.
func (b *busy) watch(next http.Handler) http.Handler {
	b.requests = map[*http.Request]struct{}{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.requests[r] = struct{}{}
		b.mu.Unlock()
		defer func() {
			b.mu.Lock()
			delete(b.requests, r)
			b.mu.Unlock()
		}()
		next.ServeHTTP(w, r)
	})
}

// names are the methods and paths of the requests.
func (b *busy) names() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	names := make([]string, 0, len(b.requests))
	for r := range b.requests {
		names = append(names, r.Method+" "+r.URL.Path)
	}
	slices.Sort(names)
	return names
}

// leave waits a moment for handlers whose clients were cut.
func (b *busy) leave() {
	for end := time.Now().Add(time.Second); len(b.names()) > 0 && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
}
