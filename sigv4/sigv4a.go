package sigv4

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/big"
	"strings"
)

// derivePrivateKey makes the P-256 key of an access key out of its secret, by
// the counter-mode derivation of NIST SP 800-108 that AWS's SDKs use. The
// counter goes on in the rare case that a number falls outside the curve.
func derivePrivateKey(accessKeyID, secret string) (*ecdsa.PrivateKey, error) {
	limit := new(big.Int).Sub(elliptic.P256().Params().N, big.NewInt(2))
	for counter := byte(1); counter < 255; counter++ {
		h := hmac.New(sha256.New, []byte("AWS4A"+secret))
		h.Write([]byte{0, 0, 0, 1})
		h.Write([]byte(asymmetric))
		h.Write([]byte{0})
		h.Write([]byte(accessKeyID))
		h.Write([]byte{counter, 0, 0, 1, 0})
		k := new(big.Int).SetBytes(h.Sum(nil))
		if k.Cmp(limit) > 0 {
			continue
		}
		return ecdsa.ParseRawPrivateKey(elliptic.P256(), k.Add(k, big.NewInt(1)).FillBytes(make([]byte, sha256.Size)))
	}
	return nil, errors.New("sigv4: access key gives no signing key")
}

// signAsymmetric returns the signature of w.toSig in hex.
func (w *workspace) signAsymmetric(accessKeyID, secret string) (string, error) {
	key, err := derivePrivateKey(accessKeyID, secret)
	if err != nil {
		return "", err
	}
	digest := sha256.Sum256(w.toSig)
	signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	return hex.EncodeToString(signature), err
}

// regionInSet reports whether the comma list set, as X-Amz-Region-Set has it,
// names region. An asterisk stands for any text.
func regionInSet(set, region string) bool {
	for pattern := range strings.SplitSeq(set, ",") {
		if pattern = trim(pattern); pattern != "" && matches(pattern, region) {
			return true
		}
	}
	return false
}

func matches(pattern, s string) bool {
	head, rest, wild := strings.Cut(pattern, "*")
	if !wild {
		return pattern == s
	}
	s, ok := strings.CutPrefix(s, head)
	if !ok {
		return false
	}
	for {
		var middle string
		middle, rest, wild = strings.Cut(rest, "*")
		if !wild {
			return strings.HasSuffix(s, middle)
		}
		i := strings.Index(s, middle)
		if i < 0 {
			return false
		}
		s = s[i+len(middle):]
	}
}
