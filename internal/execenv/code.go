package execenv

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/singleflight"
)

// MaxUnpacked is how large the files of a function and its layers may be.
const MaxUnpacked = 262144000

// ErrTooLarge says that an archive is larger than MaxUnpacked.
var ErrTooLarge = errors.New("unzipped size must be smaller than 262144000 bytes")

// A codeCache keeps unpacked archives, one folder for each list of hashes.
// Environments share the folders and must not write to them.
type codeCache struct {
	dir    string
	source CodeSource
	flight singleflight.Group
}

// folder returns the folder with the archives unpacked, later ones over
// earlier ones.
func (c *codeCache) folder(ctx context.Context, hashes ...string) (string, error) {
	sum := sha256.Sum256([]byte(strings.Join(hashes, "\n")))
	dir := filepath.Join(c.dir, hex.EncodeToString(sum[:16]))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	_, err, _ := c.flight.Do(dir, func() (any, error) {
		if _, err := os.Stat(dir); err == nil {
			return nil, nil
		}
		// One caller unpacks for all who wait: it must not stop when that
		// caller goes away.
		return nil, c.unpackAll(context.WithoutCancel(ctx), dir, hashes)
	})
	if err != nil {
		return "", err
	}
	return dir, nil
}

func (c *codeCache) unpackAll(ctx context.Context, dir string, hashes []string) error {
	if err := os.MkdirAll(c.dir, 0o755); err != nil { //nolint:gosec // functions read it, maybe as another user
		return err
	}
	tmp, err := os.MkdirTemp(c.dir, "unpack-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := os.Chmod(tmp, 0o755); err != nil { //nolint:gosec // as above
		return err
	}
	left := int64(MaxUnpacked)
	for _, hash := range hashes {
		archive, err := c.source.Get(ctx, hash)
		if err != nil {
			return fmt.Errorf("read code: %w", err)
		}
		if err := unpack(archive, tmp, &left); err != nil {
			return fmt.Errorf("unpack code: %w", err)
		}
	}
	return os.Rename(tmp, dir)
}

// unpack writes the archive's files below dir and nowhere else.
func unpack(archive []byte, dir string, left *int64) error {
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, f := range z.File {
		if err := unpackFile(root, f, left); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return nil
}

func unpackFile(root *os.Root, f *zip.File, left *int64) error {
	name := filepath.Clean(filepath.FromSlash(f.Name))
	if strings.HasSuffix(f.Name, "/") {
		return root.MkdirAll(name, 0o755)
	}
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	switch mode := f.Mode(); {
	case mode&fs.ModeSymlink != 0:
		target, err := io.ReadAll(io.LimitReader(in, 4096))
		if err != nil {
			return err
		}
		return root.Symlink(string(target), name)
	case !mode.IsRegular():
		return fmt.Errorf("a file of mode %s is not taken", mode)
	default:
		perm := mode.Perm()&0o755 | 0o444
		out, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, perm)
		if err != nil {
			return err
		}
		n, err := io.Copy(out, io.LimitReader(in, *left+1))
		if *left -= n; err == nil && *left < 0 {
			err = ErrTooLarge
		}
		return errors.Join(err, out.Close())
	}
}
