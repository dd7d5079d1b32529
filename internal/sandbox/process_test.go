package sandbox_test

import (
	"bytes"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hakonegate/hakone/internal/sandbox"
)

// A record is a Writer that tests read while it is written.
type record struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buf.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buf.String()
}

func shell(t *testing.T, script string, env ...string) (*sandbox.Process, *record) {
	t.Helper()
	out := new(record)
	p, err := sandbox.Start(sandbox.Command{Path: "/bin/sh", Args: []string{"-c", script}, Env: env, Output: out})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p, out
}

func finish(t *testing.T, p *sandbox.Process) {
	t.Helper()
	select {
	case <-p.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("process did not end")
	}
}

func TestExitIsToldInLambdasWords(t *testing.T) {
	for script, want := range map[string]string{
		"exit 0":        "exit status 0",
		"exit 3":        "exit status 3",
		"kill -9 $$":    "signal: killed",
		"kill -ABRT $$": "signal: aborted",
	} {
		p, _ := shell(t, script)
		finish(t, p)
		if got := p.Exit().String(); got != want {
			t.Errorf("%q ended with %q, want %q", script, got, want)
		}
	}
}

func TestProcessSeesNothingOfOurEnvironment(t *testing.T) {
	t.Setenv("HAKONE_SECRET", "s3cret")
	p, out := shell(t, "/usr/bin/env; pwd", "A=1")
	finish(t, p)
	if strings.Contains(out.String(), "s3cret") || !strings.Contains(out.String(), "A=1\n") || !strings.HasSuffix(out.String(), "\n/\n") {
		t.Errorf("environment and directory = %q", out)
	}
}

func TestOutputAndErrorStayInOrder(t *testing.T) {
	p, out := shell(t, "echo a; echo b >&2; echo c")
	finish(t, p)
	if got, want := out.String(), "a\nb\nc\n"; got != want {
		t.Errorf("output = %q, want %q", got, want)
	}
}

func TestKillEndsTheGroup(t *testing.T) {
	p, out := shell(t, "sleep 300 & echo $!; wait")
	for deadline := time.Now().Add(5 * time.Second); !strings.Contains(out.String(), "\n"); {
		if time.Now().After(deadline) {
			t.Fatal("no output")
		}
		time.Sleep(time.Millisecond)
	}
	p.Kill()
	if got, want := p.Exit().String(), "signal: killed"; got != want {
		t.Errorf("exit = %q, want %q", got, want)
	}
	gone(t, strings.TrimSpace(out.String()))
}

func TestExitEndsTheGroup(t *testing.T) {
	p, out := shell(t, "sleep 300 & echo $!")
	finish(t, p)
	gone(t, strings.TrimSpace(out.String()))
}

// gone checks that the process ended, or is a zombie that only waits for its
// new parent.
func gone(t *testing.T, pid string) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		stat, err := os.ReadFile("/proc/" + pid + "/stat")
		if err != nil || bytes.Contains(stat, []byte(") Z ")) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %s is alive: %s", pid, stat)
		}
	}
}

func TestDrainDeliversWhatWasWrittenBefore(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	out := new(record)
	p, err := sandbox.Start(sandbox.Command{Path: "/bin/sh", Args: []string{"-c", "echo out; echo go >&3; exec sleep 300"}, Files: []*os.File{w}, Output: out})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Kill()
	w.Close()
	if _, err := r.Read(make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	p.Drain()
	if got, want := out.String(), "out\n"; got != want {
		t.Errorf("output after Drain = %q, want %q", got, want)
	}
}

func TestPrivilegesAreGivenUp(t *testing.T) {
	p, out := shell(t, "/bin/grep NoNewPrivs /proc/self/status; ulimit -n; ulimit -c")
	finish(t, p)
	if prot := p.Protections(); !prot.NoNewPrivileges || !prot.ProcessGroup || !prot.CleanEnvironment {
		t.Skipf("this system has %+v", prot)
	}
	if !strings.Contains(out.String(), "NoNewPrivs:\t1\n") {
		t.Errorf("status = %q", out)
	}
}

func TestStartTellsWhyItFailed(t *testing.T) {
	_, err := sandbox.Start(sandbox.Command{Path: "/no/such/program", Output: new(record)})
	if err == nil || !strings.Contains(err.Error(), syscall.ENOENT.Error()) {
		t.Errorf("Start = %v, want %v", err, syscall.ENOENT)
	}
}
