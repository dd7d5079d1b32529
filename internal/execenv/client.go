package execenv

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// The runtime clients that we bring, by family.
//
//go:embed client/python/hakone_runtime/*.py client/node/*.js
var clients embed.FS

// installClients writes the clients where interpreters can read them.
func installClients(dir string) error {
	return fs.WalkDir(clients, "client", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel("client", filepath.FromSlash(name))
		if err != nil {
			return err
		}
		path := filepath.Join(dir, rel)
		if d.IsDir() {
			return os.MkdirAll(path, 0o755) //nolint:gosec // functions read it, maybe as another user
		}
		text, err := clients.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(path, text, 0o644) //nolint:gosec // as above
	})
}

// clientArgs is the command line of our client behind the interpreter's name.
// Isolated means that the interpreter must not look at its environment, which
// is not yet the function's.
func (p *Pool) clientArgs(in *interpreter, isolated bool) []string {
	shown := p.shownRuntime()
	dir := filepath.Join(shown, "python")
	if in.family == node {
		return []string{filepath.Join(shown, "node", "main.js")}
	}
	args := []string{"-S", "-s", "-u", "-X", "utf8"}
	if isolated {
		args = append(args, "-I")
	}
	return append(args, "-c", fmt.Sprintf("import sys; sys.path.append(%q); from hakone_runtime.main import main; main()", dir))
}

func (p *Pool) runtimeDir() string { return filepath.Join(p.cfg.Dir, "runtime") }

// shownRuntime is where processes see it.
func (p *Pool) shownRuntime() string {
	if p.rooms {
		return runtimeDir
	}
	return p.runtimeDir()
}
