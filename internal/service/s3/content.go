package s3

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // an ETag is MD5; nothing is authenticated by it
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/blob"
	"github.com/hakonegate/hakone/internal/wire/checksum"
)

// A segment is a piece of a content.
type segment struct {
	Hash string
	Size int64
}

const (
	segmentSize = 4 << 20
	maxPut      = 5 << 30 // bytes of one request
)

// maxDownloads bounds the bytes of contents that are being read: of each a segment
// is in memory.
const maxDownloads = 64 * segmentSize

var buffers = sync.Pool{New: func() any { b := make([]byte, segmentSize); return &b }}

// sums are the checksums that a client announces with a content.
type sums struct {
	ContentMD5 string `rest:"header=Content-MD5"`
	CRC32      string `rest:"header=x-amz-checksum-crc32"`
	CRC32C     string `rest:"header=x-amz-checksum-crc32c"`
	CRC64NVME  string `rest:"header=x-amz-checksum-crc64nvme"`
	SHA1       string `rest:"header=x-amz-checksum-sha1"`
	SHA256     string `rest:"header=x-amz-checksum-sha256"`
	Algorithm  string `rest:"header=x-amz-sdk-checksum-algorithm"`
	Trailer    string `rest:"header=x-amz-trailer"` // announces a checksum that the front door compares
}

// announced returns the algorithm that the client chose, "" if it did not, and
// the checksum, "" if it comes in a trailer.
func (c *sums) announced() (a checksum.Algorithm, value string, err error) {
	for one, sent := range map[checksum.Algorithm]string{
		checksum.CRC32: c.CRC32, checksum.CRC32C: c.CRC32C, checksum.CRC64NVME: c.CRC64NVME, checksum.SHA1: c.SHA1, checksum.SHA256: c.SHA256,
	} {
		if sent == "" {
			continue
		}
		if value != "" {
			return "", "", invalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
		}
		a, value = one, sent
	}
	if c.Trailer != "" {
		if value != "" {
			return "", "", invalidRequest("Expecting a single x-amz-checksum- header")
		}
		if a, err = chosen(strings.TrimPrefix(strings.ToLower(strings.TrimSpace(c.Trailer)), checksum.HeaderPrefix)); err != nil {
			return "", "", err
		}
	}
	if c.Algorithm == "" {
		return a, value, nil
	}
	named, err := chosen(c.Algorithm)
	if err == nil && a != "" && a != named {
		err = invalidRequest("Value for x-amz-sdk-checksum-algorithm header is invalid.")
	}
	return named, value, err
}

// chosen returns the algorithm of that name.
func chosen(name string) (checksum.Algorithm, error) {
	a, ok := checksum.Named(name)
	if !ok {
		return "", invalidRequest("Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]")
	}
	return a, nil
}

// A content is what was read of a request and kept.
type content struct {
	segments []segment
	size     int64
	md5      []byte
	checksum sum
	crc      string // CRC64NVME, in base64
}

func (c *content) etag() string { return hex.EncodeToString(c.md5) }

// keep reads a content to its end and keeps its segments under hold. It checks
// the checksums that are announced; an algorithm that is not is CRC64NVME.
func (s *Service) keep(ctx context.Context, hold *blob.Hold, body io.Reader, announced *sums) (*content, error) {
	algorithm, want, err := announced.announced()
	if err != nil {
		return nil, err
	}
	select {
	case s.uploads <- struct{}{}:
		defer func() { <-s.uploads }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	digest, crc := md5.New(), checksum.CRC64NVME.New() //nolint:gosec // as above
	hashes := []io.Writer{digest, crc}
	own := crc
	if algorithm == "" {
		algorithm = checksum.CRC64NVME
	}
	if algorithm != checksum.CRC64NVME {
		own = algorithm.New()
		hashes = append(hashes, own)
	}
	c := &content{}
	if err := s.segments(ctx, hold, io.TeeReader(body, io.MultiWriter(hashes...)), c); err != nil {
		return nil, err
	}
	c.md5, c.crc = digest.Sum(nil), base64.StdEncoding.EncodeToString(crc.Sum(nil))
	c.checksum = sum{Algorithm: string(algorithm), Value: base64.StdEncoding.EncodeToString(own.Sum(nil))}
	if want != "" && want != c.checksum.Value {
		return nil, badDigest(string(algorithm))
	}
	if announced.ContentMD5 != "" {
		sent, err := base64.StdEncoding.DecodeString(announced.ContentMD5)
		if err != nil || len(sent) != md5.Size {
			return nil, awserr.New("InvalidDigest", http.StatusBadRequest, "The Content-MD5 you specified was invalid.")
		}
		if !bytes.Equal(sent, c.md5) {
			return nil, badDigest("Content-MD5")
		}
	}
	return c, nil
}

func badDigest(what string) error {
	return awserr.New("BadDigest", http.StatusBadRequest, "The %s you specified did not match the calculated checksum.", what)
}

// segments cuts a stream into segments.
func (s *Service) segments(ctx context.Context, hold *blob.Hold, from io.Reader, into *content) error {
	buffer, _ := buffers.Get().(*[]byte) // the pool holds nothing else
	defer buffers.Put(buffer)
	for {
		n, err := io.ReadFull(from, *buffer)
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return err
		}
		if into.size += int64(n); into.size > maxPut {
			return awserr.New("EntityTooLarge", http.StatusBadRequest, "Your proposed upload exceeds the maximum allowed size")
		}
		if n > 0 {
			hash, err := hold.Put(ctx, (*buffer)[:n])
			if err != nil {
				return fmt.Errorf("keep content: %w", err)
			}
			into.segments = append(into.segments, segment{hash, int64(n)})
		}
		if last {
			return nil
		}
	}
}

// A contentReader reads a range of a content, one segment at a time.
type contentReader struct {
	ctx      context.Context //nolint:containedctx // an io.Reader has no other way to be ended
	contents *blob.Pool
	hold     *blob.Hold
	segments []segment
	skip     int64 // bytes of the next segment
	left     int64
	budget   *atomic.Int64
	taken    int64   // of the budget: the largest segment
	buffer   *[]byte // of a segment; nil before the first
	have     []byte
}

// smallBuffer is the size up to which a reader has a buffer of its own instead of a
// segment's.
const smallBuffer = 64 << 10

// read returns a reader of size bytes of a content, from offset on. Until it is
// closed they stay, also when the object is deleted. There are no more readers
// than fit into memory.
func (s *Service) read(ctx context.Context, segments []segment, offset, size int64) (io.ReadCloser, error) {
	for len(segments) > 0 && offset >= segments[0].Size {
		offset -= segments[0].Size
		segments = segments[1:]
	}
	r := &contentReader{ctx: ctx, contents: s.cfg.Contents, budget: &s.downloads, segments: segments, skip: offset, left: size}
	for _, one := range segments {
		r.taken = max(r.taken, one.Size)
	}
	if r.taken > smallBuffer {
		r.taken = segmentSize
	}
	if s.downloads.Add(r.taken) > maxDownloads {
		s.downloads.Add(-r.taken)
		return nil, awserr.New("SlowDown", http.StatusServiceUnavailable, "Please reduce your request rate.")
	}
	r.hold = s.cfg.Contents.Hold()
	for _, one := range segments {
		r.hold.Keep(one.Hash)
	}
	return r, nil
}

// Read implements [io.Reader].
func (r *contentReader) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	if len(r.have) == 0 {
		if len(r.segments) == 0 {
			return 0, io.ErrUnexpectedEOF
		}
		if r.buffer == nil && r.taken > smallBuffer {
			r.buffer, _ = buffers.Get().(*[]byte) // the pool holds nothing else
		} else if r.buffer == nil {
			own := make([]byte, r.taken)
			r.buffer = &own
		}
		content := (*r.buffer)[:r.segments[0].Size]
		if err := r.contents.Fill(r.ctx, r.segments[0].Hash, content); err != nil {
			return 0, fmt.Errorf("read content: %w", err)
		}
		r.have, r.segments, r.skip = content[r.skip:], r.segments[1:], 0
	}
	n := copy(p[:min(int64(len(p)), r.left)], r.have)
	r.have = r.have[n:]
	r.left -= int64(n)
	return n, nil
}

// Close implements [io.Closer].
func (r *contentReader) Close() error {
	r.hold.Release()
	if r.buffer != nil && r.taken > smallBuffer {
		buffers.Put(r.buffer)
	}
	r.budget.Add(-r.taken)
	r.taken, r.buffer, r.have, r.left = 0, nil, nil, 0
	return nil
}
