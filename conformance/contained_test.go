//go:build conformance

package conformance

import (
	"crypto/tls"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// How long bad functions run beside good ones:
//
//	go test -tags conformance -run TestBadFunctionsTogether ./conformance -for 10m -timeout 15m
var runFor = flag.Duration("for", 20*time.Second, "how long TestBadFunctionsTogether runs")

// badFunctions are bodies of handlers, and the status that their API answers.
var badFunctions = map[string]struct {
	body   string
	status int
}{
	"Loops":      {"while True: pass", 500},
	"Threads":    {"import threading\n    def f():\n        while True: pass\n    for _ in range(50): threading.Thread(target=f).start()\n    f()", 500},
	"Bomb":       {"while True:\n        try: os.fork()\n        except OSError: pass", 500},
	"Forks":      {"for _ in range(200):\n        if os.fork() == 0: time.sleep(60)\n    return 'ok'", 0},
	"Sleeps":     {"time.sleep(60)", 500},
	"Allocates":  {"a = []\n    while True: a.append(bytearray(b'x') * (4 << 20))", 500},
	"Leaks":      {"kept.append(bytearray(b'x') * (16 << 20))\n    return 'ok'", 0},
	"FillsTmp":   {"try:\n        with open('/tmp/f', 'wb') as f:\n            while True: f.write(bytes(1 << 20))\n    except OSError as e:\n        return e.strerror", 200},
	"Logs":       {"for _ in range(100): os.write(1, (b'x' * 1023 + b'\\n') * 1024)\n    return 'ok'", 200},
	"Sockets":    {"os.closerange(3, 1024)", 500},
	"Large":      {"return 'a' * (7 << 20)", 500},
	"Nothing":    {"return None", 200},
	"Crashes":    {"os.kill(os.getpid(), 11)", 500},
	"Exits":      {"os._exit(3)", 500},
	"Traces":     {"import ctypes\n    c = ctypes.CDLL(None, use_errno=True)\n    c.ptrace(16, 1, 0, 0)\n    return os.strerror(ctypes.get_errno())", 200},
	"BreaksOut":  {"import glob\n    return [p for p in ['/etc/shadow', '/root/.ssh', '/home', '/run', '/var/lib'] + glob.glob('/proc/[0-9]*/root/tmp/neighbour') if os.path.exists(p)]", 200},
	"Descriptor": {"a = []\n    try:\n        while True: a.append(open('/dev/null'))\n    except OSError as e:\n        return e.strerror", 200},
}

// containedTemplate has the neighbours; the bad ones are added.
const containedTemplate = `Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Runtime: python3.11, Handler: index.handler, Timeout: 2, MemorySize: 128}}
Resources:
  Api: {Type: AWS::Serverless::HttpApi}
  Python:
    Type: AWS::Serverless::Function
    Properties:
      Timeout: 29
      InlineCode: "open('/tmp/neighbour', 'w').write('x')\ndef handler(event, context):\n    return 'python'\n"
      Events: {Get: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: /Python, Method: GET}}}
  Node:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs20.x
      Timeout: 29
      InlineCode: "exports.handler = async () => 'node';"
      Events: {Get: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: /Node, Method: GET}}}
`

func writeContained(t *testing.T) string {
	t.Helper()
	text := containedTemplate
	for name, f := range badFunctions {
		code := "import os, sys, time\nkept = []\ndef handler(event, context):\n    " + f.body + "\n"
		text += "  " + name + ":\n    Type: AWS::Serverless::Function\n    Properties:\n      InlineCode: " + strconv.Quote(code) +
			"\n      Timeout: " + map[bool]string{false: "2", true: "29"}[f.status == http.StatusOK] + "\n      Events: {Get: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: /" + name + ", Method: GET}}}\n"
	}
	path := filepath.Join(t.TempDir(), "template.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// residentKB is the memory of a process.
func residentKB(pid int) int {
	text, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	kb, _ := strconv.Atoi(strings.Fields(rest + " 0")[0])
	return kb
}

// All bad functions at once, again and again, beside two good ones that are called
// without pause: those answer 200 each time, and hakone itself does not grow.
func TestBadFunctionsTogether(t *testing.T) {
	s := start(t, "--isolation", "require") // without rooms some of them would take the machine
	s.run(s.environment(), "hakone", "deploy", "--data-dir", s.dataDir, "--stack-name", "contained", writeContained(t))
	first := s.status.APIs[0].ID
	var base string
	for deadline := time.Now().Add(30 * time.Second); base == ""; time.Sleep(20 * time.Millisecond) {
		if err := s.refresh(); err != nil {
			t.Fatal(err)
		}
		for _, api := range s.status.APIs {
			if api.ID != first {
				base = strings.TrimSuffix(api.URLs[0], "/")
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("the API is not there")
		}
	}
	client := &http.Client{Timeout: 60 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, MaxIdleConnsPerHost: 64}}
	get := func(name string) (int, string) {
		resp, err := client.Get(base + "/" + name)
		if err != nil {
			return 0, err.Error()
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return 0, err.Error()
		}
		return resp.StatusCode, string(body)
	}
	var over atomic.Bool
	var mu sync.Mutex
	var took []time.Duration
	counts := map[string]int{}
	var calls sync.WaitGroup
	for _, name := range []string{"Python", "Node", "Python", "Node"} {
		calls.Go(func() {
			for !over.Load() {
				began := time.Now()
				status, body := get(name)
				mu.Lock()
				took = append(took, time.Since(began))
				mu.Unlock()
				if status != http.StatusOK || body != strings.ToLower(name) {
					t.Errorf("the neighbour %s answered %d %.200s", name, status, body)
				}
			}
		})
	}
	for name, f := range badFunctions {
		calls.Go(func() {
			for !over.Load() {
				status, body := get(name)
				mu.Lock()
				counts[name]++
				mu.Unlock()
				if f.status != 0 && status != f.status {
					t.Errorf("%s answered %d %.200s, want %d", name, status, body, f.status)
				}
				if name == "Bomb" { // a thousand processes take long to end
					time.Sleep(min(10*time.Second, *runFor/2))
				}
				if name == "BreaksOut" && body != "[]" {
					t.Errorf("%s sees %s", name, body)
				}
			}
		})
	}
	var after int
	for began := time.Now(); time.Since(began) < *runFor; time.Sleep(100 * time.Millisecond) {
		if after == 0 && time.Since(began) > *runFor/3 {
			after = residentKB(s.pid)
		}
	}
	end := residentKB(s.pid)
	over.Store(true)
	calls.Wait()
	slices.Sort(took)
	t.Logf("neighbours: %d answers, median %v, 99th percentile %v, longest %v", len(took), took[len(took)/2], took[len(took)*99/100], took[len(took)-1])
	t.Logf("bad calls: %v", counts)
	t.Logf("hakone: %d MB after a third, %d MB in the end", after>>10, end>>10)
	if end > 512<<10 || *runFor > time.Minute && end > after*3/2 {
		t.Errorf("hakone grew from %d to %d kB", after, end)
	}
	for name := range badFunctions {
		if counts[name] == 0 {
			t.Errorf("%s was not called", name)
		}
	}
	if got := s.run(s.environment(), "hakone", "status", "--data-dir", s.dataDir); !strings.Contains(got, "contained") {
		t.Errorf("status = %s", got)
	}
}
