package store_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/store"
)

// change rewrites the file that holds the records.
func change(t *testing.T, dir string, edit func([]byte) []byte) {
	t.Helper()
	found := false
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".blk" {
			return err
		}
		found = true
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(path, edit(text), 0o600)
	})
	if err != nil || !found {
		t.Fatalf("no file of records changed: %v", err)
	}
}

func TestDamageIsNeverSilent(t *testing.T) {
	tests := map[string]func([]byte) []byte{
		"a flipped bit near the start": func(b []byte) []byte { b[len(b)/50] ^= 4; return b },
		"a flipped bit at the end":     func(b []byte) []byte { b[len(b)-20] ^= 4; return b },
		"a lost tail":                  func(b []byte) []byte { return b[:len(b)/2] },
		"an empty file":                func([]byte) []byte { return nil },
	}
	for name, edit := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s, shut := open(t, engine.Config{Dir: dir})
			c := store.In[string](s, "test.n")
			for i := range 50 {
				if err := c.Put(t.Context(), fmt.Sprint(i), "some text"); err != nil {
					t.Fatal(err)
				}
			}
			shut()
			change(t, dir, edit)
			for range 2 { // JetStream repairs its files: the second start must see it too
				e, err := engine.Start(t.Context(), engine.Config{Dir: dir})
				if err != nil {
					t.Log(err)
					continue
				}
				if _, err := store.Open(t.Context(), e); !errors.Is(err, store.ErrDamaged) || !strings.Contains(err.Error(), dir) {
					t.Errorf("Open = %v, want ErrDamaged, and where", err)
				} else {
					t.Log(err)
				}
				if err := e.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
