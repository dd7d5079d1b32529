package execenv

import (
	"log/slog"
	"path/filepath"
	"sync"
	"time"
)

// The spares are interpreters that were started ahead of need, one of each
// kind: a cold start then waits for the function's own code only. For programs
// that need no interpreter, which is nil then, they are empty rooms.
type spares struct {
	pool *Pool

	mu      sync.Mutex
	running bool // between the start and the end of Run
	stopped chan struct{}
	wanted  map[*interpreter]bool
	ready   map[*interpreter]*worker
}

// want keeps a spare of the interpreter from now on.
func (s *spares) want(in *interpreter) {
	s.mu.Lock()
	if s.wanted == nil {
		s.wanted, s.ready = map[*interpreter]bool{}, map[*interpreter]*worker{}
	}
	start := s.running && !s.wanted[in]
	s.wanted[in] = true
	s.mu.Unlock()
	if start {
		s.pool.background(func() { s.refill(in) })
	}
}

// restock is how long after a spare was taken the next one is started: not while
// the function that got it starts, which it would slow down on a machine with few
// processors.
const restock = 100 * time.Millisecond

// take returns a spare, or nil if there is none, and sees to the next one.
func (s *spares) take(in *interpreter) *worker {
	s.want(in)
	s.mu.Lock()
	w := s.ready[in]
	delete(s.ready, in)
	running, stopped := s.running, s.stopped
	s.mu.Unlock()
	if w == nil {
		return nil
	}
	if running {
		s.pool.background(func() {
			select {
			case <-time.After(restock):
				s.refill(in)
			case <-stopped:
			}
		})
	}
	select {
	case <-w.proc.Done():
		s.pool.drop(w)
		return nil
	default:
		return w
	}
}

func (s *spares) start(in *interpreter) (*worker, error) {
	if in == nil {
		return s.pool.startRoom()
	}
	return s.pool.startClient(in, "", nil, nil)
}

func (s *spares) refill(in *interpreter) {
	w, err := s.start(in)
	if err != nil {
		s.pool.log.Debug("start a spare", slog.Any("error", err))
		return
	}
	s.mu.Lock()
	old := s.ready[in]
	if s.running && old == nil {
		s.ready[in] = w
		w = nil
	}
	s.mu.Unlock()
	if w != nil {
		s.pool.drop(w)
	}
}

// run starts what is wanted.
func (s *spares) run() {
	s.mu.Lock()
	s.running, s.stopped = !s.pool.cfg.NoSpares, make(chan struct{})
	var start []*interpreter
	for in := range s.wanted {
		if s.running {
			start = append(start, in)
		}
	}
	s.mu.Unlock()
	for _, in := range start {
		s.pool.background(func() { s.refill(in) })
	}
}

// stop starts no more; the pool ends those that there are.
func (s *spares) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running {
		close(s.stopped)
	}
	s.running, s.ready, s.wanted = false, nil, nil
}

// spareVariables are the environment variables that a spare starts with.
func (p *Pool) spareVariables(in *interpreter) map[string]string {
	l := layout{
		task: filepath.Join(p.cfg.Dir, "none"), opt: filepath.Join(p.cfg.Dir, "none"), runtime: p.shownRuntime(), lang: p.shown(in, in.langRoot()),
	}
	if p.rooms {
		l.task, l.opt = taskRoot, optRoot
	}
	v := startVariables(in.family)
	for name, value := range v {
		v[name] = l.place(value)
	}
	return v
}
