package template

import (
	"os"
	"path/filepath"
	"testing"
)

// BenchmarkArticle reads, binds and checks the article's template.
func BenchmarkArticle(b *testing.B) {
	text, err := os.ReadFile(filepath.Join("..", "..", "examples", "article", "template.yaml"))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		bound, err := bind(string(text), nil, testEnv)
		if err != nil {
			b.Fatal(err)
		}
		if err := bound.Check(); err != nil {
			b.Fatal(err)
		}
	}
}
