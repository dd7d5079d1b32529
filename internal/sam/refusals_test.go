package sam

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestRefusalsFromFiles transforms templates that AWS's transform refuses. The
// first line of each is a comment with the text of the refusal.
func TestRefusalsFromFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/refusals/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range txtar.Parse(text).Files {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+f.Name, func(t *testing.T) {
				comment, _, _ := strings.Cut(string(f.Data), "\n")
				want := strings.TrimPrefix(comment, "# ")
				if _, err := transformText(t, f.Name, f.Data, Options{}); err == nil || err.Error() != want {
					t.Errorf("error = %v\nwant    %s", err, want)
				}
			})
		}
	}
}
