package hakone_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write docs/compatibility.md anew")

// A compatibility is a chapter of docs/compatibility.md: what a part of AWS does
// and whether it is here. Another chapter is another file of this package and a
// line in chapters.
type compatibility struct {
	title, intro string
	sections     []compatibilitySection
	more         string // after the sections
}

type compatibilitySection struct {
	title string
	rows  []compatibilityRow
}

// A compatibilityRow is one behaviour. Whatever is there at least in part names
// the tests that show it, as DIRECTORY.TEST; what is there in part or not at all
// says what is missing.
type compatibilityRow struct {
	what    string
	here    answer
	missing string
	proof   []string
}

type answer string

const (
	yes    answer = "yes"
	partly answer = "partly"
	no     answer = "no"
)

var chapters = []compatibility{httpAPICompatibility(), instanceCompatibility(), templateCompatibility(), s3Compatibility(), functionCompatibility()}

// docs/compatibility.md is written by this test, and the tests that it names
// are there: with -update it is written anew.
func TestCompatibility(t *testing.T) {
	known := testsByDirectory(t)
	var b strings.Builder
	b.WriteString("# What of AWS is here\n\nWritten by a test (`go test -run TestCompatibility . -update`): a row says yes or partly only by the tests\n" +
		"that it names, and those run with every change. What is there on purpose in another way is in [divergences](divergences.md).\n")
	for _, c := range chapters {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", c.title, c.intro)
		for _, s := range c.sections {
			fmt.Fprintf(&b, "\n### %s\n\n| | here | missing | shown by |\n|---|---|---|---|\n", s.title)
			for _, r := range s.rows {
				checkRow(t, s.title, &r, known)
				fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.what, r.here, r.missing, proofs(r.proof))
			}
		}
		b.WriteString(c.more)
	}
	file := filepath.Join("docs", "compatibility.md")
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.String(), string(got)); diff != "" {
		t.Errorf("%s is stale: run go test -run TestCompatibility . -update (-want +got):\n%s", file, diff)
	}
}

func checkRow(t *testing.T, section string, r *compatibilityRow, known map[string]bool) {
	t.Helper()
	switch {
	case r.here != no && len(r.proof) == 0:
		t.Errorf("%s, %s: %s without a test that shows it", section, r.what, r.here)
	case r.here != yes && r.missing == "":
		t.Errorf("%s, %s: %s, but what is missing?", section, r.what, r.here)
	case r.here == yes && r.missing != "":
		t.Errorf("%s, %s: yes, but %s", section, r.what, r.missing)
	}
	for _, p := range r.proof {
		if !known[p] {
			t.Errorf("%s, %s: there is no test %s", section, r.what, p)
		}
	}
}

func proofs(list []string) string {
	var out []string
	for _, p := range list {
		_, name, _ := strings.Cut(p, ".")
		out = append(out, "`"+name+"`")
	}
	return strings.Join(out, ", ")
}

// testsByDirectory finds the tests of the tree, as DIRECTORY.TEST.
func testsByDirectory(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, root := range []string{"internal", "conformance", "policy", "sigv4"} {
		err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(name, "_test.go") {
				return err
			}
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			for _, decl := range f.Decls {
				if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil {
					out[filepath.ToSlash(filepath.Dir(name))+"."+fn.Name.Name] = true
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}
