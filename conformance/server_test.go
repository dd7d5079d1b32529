//go:build conformance

package conformance

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A server is a running hakone with the article's stacks.
type server struct {
	t       *testing.T
	binary  string
	dataDir string
	pid     int
	log     bytes.Buffer
	status  struct {
		Control, HTTPS, SSH, Region, CAFile string
		APIs                                []struct {
			ID   string
			URLs []string
		}
	}
}

// start builds hakone and runs it with the templates of examples/article, and further flags.
func start(t *testing.T, flags ...string) *server {
	t.Helper()
	s := &server{t: t, dataDir: filepath.Join(t.TempDir(), "data"), binary: filepath.Join(t.TempDir(), "hakone")}
	build := exec.Command("go", "build", "-o", s.binary, "../cmd/hakone")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	args := append([]string{"up", "--data-dir", s.dataDir, "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "../examples/article"}, flags...)
	up := exec.Command(s.binary, args...)
	up.Stdout, up.Stderr = &s.log, &s.log
	if err := up.Start(); err != nil {
		t.Fatal(err)
	}
	s.pid = up.Process.Pid
	done := make(chan error, 1)
	go func() { done <- up.Wait() }()
	t.Cleanup(func() {
		_ = up.Process.Signal(syscall.SIGINT)
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("hakone up ended with %v:\n%s", err, s.log.String())
			}
		case <-time.After(30 * time.Second):
			_ = up.Process.Kill()
			t.Errorf("hakone up did not stop:\n%s", s.log.String())
		}
	})
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		err := s.refresh()
		if err == nil && len(s.status.APIs) > 0 {
			return s
		}
		if time.Now().After(deadline) {
			t.Fatalf("no API after 30 s: %v\n%s", err, s.log.String())
		}
	}
}

// refresh asks for the server's status.
func (s *server) refresh() error {
	out, err := exec.Command(s.binary, "status", "--data-dir", s.dataDir, "--output", "json").Output()
	if err != nil {
		return err
	}
	return json.Unmarshal(out, &s.status)
}

func (s *server) api() string { return s.status.APIs[0].URLs[0] }

// environment is that of a shell after eval "$(hakone env …)", without any
// other AWS setting.
func (s *server) environment(args ...string) []string {
	s.t.Helper()
	out, err := exec.Command(s.binary, append([]string{"env", "--data-dir", s.dataDir, "--output", "json"}, args...)...).Output()
	if err != nil {
		s.t.Fatalf("hakone env: %v", err)
	}
	variables := map[string]string{}
	if err := json.Unmarshal(out, &variables); err != nil {
		s.t.Fatal(err)
	}
	environment := []string{"HOME=" + s.t.TempDir()}
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "AWS_") && !strings.HasPrefix(entry, "HOME=") {
			environment = append(environment, entry)
		}
	}
	for name, value := range variables {
		environment = append(environment, name+"="+value)
	}
	return environment
}

// run runs a client and returns its standard output.
func (s *server) run(environment []string, name string, args ...string) string {
	s.t.Helper()
	command := exec.Command(client(s.t, name, s.binary), args...)
	command.Env = environment
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		s.t.Errorf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, stderr.String())
	}
	return string(out)
}

// client finds a client: hakone itself, in the virtual environment that .ci/run
// makes, or on the path.
func client(t *testing.T, name, hakone string) string {
	t.Helper()
	if name == "hakone" {
		return hakone
	}
	if venv, err := filepath.Abs(filepath.Join("..", ".venv", "bin", name)); err == nil {
		if _, err := os.Stat(venv); err == nil {
			return venv
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is not installed: .ci/run installs it", name)
	}
	return path
}

// variable returns a variable of an environment.
func variable(environment []string, name string) string {
	for _, entry := range environment {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}
