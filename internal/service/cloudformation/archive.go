package cloudformation

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/blob"
)

// Bounds of one archive.
const (
	maxFiles = 100_000
	maxDepth = 64
)

// archive returns a folder, or a file that is no archive, as a zip file. The same
// content gives the same bytes, so that code that did not change is no change.
// A symbolic link stands for what it leads to, which must lie in the folder.
func archive(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return archiveFile(name)
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	var buf bytes.Buffer
	a := archiver{root: root, zip: zip.NewWriter(&buf)}
	if err := a.folder(".", 0); err != nil {
		return nil, err
	}
	if a.files == 0 {
		return nil, fmt.Errorf("folder %s is empty", name)
	}
	if err := a.zip.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// archiveFile returns a file that is an archive as it is, and another one in an
// archive of its own.
func archiveFile(name string) ([]byte, error) {
	root, err := os.OpenRoot(filepath.Dir(name))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if ext := strings.ToLower(filepath.Ext(name)); ext == ".zip" || ext == ".jar" {
		return root.ReadFile(filepath.Base(name))
	}
	var buf bytes.Buffer
	a := archiver{root: root, zip: zip.NewWriter(&buf)}
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if err := a.file(filepath.Base(name), info); err != nil {
		return nil, err
	}
	if err := a.zip.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

type archiver struct {
	root  *os.Root
	zip   *zip.Writer
	files int
	size  int64
}

func (a *archiver) folder(dir string, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("folder %s is too deep: do symbolic links lead in a circle?", dir)
	}
	f, err := a.root.Open(dir)
	if err != nil {
		return err
	}
	entries, err := f.ReadDir(-1)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	slices.SortFunc(entries, func(x, y fs.DirEntry) int { return strings.Compare(x.Name(), y.Name()) })
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		info, err := a.root.Stat(name)
		switch {
		case err != nil:
			return err
		case info.IsDir() && !isSkipped(e.Name()):
			err = a.folder(name, depth+1)
		case info.Mode().IsRegular():
			err = a.file(name, info)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// epoch is the time of all files: 1980 is the first that a zip file can say.
var epoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

func (a *archiver) file(name string, info fs.FileInfo) error {
	a.files++
	a.size += info.Size()
	switch {
	case a.files > maxFiles:
		return fmt.Errorf("more than %d files", maxFiles)
	case a.size > blob.MaxSize:
		return fmt.Errorf("more than %d bytes", blob.MaxSize)
	}
	h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: epoch}
	mode := fs.FileMode(0o644)
	if info.Mode()&0o111 != 0 {
		mode = 0o755
	}
	h.SetMode(mode)
	w, err := a.zip.CreateHeader(h)
	if err != nil {
		return err
	}
	f, err := a.root.Open(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, io.LimitReader(f, blob.MaxSize))
	return errors.Join(err, f.Close())
}
