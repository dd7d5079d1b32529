package instance

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// systemFolders are shown where they are, if they are there: programs and
// libraries, and what of /etc they need.
var systemFolders = []string{
	"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store",
	"/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/etc/alternatives", "/etc/crypto-policies",
	"/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/mime.types", "/etc/services", "/etc/protocols",
	"/etc/profile", "/etc/profile.d", "/etc/bash.bashrc", "/etc/inputrc", "/etc/terminfo", "/etc/os-release",
}

// A tree of files that waits for its place.
type tree struct {
	fd     int
	target string
	folder bool
}

// files collects trees before the machine's root goes, and mounts them in the
// new one.
type files struct{ trees []tree }

const readOnly = unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV

// show takes source as it is now, for the place target. One that is not there is
// left out.
func (f *files) show(source, target string, attributes uint64) error {
	real, err := filepath.EvalSymlinks(source)
	if err != nil {
		return absent(err)
	}
	info, err := os.Stat(real)
	if err != nil {
		return absent(err)
	}
	fd, err := unix.OpenTree(unix.AT_FDCWD, real, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
	if err != nil {
		return &fs.PathError{Op: "open_tree", Path: source, Err: err}
	}
	f.trees = append(f.trees, tree{fd, target, info.IsDir()})
	if err := unix.MountSetattr(fd, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, &unix.MountAttr{Attr_set: attributes}); err != nil {
		return &fs.PathError{Op: "mount_setattr", Path: source, Err: err}
	}
	return nil
}

func absent(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.ENOTDIR) {
		return nil
	}
	return err
}

// memory makes a file system in memory for the place target.
func (f *files) memory(target string, options ...string) error {
	fd, err := newTmpfs(options...)
	if err == nil {
		f.trees = append(f.trees, tree{fd, target, true})
	}
	return err
}

// mount mounts everything below the current folder.
func (f *files) mount() error {
	for _, t := range f.trees {
		path := "." + t.target
		if _, err := os.Lstat(path); err != nil {
			if err := t.place(path); err != nil {
				return fmt.Errorf("make room for %s: %w", t.target, err)
			}
		}
		if err := unix.MoveMount(t.fd, "", unix.AT_FDCWD, path, unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
			return &fs.PathError{Op: "move_mount", Path: t.target, Err: err}
		}
		_ = unix.Close(t.fd)
	}
	f.trees = nil
	return nil
}

func (t *tree) place(path string) error {
	if t.folder {
		return os.MkdirAll(path, 0o755) //nolint:gosec // the command reads it as another user
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // as above
		return err
	}
	return os.WriteFile(path, nil, 0o644) //nolint:gosec // as above
}

// newTmpfs makes a file system in memory that is mounted nowhere yet.
func newTmpfs(options ...string) (int, error) {
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

// buildFiles makes the instance's files and enters them.
func (s *stageSettings) buildFiles() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return os.NewSyscallError("make mounts private", err)
	}
	unix.Umask(0)
	all := new(files)
	links := map[string]string{
		"/dev/fd": "/proc/self/fd", "/dev/stdin": "/proc/self/fd/0", "/dev/stdout": "/proc/self/fd/1", "/dev/stderr": "/proc/self/fd/2",
		"/dev/ptmx": "pts/ptmx", ownPrograms + "/awscurl": "hakone", "/var/run": "/run",
	}
	own := fmt.Sprintf("uid=%d", userID)
	ownGroup := fmt.Sprintf("gid=%d", userID)
	err := errors.Join(
		all.system(links),
		all.memory("/tmp", "size=512m", "nr_inodes=65536", "mode=1777"),
		all.memory("/dev/shm", "size=64m", "nr_inodes=1024", "mode=1777"),
	)
	if err != nil {
		return err
	}
	for _, path := range s.programs() {
		if err := all.show(path, path, readOnly); err != nil {
			return err
		}
	}
	if s.Program != "" {
		if err := all.show(s.Program, ownPrograms+"/hakone", readOnly); err != nil {
			return err
		}
	}
	if err := all.memory(home, "size=512m", "nr_inodes=65536", "mode=700", own, ownGroup); err != nil {
		return err
	}
	if s.Script != nil {
		if err := all.memory(rootHome, "size=512m", "nr_inodes=65536", "mode=700", own, ownGroup); err != nil {
			return err
		}
	}
	var stores []string
	for _, path := range systemBundles {
		if real, err := filepath.EvalSymlinks(path); err == nil && strings.HasPrefix(real, "/etc/") && !slices.Contains(stores, real) {
			stores = append(stores, real)
		}
	}
	if err := all.memory(hostsFolder, "size=4m", "nr_inodes=4"); err != nil {
		return err
	}
	root, err := newTmpfs("size=16m", "nr_inodes=4096", "mode=755")
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
	if err := s.write(links); err != nil {
		return err
	}
	if err := all.mount(); err != nil {
		return err
	}
	// The mount goes; whoever has the file open writes what is seen at /etc/hosts.
	if s.hosts, err = os.OpenFile("."+hostsFolder+"/hosts", os.O_RDWR|os.O_CREATE, 0o644); err != nil { //nolint:gosec // the command reads it as another user
		return err
	}
	if err := s.overlay(all, stores); err != nil {
		return err
	}
	return enter()
}

// system shows the machine's own folders and devices.
func (f *files) system(links map[string]string) error {
	for _, path := range systemFolders {
		if to, err := os.Readlink(path); err == nil && !strings.HasPrefix(path, "/etc/") {
			links[path] = to
			continue
		}
		if err := f.show(path, path, readOnly); err != nil {
			return err
		}
	}
	for _, name := range []string{"null", "zero", "full", "random", "urandom", "tty"} {
		if err := f.show("/dev/"+name, "/dev/"+name, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NOEXEC); err != nil {
			return err
		}
	}
	return nil
}

// write makes the folders and files of the root itself.
func (s *stageSettings) write(links map[string]string) error {
	for _, dir := range []string{"proc", "dev/pts", "etc", "var/tmp", "run/hakone/bin", "home"} {
		if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // the command reads it as another user
			return err
		}
	}
	resolvers, names := "# no network beyond this instance\n", "files"
	if s.Egress {
		resolvers, names = "nameserver "+resolverAddress.String()+"\n", "files dns"
	}
	for name, text := range map[string]string{
		"etc/hostname":      s.Hostname + "\n",
		"etc/resolv.conf":   resolvers,
		"etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: " + names + "\n",
		"etc/passwd":        fmt.Sprintf("root:x:0:0:root:/root:/sbin/nologin\nec2-user:x:%d:%d:EC2 Default User:%s:/bin/bash\n", userID, userID, home),
		"etc/group":         fmt.Sprintf("root:x:0:\nec2-user:x:%d:\n", userID),
		"." + bundleFile:    string(s.Bundle),
		"." + localFile:     string(s.Local),
	} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil { //nolint:gosec // as above
			return err
		}
	}
	if s.Script != nil {
		if err := os.MkdirAll(filepath.Dir("."+scriptFile), 0o755); err != nil { //nolint:gosec // as above
			return err
		}
		if err := os.WriteFile("."+scriptFile, s.Script, 0o755); err != nil { //nolint:gosec // as above
			return err
		}
	}
	for path, to := range links {
		if err := os.Symlink(to, "."+path); err != nil {
			return err
		}
	}
	return nil
}

// overlay puts the trusted authorities over the system's, hides what must not be
// seen though it lies in a shown folder, and mounts what the kernel makes.
func (s *stageSettings) overlay(all *files, stores []string) error {
	for _, path := range stores {
		if err := all.show("."+bundleFile, path, readOnly); err != nil {
			return err
		}
	}
	if err := all.show("."+hostsFolder+"/hosts", "/etc/hosts", readOnly); err != nil {
		return err
	}
	for _, path := range s.Hidden {
		if info, err := os.Stat("." + path); err == nil && info.IsDir() {
			if err := all.memory(path, "size=4k", "nr_inodes=1", "mode=500"); err != nil {
				return err
			}
		}
	}
	if err := all.mount(); err != nil {
		return err
	}
	if err := unix.Unmount("."+hostsFolder, unix.MNT_DETACH); err != nil {
		return os.NewSyscallError("detach hosts", err)
	}
	if err := unix.Mount("proc", "proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return os.NewSyscallError("mount /proc", err)
	}
	err := unix.Mount("devpts", "dev/pts", "devpts", unix.MS_NOSUID|unix.MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620")
	return os.NewSyscallError("mount /dev/pts", err)
}

// enter makes the current folder the root.
func enter() error {
	if err := unix.PivotRoot(".", "."); err != nil {
		return os.NewSyscallError("pivot_root", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return os.NewSyscallError("leave the machine's root", err)
	}
	if err := unix.Chdir("/"); err != nil {
		return os.NewSyscallError("chdir", err)
	}
	unix.Umask(0o022)
	err := unix.MountSetattr(unix.AT_FDCWD, "/", 0, &unix.MountAttr{Attr_set: readOnly})
	return os.NewSyscallError("make root read only", err)
}
