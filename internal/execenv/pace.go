package execenv

import (
	"sync/atomic"
	"time"
)

// A pace says whether a function answers so quickly that its caller waits for it
// in place (see [runtimeapi.Event]). A function that does not costs a short wait
// now and then.
type pace struct {
	quick atomic.Bool
}

// What a quick function takes at most, how long it is waited for to find out
// whether one is quick, and how often the pool tries. Where functions share
// processors they take turns, so a trial must be longer.
const (
	quickAnswer = 200 * time.Microsecond
	trial       = time.Millisecond
	trialEvery  = 50 * time.Millisecond
)

// patience returns how long the answer of a call that begins now is waited for in
// place.
func (e *environment) patience(now time.Time) time.Duration {
	if e.pace.quick.Load() {
		return quickAnswer
	}
	tried := &e.pool.tried
	if last := tried.Load(); now.UnixNano()-last > int64(trialEvery) && tried.CompareAndSwap(last, now.UnixNano()) {
		return trial
	}
	return 0
}

// waited notes whether such a wait was worth it.
func (p *pace) waited(answered bool) {
	if p.quick.Load() != answered {
		p.quick.Store(answered)
	}
}
