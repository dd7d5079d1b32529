package gateway

import (
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// reportEvery is how often the log tells of requests that are refused for their
// form: anybody can send them, and must not fill it.
const reportEvery = 10 * time.Second

// badInput are the answers to requests whose form is refused, whoever sends them.
var badInput = map[int]bool{
	http.StatusBadRequest: true, http.StatusRequestTimeout: true, http.StatusRequestEntityTooLarge: true,
	http.StatusRequestURITooLong: true, http.StatusRequestHeaderFieldsTooLarge: true,
}

// A reporter tells of bad input: of each kind one request, and how many others
// there were before it.
type reporter struct {
	mu     sync.Mutex
	told   map[int]time.Time
	silent map[int]int
}

func (p *reporter) tell(log *slog.Logger, now time.Time, x *exchange, r *refusal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if last, ok := p.told[r.Status]; ok && now.Sub(last) < reportEvery {
		p.silent[r.Status]++
		return
	}
	log.Warn("a request was refused for its form", "request_id", x.id, "remote", x.trace.SourceIP, "status", r.Status, "reason", r.Error(), "others_before", p.silent[r.Status])
	if p.told == nil {
		p.told, p.silent = map[int]time.Time{}, map[int]int{}
	}
	p.told[r.Status], p.silent[r.Status] = now, 0
}
