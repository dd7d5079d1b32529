package sandbox

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/hakonegate/hakone/internal/fdpass"
)

// hostUID is the user as which commands run seen from outside, if we are root.
// Nothing belongs to it.
const hostUID = 2_000_000_993

// A room is our end of the channel to a stage.
type room struct {
	asking  sync.Mutex // held from a request to its reply; guards what follows
	control int        // -1 when closed
	tmp     *os.File
	api     net.Listener
	conn    net.Conn
	exit    *uint32 // how the command ended
	lingers bool    // the room outlives the command

	ownNetwork bool // a loopback of its own; never changes
}

// startStage starts the stage of c's room, with its channel. Files are the
// command's standard ones.
func startStage(c *Command, sys *syscall.SysProcAttr, std []*os.File) (*os.Process, *room, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	theirs := os.NewFile(uintptr(fds[1]), "control")
	defer theirs.Close()
	sys.Cloneflags = unix.CLONE_NEWUSER | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS
	if c.Room.NoNetwork {
		sys.Cloneflags |= unix.CLONE_NEWNET
	}
	setUsers(sys)
	// A session is a group of its own to the scheduler, however many processes
	// it has.
	sys.Setpgid, sys.Setsid = false, true
	if c.cgroup != nil {
		sys.UseCgroupFD, sys.CgroupFD = true, c.cgroup.fd
	}
	// The stage is this very program, which may have been replaced on disk.
	proc, err := os.StartProcess("/proc/self/exe", []string{stageName}, &os.ProcAttr{
		Dir: "/", Env: []string{"GOMAXPROCS=1"}, Sys: sys, Files: append(append(std, theirs), c.Files...),
	})
	if err != nil {
		_ = unix.Close(fds[0])
		return nil, nil, err
	}
	return proc, &room{control: fds[0], ownNetwork: c.Room.NoNetwork}, nil
}

// setUsers maps the users of a room. If we are root, all of the machine's keep
// their numbers, because the stage needs them to reach files, and the command
// becomes one that does not exist. Otherwise there is only ourselves, by another
// number.
func setUsers(sys *syscall.SysProcAttr) {
	if isRoot() {
		sys.UidMappings = usersBeside(roomUID)
		sys.GidMappings = usersBeside(roomGID)
		sys.GidMappingsEnableSetgroups = true
		return
	}
	sys.UidMappings = []syscall.SysProcIDMap{{ContainerID: roomUID, HostID: os.Geteuid(), Size: 1}}
	sys.GidMappings = []syscall.SysProcIDMap{{ContainerID: roomGID, HostID: os.Getegid(), Size: 1}}
	// Or exec would take them.
	sys.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_SYS_CHROOT, unix.CAP_NET_ADMIN, unix.CAP_SETPCAP, unix.CAP_DAC_OVERRIDE, unix.CAP_KILL}
}

func usersBeside(id int) []syscall.SysProcIDMap {
	return []syscall.SysProcIDMap{
		{ContainerID: 0, HostID: 0, Size: id},
		{ContainerID: id, HostID: hostUID, Size: 1},
		{ContainerID: id + 1, HostID: id + 1, Size: hostUID - id - 1},
	}
}

// isRoot reports whether we are root of the whole machine.
func isRoot() bool {
	if os.Geteuid() != 0 {
		return false
	}
	text, err := os.ReadFile("/proc/self/uid_map")
	f := strings.Fields(string(text))
	return err == nil && len(f) == 3 && f[0] == "0" && f[2] == "4294967295"
}

// begin has the stage build the room and start the command.
func (r *room) begin(c *Command, dir string, env []string, p *Protections) error {
	s := &stageStart{
		Path: c.Path, Args: append([]string{c.Path}, c.Args...), Env: env, Dir: dir, Files: len(c.Files), Limits: c.Limits, Room: *c.Room, Held: c.Held,
	}
	if isRoot() {
		s.UID, s.GID = roomUID, roomGID
	}
	var files []int
	if c.Furniture != nil {
		f := *c.Furniture
		if f.Tmp != nil {
			files = append(files, int(f.Tmp.Fd()))
			f.Tmp = nil
		}
		s.Furniture = &f
	}
	reply, err := r.ask(&stageRequest{Start: s}, files)
	if err != nil {
		return err
	}
	p.Namespaces, p.Landlock, p.Seccomp, p.ResourceLimits = true, reply.Landlock, reply.Seccomp, true
	return nil
}

// furnish has the stage complete the room.
func (r *room) furnish(f Furniture) error {
	var files []int
	if f.Tmp != nil {
		files = append(files, int(f.Tmp.Fd()))
		f.Tmp = nil
	}
	_, err := r.ask(&stageRequest{Furnish: &f}, files)
	return err
}

// ask sends a request and takes the reply with what comes with it.
func (r *room) ask(q *stageRequest, files []int) (*stageReply, error) {
	r.asking.Lock()
	defer r.asking.Unlock()
	if r.control < 0 {
		return nil, errEnded
	}
	if err := fdpass.Send(r.control, q, files...); err != nil {
		return nil, fmt.Errorf("tell the room: %w", err)
	}
	var reply stageReply
	fds, err := fdpass.Receive(r.control, &reply)
	if err != nil {
		return nil, fmt.Errorf("hear from the room: %w", err)
	}
	if reply.Exit != nil {
		r.exit = reply.Exit
		return nil, errEnded
	}
	if err := r.keep(&reply, fds); err != nil {
		return nil, err
	}
	switch {
	case reply.Error == "":
		return &reply, nil
	case reply.Errno != 0:
		return nil, &roomError{reply.Error, syscall.Errno(reply.Errno)}
	default:
		return nil, errors.New(reply.Error)
	}
}

var errEnded = errors.New("the process has ended")

// keep notes the descriptors that came with a reply.
func (r *room) keep(reply *stageReply, fds []int) error {
	take := func(name string) *os.File {
		f := os.NewFile(uintptr(fds[0]), name)
		fds = fds[1:]
		return f
	}
	if reply.HasTmp && len(fds) > 0 {
		r.tmp = take("tmp")
	}
	if reply.HasAPI && len(fds) > 0 {
		f := take("api")
		defer f.Close()
		var err error
		if r.api, err = net.FileListener(f); err != nil {
			return fmt.Errorf("open runtime API: %w", err)
		}
	}
	if reply.HasConn && len(fds) > 0 {
		f := take("connection")
		defer f.Close()
		var err error
		if r.conn, err = net.FileConn(f); err != nil {
			return fmt.Errorf("open connection: %w", err)
		}
	}
	for _, fd := range fds {
		_ = unix.Close(fd)
	}
	return nil
}

func (r *room) takeTmp() *os.File {
	r.asking.Lock()
	defer r.asking.Unlock()
	f := r.tmp
	r.tmp = nil
	return f
}

func (r *room) takeAPI() net.Listener {
	r.asking.Lock()
	defer r.asking.Unlock()
	l := r.api
	r.api = nil
	return l
}

// A roomError is an error of the stage.
type roomError struct {
	text  string
	errno syscall.Errno
}

func (e *roomError) Error() string { return e.text }

func (e *roomError) Unwrap() error { return e.errno }

// signal has the stage send a signal to the command, or to one that joined.
func (r *room) signal(whom int, sig syscall.Signal, group bool) {
	r.asking.Lock()
	defer r.asking.Unlock()
	if r.control >= 0 {
		_ = fdpass.Send(r.control, &stageRequest{Signal: int(sig), Whom: whom, Group: group})
	}
}

// end returns how the command ended, once the stage has, and closes the
// channel. A stage that was killed says nothing.
func (r *room) end() (syscall.WaitStatus, bool) {
	r.asking.Lock()
	defer r.asking.Unlock()
	defer func() {
		_ = unix.Close(r.control)
		r.control = -1
		if r.tmp != nil {
			_ = r.tmp.Close()
		}
		if r.api != nil {
			_ = r.api.Close()
		}
	}()
	for r.exit == nil && !r.lingers {
		var reply stageReply
		if _, err := fdpass.Receive(r.control, &reply); err != nil {
			return 0, false
		}
		r.exit = reply.Exit
	}
	if r.exit == nil {
		return 0, false
	}
	return syscall.WaitStatus(*r.exit), true
}

// Probe reports whether rooms can be had here, and which protections there are,
// with a room or else without.
func Probe() (Protections, error) {
	p, err := Start(Command{Room: new(Room), Output: io.Discard})
	if err != nil {
		return Protections{CleanEnvironment: true, ProcessGroup: true, ParentDeath: true, NoNewPrivileges: true, ResourceLimits: true}, err
	}
	<-p.Done()
	return p.Protections(), nil
}
