package sam

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/hakonegate/hakone/internal/template"
)

// TestGolden compares the transforms of our own templates with what they were
// when someone last looked. UPDATE=1 rewrites them.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			root, _, err := template.Parse("template.yaml", archive.Files[0].Data)
			if err != nil {
				t.Fatal(err)
			}
			out, _, err := Transform(root, Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := append(out.JSON("  "), '\n')
			want := &archive.Files[1]
			if os.Getenv("UPDATE") != "" && !bytes.Equal(want.Data, got) {
				want.Data = got
				if err := os.WriteFile(file, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(want.Data), string(got)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}
