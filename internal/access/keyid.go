package access

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strconv"
)

// NewKeyID returns an access key id of 20 characters: the prefix (AKIA or ASIA)
// and 16 more, which carry the account as AWS's have done since 2019.
func NewKeyID(prefix, account string) string {
	b := make([]byte, 10)
	_, _ = rand.Read(b) // never fails
	if n, err := strconv.ParseUint(account, 10, 40); err == nil {
		var head [8]byte
		binary.BigEndian.PutUint64(head[:], 1<<47|n<<7|uint64(b[5]&0x7f))
		copy(b, head[2:])
	}
	return prefix + base32.StdEncoding.EncodeToString(b)
}

// AccountOfKeyID returns the account that an access key id carries.
func AccountOfKeyID(id string) (string, bool) {
	if len(id) != 20 {
		return "", false
	}
	b, err := base32.StdEncoding.DecodeString(id[4:])
	if err != nil || b[0]&0x80 == 0 {
		return "", false
	}
	n := binary.BigEndian.Uint64(append([]byte{0, 0}, b[:6]...)) & (1<<47 - 1) >> 7
	return fmt.Sprintf("%012d", n), true
}

// NewSecret returns a secret access key of 40 characters.
func NewSecret() string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	b := make([]byte, 40)
	_, _ = rand.Read(b) // never fails
	for i := range b {
		b[i] = letters[b[i]%64]
	}
	return string(b)
}
