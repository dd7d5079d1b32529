package sandbox_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/hakonegate/hakone/internal/sandbox"
)

// inRoom runs a shell script in a room and returns what it wrote.
func inRoom(t *testing.T, script string, change func(*sandbox.Command)) string {
	t.Helper()
	needRooms(t)
	out := new(record)
	c := sandbox.Command{Path: "/bin/sh", Args: []string{"-c", script}, Output: out, Room: new(sandbox.Room), Env: []string{"PATH=/usr/bin:/bin:/usr/sbin:/sbin"}}
	c.Furniture = &sandbox.Furniture{TmpBytes: 8 << 20}
	if change != nil {
		change(&c)
	}
	p, err := sandbox.Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	finish(t, p)
	return out.String()
}

func needRooms(t *testing.T) {
	t.Helper()
	if _, err := sandbox.Probe(); err != nil {
		t.Skipf("no rooms here: %v", err)
	}
}

// Each script tries to get out, and says so with "out" if it could.
func TestNothingGetsOutOfARoom(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("s3cret"), 0o644); err != nil {
		t.Fatal(err)
	}
	outside, _ := shell(t, "exec sleep 300")
	code := t.TempDir()
	if err := os.WriteFile(filepath.Join(code, "index"), []byte("code"), 0o666); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, script string }{
		{"read a file of the machine", "cat " + secret + " && echo out"},
		{"read it by way of a process", "for p in 1 self $$; do cat /proc/$p/root" + secret + " && echo out; done"},
		{"see homes, sockets, passwords", "ls /root /home /run /var/run /var/lib /etc/shadow /sys /dev/shm 2>/dev/null | grep . && echo out"},
		{"see a process outside", "ls -d /proc/" + strconv.Itoa(outside.PID()) + "/exe && grep sleep /proc/[0-9]*/cmdline && echo out"},
		{"kill the first process, and one outside", "kill -9 " + strconv.Itoa(outside.PID()) + " && echo out && echo end && exit; kill -9 1; kill -TERM 1"},
		{"read the first process's memory and files", "cat /proc/1/environ /proc/1/maps 2>/dev/null | grep . && echo out; ls /proc/1/fd /proc/1/root/ 2>/dev/null | grep . && echo out"},
		{"have capabilities", "grep -q 'CapEff:.0000000000000000' /proc/self/status && grep -q 'CapBnd:.0000000000000000' /proc/self/status || echo out"},
		{"mount", "mount -t tmpfs none /tmp && echo out; mount --bind /usr /tmp && echo out; umount -l /proc && echo out"},
		{"make namespaces", "unshare -Ur true && echo out; unshare -m true && echo out"},
		{"change root", "chroot /tmp /bin/true && echo out"},
		{"write to code and programs", "echo x > /var/task/index && echo out; rm -f /var/task/index && echo out; echo x > /usr/x && echo out; [ -w /etc/passwd ] && echo out; (: >> /etc/passwd) && echo out; echo x >/x && echo out"},
		{"fill /tmp", "head -c 20000000 /dev/zero > /tmp/f 2>/dev/null && echo out; [ $(stat -c %s /tmp/f) -le 8388608 ] || echo out"},
		{"load and configure the kernel", "for f in /proc/sys/kernel/panic /proc/sysrq-trigger; do [ -w $f ] && echo out; (: >> $f) && echo out; done"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := inRoom(t, tt.script+"; echo end", func(c *sandbox.Command) {
				c.Furniture.Binds = []sandbox.Bind{{Source: code, Target: "/var/task"}}
			})
			if strings.Contains("\n"+got, "\nout\n") || !strings.HasSuffix(got, "end\n") {
				t.Errorf("wrote:\n%s", got)
			}
		})
	}
	select {
	case <-outside.Done():
		t.Errorf("the process outside ended: %v", outside.Exit())
	default:
	}
	if text, err := os.ReadFile(filepath.Join(code, "index")); string(text) != "code" {
		t.Errorf("code = %q, %v", text, err)
	}
}

func TestRoomHasWhatProgramsNeed(t *testing.T) {
	got := inRoom(t, "id -un; echo x > /dev/stdout; echo y > /dev/null; head -c 1 /dev/urandom | wc -c; cat /proc/self/comm; grep -c . /etc/passwd; cat /var/task/file", func(c *sandbox.Command) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "file"), []byte("code\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		c.Furniture.Binds = []sandbox.Bind{{Source: dir, Target: "/var/task"}}
	})
	if want := "sbx_user1051\nx\n1\ncat\n2\ncode\n"; got != want {
		t.Errorf("wrote %q, want %q", got, want)
	}
}

func TestForkBombStaysInItsRoom(t *testing.T) {
	got := inRoom(t, "f() { f | f & }; f; sleep 0.2; exit 0", func(c *sandbox.Command) { c.Room.Processes = 64 })
	if n := strings.Count(got, "\n"); n == 0 {
		t.Errorf("wrote %q, want complaints that there are no more processes", got)
	}
}

func TestExitFromARoomIsTold(t *testing.T) {
	needRooms(t)
	for script, want := range map[string]string{"exit 3": "exit status 3", "kill -9 $$": "signal: killed", "kill -ABRT $$": "signal: aborted"} {
		p, err := sandbox.Start(sandbox.Command{Path: "/bin/sh", Args: []string{"-c", script}, Output: new(record), Room: new(sandbox.Room)})
		if err != nil {
			t.Fatal(err)
		}
		finish(t, p)
		if got := p.Exit().String(); got != want {
			t.Errorf("%q ended with %q, want %q", script, got, want)
		}
	}
	_, err := sandbox.Start(sandbox.Command{Path: "/var/task/none", Output: new(record), Room: new(sandbox.Room)})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("start of a program that is not there = %v", err)
	}
}

func TestTmpGoesOnInTheNextRoom(t *testing.T) {
	needRooms(t)
	start := func(script string, f sandbox.Furniture) (*os.File, string) {
		out := new(record)
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		p, err := sandbox.Start(sandbox.Command{Path: "/bin/sh", Args: []string{"-c", "read go <&3; " + script}, Output: out, Room: new(sandbox.Room), Files: []*os.File{r}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.Kill)
		tmp, err := p.Furnish(f)
		if err != nil {
			t.Fatal(err)
		}
		w.Close()
		finish(t, p)
		return tmp, out.String()
	}
	first, _ := start("echo kept > /tmp/f", sandbox.Furniture{TmpBytes: 1 << 20})
	defer first.Close()
	second, got := start("cat /tmp/f", sandbox.Furniture{TmpBytes: 1 << 20, Tmp: first})
	defer second.Close()
	if got != "kept\n" {
		t.Errorf("second room reads %q", got)
	}
}

func TestRoomWithoutNetworkReachesItsAPIOnly(t *testing.T) {
	needRooms(t)
	out := new(record)
	p, err := sandbox.Start(sandbox.Command{Path: "/bin/sh", Args: []string{"-c", "grep -c : /proc/net/dev; cat /proc/net/route | wc -l; cat /proc/net/tcp | grep -c 0100007F:2329"}, Output: out, Room: &sandbox.Room{NoNetwork: true}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	api := p.API()
	if api == nil {
		t.Fatal("no listener")
	}
	defer api.Close()
	finish(t, p)
	if got, want := out.String(), "1\n1\n1\n"; got != want {
		t.Errorf("interfaces, routes, listeners = %q, want %q", got, want)
	}
}
