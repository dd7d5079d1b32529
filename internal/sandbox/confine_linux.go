package sandbox

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// confine readies the calling thread, and returns how to start a process from
// it. It notes in p what is in force. The thread must be locked and must not be
// used for anything else.
func confine(p *Protections) *syscall.SysProcAttr {
	p.NoNewPrivileges = unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == nil
	p.ProcessGroup, p.ParentDeath = true, true
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// limit bounds a started process.
func limit(pid int, l Limits, p *Protections) {
	ok := true
	set := func(resource int, n uint64) {
		var now unix.Rlimit
		if err := unix.Prlimit(pid, resource, nil, &now); err != nil {
			ok = false
			return
		}
		n = min(n, now.Max)
		ok = unix.Prlimit(pid, resource, &unix.Rlimit{Cur: n, Max: n}, nil) == nil && ok
	}
	if l.OpenFiles > 0 {
		set(unix.RLIMIT_NOFILE, l.OpenFiles)
	}
	set(unix.RLIMIT_CORE, l.CoreBytes)
	p.ResourceLimits = ok
}

func pipe(fds []int) error { return unix.Pipe2(fds, unix.O_CLOEXEC) }
