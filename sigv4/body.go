package sigv4

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
)

var noBody io.Reader = http.NoBody

func (v *Verifier) maxBody() int64 {
	if v.MaxBody > 0 {
		return v.MaxBody
	}
	return defaultMaxBody
}

// hashBody reads the body up to the limit, returns its SHA-256 in hex and
// leaves what was hashed to be read again.
func (c *check) hashBody() (string, error) {
	if c.r.Body == nil || c.r.Body == noBody {
		c.r.payload, c.r.hashed = nil, true
		return emptyHash, nil
	}
	limit := c.v.maxBody()
	if err := c.r.readBody(c.workspace, limit); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.Is(err, errBodyTooLarge) || errors.As(err, &tooLarge) {
			return "", c.refuse(BodyTooLarge, messageBodyTooLarge, fmt.Sprintf("body exceeds %d bytes", limit))
		}
		return "", fmt.Errorf("read body: %w", err)
	}
	if len(c.r.payload) == 0 {
		return emptyHash, nil
	}
	return hex.EncodeToString(c.sum[:]), nil
}

var errBodyTooLarge = errors.New("body too large")

const (
	bodyChunk = 64 << 10 // hashed while it is in the CPU's cache
	bodyFirst = 1 << 20  // room made on a mere promise
)

var bodies = sync.Pool{New: func() any { return new([]byte) }}

// readBody reads r.Body into r.payload, leaves its SHA-256 in w.sum and a
// fresh reader in r.Body. A limit of 0 is none.
func (r *Request) readBody(w *workspace, limit int64) error {
	w.hash.Reset()
	r.payload, r.hashed = nil, true
	if r.Body == nil || r.Body == noBody {
		w.hash.Sum(w.sum[:0])
		return nil
	}
	size := 512
	if r.ContentLength > 0 {
		size = int(min(r.ContentLength, bodyFirst)) + 1 // and one to see that no more comes
	}
	buffer := bodies.Get().(*[]byte) // the pool holds nothing else
	body := (*buffer)[:0]
	if cap(body) < size {
		body = make([]byte, 0, size)
	}
	var err error
	for err == nil {
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
		var n int
		n, err = r.Body.Read(body[len(body):min(cap(body), len(body)+bodyChunk)])
		w.hash.Write(body[len(body) : len(body)+n])
		body = body[:len(body)+n]
		if limit > 0 && int64(len(body)) > limit {
			err = errBodyTooLarge
		}
	}
	*buffer = body
	if err != io.EOF { // as it is, says the contract of io.Reader
		keepBuffer(buffer)
		return err
	}
	w.hash.Sum(w.sum[:0])
	r.payload = slices.Clip(body)
	r.buffer = buffer
	r.reader = &bodyReader{rest: r.payload}
	r.Body = r.reader
	return nil
}

func keepBuffer(buffer *[]byte) {
	if cap(*buffer) <= bodyFirst+bodyChunk {
		bodies.Put(buffer)
	}
}

// A bodyReader reads a hashed body. It can be closed while a reader that was
// left behind, such as a transport's, is still at it.
type bodyReader struct {
	mu     sync.Mutex
	rest   []byte
	closed bool
}

func (b *bodyReader) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, errReleased
	}
	if len(b.rest) == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

var errReleased = errors.New("sigv4: read of a released body")

// Release gives the memory of a hashed body back, for the next request. It may
// be called once the request is answered: Body then fails to read, and what
// Payload returned must not be used any more. It need not be called.
func (r *Request) Release() {
	if r.buffer == nil {
		return
	}
	r.reader.mu.Lock()
	r.reader.closed, r.reader.rest = true, nil
	r.reader.mu.Unlock()
	keepBuffer(r.buffer)
	r.payload, r.buffer, r.reader = nil, nil, nil
}
