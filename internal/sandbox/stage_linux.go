package sandbox

import (
	"errors"
	"os"
	"runtime"
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
	Signal  int         `json:",omitempty"`
}

type stageStart struct {
	Path   string
	Args   []string // with argv[0]
	Env    []string
	Dir    string
	Files  int
	Limits Limits
	Room   Room
	// UID and GID are changed to; both 0 means that the stage has them already.
	UID, GID  int
	Furniture *Furniture `json:",omitempty"`
	HasTmp    bool
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
	mounts  int // the room's mount namespace
	command int // process id
}

func runStage() {
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	unix.CloseOnExec(stageControl)
	s := new(stage)
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
		case r.Signal != 0 && s.command > 0:
			_ = unix.Kill(s.command, syscall.Signal(r.Signal))
		}
		for _, fd := range fds {
			_ = unix.Close(fd)
		}
	}
}

// start builds the room and starts the command, both on a thread of its own:
// the thread enters the room and gives up everything, the others keep what
// furnish needs.
func (s *stage) start(c *stageStart, fds []int) {
	reply, told := make(chan stageReply), make(chan struct{})
	var passed []int
	go func() {
		runtime.LockOSThread()
		r, pid := s.enter(c, fds, &passed)
		reply <- r
		if pid != 0 {
			<-told
			reap(pid)
		}
	}()
	r := <-reply
	_ = fdpass.Send(stageControl, &r, passed...)
	if r.Error != "" || c.Path == "" {
		unix.Exit(1)
	}
	defer close(told)
	for _, fd := range passed {
		_ = unix.Close(fd)
	}
	// The other ends wait for the last of them to be closed.
	_ = unix.Dup3(0, 1, 0)
	_ = unix.Dup3(0, 2, 0)
	for i := range c.Files {
		_ = unix.Close(stageFiles + i)
	}
}

func (s *stage) enter(c *stageStart, fds []int, passed *[]int) (stageReply, int) {
	var r stageReply
	fail := func(err error) (stageReply, int) { return *failed(err), 0 }
	if err := limitSelf(c.Limits, c.Room.Processes); err != nil {
		return fail(err)
	}
	var api int
	if c.Room.NoNetwork {
		var err error
		if api, err = listenInside(); err != nil {
			return fail(err)
		}
	}
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return fail(os.NewSyscallError("unshare", err))
	}
	ns, err := unix.Open("/proc/thread-self/ns/mnt", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fail(os.NewSyscallError("open mount namespace", err))
	}
	s.mounts = ns
	if err := buildRoom(&c.Room); err != nil {
		return fail(err)
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
			return fail(err)
		}
		r.HasTmp = true
		*passed = append(*passed, tree)
	}
	if c.Room.NoNetwork {
		r.HasAPI = true
		*passed = append(*passed, api)
	}
	files := []uintptr{0, 1, 2}
	for i := range c.Files {
		files = append(files, uintptr(stageFiles+i))
	}
	sys := new(syscall.SysProcAttr)
	if c.UID != 0 {
		sys.Credential = &syscall.Credential{Uid: uint32(c.UID), Gid: uint32(c.GID)} //nolint:gosec // small numbers
		// Or /dev/stdout cannot be opened.
		_ = unix.Fchown(1, c.UID, c.GID)
	}
	sys.Setpgid = true
	if err := giveUp(); err != nil {
		return fail(err)
	}
	r.Landlock = landlock() == nil
	r.Seccomp = filterCalls() == nil
	if c.Path == "" { // only to see whether it can be done
		return r, 0
	}
	//nolint:gosec // to run it is the purpose
	pid, err := syscall.ForkExec(c.Path, c.Args, &syscall.ProcAttr{Dir: c.Dir, Env: c.Env, Files: files, Sys: sys})
	if err != nil {
		return fail(&os.PathError{Op: "fork/exec", Path: c.Path, Err: err})
	}
	s.command = pid
	return r, pid
}

// reap waits for everything that ends in the room, and ends the room with the
// command.
func reap(command int) {
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, unix.WALL, nil)
		if pid == command {
			end := uint32(status)
			_ = fdpass.Send(stageControl, &stageReply{Exit: &end})
			unix.Exit(0)
		}
		if err != nil && !errors.Is(err, unix.EINTR) {
			unix.Exit(1)
		}
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
