// Package checksum has the checksums that S3 keeps of objects, by the names that
// its clients give them.
package checksum

import (
	"crypto/sha1" //nolint:gosec // S3 offers it as a checksum, nothing is authenticated by it
	"crypto/sha256"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"math/bits"
	"strings"
)

// HeaderPrefix precedes the algorithm's name in small letters in the header or
// trailer that carries a checksum.
const HeaderPrefix = "x-amz-checksum-"

// An Algorithm is one of S3's, such as "CRC32".
type Algorithm string

// The algorithms.
const (
	CRC32     Algorithm = "CRC32"
	CRC32C    Algorithm = "CRC32C"
	CRC64NVME Algorithm = "CRC64NVME" // what S3 computes when the client says nothing
	SHA1      Algorithm = "SHA1"
	SHA256    Algorithm = "SHA256"
)

// Algorithms are all there are.
var Algorithms = [...]Algorithm{CRC32, CRC32C, CRC64NVME, SHA1, SHA256}

const nvmePolynomial = 0x9a6c9329ac4bc9b5

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	nvme       = crc64.MakeTable(nvmePolynomial)
)

// Named returns the algorithm of that name in any case, as a header's name ends
// in it.
func Named(name string) (Algorithm, bool) {
	for _, a := range Algorithms {
		if strings.EqualFold(name, string(a)) {
			return a, true
		}
	}
	return "", false
}

// Header returns the header that carries a checksum of a.
func (a Algorithm) Header() string { return HeaderPrefix + strings.ToLower(string(a)) }

// New returns a hash for a, nil if a is no algorithm.
func (a Algorithm) New() hash.Hash {
	switch a {
	case CRC32:
		return crc32.NewIEEE()
	case CRC32C:
		return crc32.New(castagnoli)
	case CRC64NVME:
		return crc64.New(nvme)
	case SHA1:
		return sha1.New() //nolint:gosec // as above
	case SHA256:
		return sha256.New()
	}
	return nil
}

// Joins reports whether the checksum of a whole can be had from those of its
// parts, see [Algorithm.Join].
func (a Algorithm) Joins() bool { return a == CRC32 || a == CRC32C || a == CRC64NVME }

// Join returns the checksum of what has the checksum first, followed by size
// bytes that have the checksum second. a must be one that [Algorithm.Joins].
//
// A CRC is linear: appending n zero bytes multiplies it by x^8n, and what comes
// instead of the zeros is added.
func (a Algorithm) Join(first, second []byte, size int64) []byte {
	polynomial, width := uint64(nvmePolynomial), 64
	switch a {
	case CRC32:
		polynomial, width = crc32.IEEE, 32
	case CRC32C:
		polynomial, width = crc32.Castagnoli, 32
	default:
	}
	f := field{polynomial, width}
	sum := f.multiply(number(first), f.power(uint64(size)*8)) ^ number(second) //nolint:gosec // a size is not negative
	out := make([]byte, width/8)
	for i := range out {
		out[i] = byte(sum >> (width - 8*(i+1)) & 0xff)
	}
	return out
}

func number(b []byte) (n uint64) {
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n
}

// A field has polynomials over GF(2) modulo the CRC's, as CRCs hold them: the
// highest bit is the coefficient of x^0.
type field struct {
	polynomial uint64 // without its leading term
	width      int
}

func (f field) one() uint64 { return 1 << (f.width - 1) }

// multiply returns a·b.
func (f field) multiply(a, b uint64) (product uint64) {
	for bit := f.one(); bit != 0; bit >>= 1 {
		if a&bit != 0 {
			product ^= b
		}
		low := b & 1
		b >>= 1
		if low != 0 {
			b ^= f.polynomial
		}
	}
	return product
}

// power returns x^n.
func (f field) power(n uint64) uint64 {
	result, square := f.one(), f.one()>>1
	for range bits.Len64(n) {
		if n&1 != 0 {
			result = f.multiply(result, square)
		}
		square = f.multiply(square, square)
		n >>= 1
	}
	return result
}
