package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// A session is one run of the suite: its folder, and the processes that it began.
type session struct {
	log    io.Writer
	peers  string
	rounds int
	each   time.Duration
	limit  time.Duration // of all

	folder  string // of this run; removed at the end
	hakone  string // the binary
	started []*exec.Cmd
}

func (s *session) begin() (err error) {
	if s.folder, err = os.MkdirTemp("", "hakone-bench-*"); err != nil {
		return err
	}
	if s.peers, err = filepath.Abs(s.peers); err != nil {
		return err
	}
	s.hakone = filepath.Join(s.folder, "hakone")
	for out, source := range map[string]string{s.hakone: "./cmd/hakone", filepath.Join(s.folder, "reverse"): "./bench/reverse"} {
		build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", out, source) //nolint:gosec,noctx // our own programs; it ends by itself
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		build.Stderr = s.log
		if err := build.Run(); err != nil {
			return fmt.Errorf("build %s: %w", source, err)
		}
	}
	return nil
}

func (s *session) end() {
	s.stopAll()
	_ = os.RemoveAll(s.folder)
}

// file writes a file of the session's folder and returns its path.
func (s *session) file(name, content string) (string, error) {
	path := filepath.Join(s.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // a temporary folder
		return "", err
	}
	return path, os.WriteFile(path, []byte(content), 0o644) //nolint:gosec // functions are read by others
}

// On two cores: what is measured has the first, who loads it and what stands behind
// it the second.
const (
	measured = "0"
	loading  = "1"
)

// start starts a program on a core. Its output goes to a file of the session.
func (s *session) start(core, folder string, env []string, args ...string) (*exec.Cmd, error) {
	output, err := os.OpenFile(filepath.Join(s.folder, "output"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer output.Close()
	c := exec.Command("taskset", append([]string{"-c", core}, args...)...) //nolint:gosec,noctx // peers by their names; stop ends them
	c.Dir, c.Env = folder, append(os.Environ(), env...)
	c.Stdout, c.Stderr = output, output
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.Start(); err != nil {
		return nil, err
	}
	s.started = append(s.started, c)
	return c, nil
}

// stop ends a program and all that it started.
func stop(c *exec.Cmd) {
	if c == nil || c.ProcessState != nil {
		return
	}
	_ = syscall.Kill(-c.Process.Pid, syscall.SIGTERM)
	done := make(chan bool)
	go func() { _ = c.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
		<-done
	}
}

func (s *session) stopAll() {
	for _, c := range s.started {
		stop(c)
	}
	s.started = nil
}

// freePort returns a port of loopback that nobody has now.
func freePort() (string, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

// await waits until a URL answers with a status below 500.
func await(url string) error {
	began := time.Now()
	client := &http.Client{Timeout: 5 * time.Second}
	defer client.CloseIdleConnections()
	var last error
	for time.Since(began) < 2*time.Minute {
		r, err := http.NewRequest(http.MethodGet, url, http.NoBody) //nolint:noctx // the client has a timeout
		if err != nil {
			return err
		}
		res, err := client.Do(r)
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode < http.StatusInternalServerError {
				return nil
			}
			err = errors.New(res.Status)
		}
		last = err
		time.Sleep(2 * time.Millisecond)
	}
	return fmt.Errorf("%s does not answer: %w", url, last)
}

// machine describes where this runs and which peers there are.
func (s *session) machine() string {
	model := "unknown processor"
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	load, _ := os.ReadFile("/proc/loadavg")
	parts := []string{fmt.Sprintf("%d cores, %s, Linux, %s, load at the start %s", runtime.NumCPU(), model, runtime.Version(), firstField(string(load)))}
	for _, p := range [][]string{
		{"nginx", "-v"},
		{"wrk", "-v"},
		{"h2load", "--version"},
		{"node", "--version"},
		{"python3", "--version"},
		{s.peer("node_modules/.bin/serverless"), "--version"},
		{s.peer("py/bin/pip"), "show", "ministack"},
		{s.peer("py/bin/pip"), "show", "moto"},
		{"aws-lambda-rie", "--version"},
	} {
		parts = append(parts, version(p))
	}
	return strings.Join(parts, "; ") + "."
}

func (s *session) peer(path string) string { return filepath.Join(s.peers, path) }

// version returns the name of a program with its version, or that it is absent.
func version(command []string) string {
	name := filepath.Base(command[0])
	if len(command) > 2 {
		name = command[2]
	}
	out, err := exec.Command(command[0], command[1:]...).CombinedOutput() //nolint:gosec,noctx // peers by their names; they end by themselves
	if err != nil && len(out) == 0 {
		return name + " absent"
	}
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSpace(line)
		if v, ok := strings.CutPrefix(line, "Version: "); ok {
			return name + " " + v
		}
		if len(command) == 2 && line != "" {
			return name + " " + strings.TrimPrefix(line, name+" ")
		}
	}
	return name + " absent"
}

func firstField(s string) string {
	first, _, _ := strings.Cut(s, " ")
	return first
}

// cpuTime returns the processor time of a process and its threads.
func cpuTime(pid int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	var user, system int64
	fields := strings.Fields(rest)
	if len(fields) > 12 {
		_, _ = fmt.Sscan(fields[11], &user)
		_, _ = fmt.Sscan(fields[12], &system)
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}

// resident returns the resident set of a process in MB.
func resident(pid int) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		var kb float64
		if _, err := fmt.Sscanf(line, "VmRSS: %f kB", &kb); err == nil {
			return kb / 1024
		}
	}
	return 0
}
