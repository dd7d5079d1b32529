package hakone_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/hakonegate/hakone/"

// layers lists package path prefixes from the bottom up. A package may import
// its own layer and those below it; siblings in a layer marked apart may not
// import each other.
var layers = []struct {
	apart    bool
	prefixes []string
}{
	{false, []string{"arn", "sigv4", "policy", "internal/awserr"}},
	{false, []string{
		"internal/engine", "internal/store", "internal/blob", "internal/trace", "internal/wire", "internal/access", "internal/template",
		"internal/backup", "internal/fdpass", "internal/rootfs", "internal/http1", "internal/sam", "internal/stack", "internal/sandbox", "internal/runtimeapi", "internal/execenv", "internal/worker", "internal/emulator",
	}},
	{true, []string{
		"internal/service/apigatewayv2", "internal/service/lambda", "internal/service/iam", "internal/service/sts", "internal/service/ssm", "internal/service/s3",
		"internal/service/logs", "internal/service/ec2", "internal/service/cloudformation", "internal/service/dynamodb", "internal/service/sqs", "internal/service/sns",
	}},
	{true, []string{"internal/gateway", "internal/endpoint", "internal/imds", "internal/instance", "internal/console", "internal/awscurl"}},
	{false, []string{"internal/server", "internal/cli", "cmd", "conformance", "bench"}},
}

// find returns the layer of pkg and the prefix that placed it there.
func find(pkg string) (layer int, prefix string) {
	for i, l := range layers {
		for _, p := range l.prefixes {
			if pkg == p || strings.HasPrefix(pkg, p+"/") {
				return i, p
			}
		}
	}
	return -1, ""
}

// TestImportLayers parses the tree itself instead of running "go list", so
// that the test cache notices a new import.
func TestImportLayers(t *testing.T) {
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "tools" || strings.HasPrefix(d.Name(), ".") && name != ".") {
			return fs.SkipDir
		}
		if d.IsDir() || path.Ext(name) != ".go" || path.Dir(name) == "." {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		layer, home := find(path.Dir(name))
		if layer < 0 {
			t.Errorf("%s is in no layer: add its package to layers", name)
			return nil
		}
		for _, spec := range f.Imports {
			p, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			dep, ok := strings.CutPrefix(p, module)
			if !ok {
				continue
			}
			depLayer, depHome := find(dep)
			switch {
			case depLayer > layer:
				t.Errorf("%s (layer %d) imports %s (layer %d)", name, layer+1, dep, depLayer+1)
			case depLayer == layer && depHome != home && layers[layer].apart:
				t.Errorf("%s imports its sibling %s: declare an interface instead", name, dep)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
