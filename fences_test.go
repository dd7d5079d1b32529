package hakone_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// fences say which packages may import what only they should know. Tests may
// import anything.
var fences = []struct {
	imported string // a package path, or a prefix that ends in "/"
	allowed  []string
}{
	{"github.com/nats-io/", []string{"internal/engine", "internal/store", "internal/blob", "internal/trace"}},
	{"github.com/synadia-io/", []string{"internal/engine", "internal/store", "internal/blob"}},
	{"os/exec", []string{"internal/sandbox", "internal/instance", "internal/awscurl/identity", "bench"}},
	{"go.yaml.in/", []string{"internal/template"}},
	{"github.com/aws/", []string{"tests"}}, // tests have no fences
	{"github.com/pelletier/go-toml/", []string{"internal/cli"}},
	{"github.com/spf13/", []string{"internal/cli", "cmd"}},
}

func TestFences(t *testing.T) {
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "tools" || strings.HasPrefix(d.Name(), ".") && name != ".") {
			return fs.SkipDir
		}
		if d.IsDir() || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			for _, fence := range fences {
				if !within(imported, fence.imported) {
					continue
				}
				if !slices.ContainsFunc(fence.allowed, func(home string) bool { return within(path.Dir(name), home) }) {
					t.Errorf("%s imports %s: only %s may", name, imported, strings.Join(fence.allowed, ", "))
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// within reports whether a package path is prefix or below it.
func within(pkg, prefix string) bool {
	prefix = strings.TrimSuffix(prefix, "/")
	return pkg == prefix || strings.HasPrefix(pkg, prefix+"/")
}
