package execenv_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hakonegate/hakone/internal/execenv"
	"github.com/hakonegate/hakone/internal/sandbox"
)

// archives is a CodeSource of zip archives by name.
type archives map[string][]byte

func (a archives) Get(_ context.Context, hash string) ([]byte, error) {
	if b, ok := a[hash]; ok {
		return b, nil
	}
	return nil, fs.ErrNotExist
}

// archive makes a zip archive of files.
func archive(tb testing.TB, files map[string]string) []byte {
	tb.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range files {
		h := &zip.FileHeader{Name: name}
		h.SetMode(0o755)
		w, err := z.CreateHeader(h)
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			tb.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// memory keeps log events.
type memory struct {
	mu     sync.Mutex
	events []string
	groups map[string][]string
}

func (m *memory) Append(group, _ string, events ...execenv.LogEvent) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.groups == nil {
		m.groups = map[string][]string{}
	}
	for _, e := range events {
		m.events = append(m.events, e.Message)
		m.groups[group] = append(m.groups[group], e.Message)
	}
}

// of returns the events of one group.
func (m *memory) of(group string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.groups[group]...)
}

func (m *memory) all() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.events...)
}

// A rig is a running pool with its log.
type rig struct {
	*execenv.Pool
	logs *memory
	dir  string
	code archives
}

func start(tb testing.TB, change func(*execenv.Config)) *rig {
	tb.Helper()
	r := &rig{logs: new(memory), dir: tb.TempDir(), code: archives{}}
	cfg := execenv.Config{Dir: r.dir, Code: r.code, Logs: r.logs}
	if change != nil {
		change(&cfg)
	}
	r.Pool = execenv.New(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	tb.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			tb.Errorf("Run = %v", err)
		}
		if left := processes(); len(left) > 0 {
			tb.Errorf("processes left behind: %v", left)
		}
	})
	return r
}

// processes lists our child processes: those of the pool, in a room or not. The
// tests of this package do not run side by side.
func processes() []string {
	var found []string
	names, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		_, after, _ := bytes.Cut(text, []byte(") ")) // the name before may hold blanks
		if fields := bytes.Fields(after); len(fields) > 1 && string(fields[1]) == strconv.Itoa(os.Getpid()) {
			found = append(found, string(text[:min(len(text), 60)]))
		}
	}
	return found
}

// python returns a Python function of one file, or skips the test where there
// is no Python.
func (r *rig) python(tb testing.TB, runtime, code string) *execenv.Function {
	tb.Helper()
	if err := r.Check(runtime); err != nil {
		tb.Skip(err)
	}
	hash := "sha256-" + tb.Name() + runtime
	r.code[hash] = archive(tb, map[string]string{"index.py": code})
	return &execenv.Function{
		Name: "fn", ARN: "arn:aws:lambda:us-east-1:111111111111:function:fn", Version: "$LATEST", Revision: hash, Region: "us-east-1",
		Runtime: runtime, Handler: "index.handler", Code: hash, Timeout: 3 * time.Second,
	}
}

func (r *rig) invoke(tb testing.TB, fn *execenv.Function, event string) execenv.Result {
	tb.Helper()
	res, err := r.Invoke(tb.Context(), fn, []byte(event), execenv.Invocation{Tail: true})
	if err != nil {
		tb.Fatalf("Invoke: %v", err)
	}
	return res
}

func TestHelloWorld(t *testing.T) {
	r := start(t, nil)
	fn := r.python(t, "python3.11", "def handler(event, context):\n    print('x')\n    return {'body': 'Hello, ' + event['name']}\n")
	for range 3 {
		res := r.invoke(t, fn, `{"name":"World"}`)
		if got, want := string(res.Payload), `{"body": "Hello, World"}`; got != want || res.FunctionError != "" {
			t.Fatalf("result = %s %s, want %s\n%q", got, res.FunctionError, want, r.logs.all())
		}
		t.Log(res.Duration, res.InitDuration)
	}
	t.Logf("%q", r.logs.all())
	if !strings.HasPrefix(r.logs.all()[0], "INIT_START Runtime Version: python:3.11.v1\t") {
		t.Errorf("log = %q", r.logs.all())
	}
}

func TestMissingInterpreterIsTold(t *testing.T) {
	r := start(t, nil)
	err := r.Check("cobol1")
	if _, ok := errors.AsType[*execenv.UnavailableError](err); !ok {
		t.Errorf("Check = %v, want an UnavailableError", err)
	}
}

func BenchmarkWarm(b *testing.B) {
	r := start(b, nil)
	fn := r.python(b, "python3.11", "def handler(event, context):\n    return {'body': 'Hello, World'}\n")
	r.invoke(b, fn, `{}`)
	for b.Loop() {
		if _, err := r.Invoke(b.Context(), fn, []byte(`{}`), execenv.Invocation{}); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkCold(b *testing.B, spares bool, isolation sandbox.Isolation) {
	b.Helper()
	r := start(b, func(c *execenv.Config) { c.NoSpares, c.Isolation = !spares, isolation })
	fn := r.python(b, "python3.11", "def handler(event, context):\n    return {'body': 'Hello, World'}\n")
	r.invoke(b, fn, `{}`)
	for b.Loop() {
		b.StopTimer()
		r.Remove(fn.ARN)
		time.Sleep(100 * time.Millisecond)
		b.StartTimer()
		if _, err := r.Invoke(b.Context(), fn, []byte(`{}`), execenv.Invocation{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkColdWithSpare(b *testing.B)               { benchmarkCold(b, true, sandbox.Default) }
func BenchmarkColdWithoutSpare(b *testing.B)            { benchmarkCold(b, false, sandbox.Default) }
func BenchmarkColdWithSpareNotIsolated(b *testing.B)    { benchmarkCold(b, true, sandbox.Off) }
func BenchmarkColdWithoutSpareNotIsolated(b *testing.B) { benchmarkCold(b, false, sandbox.Off) }
