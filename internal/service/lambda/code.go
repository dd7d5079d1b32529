package lambda

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/blob"
	"github.com/hakonegate/hakone/internal/execenv"
)

// ArtifactBucket is the S3 bucket name under which code is found that was
// stored as a blob before: the key is its hash. Deployments of local folders
// use it.
const ArtifactBucket = "hakone-artifacts"

// maxZip is how large an uploaded archive may be.
const maxZip = 52428800

// Code is where a function's code comes from: one of an archive, an S3 object,
// or source text.
type Code struct {
	ZipFile         []byte
	S3Bucket        string
	S3Key           string
	S3ObjectVersion string
	ImageUri        string
	Source          string // the text of a single file, as in a template's ZipFile
}

// An archive is code that was checked and stored.
type archive struct {
	hash   string
	size   int64
	sha256 string // in base64
}

// store checks code and stores it as a blob.
func (s *Service) store(ctx context.Context, c Code, runtime string) (archive, error) {
	content, err := s.archive(ctx, c, runtime)
	if err != nil {
		return archive{}, err
	}
	if err := checkArchive(content); err != nil {
		return archive{}, err
	}
	hash, err := s.cfg.Code.Put(ctx, content)
	if err != nil {
		return archive{}, fmt.Errorf("store code: %w", err)
	}
	sum := sha256.Sum256(content)
	return archive{hash, int64(len(content)), base64.StdEncoding.EncodeToString(sum[:])}, nil
}

func (s *Service) archive(ctx context.Context, c Code, runtime string) ([]byte, error) {
	switch {
	case c.Source != "":
		return inline(c.Source, runtime)
	case len(c.ZipFile) > maxZip:
		return nil, awserr.New("RequestEntityTooLargeException", http.StatusRequestEntityTooLarge, "Zipped size must be smaller than %d bytes", maxZip)
	case len(c.ZipFile) > 0:
		return c.ZipFile, nil
	case c.ImageUri != "":
		return nil, invalidParameter("Container images are not run here: package the function %s as a zip archive.", c.ImageUri)
	case c.S3Bucket == ArtifactBucket:
		content, err := s.cfg.Code.Get(ctx, c.S3Key)
		if errors.Is(err, blob.ErrNotFound) {
			return nil, invalidParameter("Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist.")
		}
		return content, err
	case c.S3Bucket != "":
		return s.object(ctx, c)
	default:
		return nil, invalidParameter("Please provide a source for your Lambda function: a zip file, an S3 object or source text.")
	}
}

// checkArchive checks that an archive can be unpacked, before anything depends
// on it.
func checkArchive(content []byte) error {
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return invalidParameter("Could not unzip uploaded file. Please check your file, then try to upload again.")
	}
	var size uint64
	for _, f := range z.File {
		size += f.UncompressedSize64
		if !fs.ValidPath(path.Clean(f.Name)) {
			return invalidParameter("Could not unzip uploaded file. Please check your file, then try to upload again.")
		}
	}
	if size > execenv.MaxUnpacked {
		return invalidParameter("Unzipped size must be smaller than %d bytes", execenv.MaxUnpacked)
	}
	return nil
}

// inline makes the archive of a single file of source text. CloudFormation
// names the file index.
func inline(source, runtime string) ([]byte, error) {
	name := ""
	switch {
	case strings.HasPrefix(runtime, "python"):
		name = "index.py"
	case strings.HasPrefix(runtime, "nodejs"):
		name = "index.js"
	default:
		return nil, invalidParameter("ZipFile can only be used when Runtime is set to either of [nodejs, python]; Runtime is %s", runtime)
	}
	return pack(func(add func(string, fs.FileMode, []byte) error) error {
		if err := add(name, 0o644, []byte(source)); err != nil {
			return err
		}
		return addResponseModule(source, runtime, add)
	})
}

// pack makes an archive of the files that walk adds.
func pack(walk func(add func(string, fs.FileMode, []byte) error) error) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	var size int
	err := walk(func(name string, mode fs.FileMode, content []byte) error {
		if size += len(content); size > execenv.MaxUnpacked {
			return fmt.Errorf("pack %s: %w", name, execenv.ErrTooLarge)
		}
		h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
		h.SetMode(mode)
		w, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		_, err = w.Write(content)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return slices.Clip(b.Bytes()), nil
}
