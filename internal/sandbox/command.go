package sandbox

import (
	"fmt"
	"io"
	"os"
	"syscall"
)

// A Command says what to run. Path, unless it is held, and Output are required.
type Command struct {
	Path   string
	Args   []string   // behind argv[0], which is Path
	Env    []string   // KEY=VALUE; the process sees these and no others
	Dir    string     // working directory; "" means /
	Files  []*os.File // become descriptors 3, 4, …; the caller closes them
	Output io.Writer  // gets standard output and error, in order, one Write at a time
	Limits Limits

	Room      *Room      // nil: the machine as it is
	Furniture *Furniture // for a room that is complete from the start
	Cgroups   *Cgroups   // where the room's is made; nil: it has none
	Held      bool       // the room is built, but only [Process.Release] says what to run in it

	cgroup *cgroup
}

// Limits bound what the process may use. Zero means the system's own limit.
type Limits struct {
	OpenFiles uint64 // RLIMIT_NOFILE
	CoreBytes uint64 // RLIMIT_CORE; 0 writes no core files
}

// An Exit says how a process ended.
type Exit struct {
	Code   int            // exit status, or -1 if a signal ended it
	Signal syscall.Signal // 0 if it exited by itself
	Core   bool           // a core file was written
}

// String describes the exit in the words that Lambda uses: "exit status 3",
// "signal: killed", "signal: aborted (core dumped)".
func (e Exit) String() string {
	switch {
	case e.Signal == 0:
		return fmt.Sprintf("exit status %d", e.Code)
	case e.Core:
		return "signal: " + e.Signal.String() + " (core dumped)"
	default:
		return "signal: " + e.Signal.String()
	}
}

// Protections tells which walls stand around a process.
type Protections struct {
	CleanEnvironment bool // nothing of our environment variables
	ProcessGroup     bool // ended together with everything it started in its group
	ParentDeath      bool // ended by the kernel when we die
	NoNewPrivileges  bool // set-uid programs do not raise privileges
	ResourceLimits   bool // Limits are in force
	Namespaces       bool // a room: own view of processes, files and users
	Landlock         bool // sees only the files that it needs
	Seccomp          bool // dangerous system calls are refused
}

// Missing lists the protections that are off, in the words of the
// documentation.
func (p Protections) Missing() []string {
	var off []string
	for _, x := range []struct {
		on   bool
		name string
	}{
		{p.CleanEnvironment, "clean environment"},
		{p.ProcessGroup, "process group"},
		{p.ParentDeath, "end with hakone"},
		{p.NoNewPrivileges, "no new privileges"},
		{p.ResourceLimits, "resource limits"},
		{p.Namespaces, "namespaces"},
		{p.Landlock, "landlock"},
		{p.Seccomp, "seccomp"},
	} {
		if !x.on {
			off = append(off, x.name)
		}
	}
	return off
}
