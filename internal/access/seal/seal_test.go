package seal_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/hakonegate/hakone/internal/access/seal"
	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/store"
)

func open(t *testing.T, dir string) (*seal.Ring, func()) {
	t.Helper()
	e, err := engine.Start(t.Context(), engine.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	r, err := seal.Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return r, func() {
		if err := errors.Join(s.Close(), e.Close()); err != nil {
			t.Error(err)
		}
	}
}

func TestBoxOpensOnlyAsItWasSealed(t *testing.T) {
	r, stop := open(t, t.TempDir())
	defer stop()
	box, err := r.Seal("tokens", []byte("secret"), []byte("ASIA1"))
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := r.Open("tokens", box, []byte("ASIA1")); err != nil || string(plain) != "secret" {
		t.Fatalf("Open = %q, %v", plain, err)
	}
	flipped := func(i int) []byte { b := slices.Clone(box); b[i] ^= 1; return b }
	tests := []struct {
		name, purpose, bound string
		box                  []byte
	}{
		{"another purpose", "passwords", "ASIA1", box},
		{"another context", "tokens", "ASIA2", box},
		{"empty", "tokens", "ASIA1", nil},
		{"truncated", "tokens", "ASIA1", box[:len(box)-1]},
		{"head only", "tokens", "ASIA1", box[:17]},
		{"version changed", "tokens", "ASIA1", flipped(0)},
		{"key id changed", "tokens", "ASIA1", flipped(4)},
		{"nonce changed", "tokens", "ASIA1", flipped(10)},
		{"text changed", "tokens", "ASIA1", flipped(len(box) - 1)},
	}
	for _, tt := range tests {
		if plain, err := r.Open(tt.purpose, tt.box, []byte(tt.bound)); !errors.Is(err, seal.ErrForged) {
			t.Errorf("%s: Open = %q, %v, want ErrForged", tt.name, plain, err)
		}
	}
}

func TestKeysSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	r, stop := open(t, dir)
	box, err := r.Seal("p", []byte("x"), nil)
	if err != nil {
		t.Fatal(err)
	}
	before, err := r.Derive("d", box, 16)
	if err != nil {
		t.Fatal(err)
	}
	stop()
	r, stop = open(t, dir)
	defer stop()
	if plain, err := r.Open("p", box, nil); err != nil || string(plain) != "x" {
		t.Errorf("Open after a restart = %q, %v", plain, err)
	}
	if after, err := r.Derive("d", box, 16); err != nil || !slices.Equal(before, after) {
		t.Errorf("Derive after a restart = %x, %v, want %x", after, err, before)
	}
}
