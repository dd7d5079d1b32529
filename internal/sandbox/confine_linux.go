package sandbox

import (
	"os"
	"strconv"
	"strings"
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

// PeakMemory returns the most memory that the process had resident at once, in
// bytes; 0 if that is not known.
func (p *Process) PeakMemory() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return 0
	}
	status, err := os.ReadFile("/proc/" + strconv.Itoa(p.pid) + "/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	text, _, _ := strings.Cut(rest, " kB")
	kb, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return 0
	}
	return kb << 10
}
