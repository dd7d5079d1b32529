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
			if in := x.probe(f, path); in != nil && in.major == major && (!f.hasMinor() || in.minor == minor) {
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
	if x.log != nil && (best.major != major || f.hasMinor() && best.minor != minor) {
		x.log.Warn("the function's runtime is not installed, the nearest one stands in",
			slog.String("runtime", runtime), slog.String("interpreter", best.path), slog.String("version", best.version))
	}
	return best, nil
}

// candidates returns the program names to try: those that promise the exact
// version, and those that may be near; and what to tell if there is none.
func candidates(f family, major, minor int) (exact, others []string, install string) {
	switch f {
	case node:
		return []string{"node"}, []string{"node", "nodejs"},
			fmt.Sprintf("no node program was found on the PATH; install Node.js %d (Debian, Ubuntu: apt install nodejs; macOS: brew install node)", major)
	case java:
		return []string{"java"}, []string{"java"},
			fmt.Sprintf("no java program was found on the PATH; install Java %d (Debian, Ubuntu: apt install openjdk-%d-jre-headless; macOS: brew install openjdk@%d)", major, major, major)
	case ruby:
		return []string{"ruby"}, []string{"ruby"},
			fmt.Sprintf("no ruby program was found on the PATH; install Ruby %d.%d (Debian, Ubuntu: apt install ruby; macOS: brew install ruby)", major, minor)
	case dotnet:
		return []string{"dotnet"}, []string{"dotnet"},
			fmt.Sprintf("no dotnet program was found on the PATH; install .NET %d (Debian, Ubuntu: apt install dotnet-runtime-%d.0; macOS: brew install dotnet)", major, major)
	default:
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
	switch in.family {
	case node:
		return in.major >= 16
	case python:
		return in.major == 3 && in.minor >= 8
	default: // the client is the package's own
		return true
	}
}

// hasMinor reports whether the family's runtimes differ in minor versions.
func (f family) hasMinor() bool { return f == python || f == ruby }

// nearer reports whether a is nearer to the wanted version than b; of two
// equally near ones the newer is.
func nearer(a, b *interpreter, major, minor int) bool {
	want := func(in *interpreter) int {
		if in.family.hasMinor() {
			return 100*abs(in.major-major) + abs(in.minor-minor)
		}
		return abs(in.major - major)
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
	askRuby   = `require "json"; puts JSON.generate({path: RbConfig.ruby, version: RUBY_VERSION})`
)

// probe asks a program what it is, once in a search.
func (x *interpreters) probe(f family, path string) *interpreter {
	if filepath.Base(filepath.Dir(path)) == "shims" {
		path = behindShim(path)
	}
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
	var args []string
	switch f {
	case node:
		args = []string{"-e", askNode}
	case java:
		args = []string{"-XshowSettings:properties", "-version"}
	case ruby:
		args = []string{"-e", askRuby}
	case dotnet:
		args = []string{"--list-runtimes"}
	default:
		args = []string{"-I", "-c", askPython}
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
	said := understand(f, path, out.Bytes())
	if !filepath.IsAbs(said.Path) {
		return nil
	}
	in := &interpreter{family: f, path: said.Path, version: said.Version, bundled: said.Bundled}
	if n, _ := fmt.Sscanf(strings.TrimSpace(said.Version), "%d.%d", &in.major, &in.minor); n != 2 {
		return nil
	}
	return in
}

// said is what an interpreter says of itself.
type said struct {
	Path, Version string
	Bundled       []string
}

// understand reads what an interpreter said; the zero value if nothing of use.
func understand(f family, path string, text []byte) (s said) {
	switch f {
	case java:
		for line := range strings.Lines(string(text)) {
			switch name, value, _ := strings.Cut(strings.TrimSpace(line), " = "); name {
			case "java.home":
				s.Path = filepath.Join(value, "bin", "java")
			case "java.version":
				s.Version = strings.TrimPrefix(value, "1.") // 1.8.0 is Java 8
			}
		}
		if !strings.Contains(s.Version, ".") {
			s.Version += ".0" // the first of a major version
		}
	case dotnet:
		for line := range strings.Lines(string(text)) { // the newest is last
			if words := strings.Fields(line); len(words) >= 2 && words[0] == "Microsoft.NETCore.App" {
				s = said{Path: path, Version: words[1]}
			}
		}
		if real, err := filepath.EvalSymlinks(path); err == nil && s.Path != "" {
			s.Path = real
		}
	default:
		if json.Unmarshal(text, &s) != nil {
			return said{}
		}
	}
	return s
}
