package server

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/store"
)

func TestHealthIsAskedByAddress(t *testing.T) {
	e, err := engine.Start(t.Context(), engine.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	records, err := store.Open(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	defer records.Close()
	s := &Server{engine: e, store: records, ready: make(chan struct{})}
	handler := s.withHealth(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	get := func(method, host, path string) int {
		r := httptest.NewRequestWithContext(t.Context(), method, "https://"+host+path, nil)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w.Code
	}
	const path, api = "/_hakone/health", http.StatusTeapot
	if got := get("GET", "10.0.0.1:8443", path); got != http.StatusServiceUnavailable {
		t.Errorf("a server that starts = %d", got)
	}
	if got := get("GET", "10.0.0.1:8443", path+"/live"); got != http.StatusOK {
		t.Errorf("a server that starts is alive = %d", got)
	}
	close(s.ready)
	for _, tt := range []struct {
		method, host, path string
		want               int
	}{
		{"GET", "10.0.0.1:8443", path, 200},
		{"GET", "10.0.0.1", path + "/live", 200},
		{"GET", "[::1]:8443", path + "/fresh", 200},
		{"GET", "10.0.0.1", path + "/other", api},
		{"POST", "10.0.0.1", path, api},
		{"GET", "api.example.com", path, api},
		{"GET", "localhost:8443", path, api},
		{"GET", "10.0.0.1", "/", api},
	} {
		if got := get(tt.method, tt.host, tt.path); got != tt.want {
			t.Errorf("%s https://%s%s = %d, want %d", tt.method, tt.host, tt.path, got, tt.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	late, stop := s.afterLameDuck(ctx)
	defer stop()
	cancel()
	<-late.Done()
	if got := get("GET", "10.0.0.1", path); got != http.StatusServiceUnavailable {
		t.Errorf("a server that stops = %d", got)
	}
}
