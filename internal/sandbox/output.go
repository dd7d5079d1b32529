package sandbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// An output is the reading end of the pipe that is the standard output and
// error of a process. Reading and delivering happen under one lock, so that
// drain can promise that everything written before was delivered.
type output struct {
	file *os.File

	mu  sync.Mutex
	to  io.Writer
	buf []byte
}

// newOutput returns an output and the writing end for the process.
func newOutput(to io.Writer) (*output, *os.File, error) {
	var fds [2]int
	if err := pipe(fds[:]); err != nil {
		return nil, nil, fmt.Errorf("open output pipe: %w", err)
	}
	// Only our end: the process expects a blocking one.
	if err := unix.SetNonblock(fds[0], true); err != nil {
		_ = unix.Close(fds[0])
		_ = unix.Close(fds[1])
		return nil, nil, fmt.Errorf("open output pipe: %w", err)
	}
	return &output{file: os.NewFile(uintptr(fds[0]), "output"), to: to, buf: make([]byte, 16<<10)},
		os.NewFile(uintptr(fds[1]), "output"), nil
}

// read delivers output until the end, or until close.
func (o *output) read() {
	conn, err := o.file.SyscallConn()
	if err != nil {
		return
	}
	_ = conn.Read(func(fd uintptr) bool { return o.take(int(fd)) })
}

// drain delivers what is in the pipe now.
func (o *output) drain() {
	conn, err := o.file.SyscallConn()
	if err != nil {
		return
	}
	_ = conn.Control(func(fd uintptr) { o.take(int(fd)) })
}

// take delivers what is there and reports whether the end was reached. It
// stops after a bounded amount so that a drain ends also when the process
// writes without pause.
func (o *output) take(fd int) (end bool) {
	const most = 1 << 20
	o.mu.Lock()
	defer o.mu.Unlock()
	for taken := 0; taken < most; {
		n, err := unix.Read(fd, o.buf)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN):
			return false
		case n <= 0 || err != nil:
			return true
		default:
			taken += n
			_, _ = o.to.Write(o.buf[:n]) // a log that fails is no reason to stop the process
		}
	}
	return false
}

func (o *output) close() { _ = o.file.Close() }
