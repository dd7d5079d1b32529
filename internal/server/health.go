package server

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/wire"
)

// healthPath is where load balancers ask. Below it, /live asks only whether the
// process answers, and /fresh also whether what it serves is current.
const healthPath = "/_hakone/health"

// Health is the answer to a health check.
type Health struct {
	Status       string  `json:"status"` // ok, starting, stopping or cut off
	StaleSeconds float64 `json:"staleSeconds,omitempty"`
}

// answerHealth answers a health check. A node that is cut off from the engine is
// ready: it serves what it knew last, and all nodes may be cut off at once.
func (s *Server) answerHealth(w http.ResponseWriter, r *http.Request) {
	health, status := Health{Status: "ok"}, http.StatusOK
	if stale := s.store.Stale(); stale > store.StaleAfter {
		health.Status, health.StaleSeconds = "cut off", float64(stale.Milliseconds())/1000
		if r.URL.Path == healthPath+"/fresh" {
			status = http.StatusServiceUnavailable
		}
	}
	unready := ""
	select {
	case <-s.ready:
	default:
		unready = "starting"
	}
	if s.stopping.Load() {
		unready = "stopping"
	}
	if unready != "" {
		health.Status = unready
		if r.URL.Path != healthPath+"/live" {
			status = http.StatusServiceUnavailable
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, status, health)
}

func isHealthPath(path string) bool {
	rest, ok := strings.CutPrefix(path, healthPath)
	return ok && (rest == "" || rest == "/live" || rest == "/fresh")
}

// withHealth answers health checks on a listener of APIs. Load balancers ask by
// address: by a name, the path is the API's.
func (s *Server) withHealth(apis http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, healthPath) && isHealthPath(r.URL.Path) && r.Method == http.MethodGet && byAddress(r.Host) {
			s.answerHealth(w, r)
			return
		}
		apis.ServeHTTP(w, r)
	})
}

// byAddress reports whether a Host header is an IP address.
func byAddress(host string) bool {
	return net.ParseIP(wire.Hostname(host)) != nil
}

// afterLameDuck returns a context that is done a while after ctx is. In between
// health checks fail, so that load balancers send nothing more.
func (s *Server) afterLameDuck(ctx context.Context) (context.Context, context.CancelFunc) {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() {
		s.stopping.Store(true)
		if d := s.config.Fleet.LameDuck; d > 0 {
			s.log.InfoContext(ctx, "stopping: health checks fail from now on", "for", d)
			time.Sleep(d)
		}
		cancel()
	})
	return late, cancel
}

// metrics writes the gateway's metrics and those of the engine.
func (s *Server) metrics() http.Handler {
	gateway := s.gateway.Metrics()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		gateway.ServeHTTP(w, r)
		if e := s.engineStatus(); e != nil {
			writeEngineMetrics(w, e)
		}
	})
}

func writeEngineMetrics(w io.Writer, e *EngineStatus) {
	gauge := func(name, help string, value float64) {
		fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s gauge\n%s %g\n", name, help, name, name, value)
	}
	alive := 0
	for _, n := range e.Nodes {
		if !n.Gone {
			alive++
		}
	}
	gauge("hakone_engine_stale_seconds", "How old what this node serves may be.", e.StaleSeconds)
	gauge("hakone_engine_cut_off", "1 while that is more than the bound.", number(e.CutOff))
	gauge("hakone_engine_connected", "1 while there is a connection to a NATS server.", number(e.Connected))
	gauge("hakone_engine_nodes", "Nodes that were heard of lately.", float64(alive))
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
