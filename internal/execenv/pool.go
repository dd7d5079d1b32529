package execenv

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hakonegate/hakone/internal/sandbox"
)

// Config says where and how environments run. Dir and Code are required; the
// rest may be zero.
type Config struct {
	Dir         string            // unpacked code and the environments' own folders; an absolute path, nobody else's
	Code        CodeSource        // code archives
	Log         *slog.Logger      // nil discards
	Credentials Credentials       // nil: functions run without credentials
	Logs        Logs              // nil discards
	Variables   map[string]string // of every function that does not set them itself
	Elsewhere   Elsewhere         // functions that other machines run; nil: none
	Limit       int               // most environments at once; 0 means 1000, AWS's account limit
	InitTimeout time.Duration     // 0 means 10 s
	IdleTimeout time.Duration     // 0 means 5 min
	NoSpares    bool              // start no interpreter ahead of need
	Absent      bool              // all functions run elsewhere: this machine needs no runtimes, and keeps nothing ready

	Isolation sandbox.Isolation // "" means sandbox.Default
	NoNetwork bool              // functions reach their Runtime API and nothing else
}

// Errors of [Pool.Invoke]; those of the function are in [Result].
var (
	// ErrLimit means that as many environments as are allowed are busy.
	ErrLimit = errors.New("execution environment limit reached")
	// ErrFunctionLimit means the same for the function's own limit.
	ErrFunctionLimit = errors.New("limit of the function's execution environments reached")
	// ErrStopped means that the pool is stopping.
	ErrStopped = errors.New("execution environments are stopping")
	// ErrCredentials means that the execution role could not be assumed.
	ErrCredentials = errors.New("execution role cannot be assumed")
)

// A Pool keeps execution environments. It is safe for concurrent use.
type Pool struct {
	cfg          Config
	log          *slog.Logger
	interpreters interpreters
	spares       spares
	code         codeCache
	prepare      func() error     // once
	rooms        bool             // processes get rooms of their own; set by prepare
	cgroups      *sandbox.Cgroups // where the kernel bounds rooms; nil: nowhere; set by prepare
	work         sync.WaitGroup
	tried        atomic.Int64 // when a call was last waited for as a trial; nanoseconds since 1970

	mu         sync.Mutex // taken alone, or inside spares.mu
	stopping   bool
	groups     map[groupKey]*group
	calls      map[string]int   // running calls by function ARN
	busy       map[groupKey]int // environments with a call or an init
	provisions map[groupKey]*provision
	lacking    chan struct{} // a provisioned environment may be missing
	existing   int           // environments, busy or idle
	localhosts uint32        // how many addresses of the loopback were given away
	workers    map[*worker]struct{}
}

// A groupKey names a version of a function.
type groupKey struct{ arn, version string }

// A group has the idle environments of a version, the most recently used last.
type group struct {
	idle     []*environment
	revision string // others are out of date; "" if nobody said
	pace     pace
}

// New returns a pool that has started nothing yet. The processes that it will
// start are ended by [Pool.Run] only.
func New(cfg Config) *Pool {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	p := &Pool{
		cfg: cfg, log: cfg.Log, groups: map[groupKey]*group{}, calls: map[string]int{}, busy: map[groupKey]int{},
		provisions: map[groupKey]*provision{}, lacking: make(chan struct{}, 1), workers: map[*worker]struct{}{},
		interpreters: interpreters{log: cfg.Log},
		code:         codeCache{dir: filepath.Join(cfg.Dir, "code"), source: cfg.Code},
	}
	p.spares.pool = p
	// What an earlier run left was writable by the functions of its time.
	p.prepare = sync.OnceValue(func() error {
		for _, dir := range []string{p.code.dir, p.runtimeDir()} {
			if err := os.RemoveAll(dir); err != nil {
				return err
			}
		}
		if err := installClients(p.runtimeDir()); err != nil {
			return err
		}
		return p.setUpRooms()
	})
	return p
}

// Prepare finds out what keeps functions apart here, which [Pool.Run] does
// otherwise. It fails if that is not what the configuration requires.
func (p *Pool) Prepare() error { return p.prepare() }

// Run keeps the pool until ctx is done: it starts spare interpreters and ends
// idle environments. Then it ends every process that the pool started, busy
// or not.
func (p *Pool) Run(ctx context.Context) error {
	if err := p.prepare(); err != nil {
		return err
	}
	p.spares.run()
	tick := time.NewTicker(max(p.idleTimeout()/8, 10*time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.reap(time.Now().Add(-p.idleTimeout()))
			p.warm(ctx, true)
		case <-p.lacking:
			p.warm(ctx, false)
		case <-ctx.Done():
			p.stop()
			return nil
		}
	}
}

func (p *Pool) stop() {
	p.spares.stop()
	p.mu.Lock()
	p.stopping = true
	p.groups = map[groupKey]*group{}
	workers := make([]*worker, 0, len(p.workers))
	for w := range p.workers {
		workers = append(workers, w)
	}
	p.mu.Unlock()
	var ending sync.WaitGroup
	for _, w := range workers {
		if w.hasExtensions() {
			ending.Go(func() { w.shutdown("spindown") })
		}
	}
	for _, w := range workers {
		if !w.hasExtensions() {
			w.end()
		}
	}
	ending.Wait()
	p.work.Wait()
}

// Invoke calls the function with event and waits for its answer. An error
// means that the call did not reach the function; what a function did wrong is
// in the result. When ctx ends, Invoke returns; the call goes on as it would on
// Lambda.
func (p *Pool) Invoke(ctx context.Context, fn *Function, event []byte, call Invocation) (Result, error) {
	if err := p.prepare(); err != nil {
		return Result{}, err
	}
	if p.cfg.Elsewhere != nil && p.cfg.Elsewhere.Serves(fn) {
		return p.elsewhere(ctx, fn, event, call.complete(fn))
	}
	e, err := p.acquire(fn)
	if err != nil {
		return Result{}, err
	}
	return e.call(ctx, event, call.complete(fn))
}

// acquire returns a free environment for one call, a new one if need be.
func (p *Pool) acquire(fn *Function) (*environment, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.stopping:
		return nil, ErrStopped
	case fn.Concurrent > 0 && p.calls[fn.ARN]+p.heldBack(fn) >= fn.Concurrent:
		return nil, ErrFunctionLimit
	}
	key := groupKey{fn.ARN, fn.Version}
	g := p.groups[key]
	if g == nil {
		g = &group{}
		p.groups[key] = g
	}
	for len(g.idle) > 0 {
		e := g.idle[len(g.idle)-1]
		g.idle = g.idle[:len(g.idle)-1]
		if e.fn.Revision == fn.Revision && e.fresh(time.Now()) {
			e.pace = &g.pace
			p.calls[fn.ARN]++
			p.busy[key]++
			return e, nil
		}
		p.discard(e)
	}
	p.makeRoom()
	if p.existing >= p.limit() && !p.evict() {
		return nil, ErrLimit
	}
	p.existing++
	p.calls[fn.ARN]++
	p.busy[key]++
	e := newEnvironment(p, fn)
	e.pace = &g.pace
	return e, nil
}

// release takes an environment back after a call.
func (p *Pool) release(e *environment, usable bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.calls[e.fn.ARN]--; p.calls[e.fn.ARN] == 0 {
		delete(p.calls, e.fn.ARN)
	}
	key := groupKey{e.fn.ARN, e.fn.Version}
	p.idle(key)
	g := p.groups[key]
	if !usable || p.stopping || g == nil || g.revision != "" && g.revision != e.fn.Revision {
		p.discard(e)
		p.lack()
		return
	}
	e.last = time.Now()
	g.idle = append(g.idle, e)
}

// evict discards the environment that has been idle for longest; false if all
// are busy.
func (p *Pool) evict() bool {
	var oldest *group
	for key, g := range p.groups {
		if len(g.idle) > 0 && p.mayEnd(key) && (oldest == nil || g.idle[0].last.Before(oldest.idle[0].last)) {
			oldest = g
		}
	}
	if oldest == nil {
		return false
	}
	p.discard(oldest.idle[0])
	oldest.idle = oldest.idle[1:]
	return true
}

// reap discards environments that have been idle since before.
func (p *Pool) reap(before time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, g := range p.groups {
		for len(g.idle) > 0 && g.idle[0].last.Before(before) && p.mayEnd(key) {
			p.discard(g.idle[0])
			g.idle = g.idle[1:]
		}
		// What is busy must find its group again, or it is taken for deleted.
		if len(g.idle) == 0 && p.busy[key] == 0 && g.revision == "" {
			delete(p.groups, key)
		}
	}
}

// Retire ends environments of the function's version that are of another
// revision, as soon as they are free: running calls finish.
func (p *Pool) Retire(functionARN, version, revision string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := groupKey{functionARN, version}
	g := p.groups[key]
	if g == nil {
		g = &group{}
		p.groups[key] = g
	}
	g.revision = revision
	kept := g.idle[:0]
	for _, e := range g.idle {
		if e.fn.Revision == revision {
			kept = append(kept, e)
		} else {
			p.discard(e)
		}
	}
	g.idle = kept
}

// Remove ends the environments of all versions of a function that was deleted,
// as soon as they are free.
func (p *Pool) Remove(functionARN string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, g := range p.groups {
		if key.arn != functionARN {
			continue
		}
		for _, e := range g.idle {
			p.discard(e)
		}
		delete(p.provisions, key)
		// Without a group, what is busy now is discarded when it comes back.
		delete(p.groups, key)
	}
}

// discard ends an environment in the background. The lock is held.
func (p *Pool) discard(e *environment) {
	p.existing--
	if e.worker == nil || p.stopping { // stop ends all workers
		e.closeTmp()
		return
	}
	p.work.Go(func() {
		e.stop("spindown")
		e.closeTmp()
	})
}

// background runs f, unless the pool is stopping. Stop waits for it.
func (p *Pool) background(f func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopping {
		return false
	}
	p.work.Go(f)
	return true
}

// keep notes a started worker, so that it is ended with the pool.
func (p *Pool) keep(w *worker) error {
	p.mu.Lock()
	stopping := p.stopping
	p.workers[w] = struct{}{}
	p.mu.Unlock()
	if stopping {
		p.drop(w)
		return ErrStopped
	}
	return nil
}

// drop ends a worker.
func (p *Pool) drop(w *worker) {
	w.end()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.workers, w)
}

func (p *Pool) limit() int {
	if p.cfg.Limit == 0 {
		return 1000
	}
	return p.cfg.Limit
}

func (p *Pool) initTimeout() time.Duration {
	if p.cfg.InitTimeout == 0 {
		return 10 * time.Second
	}
	return p.cfg.InitTimeout
}

func (p *Pool) idleTimeout() time.Duration {
	if p.cfg.IdleTimeout == 0 {
		return 5 * time.Minute
	}
	return p.cfg.IdleTimeout
}
