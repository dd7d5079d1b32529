package rootfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// ReadOnly are the attributes of what is only looked at.
const ReadOnly = unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV

// systemFolders are shown where they are, if they are there: programs and
// libraries, and what of /etc they need.
var systemFolders = []string{
	"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store",
	"/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/etc/alternatives", "/etc/crypto-policies",
	"/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/mime.types", "/etc/services", "/etc/protocols",
}

// A Tree is a tree of files that waits for its place.
type Tree struct {
	fd     int
	target string
	folder bool
}

// Take makes a copy of the mounts at source, for the place target.
func Take(source, target string, attributes uint64) (*Tree, error) {
	real, err := filepath.EvalSymlinks(source)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(real)
	if err != nil {
		return nil, err
	}
	fd, err := unix.OpenTree(unix.AT_FDCWD, real, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
	if err != nil {
		return nil, &fs.PathError{Op: "open_tree", Path: source, Err: err}
	}
	if err := unix.MountSetattr(fd, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, &unix.MountAttr{Attr_set: attributes}); err != nil {
		_ = unix.Close(fd)
		return nil, &fs.PathError{Op: "mount_setattr", Path: source, Err: err}
	}
	return &Tree{fd, target, info.IsDir()}, nil
}

// Given is the tree that fd, which becomes its own, stands for: a folder.
func Given(fd int, target string) *Tree { return &Tree{fd, target, true} }

// Memory makes a file system in memory for the place target. An option is
// NAME=VALUE.
func Memory(target string, options ...string) (*Tree, error) {
	fd, err := Tmpfs(options...)
	return &Tree{fd, target, true}, err
}

// Tmpfs makes a file system in memory that is mounted nowhere yet.
func Tmpfs(options ...string) (int, error) {
	fsfd, err := unix.Fsopen("tmpfs", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, os.NewSyscallError("fsopen tmpfs", err)
	}
	defer unix.Close(fsfd)
	for _, option := range options {
		name, value, _ := strings.Cut(option, "=")
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

// Attach mounts the tree at its target below root, where a place is made for it if
// there is none. It can be done once.
func (t *Tree) Attach(root string) error {
	defer unix.Close(t.fd)
	path := root + t.target
	if _, err := os.Lstat(path); err != nil {
		if err := t.makePlace(path); err != nil {
			return err
		}
	}
	if err := unix.MoveMount(t.fd, "", unix.AT_FDCWD, path, unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
		return &fs.PathError{Op: "move_mount", Path: t.target, Err: err}
	}
	return nil
}

func (t *Tree) makePlace(path string) error {
	if t.folder {
		return os.MkdirAll(path, 0o755) //nolint:gosec // another user reads it
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // as above
		return err
	}
	return os.WriteFile(path, nil, 0o644) //nolint:gosec // as above
}

// System takes the machine's programs, libraries and harmless devices, with further
// files and devices. What is not there is left out. The links are to be made in the
// root: names and where they lead.
func System(further, devices []string) (trees []*Tree, links map[string]string, err error) {
	links = map[string]string{
		"/dev/fd": "/proc/self/fd", "/dev/stdin": "/proc/self/fd/0", "/dev/stdout": "/proc/self/fd/1", "/dev/stderr": "/proc/self/fd/2",
	}
	for _, path := range append(append([]string{}, systemFolders...), further...) {
		if to, err := os.Readlink(path); err == nil && !strings.HasPrefix(path, "/etc/") {
			links[path] = to
			continue
		}
		t, err := Take(path, path, ReadOnly)
		switch {
		case err == nil:
			trees = append(trees, t)
		case !Absent(err):
			return nil, nil, err
		}
	}
	for _, name := range append([]string{"null", "zero", "full", "random", "urandom"}, devices...) {
		t, err := Take("/dev/"+name, "/dev/"+name, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NOEXEC)
		if err != nil {
			return nil, nil, err
		}
		trees = append(trees, t)
	}
	return trees, links, nil
}

// Absent reports whether an error of [Take] means that there is nothing to take.
func Absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.ENOTDIR)
}

// Begin makes an empty file system in memory the current folder. Where it hides
// the machine's files, they have been taken already.
func Begin(options ...string) error {
	fd, err := Tmpfs(options...)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	// Any folder does that is on every system.
	if err := unix.MoveMount(fd, "", unix.AT_FDCWD, "/usr", unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
		return os.NewSyscallError("mount root", err)
	}
	return os.NewSyscallError("chdir", unix.Chdir("/usr"))
}

// Private keeps what is mounted from now on from the machine.
func Private() error {
	return os.NewSyscallError("make mounts private", unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
}

// MountProc mounts the processes of the caller's namespace.
func MountProc(path string) error {
	return os.NewSyscallError("mount /proc", unix.Mount("proc", path, "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""))
}

// Enter makes the current folder the root, read only; nothing leads back.
func Enter() error {
	if err := unix.PivotRoot(".", "."); err != nil {
		return os.NewSyscallError("pivot_root", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return os.NewSyscallError("leave the machine's root", err)
	}
	if err := unix.Chdir("/"); err != nil {
		return os.NewSyscallError("chdir", err)
	}
	err := unix.MountSetattr(unix.AT_FDCWD, "/", 0, &unix.MountAttr{Attr_set: ReadOnly})
	return os.NewSyscallError("make root read only", err)
}
