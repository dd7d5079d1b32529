package sandbox

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
)

// A Process is a running command. Its methods are safe for concurrent use.
type Process struct {
	pid         int
	out         *output
	protections Protections
	done        chan struct{}
	gone        chan struct{} // closed when it was waited for, with its room
	exit        Exit          // set before done is closed
	room        *room
	host        *Process // whose room it joined; nil: nobody's
	inside      int      // process id in that room
	cgroup      *cgroup  // the room's; nil: it has none
	oom         bool     // the kernel ended one of its processes for its memory; set with ended

	mu      sync.Mutex
	ended   bool // the process was waited for: its pid may belong to another
	over    bool // done is closed, or about to be
	lingers bool // the room outlives the command
}

// Start starts the command. The caller must see to it that the process ends:
// by [Process.Kill], or by itself.
func Start(c Command) (*Process, error) {
	p := &Process{done: make(chan struct{}), gone: make(chan struct{})}
	started := make(chan error, 1)
	// One thread starts the process and waits for it. The thread gives up
	// privileges first, which the process inherits, and so must not be used for
	// anything else later; and it must outlive the process, because the signal
	// on a parent's death is sent when the thread that started it ends. A
	// goroutine that returns while locked ends its thread.
	go func() {
		runtime.LockOSThread()
		proc, err := p.start(c)
		started <- err
		if err != nil {
			return
		}
		p.wait(proc)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Process) start(c Command) (*os.Process, error) {
	out, write, err := newOutput(c.Output)
	if err != nil {
		return nil, err
	}
	defer write.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		out.close()
		return nil, fmt.Errorf("open standard input: %w", err)
	}
	defer null.Close()

	dir := c.Dir
	if dir == "" {
		dir = "/"
	}
	env := c.Env
	if env == nil {
		env = []string{} // nil would mean our own
	}
	p.protections = Protections{CleanEnvironment: true}
	sys := confine(&p.protections)
	std := []*os.File{null, write, write}
	var proc *os.Process
	if c.Room != nil {
		if c.Cgroups != nil {
			if c.cgroup, err = c.Cgroups.make(c.Room.Processes); err != nil {
				out.close()
				return nil, fmt.Errorf("make a control group: %w", err)
			}
			p.cgroup = c.cgroup
			if c.Furniture != nil && c.Furniture.MemoryBytes > 0 {
				err = p.cgroup.bound(c.Furniture.MemoryBytes)
			}
		}
		if err == nil {
			proc, p.room, err = startStage(&c, sys, std)
		}
		if c.cgroup != nil {
			c.cgroup.close()
		}
		if err == nil {
			if err = p.room.begin(&c, dir, env, &p.protections); err != nil {
				_ = proc.Kill()
				_, _ = proc.Wait()
				p.room.end()
			}
		}
	} else {
		proc, err = os.StartProcess(c.Path, append([]string{c.Path}, c.Args...), &os.ProcAttr{
			Dir: dir, Env: env, Sys: sys, Files: append(std, c.Files...),
		})
	}
	if err != nil {
		out.close()
		if p.cgroup != nil {
			p.cgroup.remove()
		}
		return nil, err
	}
	p.pid, p.out = proc.Pid, out
	if c.Room == nil {
		limit(p.pid, c.Limits, &p.protections)
	}
	go out.read()
	return proc, nil
}

func (p *Process) wait(proc *os.Process) {
	defer close(p.gone)
	state, err := proc.Wait()
	p.mu.Lock()
	p.ended = true
	p.oom = p.cgroup != nil && p.cgroup.killed()
	// What it left in its group goes with it. The group's number stays taken
	// as long as it has members, so this cannot reach anybody else's.
	killGroup(p.pid)
	p.mu.Unlock()
	if p.cgroup != nil {
		defer p.cgroup.remove()
	}
	exit := Exit{Code: -1}
	if err == nil {
		ws, ok := state.Sys().(syscall.WaitStatus)
		if p.room != nil {
			if inside, told := p.room.end(); told {
				ws = inside
			}
		}
		if ok {
			exit = exitOf(ws)
		} else {
			exit.Code = ws.ExitStatus()
		}
	}
	p.conclude(exit)
}

func exitOf(ws syscall.WaitStatus) Exit {
	if ws.Signaled() {
		return Exit{Code: -1, Signal: ws.Signal(), Core: ws.CoreDump()}
	}
	return Exit{Code: ws.ExitStatus()}
}

// conclude notes how the command ended, the first time.
func (p *Process) conclude(exit Exit) {
	p.mu.Lock()
	first := !p.over
	p.over = true
	p.mu.Unlock()
	if !first {
		return
	}
	p.exit = exit
	p.out.drain()
	p.out.close()
	close(p.done)
}

// PID returns the process id; that of the first process, if there is a room.
func (p *Process) PID() int { return p.pid }

// Protections tells which walls stand around the process.
func (p *Process) Protections() Protections { return p.protections }

// Done is closed when the process has ended and its output was delivered.
func (p *Process) Done() <-chan struct{} { return p.done }

// Exit says how the process ended, once Done is closed.
func (p *Process) Exit() Exit { return p.exit }

// Drain delivers what the process has written until now.
func (p *Process) Drain() { p.out.drain() }

// Kill ends the process and everything in its group or room at once, and waits
// for the process.
func (p *Process) Kill() {
	if p.host != nil {
		p.host.room.signal(p.inside, syscall.SIGKILL, true)
	} else {
		p.signal(syscall.SIGKILL)
	}
	<-p.gone
	<-p.done
}

// OutOfMemory reports whether the kernel ended the process, or one in its room,
// because the room's control group had no more memory.
func (p *Process) OutOfMemory() bool {
	if p.cgroup == nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return p.oom
	}
	return p.cgroup.killed()
}

// KillCommand ends the command and its group, but not a room that outlives it,
// and does not wait.
func (p *Process) KillCommand() {
	switch {
	case p.host != nil:
		p.host.room.signal(p.inside, syscall.SIGKILL, true)
	case p.room != nil:
		p.room.signal(0, syscall.SIGKILL, true)
	default:
		p.signal(syscall.SIGKILL)
	}
}

// Terminate asks the process to end, and does not wait.
func (p *Process) Terminate() {
	switch {
	case p.host != nil:
		p.host.room.signal(p.inside, syscall.SIGTERM, false)
	case p.room != nil:
		p.room.signal(0, syscall.SIGTERM, false)
	default:
		p.signal(syscall.SIGTERM)
	}
}

// Furnish completes the room of the process. It returns the room's /tmp, for
// the next process of the same execution environment: close it in the end.
func (p *Process) Furnish(f Furniture) (*os.File, error) {
	if p.room == nil {
		return nil, errors.New("the process has no room")
	}
	if p.cgroup != nil && f.MemoryBytes > 0 {
		if err := p.cgroup.bound(f.MemoryBytes); err != nil {
			return nil, fmt.Errorf("bound the memory: %w", err)
		}
	}
	if err := p.room.furnish(f); err != nil {
		return nil, err
	}
	return p.room.takeTmp(), nil
}

// Tmp returns what Furnish does, for a process whose Command had Furniture.
// It may be called once.
func (p *Process) Tmp() *os.File {
	if p.room == nil {
		return nil
	}
	return p.room.takeTmp()
}

// API returns the listener at [RoomAPI] in a room without network, nil in
// others. It is the caller's to close, and to call for once.
func (p *Process) API() net.Listener {
	if p.room == nil {
		return nil
	}
	return p.room.takeAPI()
}

func (p *Process) signal(sig syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	if err := syscall.Kill(-p.pid, sig); errors.Is(err, syscall.ESRCH) {
		_ = syscall.Kill(p.pid, sig) // left its group
	}
}

// killGroup ends what is left of the group.
func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }
