// Package awschunked reads bodies with Content-Encoding aws-chunked, in which
// S3's clients upload what they hash, or sign, while they send it.
//
// [NewReader] checks length, checksum and the chunks' signatures before the
// content ends. Whose signatures are good is for a [Signatures] to say.
package awschunked

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/wire/checksum"
)

const maxLine = 512 // bytes of a chunk's header or a trailer

// Signatures tell whether chunks are signed well, one after the other: each
// signature covers the one before. The hash is SHA-256. A refusal's text is for
// the operator.
type Signatures interface {
	Chunk(hash []byte, signature string) error
	Trailer(hash []byte, signature string) error // of its lines, each "name:value\n"
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

	signatures Signatures // nil: chunks are not signed
	signature  string     // of this chunk
	hash       hash.Hash  // of this chunk, if it is signed
}

// NewReader reads content of length bytes (X-Amz-Decoded-Content-Length), whose
// checksum follows in the trailer of that name (X-Amz-Trailer; empty: none).
// With signatures every chunk must be signed, and the trailer; without no chunk
// may be.
func NewReader(from io.Reader, length int64, trailer string, signatures Signatures) (*Reader, error) {
	if length < 0 {
		return nil, awserr.New("MissingContentLength", http.StatusLengthRequired, "You must provide the Content-Length HTTP header.")
	}
	r := &Reader{from: bufio.NewReaderSize(from, maxLine), trailer: strings.ToLower(strings.TrimSpace(trailer)), left: length, signatures: signatures}
	if signatures != nil {
		r.hash = sha256.New()
	}
	if r.trailer == "" {
		return r, nil
	}
	name, ok := strings.CutPrefix(r.trailer, checksum.HeaderPrefix)
	if algorithm, known := checksum.Named(name); ok && known {
		r.sum = algorithm.New()
	} else {
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
	if r.hash != nil {
		r.hash.Write(p[:n])
	}
	switch {
	case err != nil:
		r.err = ended(err)
	case r.inChunk == 0:
		if r.err = r.blankLine(); r.err == nil {
			r.err = r.checkChunk()
		}
	}
	return n, r.err
}

// nextChunk reads the header of a chunk; after the last one, io.EOF.
func (r *Reader) nextChunk() error {
	line, err := r.line()
	if err != nil {
		return err
	}
	digits, extension, _ := strings.Cut(line, ";")
	name, signature, _ := strings.Cut(extension, "=")
	switch {
	case name == "chunk-signature" && r.signatures != nil:
		r.signature = signature
	case r.signatures != nil:
		return malformed("a chunk has no chunk-signature")
	case name != "":
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

func (r *Reader) checkChunk() error {
	if r.signatures == nil {
		return nil
	}
	err := r.signatures.Chunk(r.hash.Sum(nil), r.signature)
	r.hash.Reset()
	return err
}

// end reads what follows the last chunk.
func (r *Reader) end() error {
	if r.left > 0 {
		return ended(io.EOF)
	}
	if err := r.checkChunk(); err != nil {
		return err
	}
	if err := r.checkTrailer(); err != nil {
		return err
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

// checkTrailer reads the checksum and, where chunks are signed, its signature.
func (r *Reader) checkTrailer() error {
	if r.sum == nil {
		return nil
	}
	line, err := r.line()
	if err != nil {
		return err
	}
	name, value, _ := strings.Cut(line, ":")
	if !strings.EqualFold(strings.TrimSpace(name), r.trailer) {
		return malformed("the trailer " + r.trailer + " is missing")
	}
	value = strings.TrimSpace(value)
	sum, err := base64.StdEncoding.DecodeString(value)
	if err != nil || !bytes.Equal(sum, r.sum.Sum(nil)) {
		algorithm := strings.ToUpper(strings.TrimPrefix(r.trailer, checksum.HeaderPrefix))
		return awserr.New("BadDigest", http.StatusBadRequest, "The %s you specified did not match the calculated checksum.", algorithm)
	}
	if r.signatures == nil {
		return nil
	}
	if line, err = r.line(); err != nil {
		return err
	}
	name, signature, _ := strings.Cut(line, ":")
	if !strings.EqualFold(strings.TrimSpace(name), "x-amz-trailer-signature") {
		return malformed("the trailer has no x-amz-trailer-signature")
	}
	hash := sha256.Sum256([]byte(r.trailer + ":" + value + "\n"))
	return r.signatures.Trailer(hash[:], strings.TrimSpace(signature))
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
