package ec2

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/binary"
	"errors"
	"math/big"
)

// The wire formats of SSH keys (RFC 4253, RFC 8709, OpenSSH's PROTOCOL.key).

func appendString(b, s []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(s))) //nolint:gosec // keys are small
	return append(b, s...)
}

// appendInt appends a positive number, with a zero in front when its first bit is
// set.
func appendInt(b []byte, n *big.Int) []byte {
	text := n.Bytes()
	if len(text) > 0 && text[0]&0x80 != 0 {
		text = append([]byte{0}, text...)
	}
	return appendString(b, text)
}

func rsaBlob(key *rsa.PublicKey) []byte {
	b := appendString(nil, []byte("ssh-rsa"))
	b = appendInt(b, big.NewInt(int64(key.E)))
	return appendInt(b, key.N)
}

func ed25519Blob(key ed25519.PublicKey) []byte {
	return appendString(appendString(nil, []byte("ssh-ed25519")), key)
}

// opensshKey returns an unencrypted private key in OpenSSH's own format.
func opensshKey(public ed25519.PublicKey, private ed25519.PrivateKey, comment string) []byte {
	check := make([]byte, 4)
	_, _ = rand.Read(check) // never fails
	secret := bytes.Join([][]byte{check, check}, nil)
	secret = append(secret, ed25519Blob(public)...)
	secret = appendString(secret, private)
	secret = appendString(secret, []byte(comment))
	for i := byte(1); len(secret)%8 != 0; i++ {
		secret = append(secret, i)
	}
	b := []byte("openssh-key-v1\x00")
	b = appendString(b, []byte("none")) // cipher
	b = appendString(b, []byte("none")) // key derivation
	b = appendString(b, nil)            // its options
	b = binary.BigEndian.AppendUint32(b, 1)
	b = appendString(b, ed25519Blob(public))
	return appendString(b, secret)
}

func cutString(b []byte) (s, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	n := binary.BigEndian.Uint32(b)
	if int64(n) > int64(len(b)-4) {
		return nil, nil, false
	}
	return b[4 : 4+n], b[4+n:], true
}

// parseBlob reads a public key: an [*rsa.PublicKey] or an [ed25519.PublicKey].
func parseBlob(blob []byte) (any, error) {
	malformed := errors.New("not an RSA or Ed25519 public key")
	kind, rest, ok := cutString(blob)
	if !ok {
		return nil, malformed
	}
	first, rest, ok := cutString(rest)
	if !ok {
		return nil, malformed
	}
	switch string(kind) {
	case "ssh-ed25519":
		if len(first) != ed25519.PublicKeySize || len(rest) != 0 {
			return nil, malformed
		}
		return ed25519.PublicKey(first), nil
	case "ssh-rsa":
		modulus, rest, ok := cutString(rest)
		e := new(big.Int).SetBytes(first)
		n := new(big.Int).SetBytes(modulus)
		if !ok || len(rest) != 0 || !e.IsInt64() || e.Int64() < 3 || e.Int64() > 1<<31-1 || n.BitLen() < 1024 || n.BitLen() > 16384 {
			return nil, malformed
		}
		return &rsa.PublicKey{N: n, E: int(e.Int64())}, nil
	default:
		return nil, malformed
	}
}
