package execenv

import (
	"slices"
	"syscall"
	"time"
)

// memoryPause is how long a call runs until its memory is looked at (again).
const memoryPause = 20 * time.Millisecond

// ownPause is how long a call may go unobserved for an exact look at its memory.
const ownPause = 100 * time.Millisecond

// overMemory reports whether the environment's processes have more memory than
// the function may, and sets the time of the next look: many processes take long
// to look at.
func (e *environment) overMemory(next *time.Timer) bool {
	began, limit := time.Now(), int64(e.fn.memoryMB())<<20
	used := e.worker.proc.Memory()
	if used > limit { // forks have most of it in common, maybe
		used = e.worker.proc.OwnMemory(ownPause)
	}
	next.Reset(max(memoryPause, 10*time.Since(began)))
	e.peak = max(e.peak, min(used, limit))
	return used > limit
}

// ended is the outcome of a process that ended by itself, or of which the kernel
// took one for its memory.
func (e *environment) ended(w *worker) outcome {
	if w.proc.OutOfMemory() && w.proc.Exit().Signal == syscall.SIGKILL {
		return e.outOfMemory()
	}
	return platformError(exited(w.proc.Exit()), "error")
}

// outOfMemory ends the process as the kernel does on Lambda.
func (e *environment) outOfMemory() outcome {
	e.peak = int64(e.fn.memoryMB()) << 20
	e.stop("failure")
	o := platformError(failure{"Runtime.ExitError", "Runtime exited with error: signal: killed"}, "error")
	o.errorType = "Runtime.OutOfMemory"
	return o
}

// mostTmp is the most that one /tmp may hold: files in it are in memory.
func mostTmp() int64 {
	total, _ := systemMemory()
	if total == 0 {
		return 10 << 30
	}
	return total / 2
}

// scarce is the share of the machine's memory, in percent, below which idle
// environments are ended for new ones.
const scarce = 10

// makeRoom ends idle environments, those with the fullest /tmp first, while the
// machine has little memory left. The lock is held.
func (p *Pool) makeRoom() {
	total, free := systemMemory()
	if total == 0 || free*100/total >= scarce {
		return
	}
	type full struct {
		environment *environment
		group       *group
		bytes       int64
	}
	var idle []full
	for key, g := range p.groups {
		for _, e := range g.idle {
			if p.mayEnd(key) {
				idle = append(idle, full{e, g, used(e.tmp)})
			}
		}
	}
	slices.SortFunc(idle, func(a, b full) int { return int((b.bytes - a.bytes) >> 10) })
	for _, x := range idle {
		if x.bytes == 0 || free*100/total >= scarce {
			return
		}
		free += x.bytes
		x.group.idle = slices.DeleteFunc(x.group.idle, func(e *environment) bool { return e == x.environment })
		p.discard(x.environment)
	}
}
