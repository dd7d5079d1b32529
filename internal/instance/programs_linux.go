package instance

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// besides are the neighbours that the programs of a folder such as bin or shims
// run from, in virtual environments and version managers.
var besides = []string{"bin", "sbin", "shims", "lib", "lib64", "libexec", "include", "versions", "version", "plugins", "pyvenv.cfg"}

// programs lists what must be shown so that the programs of the caller's PATH
// run: its folders outside the system's, and what they need beside them. It runs
// while the machine's files are still there.
func (s *stageSettings) programs() []string {
	var shown []string
	add := func(path string) {
		if _, err := os.Stat(path); err == nil && !s.system(path) && !slices.Contains(shown, path) {
			shown = append(shown, path)
		}
	}
	queue := filepath.SplitList(s.Path)
	for n := 0; n < len(queue) && n < 256; n++ {
		dir := filepath.Clean(queue[n])
		if !filepath.IsAbs(dir) || dir == "/" || slices.Contains(s.Home, dir) {
			continue
		}
		if real, err := filepath.EvalSymlinks(dir); err == nil && real != dir {
			queue = append(queue, real) // scripts name their interpreter by it
		}
		parent, base := filepath.Split(dir)
		parent = filepath.Clean(parent)
		if parent == "/" || slices.Contains(s.Home, parent) || !slices.Contains([]string{"bin", "sbin", "shims"}, base) {
			add(dir)
			continue
		}
		for _, name := range besides {
			add(filepath.Join(parent, name))
		}
		if text, err := os.ReadFile(filepath.Join(parent, "pyvenv.cfg")); err == nil {
			for line := range strings.Lines(string(text)) {
				if name, value, ok := strings.Cut(line, "="); ok && strings.TrimSpace(name) == "home" {
					queue = append(queue, strings.TrimSpace(value)) // where its interpreter is
				}
			}
		}
	}
	slices.Sort(shown)
	return slices.DeleteFunc(shown, func(path string) bool { return s.within(path, shown) })
}

// system reports whether a path is shown anyway, or is no place for programs.
func (s *stageSettings) system(path string) bool {
	for _, folder := range []string{"/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/proc", "/sys", "/dev", ownFolder} {
		if path == folder || strings.HasPrefix(path, folder+"/") {
			return true
		}
	}
	// A folder that holds something hidden, or lies in it, is not shown.
	return slices.ContainsFunc(s.Hidden, func(h string) bool { return path == h || strings.HasPrefix(path, h+"/") })
}

// within reports whether one of the others shows path already.
func (s *stageSettings) within(path string, others []string) bool {
	return slices.ContainsFunc(others, func(o string) bool { return o != path && strings.HasPrefix(path, o+"/") })
}
