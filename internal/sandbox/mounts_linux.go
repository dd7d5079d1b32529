package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// roomUID and roomGID are Lambda's own user sbx_user1051.
const (
	roomUID = 993
	roomGID = 990
)

// systemFolders are shown where they are, if they are there: programs and
// libraries, and what of /etc they need.
var systemFolders = []string{
	"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store",
	"/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/etc/alternatives", "/etc/crypto-policies",
	"/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/mime.types", "/etc/services", "/etc/protocols",
}

// etcFiles are written anew.
var etcFiles = map[string]string{ //nolint:gosec // no password is in it
	"passwd":        "root:x:0:0:root:/:/sbin/nologin\nsbx_user1051:x:993:990::/tmp:/sbin/nologin\n",
	"group":         "root:x:0:\nsbx_user1051:x:990:\n",
	"nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}

// An attachment is a tree of files that waits for its place.
type attachment struct {
	fd     int
	target string
	folder bool
}

// buildRoom makes the room's files and enters them. The calling thread must be
// locked and have a mount namespace of its own.
func buildRoom(room *Room) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return os.NewSyscallError("make mounts private", err)
	}
	unix.Umask(0)
	links := map[string]string{"/dev/fd": "/proc/self/fd", "/dev/stdin": "/proc/self/fd/0", "/dev/stdout": "/proc/self/fd/1", "/dev/stderr": "/proc/self/fd/2"}
	var all []attachment
	add := func(source, target string, attrs uint64) error {
		a, err := takeTree(source, target, attrs)
		if err == nil {
			all = append(all, a)
		}
		return err
	}
	const readOnly = unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV
	java, _ := filepath.Glob("/etc/java-*") // Debian's have their configuration there
	for _, path := range slices.Concat(systemFolders, java) {
		to, err := os.Readlink(path)
		switch {
		case err == nil && !strings.HasPrefix(path, "/etc/"):
			links[path] = to
		default:
			if err := add(path, path, readOnly); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	for _, name := range []string{"null", "zero", "full", "random", "urandom"} {
		if err := add("/dev/"+name, "/dev/"+name, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NOEXEC); err != nil {
			return err
		}
	}
	for _, b := range room.Shown {
		if err := add(b.Source, b.Target, readOnly); err != nil {
			return err
		}
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

	root, err := newTmpfs(map[string]string{"size": "4m", "nr_inodes": "4096", "mode": "755"})
	if err != nil {
		return err
	}
	defer unix.Close(root)
	// Any folder does that is on every system: what was in it is taken already.
	if err := unix.MoveMount(root, "", unix.AT_FDCWD, "/usr", unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
		return os.NewSyscallError("mount root", err)
	}
	if err := unix.Chdir("/usr"); err != nil {
		return os.NewSyscallError("chdir", err)
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
	for _, a := range all {
		if err := a.attach("." + a.target); err != nil {
			return err
		}
	}
	// Where a container hides parts of /proc from us the kernel lets us have
	// none of our own. Programs do without.
	if err := mountProc("proc"); err != nil && !errors.Is(err, unix.EPERM) {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return os.NewSyscallError("pivot_root", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return os.NewSyscallError("leave the machine's root", err)
	}
	if err := unix.Chdir("/"); err != nil {
		return os.NewSyscallError("chdir", err)
	}
	err = unix.MountSetattr(unix.AT_FDCWD, "/", 0, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV})
	return os.NewSyscallError("make root read only", err)
}

// takeTree makes a copy of the mounts at source.
func takeTree(source, target string, attrs uint64) (attachment, error) {
	real, err := filepath.EvalSymlinks(source)
	if err != nil {
		return attachment{}, err
	}
	st, err := os.Stat(real)
	if err != nil {
		return attachment{}, err
	}
	fd, err := unix.OpenTree(unix.AT_FDCWD, real, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
	if err != nil {
		return attachment{}, &fs.PathError{Op: "open_tree", Path: source, Err: err}
	}
	if err := unix.MountSetattr(fd, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, &unix.MountAttr{Attr_set: attrs}); err != nil {
		_ = unix.Close(fd)
		return attachment{}, &fs.PathError{Op: "mount_setattr", Path: source, Err: err}
	}
	return attachment{fd, target, st.IsDir()}, nil
}

// attach mounts the tree at path, which is made if it is not there.
func (a *attachment) attach(path string) error {
	defer unix.Close(a.fd)
	if _, err := os.Lstat(path); err != nil {
		dir := path
		if !a.folder {
			dir = filepath.Dir(path)
		}
		if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // the command reads it as another user
			return err
		}
		if !a.folder {
			if err := os.WriteFile(path, nil, 0o644); err != nil { //nolint:gosec // as above
				return err
			}
		}
	}
	if err := unix.MoveMount(a.fd, "", unix.AT_FDCWD, path, unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
		return &fs.PathError{Op: "move_mount", Path: a.target, Err: err}
	}
	return nil
}

// newTmpfs makes a file system in memory that is mounted nowhere yet.
func newTmpfs(options map[string]string) (int, error) {
	fsfd, err := unix.Fsopen("tmpfs", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, os.NewSyscallError("fsopen tmpfs", err)
	}
	defer unix.Close(fsfd)
	for name, value := range options {
		if err := unix.FsconfigSetString(fsfd, name, value); err != nil {
			return -1, os.NewSyscallError("fsconfig "+name, err)
		}
	}
	if err := unix.FsconfigCreate(fsfd); err != nil {
		return -1, os.NewSyscallError("fsconfig create", err)
	}
	fd, err := unix.Fsmount(fsfd, unix.FSMOUNT_CLOEXEC, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV)
	return fd, os.NewSyscallError("fsmount", err)
}

func mountProc(path string) error {
	return unix.Mount("proc", path, "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
}

// furnish mounts code, layers and /tmp in the room. It returns a copy of /tmp
// that outlives the room.
func (s *stage) furnish(f *Furniture, fds []int) (int, error) {
	var all []attachment
	for _, b := range f.Binds {
		a, err := takeTree(b.Source, b.Target, unix.MOUNT_ATTR_RDONLY|unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV)
		if err != nil {
			return -1, err
		}
		all = append(all, a)
	}
	var tmp int
	var err error
	if len(fds) > 0 {
		tmp, err = unix.Dup(fds[0])
	} else {
		tmp, err = newTmpfs(map[string]string{"size": strconv.FormatInt(f.TmpBytes, 10), "nr_inodes": "262144", "mode": "1777"})
	}
	if err != nil {
		return -1, fmt.Errorf("make /tmp: %w", err)
	}
	all = append(all, attachment{tmp, "/tmp", true})
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
			for _, a := range all {
				if err := a.attach(a.target); err != nil {
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
