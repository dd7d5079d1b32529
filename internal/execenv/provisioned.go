package execenv

import (
	"context"
	"log/slog"
	"slices"
	"time"
)

// A provision is how many environments of a version are kept ready.
type provision struct {
	fn      *Function
	want    int
	warming int  // that are being started
	failed  bool // the last init did
}

// Provision keeps n environments of the function's version ready for calls; 0
// ends that. They are started in the background while the pool runs.
func (p *Pool) Provision(fn *Function, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := groupKey{fn.ARN, fn.Version}
	if n == 0 {
		delete(p.provisions, key)
		return
	}
	s := p.provisions[key]
	if s == nil {
		s = &provision{}
		p.provisions[key] = s
	}
	if p.cfg.Absent {
		s.fn, s.failed = fn, true
		return
	}
	s.fn, s.want, s.failed = fn, n, false
	p.lack()
}

// Provisioned tells how many environments of a version are ready or busy, at
// most as many as were asked for, and whether the last one failed to start.
func (p *Pool) Provisioned(functionARN, version string) (ready int, failed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := groupKey{functionARN, version}
	s := p.provisions[key]
	if s == nil {
		return 0, false
	}
	return min(s.want, p.existingOf(key)-s.warming), s.failed
}

// existingOf counts the environments of a version. The lock is held.
func (p *Pool) existingOf(key groupKey) int {
	n := p.busy[key]
	if g := p.groups[key]; g != nil {
		n += len(g.idle)
	}
	return n
}

// mayEnd reports whether an idle environment of the version may be ended without
// a need. The lock is held.
func (p *Pool) mayEnd(key groupKey) bool {
	s := p.provisions[key]
	return s == nil || p.existingOf(key) > s.want
}

// heldBack counts the calls that are left to the provisioned environments of
// the function's other versions. The lock is held.
func (p *Pool) heldBack(fn *Function) int {
	free := func(key groupKey, s *provision) int {
		return max(0, s.want-(p.busy[key]-s.warming)) // one that is getting ready is busy with no call
	}
	own := groupKey{fn.ARN, fn.Version}
	if s := p.provisions[own]; s != nil && free(own, s) > 0 {
		return 0
	}
	n := 0
	for key, s := range p.provisions {
		if key.arn == fn.ARN && key != own {
			n += free(key, s)
		}
	}
	return n
}

// lack says that a provisioned environment may be missing.
func (p *Pool) lack() {
	select {
	case p.lacking <- struct{}{}:
	default:
	}
}

// warm starts the provisioned environments that are missing; those whose init
// failed only when again is set.
func (p *Pool) warm(ctx context.Context, again bool) {
	var missing []*Function
	p.mu.Lock()
	for key, s := range p.provisions {
		if s.failed && !again {
			continue
		}
		if g := p.groups[key]; g != nil {
			g.idle = slices.DeleteFunc(g.idle, func(e *environment) bool {
				if e.fresh(time.Now()) {
					return false
				}
				p.discard(e)
				return true
			})
		}
		for n := p.existingOf(key); n < s.want && (p.existing < p.limit() || p.evict()); n++ {
			s.warming++
			p.existing++
			p.busy[key]++
			missing = append(missing, s.fn)
		}
	}
	p.mu.Unlock()
	for _, fn := range missing {
		e := newEnvironment(p, fn)
		if !p.background(func() { p.warmed(e, e.warm(ctx)) }) {
			p.warmed(e, false)
		}
	}
}

// warm makes the init ahead of the first call.
func (e *environment) warm(ctx context.Context) bool {
	e.tried, e.provisioned = true, true
	o, err := e.init(ctx, e.pool.initTimeout(), "init")
	if err != nil {
		e.pool.log.WarnContext(ctx, "start a provisioned environment", slog.String("function", e.fn.ARN), slog.Any("error", err))
	}
	return err == nil && !o.failed()
}

// warmed takes an environment whose init ended.
func (p *Pool) warmed(e *environment, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := groupKey{e.fn.ARN, e.fn.Version}
	p.idle(key)
	s := p.provisions[key]
	if s != nil {
		s.warming = max(0, s.warming-1)
		s.failed = !ok
	}
	if !ok || s == nil || p.stopping {
		p.discard(e)
		return
	}
	g := p.groups[key]
	if g == nil {
		g = &group{}
		p.groups[key] = g
	}
	e.last = time.Now()
	g.idle = append(g.idle, e)
}

// idle notes that an environment of the version is no longer busy. The lock is
// held.
func (p *Pool) idle(key groupKey) {
	if p.busy[key]--; p.busy[key] <= 0 {
		delete(p.busy, key)
	}
}
