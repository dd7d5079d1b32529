package backup_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/backup"
	"github.com/hakonegate/hakone/internal/engine"
)

// files lists a folder: names with their content.
func files(t *testing.T, folder string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		found[strings.TrimPrefix(path, folder+"/")] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func dataDir(t *testing.T) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "data")
	for name, content := range map[string]string{
		"engine/records/1": "a record", "engine/lock": "1\n", "server.json": "{}", "functions/code/x": "code", "ca-key.pem": "key",
	} {
		path := filepath.Join(folder, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(content), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestThereAndBack(t *testing.T) {
	var archive bytes.Buffer
	if err := backup.Write(&archive, dataDir(t)); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "deep", "data")
	if err := backup.Read(bytes.NewReader(archive.Bytes()), to); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"engine/records/1": "a record", "ca-key.pem": "key"}, files(t, to)); diff != "" {
		t.Error(diff)
	}
	for name, mode := range map[string]os.FileMode{"": 0o700, "engine": 0o700, "ca-key.pem": 0o600} {
		if info, err := os.Stat(filepath.Join(to, name)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, mode %v, want %v", name, err, info.Mode().Perm(), mode)
		}
	}
	if err := backup.Read(bytes.NewReader(archive.Bytes()), to); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("over another data directory: %v", err)
	}
}

func TestADataDirectoryInUseIsNotBackedUp(t *testing.T) {
	from := dataDir(t)
	lock, err := engine.Hold(filepath.Join(from, "engine"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	var locked *engine.LockedError
	if err := backup.Write(&bytes.Buffer{}, from); !errors.As(err, &locked) || locked.PID != os.Getpid() {
		t.Errorf("got %v", err)
	}
	if err := backup.Write(&bytes.Buffer{}, t.TempDir()); err == nil {
		t.Error("backed up an empty folder")
	}
}

// TestWhatIsNotAWholeBackup checks that nothing is left of what was refused.
func TestWhatIsNotAWholeBackup(t *testing.T) {
	var whole bytes.Buffer
	if err := backup.Write(&whole, dataDir(t)); err != nil {
		t.Fatal(err)
	}
	made := func(entries ...tar.Header) []byte {
		var b bytes.Buffer
		compressed := gzip.NewWriter(&b)
		archive := tar.NewWriter(compressed)
		for _, entry := range append([]tar.Header{{Name: "hakone-backup/1"}}, entries...) {
			if err := archive.WriteHeader(&entry); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(archive.Close(), compressed.Close()); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	flipped := bytes.Clone(whole.Bytes())
	flipped[len(flipped)/2] ^= 1
	for name, content := range map[string][]byte{
		"nothing":                {},
		"text":                   []byte("hello, world, this is no archive"),
		"cut in the middle":      whole.Bytes()[:whole.Len()/2],
		"one bit other":          flipped,
		"without its end":        made(tar.Header{Name: "a", Typeflag: tar.TypeReg}),
		"a way out":              made(tar.Header{Name: "../out", Typeflag: tar.TypeReg}, tar.Header{Name: "hakone-backup/end"}),
		"an absolute name":       made(tar.Header{Name: "/tmp/hakone-out", Typeflag: tar.TypeReg}, tar.Header{Name: "hakone-backup/end"}),
		"a symbolic link":        made(tar.Header{Name: "a", Linkname: "/etc", Typeflag: tar.TypeSymlink}, tar.Header{Name: "hakone-backup/end"}),
		"a file of another kind": made(tar.Header{Name: "a", Typeflag: tar.TypeFifo}, tar.Header{Name: "hakone-backup/end"}),
	} {
		t.Run(name, func(t *testing.T) {
			parent := t.TempDir()
			err := backup.Read(bytes.NewReader(content), filepath.Join(parent, "data"))
			if err == nil {
				t.Error("restored")
			}
			if left, _ := os.ReadDir(parent); len(left) > 0 {
				t.Errorf("left behind %v", left)
			}
		})
	}
}
