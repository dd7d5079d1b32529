package execenv

import (
	"fmt"
	"strconv"
	"strings"
)

// A family is a kind of runtime that is started in one way.
type family uint8

const (
	unknownFamily family = iota
	python
	node
	java
	ruby
	dotnet
	provided
)

// runtimeFamily returns how the runtime is started, and which version of the
// language it wants: for "python3.11" python, 3 and 11, for "nodejs22.x" node
// and 22. Of what has no minor version it is 0.
func runtimeFamily(runtime string) (f family, major, minor int) {
	if v, ok := strings.CutPrefix(runtime, "python"); ok {
		a, b, _ := strings.Cut(v, ".")
		major, err := strconv.Atoi(a)
		minor, err2 := strconv.Atoi(b)
		if err == nil && err2 == nil {
			return python, major, minor
		}
	}
	if v, ok := strings.CutPrefix(runtime, "nodejs"); ok {
		if major, err := strconv.Atoi(strings.TrimSuffix(v, ".x")); err == nil {
			return node, major, 0
		}
	}
	for f, prefix := range map[family]string{java: "java", ruby: "ruby", dotnet: "dotnet"} {
		if v, ok := strings.CutPrefix(runtime, prefix); ok {
			// java8.al2, ruby3.4, dotnet8
			a, b, _ := strings.Cut(v, ".")
			major, err := strconv.Atoi(a)
			minor, _ := strconv.Atoi(b)
			if err == nil {
				return f, major, minor
			}
		}
	}
	if strings.HasPrefix(runtime, "provided") {
		return provided, 0, 0
	}
	return unknownFamily, 0, 0
}

// An UnavailableError says that this machine cannot run functions of a
// runtime, and what would help.
type UnavailableError struct {
	Runtime string
	Reason  string // what is missing and what to install
}

func (e *UnavailableError) Error() string {
	return fmt.Sprintf("runtime %s is not available here: %s", e.Runtime, e.Reason)
}

// CheckFunction is Check for a function that may run elsewhere, where it is found
// out.
func (p *Pool) CheckFunction(fn *Function) error {
	if f, _, _ := runtimeFamily(fn.Runtime); f != unknownFamily && p.cfg.Elsewhere != nil && p.cfg.Elsewhere.Serves(fn) {
		return nil
	}
	return p.Check(fn.Runtime)
}

// Check reports whether this machine can run functions of the runtime, and
// readies an interpreter for the first call. The error is an
// [*UnavailableError].
func (p *Pool) Check(runtime string) error {
	f, _, _ := runtimeFamily(runtime)
	if p.cfg.Absent && f != unknownFamily {
		return nil // where it runs, that is found out
	}
	switch f {
	case provided:
		if p.prepare() == nil && p.rooms {
			p.spares.want(nil)
		}
		return nil
	case python, node:
		in, err := p.interpreters.find(runtime)
		if err != nil {
			return err
		}
		p.spares.want(in)
		return nil
	case java, ruby, dotnet:
		_, err := p.interpreters.find(runtime)
		return err
	default:
		return &UnavailableError{runtime, "only python3.x, nodejsN.x, javaN, ruby3.x, dotnetN and provided.* functions are run"}
	}
}
