package sandbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Release starts the command of a process that was held; only Path, Args, Env
// and Dir of c count.
func (p *Process) Release(c Command) error {
	if p.room == nil {
		return errors.New("the process was not held")
	}
	_, err := p.room.ask(&stageRequest{Release: stageCommand(c)}, nil)
	return err
}

func stageCommand(c Command) *stageJoin {
	j := &stageJoin{Path: c.Path, Args: append([]string{c.Path}, c.Args...), Env: c.Env, Dir: c.Dir}
	if j.Dir == "" {
		j.Dir = "/"
	}
	return j
}

// Join starts another command in the room of the process, which outlives its
// own command from then on, until [Process.Kill]. What joins ends with the room.
// Where there are no rooms it is a process of its own.
func (p *Process) Join(c Command) (*Process, error) {
	if p.room == nil {
		return Start(c)
	}
	if err := p.linger(); err != nil {
		return nil, err
	}
	out, write, err := newOutput(c.Output)
	if err != nil {
		return nil, err
	}
	defer write.Close()
	end, told, err := newPipe()
	if err != nil {
		out.close()
		return nil, err
	}
	defer told.Close()
	reply, err := p.room.ask(&stageRequest{Join: stageCommand(c)}, []int{int(write.Fd()), int(told.Fd())})
	if err != nil {
		out.close()
		_ = end.Close()
		return nil, err
	}
	joined := &Process{host: p, inside: reply.PID, out: out, protections: p.protections, done: make(chan struct{}), gone: make(chan struct{})}
	go out.read()
	go func() {
		defer close(joined.gone)
		status, ok := readEnd(end)
		if !ok { // the room was ended
			status = syscall.WaitStatus(syscall.SIGKILL)
		}
		joined.conclude(exitOf(status))
	}()
	return joined, nil
}

// linger has the room outlive the command, whose end is told on a pipe.
func (p *Process) linger() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lingers {
		return nil
	}
	end, told, err := newPipe()
	if err != nil {
		return err
	}
	defer told.Close()
	if _, err := p.room.ask(&stageRequest{Linger: true}, []int{int(told.Fd())}); err != nil {
		_ = end.Close()
		return err
	}
	p.lingers = true
	p.room.keepOn()
	go func() {
		if status, ok := readEnd(end); ok {
			p.conclude(exitOf(status))
		}
	}()
	return nil
}

// keepOn notes that the stage says nothing of the command's end.
func (r *room) keepOn() {
	r.asking.Lock()
	defer r.asking.Unlock()
	r.lingers = true
}

// Dial connects to a TCP port that the process, or one in its room, listens on
// at the address of the loopback. Others that listen there are not connected to.
func (p *Process) Dial(addr *net.TCPAddr) (net.Conn, error) {
	if p.room == nil {
		return net.DialTCP("tcp4", nil, addr)
	}
	if p.room.ownNetwork {
		if _, err := p.room.ask(&stageRequest{Dial: addr.Port}, nil); err != nil {
			return nil, err
		}
		return p.room.takeConn(), nil
	}
	if !p.listens(addr) {
		return nil, fmt.Errorf("nothing of the environment listens on %s", addr)
	}
	return net.DialTCP("tcp4", nil, addr)
}

func (r *room) takeConn() net.Conn {
	r.asking.Lock()
	defer r.asking.Unlock()
	c := r.conn
	r.conn = nil
	return c
}

// newPipe returns a pipe whose reading end can be waited for.
func newPipe() (read, write *os.File, err error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return nil, nil, os.NewSyscallError("pipe", err)
	}
	_ = unix.SetNonblock(fds[0], true)
	return os.NewFile(uintptr(fds[0]), "end"), os.NewFile(uintptr(fds[1]), "end"), nil
}

// readEnd waits for the end of a command; false if the room ended first.
func readEnd(f *os.File) (syscall.WaitStatus, bool) {
	defer f.Close()
	var b [4]byte
	if _, err := io.ReadFull(f, b[:]); err != nil {
		return 0, false
	}
	return syscall.WaitStatus(binary.NativeEndian.Uint32(b[:])), true
}
