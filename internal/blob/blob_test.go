package blob_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/hakonegate/hakone/internal/blob"
	"github.com/hakonegate/hakone/internal/engine"
)

func open(t *testing.T, dir string) (*blob.Store, func()) {
	t.Helper()
	e, err := engine.Start(t.Context(), engine.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	shut := func() { _ = e.Close() }
	t.Cleanup(shut)
	s, err := blob.Open(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return s, shut
}

func TestContentSurvivesUnderItsHash(t *testing.T) {
	dir := t.TempDir()
	s, shut := open(t, dir)
	contents := [][]byte{{}, []byte("x"), bytes.Repeat([]byte("0123456789abcdef"), 300_000)}
	var hashes []string
	for _, c := range contents {
		for range 2 { // the second time it is there
			hash, err := s.Put(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			hashes = append(hashes, hash)
		}
	}
	shut()
	s, _ = open(t, dir)
	for i, c := range contents {
		got, err := s.Get(t.Context(), hashes[2*i])
		if err != nil || !bytes.Equal(got, c) || hashes[2*i] != hashes[2*i+1] {
			t.Errorf("Get(%s) = %d bytes, %v; want %d bytes", hashes[2*i], len(got), err, len(c))
		}
	}
	const empty = "sha256-e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	if hashes[0] != empty {
		t.Errorf("hash of nothing = %s, want %s", hashes[0], empty)
	}
}

func TestUnknownHashIsNotFound(t *testing.T) {
	s, _ := open(t, t.TempDir())
	hash, err := s.Put(t.Context(), []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Delete(t.Context(), hash); err != nil {
			t.Fatal(err)
		}
	}
	for _, h := range []string{hash, blob.Hash([]byte("y")), "", "../x"} {
		if _, err := s.Get(t.Context(), h); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("Get(%q) = %v, want ErrNotFound", h, err)
		}
	}
}
