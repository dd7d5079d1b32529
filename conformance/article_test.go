//go:build conformance

package conformance

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// A stop is a command of a walk through a terminal, and what it prints; "…" stands
// for lines that are left out.
type stop struct {
	command string
	output  []string
}

// walk reads the stops of a document's console blocks.
func walk(t *testing.T, file string) []stop {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var stops []stop
	for i, block := range strings.Split(string(text), "```console\n") {
		if i == 0 {
			continue
		}
		block, _, _ = strings.Cut(block, "```")
		for line := range strings.Lines(block) {
			line = strings.TrimSuffix(line, "\n")
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				stops = append(stops, stop{command: command})
			} else {
				last := &stops[len(stops)-1]
				last.output = append(last.output, line)
			}
		}
	}
	return stops
}

// changing is what is different every time, and what stands for it.
var changing = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`\b(i|key|vpc|subnet|sg)-[0-9a-f]{17}\b`), "$1-ID"},
	{regexp.MustCompile(`\b[a-z0-9]{10}(\.execute-api|/\$default)`), "ID$1"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "127.0.0.1:PORT"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\dZ?`), "TIME"},
	{regexp.MustCompile(`(user data ended with status) \d+`), "$1 N"},
}

func same(line string) string {
	for _, c := range changing {
		line = c.pattern.ReplaceAllString(line, c.instead)
	}
	return strings.TrimRight(line, " \r")
}

// shows reports whether an output is what a document shows of it.
func shows(want, got []string) bool {
	switch {
	case len(want) == 0:
		return len(got) == 0
	case want[0] == "…":
		for i := range len(got) + 1 {
			if shows(want[1:], got[i:]) {
				return true
			}
		}
		return false
	default:
		return len(got) > 0 && same(want[0]) == same(got[0]) && shows(want[1:], got[1:])
	}
}

func lines(text string) []string {
	text = strings.TrimRight(text, "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// TestArticleInATerminal runs every command of the walk through the article.
func TestArticleInATerminal(t *testing.T) {
	programs := filepath.Dir(client(t, "awscurl", ""))
	t.Setenv("PATH", programs+":"+os.Getenv("PATH"))
	stops := walk(t, "../examples/article/README.md")
	up := stops[0]
	if up.command != "hakone up --ssh 127.0.0.1:2222 --run-user-data examples/article" {
		t.Fatalf("the first command is %s", up.command)
	}
	s := start(t, "--ssh", "127.0.0.1:0", "--run-user-data")
	if out, err := exec.Command(s.binary, "ssh", "--data-dir", s.dataDir, "Ec2Instance", "--", "true").CombinedOutput(); strings.Contains(string(out), "no namespaces") {
		t.Skipf("this machine gives no namespaces: %s, %v", out, err)
	}
	for deadline := time.Now().Add(5 * time.Minute); !strings.Contains(s.logged("Ec2Instance"), "user data"); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the user data does not end")
		}
	}
	if got := lines(s.log.String()); !shows(up.output, got) {
		t.Errorf("hakone up printed\n%s\nnot\n%s", strings.Join(got, "\n"), strings.Join(up.output, "\n"))
	}

	const end = "=== end of stop "
	var script strings.Builder
	script.WriteString("shopt -s expand_aliases\n")
	here := strings.NewReplacer("https://127.0.0.1:8443", s.status.HTTPS, "-p 2222", "-p "+s.status.SSH[strings.LastIndex(s.status.SSH, ":")+1:])
	for i, stop := range stops[1:] {
		fmt.Fprintf(&script, "%s\necho\necho '%s%d'\n", here.Replace(stop.command), end, i)
	}
	shell := exec.Command("bash", "-c", "exec 2>&1\n"+script.String())
	shell.Dir = t.TempDir()
	shell.Env = append(s.environment(), "HAKONE_DATA_DIR="+s.dataDir, "PATH="+filepath.Dir(s.binary)+":"+os.Getenv("PATH"))
	text, err := shell.Output()
	if err != nil {
		t.Errorf("the shell ended with %v", err)
	}
	rest := string(text)
	for i, stop := range stops[1:] {
		got, after, ok := strings.Cut(rest, fmt.Sprintf("\n%s%d\n", end, i))
		if !ok {
			t.Fatalf("%s does not end:\n%s", stop.command, rest)
		}
		rest = after
		if !shows(stop.output, lines(got)) {
			t.Errorf("$ %s\n%s\nis in the document\n%s", stop.command, got, strings.Join(stop.output, "\n"))
		}
	}
}

// logged is the log of a function or an instance.
func (s *server) logged(name string) string {
	out, err := exec.Command(s.binary, "logs", "--data-dir", s.dataDir, name).Output()
	if err != nil {
		return ""
	}
	return string(out)
}
