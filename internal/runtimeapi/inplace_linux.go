package runtimeapi

import (
	"errors"
	"io"
	"net"
	"syscall"
	"time"
	"unsafe" //nolint:depguard // x/sys has no wrapper that keeps the processor

	"golang.org/x/sys/unix"
)

// An inPlace reads from a connection while its goroutine keeps the processor: what
// waits is the thread, and the kernel runs the process that is waited for.
type inPlace struct {
	raw  syscall.RawConn
	take func(fd uintptr) bool // made once

	// Of one read.
	into  []byte
	until time.Time
	n     int
	err   error
}

var errNotYet = errors.New("there is nothing to read yet")

// newInPlace returns nil for a connection that is none of the system's.
func newInPlace(conn net.Conn) *inPlace {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil
	}
	p := &inPlace{raw: raw}
	p.take = func(fd uintptr) bool {
		if p.n, p.err = 0, errNotYet; readable(int32(fd), p.until) { //nolint:gosec // a descriptor
			p.n, p.err = unix.Read(int(fd), p.into)
		}
		return true
	}
	return p
}

// read reads what there is, or comes until then.
func (p *inPlace) read(into []byte, until time.Time) (int, error) {
	p.into, p.until = into, until
	err := p.raw.Read(p.take)
	p.into = nil
	switch {
	case err != nil:
		return 0, err
	case p.err != nil:
		return 0, p.err
	case p.n == 0:
		return 0, io.EOF
	}
	return p.n, nil
}

// readable waits until there is something to read, or until then.
func readable(fd int32, until time.Time) bool {
	for {
		left := time.Until(until)
		if left <= 0 {
			return false
		}
		fds, timeout := unix.PollFd{Fd: fd, Events: unix.POLLIN}, unix.NsecToTimespec(int64(left))
		// Raw: the runtime does not give the processor to another thread, which
		// would take longer than what is waited for.
		n, _, errno := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&fds)), 1, uintptr(unsafe.Pointer(&timeout)), 0, 0, 0) //nolint:gosec // both live until it returns
		if errno != unix.EINTR {
			return errno == 0 && n == 1
		}
	}
}
