package sts_test

import (
	"encoding/base64"
	"errors"
	"testing"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/sigv4"
)

// Only the token that was issued, with the key it was issued for, opens a
// session; whatever else comes is refused as a caller's mistake, never as ours.
func FuzzSessionToken(f *testing.F) {
	s := start(f)
	good, err := s.SessionOf(f.Context(), access.Session{RoleARN: roleARN, SessionName: "fuzz"})
	if err != nil {
		f.Fatal(err)
	}
	box, err := base64.StdEncoding.DecodeString(good.SessionToken)
	if err != nil {
		f.Fatal(err)
	}
	flipped := append([]byte{}, box...)
	flipped[len(flipped)/2] ^= 1
	for _, token := range []string{
		good.SessionToken, good.SessionToken + "\n", good.SessionToken[:len(good.SessionToken)-4], good.SessionToken + "AAAA", "", "x",
		base64.StdEncoding.EncodeToString(flipped), base64.StdEncoding.EncodeToString(box[:8]), base64.RawURLEncoding.EncodeToString(box),
	} {
		f.Add(good.AccessKeyID, token)
	}
	f.Add("ASIAOTHER", good.SessionToken)
	f.Add("AKIABOB", good.SessionToken)
	f.Fuzz(func(t *testing.T, id, token string) {
		key, err := s.Key(t.Context(), id, token)
		issued := id == good.AccessKeyID && token == good.SessionToken
		longTerm := id == "AKIABOB" && token == ""
		switch {
		case issued || longTerm:
			if err != nil || key.SecretAccessKey == "" {
				t.Fatalf("Key(%q) = %v", id, err)
			}
		case err == nil:
			t.Fatalf("Key(%q, %q) is accepted", id, token)
		case !errors.Is(err, sigv4.ErrUnknownKey) && !errors.Is(err, sigv4.ErrInvalidToken) && !errors.Is(err, sigv4.ErrExpiredToken):
			t.Fatalf("Key(%q, %q) = %v, which blames this side", id, token, err)
		}
	})
}
