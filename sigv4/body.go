package sigv4

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
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
	limit := c.v.maxBody()
	err := c.r.readBody(c.workspace, limit)
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
	case errors.Is(err, errBodyTooLarge), errors.As(err, &tooLarge):
		return "", c.refuse(BodyTooLarge, messageBodyTooLarge, fmt.Sprintf("body exceeds %d bytes", limit))
	default:
		return "", fmt.Errorf("read body: %w", err)
	}
	if len(c.r.payload) == 0 {
		return emptyHash, nil
	}
	return hex.EncodeToString(c.sum[:]), nil
}

var errBodyTooLarge = errors.New("body too large")

// readBody reads r.Body into r.payload, leaves its SHA-256 in w.sum and a
// fresh reader in r.Body. A limit of 0 is none.
func (r *Request) readBody(w *workspace, limit int64) error {
	w.hash.Reset()
	r.payload, r.hashed = nil, true
	if r.Body == nil || r.Body == noBody {
		w.hash.Sum(w.sum[:0])
		return nil
	}
	const chunk, first = 64 << 10, 1 << 20 // a chunk is hashed while it is in the CPU's cache
	size := int64(512)
	if r.ContentLength > 0 { // as declared, and room to see that no more comes; not more on a mere promise
		size = min(r.ContentLength, first) + 1
	}
	body := make([]byte, 0, size)
	for {
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
		n, err := r.Body.Read(body[len(body):min(cap(body), len(body)+chunk)])
		w.hash.Write(body[len(body) : len(body)+n])
		body = body[:len(body)+n]
		if limit > 0 && int64(len(body)) > limit {
			return errBodyTooLarge
		}
		if err == io.EOF { //nolint:errorlint // io.Reader's contract names the value
			break
		}
		if err != nil {
			return err
		}
	}
	w.hash.Sum(w.sum[:0])
	r.payload = body
	r.Body = bytes.NewReader(body)
	return nil
}
