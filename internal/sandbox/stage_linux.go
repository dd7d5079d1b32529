package sandbox

import (
	"encoding/binary"
	"errors"
	"os"
	"runtime"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/hakonegate/hakone/internal/fdpass"
)

// stageName is argv[0] of this program when it is started to be the first
// process of a room. It builds the room, starts the command in it, furnishes it
// when told, and in the end tells how the command ended. Nothing in the room can
// reach it: it has privileges in the room's namespaces that they have not.
const stageName = "hakone-room"

// Descriptors of the stage.
const (
	stageControl = 3
	stageFiles   = 4 // and following: the command's descriptors 3, 4, …
)

// A stageRequest goes to the stage. The first one starts the command.
type stageRequest struct {
	Start   *stageStart `json:",omitempty"`
	Furnish *Furniture  `json:",omitempty"` // Tmp comes as a descriptor
	Linger  bool        `json:",omitempty"` // the room outlives the command, whose end is told on the descriptor that comes along
	Release *stageJoin  `json:",omitempty"` // what a held command is, after all
	Join    *stageJoin  `json:",omitempty"` // its output and where to tell its end come as descriptors
	Dial    int         `json:",omitempty"` // a TCP port of the room's own loopback
	Signal  int         `json:",omitempty"`
	Whom    int         `json:",omitempty"` // one that joined; 0 is the command
	Group   bool        `json:",omitempty"` // and its process group
}

type stageStart struct {
	Path   string
	Args   []string // with argv[0]
	Env    []string
	Dir    string
	Files  int
	Limits Limits
	Room   Room
	Held   bool // Release starts the command
	// UID and GID are changed to; both 0 means that the stage has them already.
	UID, GID  int
	Furniture *Furniture `json:",omitempty"`
}

// A stageJoin is another command for the room.
type stageJoin struct {
	Path string
	Args []string // with argv[0]
	Env  []string
	Dir  string
}

// A stageReply comes from the stage: one for each start and furnish, and one
// with Exit in the end.
type stageReply struct {
	Error    string
	Errno    int
	Landlock bool
	Seccomp  bool
	HasTmp   bool // a descriptor with /tmp came with it
	HasAPI   bool // one of a listener came with it
	HasConn  bool // one of a connection came with it
	PID      int  // of what joined
	Exit     *uint32
}

// A stage must run before anything else of the program does: whoever links
// this package can start rooms.
func init() { //nolint:gochecknoinits // as above; it registers nothing
	if len(os.Args) == 1 && os.Args[0] == stageName && os.Getpid() == 1 {
		runStage()
	}
}

// A stage is the first process of a room.
type stage struct {
	mounts int         // the room's mount namespace
	begun  *stageStart // what it was started with
	forks  chan func() // for the thread that is in the room

	mu       sync.Mutex
	children map[int]int // where to tell the end of what runs, by process id; -1: over the control channel
	command  int         // process id
	told     int         // where to tell the command's end; -1: over the control channel, and the room ends with it
	born     chan struct{}
}

func runStage() {
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	unix.CloseOnExec(stageControl)
	s := &stage{forks: make(chan func()), children: map[int]int{}, told: -1, born: make(chan struct{}, 1)}
	for {
		var r stageRequest
		fds, err := fdpass.Receive(stageControl, &r)
		if err != nil { // our parent is gone
			unix.Exit(0)
		}
		switch {
		case r.Start != nil:
			s.start(r.Start, fds)
		case r.Furnish != nil:
			tree, err := s.furnish(r.Furnish, fds)
			reply := failed(err)
			if err == nil {
				reply.HasTmp = true
				_ = fdpass.Send(stageControl, reply, tree)
				_ = unix.Close(tree)
			} else {
				_ = fdpass.Send(stageControl, reply)
			}
		case r.Linger && len(fds) == 1:
			s.linger(fds[0])
			fds = nil
			_ = fdpass.Send(stageControl, new(stageReply))
		case r.Release != nil && s.begun != nil:
			c := r.Release
			s.begun.Path, s.begun.Args, s.begun.Env, s.begun.Dir = c.Path, c.Args, c.Env, c.Dir
			err := s.inRoom(s.startCommand)
			s.closeFiles()
			_ = fdpass.Send(stageControl, failed(err))
		case r.Join != nil && len(fds) == 2:
			pid, err := s.join(r.Join, fds[0], fds[1])
			reply := failed(err)
			reply.PID = pid
			if err == nil {
				fds = fds[:1] // the other is where its end is told
			}
			_ = fdpass.Send(stageControl, reply)
		case r.Dial != 0:
			conn, err := dialInside(r.Dial)
			reply := failed(err)
			if err == nil {
				reply.HasConn = true
				_ = fdpass.Send(stageControl, reply, conn)
				_ = unix.Close(conn)
			} else {
				_ = fdpass.Send(stageControl, reply)
			}
		case r.Signal != 0:
			s.signal(&r)
		}
		for _, fd := range fds {
			_ = unix.Close(fd)
		}
	}
}

// start builds the room and starts the command, both on a thread of its own:
// the thread enters the room and gives up everything, the others keep what
// furnish needs. It stays for what joins.
func (s *stage) start(c *stageStart, fds []int) {
	s.begun = c
	reply := make(chan stageReply)
	var passed []int
	go func() {
		runtime.LockOSThread()
		r := s.enter(c, fds, &passed)
		if r.Error == "" && c.Path != "" && !c.Held {
			if err := s.startCommand(); err != nil {
				r = *failed(err)
			}
		}
		reply <- r
		for fork := range s.forks {
			fork()
		}
	}()
	r := <-reply
	_ = fdpass.Send(stageControl, &r, passed...)
	if r.Error != "" || c.Path == "" && !c.Held {
		unix.Exit(1)
	}
	for _, fd := range passed {
		_ = unix.Close(fd)
	}
	if !c.Held {
		s.closeFiles()
	}
	go s.reap()
}

// closeFiles closes the command's files: the other ends wait for the last of
// them to be closed.
func (s *stage) closeFiles() {
	_ = unix.Dup3(0, 1, 0)
	_ = unix.Dup3(0, 2, 0)
	for i := range s.begun.Files {
		_ = unix.Close(stageFiles + i)
	}
}

// inRoom runs f on the thread that is in the room.
func (s *stage) inRoom(f func() error) error {
	err := make(chan error)
	s.forks <- func() { err <- f() }
	return <-err
}

// enter builds the room around the calling thread.
func (s *stage) enter(c *stageStart, fds []int, passed *[]int) stageReply {
	var r stageReply
	if err := limitSelf(c.Limits, c.Room.Processes); err != nil {
		return *failed(err)
	}
	var api int
	if c.Room.NoNetwork {
		var err error
		if api, err = listenInside(); err != nil {
			return *failed(err)
		}
	}
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return *failed(os.NewSyscallError("unshare", err))
	}
	ns, err := unix.Open("/proc/thread-self/ns/mnt", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return *failed(os.NewSyscallError("open mount namespace", err))
	}
	s.mounts = ns
	if err := buildRoom(&c.Room); err != nil {
		return *failed(err)
	}
	if c.Furniture != nil {
		var tree int
		var err error
		done := make(chan struct{})
		go func() { // on a thread that still sees the machine
			defer close(done)
			tree, err = s.furnish(c.Furniture, fds)
		}()
		<-done
		if err != nil {
			return *failed(err)
		}
		r.HasTmp = true
		*passed = append(*passed, tree)
	}
	if c.Room.NoNetwork {
		r.HasAPI = true
		*passed = append(*passed, api)
	}
	if err := giveUp(); err != nil {
		return *failed(err)
	}
	r.Landlock = landlock() == nil
	r.Seccomp = filterCalls() == nil
	return r
}

// startCommand starts the command. It runs on the thread that is in the room.
func (s *stage) startCommand() error {
	c := s.begun
	files := []uintptr{0, 1, 2}
	for i := range c.Files {
		files = append(files, uintptr(stageFiles+i))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	pid, err := s.fork(c.Path, c.Args, c.Env, c.Dir, files)
	if err == nil {
		s.command = pid
		s.children[pid] = s.told
	}
	return err
}

// join starts another command, whose end is told on a pipe.
func (s *stage) join(c *stageJoin, output, told int) (pid int, err error) {
	return pid, s.inRoom(func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		var err error
		if pid, err = s.fork(c.Path, c.Args, c.Env, c.Dir, []uintptr{0, uintptr(output), uintptr(output)}); err == nil {
			s.children[pid] = told
		}
		return err
	})
}

// fork starts a program on the calling thread, which must be in the room. The
// lock is held, so that its end is not seen before it is noted.
func (s *stage) fork(path string, args, env []string, dir string, files []uintptr) (int, error) {
	sys := &syscall.SysProcAttr{Setpgid: true}
	if c := s.begun; c.UID != 0 {
		sys.Credential = &syscall.Credential{Uid: uint32(c.UID), Gid: uint32(c.GID)} //nolint:gosec // small numbers
		// Or /dev/stdout cannot be opened.
		_ = unix.Fchown(int(files[1]), c.UID, c.GID)
	}
	//nolint:gosec // to run it is the purpose
	pid, err := syscall.ForkExec(path, args, &syscall.ProcAttr{Dir: dir, Env: env, Files: files, Sys: sys})
	if err != nil {
		return 0, &os.PathError{Op: "fork/exec", Path: path, Err: err}
	}
	select {
	case s.born <- struct{}{}:
	default:
	}
	return pid, nil
}

// linger has the room outlive the command.
func (s *stage) linger(told int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = told
	if s.command != 0 {
		s.children[s.command] = told
	}
}

func (s *stage) signal(r *stageRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	whom := r.Whom
	if whom == 0 {
		whom = s.command
	}
	if _, runs := s.children[whom]; !runs {
		return
	}
	if r.Group {
		whom = -whom
	}
	_ = unix.Kill(whom, syscall.Signal(r.Signal))
}

// reap waits for everything that ends in the room, tells who asked, and ends the
// room with the command unless it lingers.
func (s *stage) reap() {
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, unix.WALL, nil)
		switch {
		case err == nil:
			s.ended(pid, uint32(status))
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.ECHILD):
			<-s.born
		default:
			unix.Exit(1)
		}
	}
}

func (s *stage) ended(pid int, status uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	told, ours := s.children[pid]
	delete(s.children, pid)
	switch {
	case !ours: // somebody's orphan
	case told < 0:
		_ = fdpass.Send(stageControl, &stageReply{Exit: &status})
		unix.Exit(0)
	default:
		_, _ = unix.Write(told, binary.NativeEndian.AppendUint32(nil, status))
		_ = unix.Close(told)
	}
}

func failed(err error) *stageReply {
	if err == nil {
		return new(stageReply)
	}
	r := &stageReply{Error: err.Error()}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		r.Errno = int(errno)
	}
	return r
}
