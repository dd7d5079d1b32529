package sandbox

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/hakonegate/hakone/internal/rootfs"
)

// roomUID and roomGID are Lambda's own user sbx_user1051.
const (
	roomUID = 993
	roomGID = 990
)

// etcFiles are written anew.
var etcFiles = map[string]string{ //nolint:gosec // no password is in it
	"passwd":        "root:x:0:0:root:/:/sbin/nologin\nsbx_user1051:x:993:990::/tmp:/sbin/nologin\n",
	"group":         "root:x:0:\nsbx_user1051:x:990:\n",
	"nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}

// buildRoom makes the room's files and enters them. The calling thread must be
// locked and have a mount namespace of its own.
func buildRoom(room *Room) error {
	if err := rootfs.Private(); err != nil {
		return err
	}
	unix.Umask(0)
	java, _ := filepath.Glob("/etc/java-*") // Debian's have their configuration there
	all, links, err := rootfs.System(java, nil)
	if err != nil {
		return err
	}
	for _, b := range room.Shown {
		t, err := rootfs.Take(b.Source, b.Target, rootfs.ReadOnly)
		if err != nil {
			return err
		}
		all = append(all, t)
	}
	etc := maps.Clone(etcFiles)
	for _, name := range []string{"hosts", "resolv.conf"} {
		//nolint:gosec // two names
		if text, err := os.ReadFile("/etc/" + name); err == nil && len(text) < 64<<10 {
			etc[name] = string(text)
		}
	}
	if room.Localhost != "" {
		etc["hosts"] += "\n" + room.Localhost + " sandbox.localdomain sandbox\n"
	}

	if err := rootfs.Begin("size=4m", "nr_inodes=4096", "mode=755"); err != nil {
		return err
	}
	for _, dir := range []string{"var/task", "var/runtime", "opt", "tmp", "proc", "dev", "etc"} {
		if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // the command reads it as another user
			return err
		}
	}
	for name, text := range etc {
		if err := os.WriteFile("etc/"+name, []byte(text), 0o644); err != nil { //nolint:gosec // as above
			return err
		}
	}
	for path, to := range links {
		if err := os.Symlink(to, "."+path); err != nil {
			return err
		}
	}
	for _, t := range all {
		if err := t.Attach("."); err != nil {
			return err
		}
	}
	// Where a container hides parts of /proc from us the kernel lets us have
	// none of our own. Programs do without.
	if err := rootfs.MountProc("proc"); err != nil && !errors.Is(err, unix.EPERM) {
		return err
	}
	return rootfs.Enter()
}

// furnish mounts code, layers and /tmp in the room. It returns a copy of /tmp
// that outlives the room.
func (s *stage) furnish(f *Furniture, fds []int) (int, error) {
	var all []*rootfs.Tree
	for _, b := range f.Binds {
		t, err := rootfs.Take(b.Source, b.Target, rootfs.ReadOnly)
		if err != nil {
			return -1, err
		}
		all = append(all, t)
	}
	var tmp int
	var err error
	if len(fds) > 0 {
		tmp, err = unix.Dup(fds[0])
	} else {
		tmp, err = rootfs.Tmpfs("size="+strconv.FormatInt(f.TmpBytes, 10), "nr_inodes=262144", "mode=1777")
	}
	if err != nil {
		return -1, fmt.Errorf("make /tmp: %w", err)
	}
	all = append(all, rootfs.Given(tmp, "/tmp"))
	done := make(chan error)
	var tree int
	go func() {
		runtime.LockOSThread() // and end the thread, which is in the room then
		done <- func() error {
			if err := unix.Unshare(unix.CLONE_FS); err != nil {
				return os.NewSyscallError("unshare", err)
			}
			if err := unix.Setns(s.mounts, unix.CLONE_NEWNS); err != nil {
				return os.NewSyscallError("setns", err)
			}
			for _, t := range all {
				if err := t.Attach(""); err != nil {
					return err
				}
			}
			var err error
			tree, err = unix.OpenTree(unix.AT_FDCWD, "/tmp", unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
			return os.NewSyscallError("open_tree /tmp", err)
		}()
	}()
	return tree, <-done
}

// limitSelf bounds this process and so the command.
func limitSelf(l Limits, processes uint64) error {
	if processes == 0 {
		processes = 1024
	}
	for _, x := range []struct {
		resource int
		n        uint64
	}{{unix.RLIMIT_NOFILE, l.OpenFiles}, {unix.RLIMIT_CORE, l.CoreBytes}, {unix.RLIMIT_NPROC, processes}} {
		if x.n == 0 && x.resource != unix.RLIMIT_CORE {
			continue
		}
		var now syscall.Rlimit
		if err := syscall.Getrlimit(x.resource, &now); err != nil {
			return os.NewSyscallError("getrlimit", err)
		}
		n := min(x.n, now.Max)
		if err := syscall.Setrlimit(x.resource, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
			return os.NewSyscallError("setrlimit", err)
		}
	}
	return nil
}
