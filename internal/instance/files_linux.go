package instance

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/hakonegate/hakone/internal/rootfs"
)

// furtherFiles are what a shell of a person reads beside what every program does.
var furtherFiles = []string{"/etc/profile", "/etc/profile.d", "/etc/bash.bashrc", "/etc/inputrc", "/etc/terminfo", "/etc/os-release"}

// files are trees that wait for their places.
type files []*rootfs.Tree

// show takes source as it is now, for the place target. One that is not there is
// left out.
func (f *files) show(source, target string) error {
	t, err := rootfs.Take(source, target, rootfs.ReadOnly)
	switch {
	case err == nil:
		*f = append(*f, t)
	case !rootfs.Absent(err):
		return err
	}
	return nil
}

// memory makes a file system in memory for the place target.
func (f *files) memory(target string, options ...string) error {
	t, err := rootfs.Memory(target, options...)
	if err == nil {
		*f = append(*f, t)
	}
	return err
}

// attach attaches everything below the current folder.
func (f *files) attach() error {
	for _, t := range *f {
		if err := t.Attach("."); err != nil {
			return err
		}
	}
	*f = nil
	return nil
}

// buildFiles makes the instance's files and enters them.
func (s *stageSettings) buildFiles() error {
	if err := rootfs.Private(); err != nil {
		return err
	}
	unix.Umask(0)
	system, links, err := rootfs.System(furtherFiles, []string{"tty"})
	if err != nil {
		return err
	}
	links["/dev/ptmx"], links[ownPrograms+"/awscurl"], links["/var/run"] = "pts/ptmx", "hakone", "/run"
	all := (*files)(&system)
	own := fmt.Sprintf("uid=%d", userID)
	ownGroup := fmt.Sprintf("gid=%d", userID)
	err = errors.Join(
		all.memory("/tmp", "size=512m", "nr_inodes=65536", "mode=1777"),
		all.memory("/dev/shm", "size=64m", "nr_inodes=1024", "mode=1777"),
	)
	if err != nil {
		return err
	}
	for _, path := range s.programs() {
		if err := all.show(path, path); err != nil {
			return err
		}
	}
	if s.Program != "" {
		if err := all.show(s.Program, ownPrograms+"/hakone"); err != nil {
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
	if err := rootfs.Begin("size=16m", "nr_inodes=4096", "mode=755"); err != nil {
		return err
	}
	if err := s.write(links); err != nil {
		return err
	}
	if err := all.attach(); err != nil {
		return err
	}
	// The mount goes; whoever has the file open writes what is seen at /etc/hosts.
	if s.hosts, err = os.OpenFile("."+hostsFolder+"/hosts", os.O_RDWR|os.O_CREATE, 0o644); err != nil { //nolint:gosec // the command reads it as another user
		return err
	}
	if err := s.overlay(all, stores); err != nil {
		return err
	}
	if err := rootfs.Enter(); err != nil {
		return err
	}
	unix.Umask(0o022)
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
		if err := all.show("."+bundleFile, path); err != nil {
			return err
		}
	}
	if err := all.show("."+hostsFolder+"/hosts", "/etc/hosts"); err != nil {
		return err
	}
	for _, path := range s.Hidden {
		if info, err := os.Stat("." + path); err == nil && info.IsDir() {
			if err := all.memory(path, "size=4k", "nr_inodes=1", "mode=500"); err != nil {
				return err
			}
		}
	}
	if err := all.attach(); err != nil {
		return err
	}
	if err := unix.Unmount("."+hostsFolder, unix.MNT_DETACH); err != nil {
		return os.NewSyscallError("detach hosts", err)
	}
	if err := rootfs.MountProc("proc"); err != nil {
		return err
	}
	err := unix.Mount("devpts", "dev/pts", "devpts", unix.MS_NOSUID|unix.MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620")
	return os.NewSyscallError("mount /dev/pts", err)
}
