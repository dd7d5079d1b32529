package sigv4

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"strings"
)

// What X-Amz-Content-Sha256 says of a payload that is sent in chunks.
const (
	StreamingPayloadSigned   = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"         // each chunk is signed
	StreamingPayloadTrailer  = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" // and so is a trailer
	StreamingUnsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"         // chunks without signatures, and a trailer
)

// Payload returns a reader of the body of a request that a Verifier with
// StreamPayload accepted. Where the signature covers the body's hash it returns
// io.EOF only if that is so, else an [*Error]. A payload in chunks comes as it is:
// see [Signature.Chunks].
func (s *Signature) Payload(body io.Reader) io.Reader {
	if body == nil {
		body = noBody
	}
	if !isLowerHex(s.PayloadHash, 2*sha256.Size) {
		return body
	}
	return &payloadReader{from: body, hash: sha256.New(), signature: s}
}

type payloadReader struct {
	from      io.Reader
	hash      hash.Hash
	signature *Signature
}

func (r *payloadReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	r.hash.Write(p[:n])
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	if hex.EncodeToString(r.hash.Sum(nil)) != r.signature.PayloadHash {
		return n, r.signature.refusePayload("body does not have the hash in X-Amz-Content-Sha256")
	}
	return n, io.EOF
}

func (s *Signature) refusePayload(detail string) *Error {
	return &Error{Reason: Mismatch, Message: messageMismatch, Detail: detail, AccessKeyID: s.AccessKeyID, Time: s.Time}
}

// Chunks returns what checks the signatures of a payload's chunks, nil if they
// have none.
func (s *Signature) Chunks() *Chunks {
	if s.chunks == nil {
		return nil
	}
	c := *s.chunks
	c.signature = s
	return &c
}

// Chunks check the signatures of chunks, one after the other: each covers the
// one before.
type Chunks struct {
	key          *macKey
	stamp, scope string
	previous     string
	signature    *Signature
}

func (c *check) newChunks() *Chunks {
	return &Chunks{
		key: c.signingKey, stamp: strings.Clone(c.stamp), scope: strings.Clone(c.scopeText),
		previous: strings.Clone(c.auth.signature),
	}
}

// Chunk checks the signature of the next chunk, whose content has the given
// SHA-256. The last one is empty. A refusal is an [*Error].
func (c *Chunks) Chunk(sum []byte, signature string) error {
	return c.check("AWS4-HMAC-SHA256-PAYLOAD", emptyHash+"\n"+hex.EncodeToString(sum), signature)
}

// Trailer checks the signature of the trailer; sum is the SHA-256 of its lines,
// each "name:value" and a line feed.
func (c *Chunks) Trailer(sum []byte, signature string) error {
	return c.check("AWS4-HMAC-SHA256-TRAILER", hex.EncodeToString(sum), signature)
}

func (c *Chunks) check(algorithm, what, signature string) error {
	w := newWorkspace()
	defer w.release()
	w.toSig = append(w.toSig, algorithm+"\n"+c.stamp+"\n"+c.scope+"\n"+c.previous+"\n"+what...)
	w.mac(c.key)
	given, err := hex.DecodeString(signature)
	if err != nil || subtle.ConstantTimeCompare(given, w.sum[:]) != 1 {
		return c.signature.refusePayload("a chunk's signature does not match")
	}
	c.previous = hex.EncodeToString(w.sum[:])
	clear(w.sum[:])
	return nil
}
