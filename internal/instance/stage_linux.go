package instance

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/hakonegate/hakone/internal/fdpass"
)

// stageName is argv[0] of this program when it is started to be the first
// process of an instance's namespaces. It makes network and files, passes what
// others connect to out to its parent, starts the command, and in the end tells
// how it ended.
const stageName = "hakone-instance"

// What is where, inside.
const (
	userID          = 1000 // ec2-user
	home            = "/home/ec2-user"
	rootHome        = "/root"
	ownFolder       = "/run/hakone"
	ownPrograms     = ownFolder + "/bin"
	bundleFile      = ownFolder + "/ca-bundle.pem"
	localFile       = ownFolder + "/ca.pem"
	metadataAddress = "169.254.169.254"
	gatewayAddress  = "127.0.1.1"
	controlAddress  = "127.0.1.2"
	hostsFolder     = ownFolder + "/etc"
	scriptFile      = "/var/lib/cloud/instance/scripts/part-001" // as cloud-init has it
)

// Descriptors of the stage.
const (
	stageChannel      = 3
	stageSettingsFile = 4
)

// stageSettings are read by the stage when it starts.
type stageSettings struct {
	Args, Env     []string
	Script        []byte
	Path          string   // the caller's PATH
	Home          []string // the caller's homes
	Hidden        []string
	Hostname      string
	HopLimit      int
	Local, Bundle []byte // certificate authorities
	Program       string // this program's file
	Terminal      bool
	Rows, Columns uint16
	Root          bool // started by root: the command becomes userID

	Egress    bool
	PrivateIP string

	hosts  *os.File   // open for writing
	egress []*os.File // the interface's device and the listener of its streams; none without egress
}

type stageRequest struct {
	Start  bool `json:",omitempty"`
	Signal int  `json:",omitempty"`
}

// A stageReply comes from the stage twice: when everything is there, with
// descriptors in the order of [opened], and when the command has ended.
type stageReply struct {
	Error   string `json:",omitempty"`
	Network string `json:",omitempty"` // why there is no way out
	Missing string `json:",omitempty"` // the program that is not there
	Status  int
}

// A stage must run before anything else of the program does: whoever links
// this package can start instances.
func init() { //nolint:gochecknoinits // as above; it registers nothing
	if len(os.Args) == 1 && os.Args[0] == stageName && os.Getpid() == 1 {
		if err := runStage(); err != nil {
			_ = fdpass.Send(stageChannel, &stageReply{Error: err.Error()})
		}
		os.Exit(0) //nolint:forbidigo // the stage is a program of its own
	}
}

func runStage() error {
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	unix.CloseOnExec(stageChannel)
	file := os.NewFile(stageSettingsFile, "settings")
	if _, err := file.Seek(0, 0); err != nil {
		return err
	}
	s := new(stageSettings)
	if err := json.NewDecoder(file).Decode(s); err != nil {
		return err
	}
	_ = file.Close()
	listeners, err := s.buildNetwork()
	if err != nil {
		return err
	}
	if s.Egress {
		if s.egress, err = buildEgress(s.PrivateIP); err != nil {
			return fdpass.Send(stageChannel, &stageReply{Network: err.Error()})
		}
	}
	if err := s.buildFiles(); err != nil {
		return err
	}
	if s.Hostname != "" {
		if err := unix.Sethostname([]byte(s.Hostname)); err != nil {
			return os.NewSyscallError("sethostname", err)
		}
	}
	files := []*os.File{os.Stdin, os.Stdout, os.Stderr}
	given := append(append(listeners, s.hosts), s.egress...)
	if s.Terminal {
		var master, slave *os.File
		if master, slave, err = openTerminal(s.Rows, s.Columns); err != nil {
			return fmt.Errorf("make terminal: %w", err)
		}
		files = []*os.File{slave, slave, slave}
		given = append(given, master)
	}
	var out []int
	for _, f := range given {
		out = append(out, int(f.Fd()))
	}
	if err := fdpass.Send(stageChannel, new(stageReply), out...); err != nil {
		return err
	}
	for _, f := range given {
		_ = f.Close()
	}
	return s.serve(files)
}

// serve starts the command when it is told to, and passes signals on.
func (s *stageSettings) serve(files []*os.File) error {
	ended := make(chan *stageReply, 1)
	started := make(chan int, 1)
	command := 0
	requests := make(chan stageRequest)
	go func() {
		for {
			var r stageRequest
			if _, err := fdpass.Receive(stageChannel, &r); err != nil { // our parent is gone
				os.Exit(0) //nolint:forbidigo // and with us everything here
			}
			requests <- r
		}
	}()
	for {
		select {
		case r := <-requests:
			if r.Start {
				go s.run(files, started, ended)
			} else if command > 0 {
				_ = unix.Kill(command, syscall.Signal(r.Signal))
			}
		case command = <-started:
			for _, f := range files {
				_ = f.Close()
			}
		case reply := <-ended:
			return fdpass.Send(stageChannel, reply)
		}
	}
}

// run starts the command on a thread that gave up every privilege, and waits for
// all that ends here.
func (s *stageSettings) run(files []*os.File, started chan<- int, ended chan<- *stageReply) {
	runtime.LockOSThread()
	args, dir := s.Args, home
	switch {
	case s.Script != nil:
		args, dir = []string{scriptFile}, "/"
	case len(args) == 0:
		args = []string{shell()}
	}
	_ = os.Setenv("PATH", variable(s.Env, "PATH")) // never fails
	path, err := exec.LookPath(args[0])
	if err != nil {
		ended <- &stageReply{Missing: args[0]}
		return
	}
	sys := new(syscall.SysProcAttr)
	if s.Root {
		sys.Credential = &syscall.Credential{Uid: userID, Gid: userID}
	}
	if s.Terminal {
		sys.Setsid, sys.Setctty = true, true
	} else {
		sys.Setpgid = true
	}
	if s.Script != nil {
		asRoot(sys)
		// Nobody else is there yet, and whoever writes a process's mapping must own it.
		_ = unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0)
	}
	if err := giveUp(); err != nil {
		ended <- &stageReply{Error: err.Error()}
		return
	}
	process, err := os.StartProcess(path, args, &os.ProcAttr{Dir: dir, Env: s.Env, Files: files, Sys: sys})
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	if err != nil {
		ended <- &stageReply{Error: err.Error()}
		return
	}
	started <- process.Pid
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, unix.WALL, nil)
		switch {
		case pid == process.Pid && status.Signaled():
			ended <- &stageReply{Status: 128 + int(status.Signal())} // as a shell reports it
			return
		case pid == process.Pid:
			ended <- &stageReply{Status: status.ExitStatus()}
			return
		case err != nil && !errors.Is(err, unix.EINTR):
			ended <- &stageReply{Error: os.NewSyscallError("wait", err).Error()}
			return
		}
	}
}

// asRoot makes the command root of a user namespace with nobody else in it: to
// everything outside it is the user that commands are.
func asRoot(sys *syscall.SysProcAttr) {
	sys.Cloneflags |= unix.CLONE_NEWUSER
	sys.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: userID, Size: 1}}
	sys.GidMappings = sys.UidMappings
	sys.Credential = &syscall.Credential{NoSetGroups: true}
}

// maxProcesses is how many a session has at most.
const maxProcesses = 4096

// giveUp takes from the calling thread, and so from what it starts, the chance
// to have privileges, and limits how many processes there are.
func giveUp() error {
	if err := unix.Setrlimit(unix.RLIMIT_NPROC, &unix.Rlimit{Cur: maxProcesses, Max: maxProcesses}); err != nil {
		return os.NewSyscallError("limit processes", err)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return os.NewSyscallError("no_new_privs", err)
	}
	for c := range uintptr(unix.CAP_LAST_CAP + 1) {
		_ = unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0)
	}
	return os.NewSyscallError("clear ambient capabilities", unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
}
