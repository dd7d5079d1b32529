package execenv

import "time"

// memoryPause is how long a call runs until its memory is looked at (again).
const memoryPause = 20 * time.Millisecond

// overMemory reports whether the environment's processes have more memory than
// the function may, and sets the time of the next look: many processes take long
// to look at.
func (e *environment) overMemory(next *time.Timer) bool {
	began := time.Now()
	used := e.worker.proc.Memory()
	next.Reset(max(memoryPause, 10*time.Since(began)))
	e.peak = max(e.peak, used)
	return used > int64(e.fn.memoryMB())<<20
}

// outOfMemory ends the process as the kernel does on Lambda.
func (e *environment) outOfMemory() outcome {
	e.peak = int64(e.fn.memoryMB()) << 20
	e.stop("failure")
	o := platformError(failure{"Runtime.ExitError", "Runtime exited with error: signal: killed"}, "error")
	o.errorType = "Runtime.OutOfMemory"
	return o
}
