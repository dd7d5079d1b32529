package execenv

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hakonegate/hakone/internal/sandbox"
)

// An interpreter is a language's program on this machine, asked once for what
// it is.
type interpreter struct {
	family  family
	path    string   // the real program, never a shim
	version string   // "3.11.7"
	bundled []string // folders of installed packages, for those that Lambda brings itself
	major   int
	minor   int
}

// The interpreters of a machine by runtime. A find that failed is repeated, so
// that installing what was missing is enough.
type interpreters struct {
	log *slog.Logger

	mu     sync.Mutex
	found  map[string]*interpreter // by runtime
	probed map[string]*interpreter // by the program's real path
}

// find returns the interpreter for the runtime: the exact version, or the
// nearest one with a warning.
func (x *interpreters) find(runtime string) (*interpreter, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if in := x.found[runtime]; in != nil {
		return in, nil
	}
	x.probed = map[string]*interpreter{}
	in, err := x.search(runtime)
	if err != nil {
		return nil, err
	}
	if x.found == nil {
		x.found = map[string]*interpreter{}
	}
	x.found[runtime] = in
	return in, nil
}

func (x *interpreters) search(runtime string) (*interpreter, error) {
	f, major, minor := runtimeFamily(runtime)
	exact, others, install := candidates(f, major, minor)
	for _, name := range exact {
		for _, path := range onPath(name) {
			if in := x.probe(f, path); in != nil && in.major == major && (f == node || in.minor == minor) {
				return in, nil
			}
		}
	}
	var best *interpreter
	for _, name := range others {
		for _, path := range onPath(name) {
			if in := x.probe(f, path); in != nil && in.usable() && (best == nil || nearer(in, best, major, minor)) {
				best = in
			}
		}
	}
	if best == nil {
		return nil, &UnavailableError{runtime, install}
	}
	if x.log != nil && (best.major != major || f == python && best.minor != minor) {
		x.log.Warn("the function's runtime is not installed, the nearest one stands in",
			slog.String("runtime", runtime), slog.String("interpreter", best.path), slog.String("version", best.version))
	}
	return best, nil
}

// candidates returns the program names to try: those that promise the exact
// version, and those that may be near; and what to tell if there is none.
func candidates(f family, major, minor int) (exact, others []string, install string) {
	if f == node {
		return []string{"node"}, []string{"node", "nodejs"},
			fmt.Sprintf("no node program was found on the PATH; install Node.js %d (Debian, Ubuntu: apt install nodejs; macOS: brew install node)", major)
	}
	others = []string{"python3"}
	for n := 15; n >= 8; n-- {
		others = append(others, fmt.Sprintf("python3.%d", n))
	}
	return []string{fmt.Sprintf("python%d.%d", major, minor), "python3"}, append(others, "python"),
		fmt.Sprintf("no python3 program was found on the PATH; install Python %d.%d (Debian, Ubuntu: apt install python3; Fedora: dnf install python3; macOS: brew install python@%d.%d)",
			major, minor, major, minor)
}

// usable reports whether our client runs on the interpreter.
func (in *interpreter) usable() bool {
	if in.family == node {
		return in.major >= 16
	}
	return in.major == 3 && in.minor >= 8
}

// nearer reports whether a is nearer to the wanted version than b; of two
// equally near ones the newer is.
func nearer(a, b *interpreter, major, minor int) bool {
	want := func(in *interpreter) int {
		if in.family == node {
			return abs(in.major - major)
		}
		return abs(in.minor - minor)
	}
	da, db := want(a), want(b)
	return da < db || da == db && (a.major > b.major || a.major == b.major && a.minor > b.minor)
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}

// onPath returns the programs of that name in the order of the PATH.
func onPath(name string) []string {
	var found []string
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if !filepath.IsAbs(dir) {
			continue
		}
		path := filepath.Join(dir, name)
		//nolint:gosec // the PATH is the operator's
		if st, err := os.Stat(path); err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0 && !slices.Contains(found, path) {
			found = append(found, path)
		}
	}
	return found
}

// The questions that make an interpreter say what it is. Shims of version
// managers answer with the program behind them.
const (
	askPython = `import json,site,sys; print(json.dumps({"path":sys.executable,"version":"%d.%d.%d"%sys.version_info[:3],"bundled":site.getsitepackages()}))`
	askNode   = `console.log(JSON.stringify({path:process.execPath,version:process.versions.node}))`
)

// probe asks a program what it is, once in a search.
func (x *interpreters) probe(f family, path string) *interpreter {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil
	}
	if filepath.Base(filepath.Dir(path)) == "shims" {
		real = path // what a shim does depends on the name that it is called by
	}
	in, ok := x.probed[real]
	if !ok {
		in = ask(f, path)
		x.probed[real] = in
	}
	return in
}

// ask asks the program what it is; nil if it does not answer.
func ask(f family, path string) *interpreter {
	args := []string{"-I", "-c", askPython}
	if f == node {
		args = []string{"-e", askNode}
	}
	var out bytes.Buffer
	p, err := sandbox.Start(sandbox.Command{Path: path, Args: args, Env: os.Environ(), Output: &out})
	if err != nil {
		return nil
	}
	select {
	case <-p.Done():
	case <-time.After(10 * time.Second):
		p.Kill()
		return nil
	}
	var said struct {
		Path, Version string
		Bundled       []string
	}
	if json.Unmarshal(out.Bytes(), &said) != nil || !filepath.IsAbs(said.Path) {
		return nil
	}
	in := &interpreter{family: f, path: said.Path, version: said.Version, bundled: said.Bundled}
	if n, _ := fmt.Sscanf(strings.TrimSpace(said.Version), "%d.%d", &in.major, &in.minor); n != 2 {
		return nil
	}
	return in
}
