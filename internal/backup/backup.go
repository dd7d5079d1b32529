// Package backup copies a data directory into one file and back.
//
// A backup is a gzipped tar archive of everything that cannot be made again:
// records and blobs of the engine, the administrator's access key, and the local
// certificate authority with its key. It holds secrets in clear.
package backup

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/hakonegate/hakone/internal/engine"
)

// The first entry of an archive says what it is, the last that it is whole.
const (
	firstEntry = "hakone-backup/1"
	lastEntry  = "hakone-backup/end"
)

// maxFile bounds a file of an archive, which may come from elsewhere.
const maxFile = 64 << 30

// isLeftOut reports whether a file of a data directory is of the running server
// only, or is made anew from the rest.
func isLeftOut(name string) bool {
	return name == "server.json" || name == filepath.Join("engine", "lock") || name == "functions"
}

// Write writes a backup of dataDir to w. The data directory must not be in use
// (the error is an [engine.LockedError]) and stays locked meanwhile.
func Write(w io.Writer, dataDir string) error {
	if _, err := os.Stat(filepath.Join(dataDir, "engine")); err != nil {
		return fmt.Errorf("back up: %s is no data directory: %w", dataDir, err)
	}
	if engine.IsExternal(filepath.Join(dataDir, "engine")) {
		return fmt.Errorf("back up: the records of %s are in NATS servers: back up their streams HAKONE and OBJ_hakone-*", dataDir)
	}
	lock, err := engine.Hold(filepath.Join(dataDir, "engine"))
	if err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	defer lock.Close()
	compressed := gzip.NewWriter(w)
	archive := tar.NewWriter(compressed)
	err = archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: firstEntry, Mode: 0o600})
	if err == nil {
		err = filepath.WalkDir(dataDir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return add(archive, dataDir, path, entry)
		})
	}
	if err == nil {
		err = archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: lastEntry, Mode: 0o600})
	}
	if err := errors.Join(err, archive.Close(), compressed.Close()); err != nil {
		return fmt.Errorf("back up %s: %w", dataDir, err)
	}
	return nil
}

func add(archive *tar.Writer, dataDir, path string, entry fs.DirEntry) error {
	name, err := filepath.Rel(dataDir, path)
	if err != nil {
		return fmt.Errorf("name %s: %w", path, err)
	}
	switch {
	case name == ".":
		return nil
	case isLeftOut(name) && entry.IsDir():
		return fs.SkipDir
	case isLeftOut(name), !entry.IsDir() && !entry.Type().IsRegular(): // a socket
		return nil
	}
	info, err := entry.Info()
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	header, err := tar.FileInfoHeader(info, "")
	if err != nil {
		return fmt.Errorf("describe %s: %w", path, err)
	}
	header.Name, header.Uname, header.Gname, header.Uid, header.Gid = filepath.ToSlash(name), "", "", 0, 0
	if err := archive.WriteHeader(header); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if entry.IsDir() {
		return nil
	}
	file, err := os.Open(path) //nolint:gosec // below the data directory
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	defer file.Close()
	if _, err := io.Copy(archive, file); err != nil {
		return fmt.Errorf("copy %s: %w", path, err)
	}
	return nil
}

// Read makes dataDir, which must be missing or empty, from the backup in r. When
// it fails, nothing is left behind.
func Read(r io.Reader, dataDir string) (err error) {
	entries, err := os.ReadDir(dataDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("restore: %w", err)
	}
	if len(entries) > 0 {
		return fmt.Errorf("restore: %s is not empty: name another --data-dir, or move it away", dataDir)
	}
	parent := filepath.Dir(dataDir)
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	half, err := os.MkdirTemp(parent, filepath.Base(dataDir)+".restoring-*")
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(half))
		}
	}()
	if err := unpack(r, half); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if err := os.Rename(half, dataDir); err != nil { // replaces an empty directory
		return fmt.Errorf("restore: %w", err)
	}
	return nil
}

func unpack(r io.Reader, into string) error {
	compressed, err := gzip.NewReader(r)
	if err != nil {
		return fmt.Errorf("not a backup of hakone: %w", err)
	}
	archive := tar.NewReader(compressed)
	header, err := archive.Next()
	if err != nil || header.Name != firstEntry {
		return errors.New("not a backup of hakone, or of another version: its first entry is not " + firstEntry)
	}
	root, err := os.OpenRoot(into)
	if err != nil {
		return fmt.Errorf("open %s: %w", into, err)
	}
	defer root.Close()
	for {
		header, err := archive.Next()
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return errors.New("the backup is cut off: take another copy of it")
		case err != nil:
			return fmt.Errorf("the backup is damaged: %w", err)
		case header.Name == lastEntry:
			return nil
		}
		if err := extract(root, header, archive); err != nil {
			return err
		}
	}
}

// extract writes one entry. The root keeps every name below it.
func extract(root *os.Root, header *tar.Header, content io.Reader) error {
	name := filepath.FromSlash(strings.TrimSuffix(header.Name, "/"))
	switch {
	case header.Typeflag == tar.TypeDir:
		if err := root.Mkdir(name, 0o700); err != nil {
			return fmt.Errorf("make %q: %w", header.Name, err)
		}
		return nil
	case header.Typeflag != tar.TypeReg || header.Size > maxFile:
		return fmt.Errorf("entry %q is not a file that a backup holds", header.Name)
	}
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("make %q: %w", header.Name, err)
	}
	_, err = io.CopyN(file, content, header.Size)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("the backup is cut off or damaged at %q: %w", header.Name, err)
	}
	return nil
}
