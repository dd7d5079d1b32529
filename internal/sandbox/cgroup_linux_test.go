package sandbox

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// group makes what the kernel would show of a control group.
func group(t *testing.T, controllers, members string) string {
	t.Helper()
	root := t.TempDir()
	own := filepath.Join(root, "own")
	if err := os.Mkdir(own, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"cgroup.controllers": controllers, "cgroup.procs": members, "cgroup.subtree_control": ""} {
		if err := os.WriteFile(filepath.Join(own, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestCgroupsAreRefusedWhereTheyCannotBound(t *testing.T) {
	for _, tt := range []struct{ name, controllers, members, path, want string }{
		{"no memory controller", "cpu pids\n", "7\n", "/own", `has no controller "memory"`},
		{"others are in it", "cpu memory pids\n", "7\n8\n", "/own", "not this process's alone"},
		{"it is gone", "memory pids\n", "7\n", "/other", "no such file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := openCgroups(group(t, tt.controllers, tt.members), tt.path, 7); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestCgroupsBoundARoom(t *testing.T) {
	root := group(t, "cpuset cpu io memory pids\n", "7\n")
	c, err := openCgroups(root, "/own", 7)
	if err != nil {
		t.Fatal(err)
	}
	g, err := c.make(100)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.bound(64 << 20); err != nil {
		t.Fatal(err)
	}
	is := func(path, want string) {
		t.Helper()
		if text, err := os.ReadFile(path); err != nil || string(text) != want {
			t.Errorf("%s = %q, %v; want %q", path, text, err, want)
		}
	}
	is(filepath.Join(root, "own/hakone/cgroup.procs"), "7")
	is(filepath.Join(g.dir, "memory.max"), "67108864")
	is(filepath.Join(g.dir, "memory.swap.max"), "0")
	is(filepath.Join(g.dir, "pids.max"), "132")
	if g.killed() {
		t.Error("killed before anything was")
	}
	if err := os.WriteFile(filepath.Join(g.dir, "memory.events"), []byte("low 0\nhigh 0\nmax 9\noom 1\noom_kill 1\noom_group_kill 0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if !g.killed() {
		t.Error("not killed after a process was")
	}
}
