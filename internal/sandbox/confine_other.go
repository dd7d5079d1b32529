//go:build !linux

package sandbox

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// confine returns how to start a process: elsewhere than on Linux only in a
// group of its own.
func confine(p *Protections) *syscall.SysProcAttr {
	p.ProcessGroup = true
	return &syscall.SysProcAttr{Setpgid: true}
}

// limit does nothing: another process cannot be limited here.
func limit(int, Limits, *Protections) {}

func pipe(fds []int) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := unix.Pipe(fds); err != nil {
		return err
	}
	unix.CloseOnExec(fds[0])
	unix.CloseOnExec(fds[1])
	return nil
}

// PeakMemory returns 0: it is not known here.
func (p *Process) PeakMemory() int64 { return 0 }
