// Package blob keeps function code and other large content by its hash.
package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/hakonegate/hakone/internal/engine"
)

// ErrNotFound means that no blob has the hash asked for.
var ErrNotFound = errors.New("blob not found")

// MaxSize bounds one blob: Lambda takes code of 250 MB, unzipped.
const MaxSize = 300 << 20

const (
	bucket = "hakone-blobs"
	prefix = "sha256-"
	chunk  = 1 << 20 // NATS servers take messages of 1 MiB unless told otherwise; a header needs room
)

// A Store keeps blobs. It is safe for concurrent use.
type Store struct {
	objects jetstream.ObjectStore
	shared  bool // others store too, and the server that is asked may not know it yet
}

// Open opens the blobs of an engine.
func Open(ctx context.Context, e *engine.Engine) (*Store, error) {
	return open(ctx, e, bucket, "code and layers of hakone")
}

func open(ctx context.Context, e *engine.Engine, bucket, description string) (*Store, error) {
	js := e.JetStream()
	var objects jetstream.ObjectStore
	err := e.Place(ctx, func(ctx context.Context, replicas int) (err error) {
		if objects, err = js.ObjectStore(ctx, bucket); err == nil {
			status, err := objects.Status(ctx)
			if err != nil || status.Replicas() >= replicas {
				return err
			}
		}
		objects, err = js.CreateOrUpdateObjectStore(ctx, jetstream.ObjectStoreConfig{
			Bucket: bucket, Description: description, Replicas: replicas,
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open blobs: %w", err)
	}
	return &Store{objects, !e.Embedded()}, nil
}

// Hash returns the name under which Put stores content.
func Hash(content []byte) string {
	sum := sha256.Sum256(content)
	return prefix + hex.EncodeToString(sum[:])
}

// Put stores content and returns its hash, "sha256-" and 64 hex digits. Content
// that is there already is not written again.
func (s *Store) Put(ctx context.Context, content []byte) (hash string, err error) {
	if len(content) > MaxSize {
		return "", fmt.Errorf("store blob: it has %d bytes, at most %d are allowed", len(content), MaxSize)
	}
	hash = Hash(content)
	err = s.again(ctx, func(ctx context.Context) error {
		_, err := s.objects.GetInfo(ctx, hash)
		if err == nil {
			return nil
		}
		if !errors.Is(err, jetstream.ErrObjectNotFound) {
			return err
		}
		_, err = s.objects.Put(ctx, jetstream.ObjectMeta{
			Name: hash, Opts: &jetstream.ObjectMetaOptions{ChunkSize: chunk - 64<<10},
		}, bytes.NewReader(content))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("store blob: %w", err)
	}
	return hash, nil
}

// Get returns the content, checked against its hash; [ErrNotFound] if there is none.
func (s *Store) Get(ctx context.Context, hash string) ([]byte, error) {
	if !strings.HasPrefix(hash, prefix) {
		return nil, fmt.Errorf("read blob %q: %w", hash, ErrNotFound)
	}
	content, err := s.read(ctx, hash)
	if errors.Is(err, jetstream.ErrObjectNotFound) {
		return nil, fmt.Errorf("read blob %s: %w", hash, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read blob %s: %w", hash, err)
	}
	if Hash(content) != hash {
		return nil, fmt.Errorf("read blob %s: its content is damaged", hash)
	}
	return content, nil
}

// electionWait is how long servers that are shared may have no leader, and more.
const electionWait = 30 * time.Second

// again calls do until it succeeds or tries are over: a server that dies never
// answers, and a cluster elects a new leader.
func (s *Store) again(ctx context.Context, do func(ctx context.Context) error) error {
	if !s.shared {
		return do(ctx)
	}
	end := time.Now().Add(electionWait)
	for patience := 5 * time.Second; ; patience *= 2 {
		trying, cancel := context.WithTimeout(ctx, patience)
		err := do(trying)
		cancel()
		if err == nil || errors.Is(err, jetstream.ErrObjectNotFound) || time.Now().After(end) || !engine.Passing(ctx) {
			return err
		}
	}
}

// read reads a blob. Of servers that are shared, one may not know yet what another
// node has stored.
func (s *Store) read(ctx context.Context, hash string) (content []byte, err error) {
	err = s.again(ctx, func(ctx context.Context) (err error) {
		content, err = s.objects.GetBytes(ctx, hash)
		for tries := 0; s.shared && tries < 10 && errors.Is(err, jetstream.ErrObjectNotFound) && engine.Passing(ctx); tries++ {
			content, err = s.objects.GetBytes(ctx, hash)
		}
		return err
	})
	return content, err
}

// Delete removes a blob; removing what is gone succeeds.
func (s *Store) Delete(ctx context.Context, hash string) error {
	err := s.objects.Delete(ctx, hash)
	if err != nil && !errors.Is(err, jetstream.ErrObjectNotFound) {
		return fmt.Errorf("delete blob %s: %w", hash, err)
	}
	return nil
}

// ArtifactBucket is the made-up S3 bucket under whose name templates refer to
// blobs: local code in a template becomes S3Bucket ArtifactBucket and S3Key hash.
const ArtifactBucket = "hakone-artifacts"
