// Package awschunked reads bodies with Content-Encoding aws-chunked, in which
// S3's clients upload what they hash while they send it.
//
// [NewReader] takes the form without chunk signatures
// (STREAMING-UNSIGNED-PAYLOAD-TRAILER) and checks length and checksum before the
// content ends. Chunks with signatures are refused by name. Who may send a body is
// decided elsewhere.
package awschunked

import (
	"bufio"
	"bytes"
	"crypto/sha1" //nolint:gosec // S3 offers it as a checksum, nothing is authenticated by it
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/hakonegate/hakone/internal/awserr"
)

const (
	checksumPrefix = "x-amz-checksum-"
	maxLine        = 512 // bytes of a chunk's header or a trailer
	nvmePolynomial = 0x9a6c9329ac4bc9b5
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	nvme       = crc64.MakeTable(nvmePolynomial)
)

// newHash returns the hash of a checksum trailer, nil for a name that S3 has not.
func newHash(trailer string) hash.Hash {
	switch strings.TrimPrefix(trailer, checksumPrefix) {
	case "crc32":
		return crc32.NewIEEE()
	case "crc32c":
		return crc32.New(castagnoli)
	case "crc64nvme":
		return crc64.New(nvme)
	case "sha1":
		return sha1.New() //nolint:gosec // as above
	case "sha256":
		return sha256.New()
	}
	return nil
}

// A Reader returns the content of an aws-chunked body. Read returns io.EOF only
// when length and checksum are as announced; a refusal is an [*awserr.Error].
type Reader struct {
	from    *bufio.Reader
	trailer string    // in lower case; empty if none is announced
	sum     hash.Hash // nil without a trailer
	inChunk int64     // bytes of this chunk that are not read yet
	left    int64     // bytes of the content that must still come
	err     error
}

// NewReader reads content of length bytes (X-Amz-Decoded-Content-Length), whose
// checksum follows in the trailer of that name (X-Amz-Trailer; empty: none).
func NewReader(from io.Reader, length int64, trailer string) (*Reader, error) {
	if length < 0 {
		return nil, awserr.New("MissingContentLength", http.StatusLengthRequired, "You must provide the Content-Length HTTP header.")
	}
	r := &Reader{from: bufio.NewReaderSize(from, maxLine), trailer: strings.ToLower(strings.TrimSpace(trailer)), left: length}
	if r.trailer == "" {
		return r, nil
	}
	if strings.HasPrefix(r.trailer, checksumPrefix) {
		r.sum = newHash(r.trailer)
	}
	if r.sum == nil {
		return nil, awserr.New("InvalidRequest", http.StatusBadRequest, "The value specified in the x-amz-trailer header is not supported")
	}
	return r, nil
}

// Read implements [io.Reader].
func (r *Reader) Read(p []byte) (int, error) {
	if r.err != nil || len(p) == 0 {
		return 0, r.err
	}
	if r.inChunk == 0 {
		if r.err = r.nextChunk(); r.err != nil {
			return 0, r.err
		}
	}
	n, err := r.from.Read(p[:min(int64(len(p)), r.inChunk)])
	r.inChunk -= int64(n)
	r.left -= int64(n)
	if r.sum != nil {
		r.sum.Write(p[:n])
	}
	switch {
	case err != nil:
		r.err = ended(err)
	case r.inChunk == 0:
		r.err = r.blankLine()
	}
	return n, r.err
}

// nextChunk reads the header of a chunk; after the last one, io.EOF.
func (r *Reader) nextChunk() error {
	line, err := r.line()
	if err != nil {
		return err
	}
	digits, extension, signed := strings.Cut(line, ";")
	if signed {
		name, _, _ := strings.Cut(extension, "=")
		return malformed("hakone does not take chunks with the extension " + strconv.Quote(name))
	}
	size, err := strconv.ParseUint(digits, 16, 63)
	if err != nil {
		return malformed("a chunk's size is not a hexadecimal number")
	}
	r.inChunk = int64(size)
	if r.inChunk > r.left {
		return malformed("the content is longer than x-amz-decoded-content-length")
	}
	if r.inChunk == 0 {
		return r.end()
	}
	return nil
}

// end reads what follows the last chunk.
func (r *Reader) end() error {
	if r.left > 0 {
		return ended(io.EOF)
	}
	if r.sum != nil {
		line, err := r.line()
		if err != nil {
			return err
		}
		name, value, _ := strings.Cut(line, ":")
		if !strings.EqualFold(strings.TrimSpace(name), r.trailer) {
			return malformed("the trailer " + r.trailer + " is missing")
		}
		sum, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value))
		if err != nil || !bytes.Equal(sum, r.sum.Sum(nil)) {
			algorithm := strings.ToUpper(strings.TrimPrefix(r.trailer, checksumPrefix))
			return awserr.New("BadDigest", http.StatusBadRequest, "The %s you specified did not match the calculated checksum.", algorithm)
		}
	}
	if err := r.blankLine(); err != nil {
		return err
	}
	switch _, err := r.from.ReadByte(); {
	case err == nil:
		return malformed("something follows the end of the body")
	case errors.Is(err, io.EOF):
		return io.EOF
	default:
		return ended(err)
	}
}

func (r *Reader) blankLine() error {
	line, err := r.line()
	if err == nil && line != "" {
		return malformed("a line is missing its end")
	}
	return err
}

func (r *Reader) line() (string, error) {
	line, err := r.from.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", malformed("a line is too long")
	}
	if err != nil {
		return "", ended(err)
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

// ended is the refusal of a body that stops early. A limit's or connection's own
// error stays as it is.
func ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return awserr.New("IncompleteBody", http.StatusBadRequest, "The request body terminated unexpectedly")
	}
	return err
}

func malformed(what string) error {
	return awserr.New("InvalidRequest", http.StatusBadRequest, "The aws-chunked body cannot be read: %s", what)
}
