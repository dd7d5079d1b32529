package execenv

import "fmt"

// Locate returns the interpreter that functions of a runtime would get here, as
// its path, and its version as far as it matters to functions. The error is an
// [*UnavailableError].
func Locate(runtime string) (path, version string, err error) {
	var all interpreters
	in, err := all.find(runtime)
	if err != nil {
		return "", "", err
	}
	f, _, _ := runtimeFamily(runtime)
	if f.hasMinor() {
		return in.path, fmt.Sprintf("%d.%d", in.major, in.minor), nil
	}
	return in.path, fmt.Sprint(in.major), nil
}
