package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Cgroups is where the control groups of rooms are: below our own, which must be
// of version 2, ours to change, and have nobody else in it. They bound the memory
// and the processes of a room where the kernel counts, and share the processors
// fairly between rooms.
type Cgroups struct {
	dir  string // ours
	next atomic.Uint64
}

// controllers are needed.
var controllers = []string{"memory", "pids"}

// OpenCgroups returns the control groups of this process. The error says why
// there are none; then a room's memory is looked at now and then instead.
func OpenCgroups() (*Cgroups, error) {
	root, path, err := ownCgroup()
	if err != nil {
		return nil, err
	}
	return openCgroups(root, path, os.Getpid())
}

// ownCgroup returns where version 2 is mounted, and our group there.
func ownCgroup() (root, path string, err error) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return "", "", err
	}
	for line := range strings.Lines(string(mounts)) {
		before, after, _ := strings.Cut(line, " - ")
		if f := strings.Fields(before); len(f) > 4 && strings.HasPrefix(after, "cgroup2 ") {
			root = f[4]
		}
	}
	if root == "" {
		return "", "", errors.New("control groups of version 2 are not mounted")
	}
	groups, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", "", err
	}
	for line := range strings.Lines(string(groups)) {
		if rest, ok := strings.CutPrefix(line, "0::"); ok {
			return root, strings.TrimSpace(rest), nil
		}
	}
	return "", "", errors.New("this process is in no control group of version 2")
}

// CheckCgroups reports why OpenCgroups would fail, and changes nothing.
func CheckCgroups() error {
	root, path, err := ownCgroup()
	if err != nil {
		return err
	}
	return checkCgroup(root, path)
}

func checkCgroup(root, path string) error {
	own := filepath.Join(root, path)
	have, err := os.ReadFile(filepath.Join(own, "cgroup.controllers")) //nolint:gosec // the kernel's files
	if err != nil {
		return err
	}
	for _, c := range controllers {
		if !slices.Contains(strings.Fields(string(have)), c) {
			return fmt.Errorf("the control group %s has no controller %q", path, c)
		}
	}
	members, err := os.ReadFile(filepath.Join(own, "cgroup.procs")) //nolint:gosec // as above
	if err != nil {
		return err
	}
	if path == "/" || len(strings.Fields(string(members))) > 1 {
		return fmt.Errorf("the control group %s is not this process's alone", path)
	}
	return unix.Access(filepath.Join(own, "cgroup.subtree_control"), unix.W_OK)
}

// openCgroups readies the group at path for groups below it.
func openCgroups(root, path string, pid int) (*Cgroups, error) {
	if err := checkCgroup(root, path); err != nil {
		return nil, err
	}
	// A group with processes cannot bound groups below it: we move into one.
	own := filepath.Join(root, path)
	leaf := filepath.Join(own, "hakone")
	if err := os.Mkdir(leaf, 0o755); err != nil && !errors.Is(err, os.ErrExist) { //nolint:gosec // as others are
		return nil, err
	}
	if err := write(filepath.Join(leaf, "cgroup.procs"), strconv.Itoa(pid)); err != nil {
		return nil, err
	}
	if err := write(filepath.Join(own, "cgroup.subtree_control"), "+"+strings.Join(controllers, " +")); err != nil {
		_ = write(filepath.Join(own, "cgroup.procs"), strconv.Itoa(pid)) // back to where we were
		_ = os.Remove(leaf)
		return nil, err
	}
	_ = write(filepath.Join(own, "cgroup.subtree_control"), "+cpu") // fairness, where it can be had
	c := &Cgroups{dir: own}
	c.sweep()
	return c, nil
}

func write(path, text string) error {
	return os.WriteFile(path, []byte(text), 0o644) //nolint:gosec // the kernel's files
}

// sweep removes what an earlier run left.
func (c *Cgroups) sweep() {
	left, _ := filepath.Glob(filepath.Join(c.dir, "room-*"))
	for _, dir := range left {
		_ = os.Remove(dir) // one that has processes stays
	}
}

// A cgroup is the group of one room.
type cgroup struct {
	dir string
	fd  int // -1 when closed
}

// make makes a group.
func (c *Cgroups) make(processes uint64) (*cgroup, error) {
	dir := filepath.Join(c.dir, "room-"+strconv.Itoa(os.Getpid())+"-"+strconv.FormatUint(c.next.Add(1), 10))
	if err := os.Mkdir(dir, 0o755); err != nil { //nolint:gosec // as others are
		return nil, err
	}
	g := &cgroup{dir: dir, fd: -1}
	if processes == 0 {
		processes = 1024
	}
	const stageThreads = 32 // which count as well
	err := write(filepath.Join(dir, "pids.max"), strconv.FormatUint(processes+stageThreads, 10))
	if err == nil {
		g.fd, err = unix.Open(dir, unix.O_DIRECTORY|unix.O_CLOEXEC|unix.O_PATH, 0)
	}
	if err != nil {
		g.remove()
		return nil, err
	}
	return g, nil
}

// bound sets the most memory that the group may have, files in memory included.
func (g *cgroup) bound(bytes int64) error {
	_ = write(filepath.Join(g.dir, "memory.swap.max"), "0")
	_ = write(filepath.Join(g.dir, "memory.oom.group"), "0") // the stage tells how the command ended
	return write(filepath.Join(g.dir, "memory.max"), strconv.FormatInt(bytes, 10))
}

// killed reports whether the kernel ended a process of the group for its memory.
func (g *cgroup) killed() bool {
	text, err := os.ReadFile(filepath.Join(g.dir, "memory.events"))
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(text)) {
		if n, ok := strings.CutPrefix(line, "oom_kill "); ok {
			return strings.TrimSpace(n) != "0"
		}
	}
	return false
}

// close closes the descriptor, which only the start of a process needs.
func (g *cgroup) close() {
	if g.fd >= 0 {
		_ = unix.Close(g.fd)
		g.fd = -1
	}
}

// remove removes the group, whose processes have ended or are about to.
func (g *cgroup) remove() {
	g.close()
	for pause := time.Millisecond; pause < time.Second; pause *= 2 {
		if err := unix.Rmdir(g.dir); err == nil || !errors.Is(err, unix.EBUSY) {
			return
		}
		time.Sleep(pause)
	}
}
