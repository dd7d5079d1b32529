package instance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hakonegate/hakone/internal/fdpass"
)

// Run runs c in namespaces of its own until it ends, or ctx is done and it was
// asked to end, and returns its exit status. There it finds the metadata service at 169.254.169.254, the
// APIs and services by their names on port 443, the programs and libraries of this machine
// and of the caller's PATH, a home and nothing else: no network beyond, no files
// of the caller, no variables but those that no program can do without. The
// error is [ErrNoNamespaces] when it did not start for lack of them; a program
// that does not exist has the status 127, as in a shell.
func Run(ctx context.Context, c Command) (status int, err error) {
	local, all, err := c.trusted()
	if err != nil {
		return 0, err
	}
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, os.NewSyscallError("socketpair", err)
	}
	channel, theirs := os.NewFile(uintptr(fds[0]), "channel"), os.NewFile(uintptr(fds[1]), "channel")
	defer channel.Close()
	defer theirs.Close()
	settings, err := os.CreateTemp("", "hakone-instance-")
	if err != nil {
		return 0, fmt.Errorf("make settings: %w", err)
	}
	defer settings.Close()
	if err := os.Remove(settings.Name()); err != nil {
		return 0, fmt.Errorf("make settings: %w", err)
	}
	if err := json.NewEncoder(settings).Encode(c.settings(local, all)); err != nil {
		return 0, fmt.Errorf("write settings: %w", err)
	}

	stage := &exec.Cmd{
		Path: "/proc/self/exe", Args: []string{stageName}, Dir: "/", Env: []string{"GOMAXPROCS=1"},
		ExtraFiles: []*os.File{theirs, settings}, SysProcAttr: namespaces(), WaitDelay: 5 * time.Second,
	}
	if c.Terminal == nil {
		input, stop, err := readable(c.Stdin)
		if err != nil {
			return 0, err
		}
		defer stop()
		stage.Stdin, stage.Stdout, stage.Stderr = input, c.Stdout, c.Stderr
	}
	if err := stage.Start(); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrNoNamespaces, refused(err))
	}
	_ = theirs.Close()
	s := &session{command: &c, channel: fds[0], process: stage}
	status, err = s.run(ctx)
	_ = channel.Close() // ends the stage, if it has not ended
	_ = stage.Wait()    // how it ends says nothing of the command
	s.leave()
	return status, err
}

// refused says what the usual refusals of namespaces mean.
func refused(err error) error {
	switch {
	case errors.Is(err, unix.ENOSPC):
		return errors.New("user.max_user_namespaces allows no more of them")
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return errors.New("this system does not let this user make any")
	default:
		return err
	}
}

// readable returns a file that reads from in. A reader that never ends does not
// keep a command from ending: nobody waits for it.
func readable(in io.Reader) (io.Reader, func(), error) {
	if _, is := in.(*os.File); is || in == nil {
		return in, func() {}, nil
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, os.NewSyscallError("pipe", err)
	}
	go func() {
		_, _ = io.Copy(w, in) // ends with EPIPE when the command has
		_ = w.Close()
	}()
	return r, func() { _ = r.Close() }, nil
}

// settings is what the stage must know.
func (c *Command) settings(local, all []byte) *stageSettings {
	s := &stageSettings{
		Args: c.Args, Script: c.Script, Env: c.insideEnvironment(), Path: variable(c.Environment, "PATH"), Home: callerHome(c.Environment),
		Hidden: c.Hidden, Hostname: c.Hostname, HopLimit: max(c.HopLimit, 1), Local: local, Bundle: all,
		Terminal: c.Terminal != nil, Root: isRoot(),
		Egress: c.Egress != nil, PrivateIP: c.PrivateIP,
	}
	s.Program, _ = os.Executable() // "" shows no program of our own
	if c.Terminal != nil {
		s.Rows, s.Columns = c.Terminal.Rows, c.Terminal.Columns
	}
	return s
}

func callerHome(environment []string) []string {
	homes := []string{"/root", "/home"}
	if home := variable(environment, "HOME"); home != "" {
		homes = append(homes, home)
	}
	return homes
}

// passed are the caller's variables that the command gets too.
var passed = []string{"TERM", "COLORTERM", "LANG", "LANGUAGE", "TZ", "NO_COLOR"}

// insideEnvironment returns the command's variables. There are none that lead an
// SDK anywhere: only trust stores that programs bring along need them.
func (c *Command) insideEnvironment() []string {
	home, user := home, sshUser
	if c.Script != nil {
		home, user = rootHome, "root"
	}
	environment := []string{
		"HOME=" + home, "USER=" + user, "LOGNAME=" + user, "SHELL=/bin/sh",
		"PATH=" + strings.TrimPrefix(variable(c.Environment, "PATH")+":"+ownPrograms, ":"),
		"AWS_CA_BUNDLE=" + bundleFile, "REQUESTS_CA_BUNDLE=" + bundleFile, "CURL_CA_BUNDLE=" + bundleFile, "SSL_CERT_FILE=" + bundleFile,
		"NODE_EXTRA_CA_CERTS=" + localFile,
	}
	for _, entry := range c.Environment {
		name, _, _ := strings.Cut(entry, "=")
		for _, p := range passed {
			if name == p || p == "LANG" && strings.HasPrefix(name, "LC_") {
				environment = append(environment, entry)
			}
		}
	}
	for name, value := range c.prompt() {
		environment = append(environment, name+"="+value)
	}
	return environment
}

// A session is a command that runs in its namespaces, seen from outside.
type session struct {
	command *Command
	channel int
	process *exec.Cmd
	stops   []func()
	output  chan struct{} // closed when the terminal has said everything
}

// run hears from the stage until the command has ended.
func (s *session) run(ctx context.Context) (int, error) {
	ended := make(chan struct{})
	defer close(ended)
	defer context.AfterFunc(ctx, func() { s.end(ended) })()
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	go func() {
		for {
			select {
			case <-interrupts:
				s.signal(syscall.SIGINT)
			case <-ended:
				return
			}
		}
	}()
	var ready, end stageReply
	fds, err := fdpass.Receive(s.channel, &ready)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%w: the first process in them ended: %w", ErrNoNamespaces, err)
	case ready.Network != "":
		return 0, fmt.Errorf("the instance reaches nothing beyond itself: %s", ready.Network)
	case ready.Error != "":
		return 0, fmt.Errorf("%w: %s", ErrNoNamespaces, ready.Error)
	}
	if err := s.open(ctx, fds); err != nil {
		return 0, err
	}
	if err := fdpass.Send(s.channel, &stageRequest{Start: true}); err != nil {
		return 0, fmt.Errorf("start the command: %w", err)
	}
	if _, err := fdpass.Receive(s.channel, &end); err != nil {
		if ctx.Err() != nil {
			return 128 + int(syscall.SIGKILL), nil // as a shell reports it
		}
		return 0, fmt.Errorf("the instance's first process ended before the command: %w", err)
	}
	switch {
	case end.Missing != "":
		return s.command.missing(end.Missing)
	case end.Error != "":
		return 0, errors.New(end.Error)
	}
	return end.Status, nil
}

// grace is how long a command has to end when nobody wants it any more.
const grace = 2 * time.Second

// end asks the command to end, as a terminal that closes does or else as init
// does, and then ends everything inside.
func (s *session) end(ended <-chan struct{}) {
	if s.command.Terminal != nil {
		s.signal(syscall.SIGHUP) // an interactive shell ignores SIGTERM
	} else {
		s.signal(syscall.SIGTERM)
	}
	select {
	case <-ended:
	case <-time.After(grace):
		_ = s.process.Process.Kill() // the first process: the others go with it
	}
}

func (s *session) signal(sig syscall.Signal) {
	_ = fdpass.Send(s.channel, &stageRequest{Signal: int(sig)}) // it may have ended
}

// open serves what was opened inside: metadata, the ways to gateway and control
// plane, the hosts file and the terminal.
func (s *session) open(ctx context.Context, fds []int) error {
	o, err := takeOver(fds, s.command)
	if err != nil {
		return err
	}
	h := &hosts{file: o.hosts, command: s.command}
	following, cancel := context.WithCancel(ctx)
	followed := make(chan struct{})
	s.stops = append(s.stops,
		serveMetadata(o.metadata, s.command.Metadata), forward(ctx, o.gateway, s.command.Gateway), forward(ctx, o.control, s.command.Control),
		func() { cancel(); <-followed; _ = o.hosts.Close() })
	if o.device != nil {
		stop, err := startEgress(ctx, o.device, o.streams, s.command.Egress)
		if err != nil {
			return err
		}
		s.stops = append(s.stops, stop)
	}
	err = h.write(ctx)
	go func() {
		defer close(followed)
		h.follow(following)
	}()
	if o.terminal != nil {
		s.attach(o.terminal)
	}
	return err
}

// opened is what the stage opened inside.
type opened struct {
	metadata, gateway, control net.Listener
	hosts                      *os.File
	device                     *os.File     // what leaves the instance; nil if nothing does
	streams                    net.Listener // inside, of the streams among it
	terminal                   *os.File     // nil without one
}

// takeOver makes of the stage's descriptors what they are.
func takeOver(fds []int, c *Command) (*opened, error) {
	o := &opened{}
	places := []func(*os.File) error{listener(&o.metadata), listener(&o.gateway), listener(&o.control), file(&o.hosts)}
	if c.Egress != nil {
		places = append(places, file(&o.device), listener(&o.streams))
	}
	if c.Terminal != nil {
		places = append(places, file(&o.terminal))
	}
	if len(fds) != len(places) {
		return nil, fmt.Errorf("%w: %d descriptors came out, not %d", ErrNoNamespaces, len(fds), len(places))
	}
	if c.Egress != nil {
		if err := unix.SetNonblock(fds[4], true); err != nil { // so that Close ends a read
			return nil, os.NewSyscallError("eth0", err)
		}
	}
	for i, take := range places {
		if err := take(os.NewFile(uintptr(fds[i]), "passed")); err != nil {
			return nil, fmt.Errorf("take over what was opened inside: %w", err)
		}
	}
	return o, nil
}

func file(into **os.File) func(*os.File) error {
	return func(f *os.File) error { *into = f; return nil }
}

func listener(into *net.Listener) func(*os.File) error {
	return func(f *os.File) (err error) {
		defer f.Close()
		*into, err = net.FileListener(f)
		return err
	}
}

// leave closes what open opened, when all output has been written.
func (s *session) leave() {
	if s.output != nil {
		<-s.output
	}
	for _, stop := range s.stops {
		stop()
	}
}

// namespaces returns how the stage is started. If we are root, all users of the
// machine keep their numbers, because the stage needs them to reach files, and
// the command becomes one that does not exist. Otherwise there is only ourselves.
func namespaces() *syscall.SysProcAttr {
	sys := &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS,
		Setsid:     true,
	}
	if isRoot() {
		users := []syscall.SysProcIDMap{
			{ContainerID: 0, HostID: 0, Size: userID},
			{ContainerID: userID, HostID: hostUser, Size: 1},
			{ContainerID: userID + 1, HostID: userID + 1, Size: hostUser - userID - 1},
		}
		sys.UidMappings, sys.GidMappings, sys.GidMappingsEnableSetgroups = users, users, true
		return sys
	}
	sys.UidMappings = []syscall.SysProcIDMap{{ContainerID: userID, HostID: os.Geteuid(), Size: 1}}
	sys.GidMappings = []syscall.SysProcIDMap{{ContainerID: userID, HostID: os.Getegid(), Size: 1}}
	// Or exec would take them.
	sys.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_SYS_CHROOT, unix.CAP_NET_ADMIN, unix.CAP_NET_BIND_SERVICE, unix.CAP_SETPCAP, unix.CAP_DAC_OVERRIDE, unix.CAP_KILL}
	return sys
}

// hostUser is who the command is seen from outside, if we are root. Nothing
// belongs to it.
const hostUser = 2_000_001_000

// isRoot reports whether we are root of the whole machine.
func isRoot() bool {
	if os.Geteuid() != 0 {
		return false
	}
	text, err := os.ReadFile("/proc/self/uid_map")
	f := strings.Fields(string(text))
	return err == nil && len(f) == 3 && f[0] == "0" && f[2] == "4294967295"
}
