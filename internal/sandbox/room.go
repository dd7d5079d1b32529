package sandbox

import "os"

// A Room is what a process sees instead of the machine: a root of its own with
// the system's programs and libraries, read only, a small /dev and /etc, the
// processes that it started and no others, an empty /tmp, and what Shown adds.
// Code and layers come by [Process.Furnish], which may be long after the start.
type Room struct {
	Shown     []Bind // of the machine, read only
	NoNetwork bool   // nothing but a loopback of its own
	Localhost string // IP address of the name sandbox.localdomain; "" has no such name
	Processes uint64 // most processes and threads at once; 0 means 1024, as on Lambda
}

// A Bind shows a file or folder of the machine at another place, read only.
type Bind struct{ Source, Target string }

// Furniture completes the room of a process that is about to be used.
type Furniture struct {
	Binds    []Bind // over the room's empty folders /var/task and /opt
	TmpBytes int64  // how much /tmp holds
	// MemoryBytes is the most that the room's control group, if it has one, may
	// have, /tmp included; 0 sets no bound.
	MemoryBytes int64
	// Tmp is the /tmp of an earlier process that Furnish returned; nil makes a
	// new one.
	Tmp *os.File
}

// An Isolation says how much of a room is asked for.
type Isolation string

// The isolations.
const (
	Default Isolation = "default" // what the system offers
	Require Isolation = "require" // all, or nothing runs
	Off     Isolation = "off"     // none
)
