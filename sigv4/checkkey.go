package sigv4

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
)

// checkSignatureForm wants something that could be a signature.
func (c *check) checkSignatureForm(context.Context) error {
	s := c.auth.signature
	if c.asymmetric {
		const longest = 2 * 72 // DER of two 33-byte integers
		if len(s)%2 != 0 || len(s) > longest || !isLowerHex(s, len(s)) {
			return c.differs("signature is not ASN.1 in lower-case hex")
		}
		return nil
	}
	if !isLowerHex(s, 2*sha256.Size) {
		return c.differs("signature is not 64 digits of lower-case hex")
	}
	return nil
}

// findKey asks the source for the access key.
func (c *check) findKey(ctx context.Context) error {
	key, err := c.v.Keys.Key(ctx, c.id, c.token)
	var refusal *Error
	switch {
	case err == nil && key.SecretAccessKey == "":
		refusal = c.refuse(UnknownKey, messageUnknownKey, "access key has no secret")
	case err == nil && !key.Expires.IsZero() && !c.now.Before(key.Expires):
		refusal = c.refuse(ExpiredToken, messageExpiredToken, "credentials are over")
	case err == nil:
		c.key = key
		return nil
	case errors.Is(err, ErrUnknownKey):
		refusal = c.refuse(UnknownKey, messageUnknownKey, ErrUnknownKey.Error())
	case errors.Is(err, ErrInvalidToken):
		refusal = c.refuse(InvalidToken, messageUnknownKey, ErrInvalidToken.Error())
	case errors.Is(err, ErrExpiredToken):
		refusal = c.refuse(ExpiredToken, messageExpiredToken, ErrExpiredToken.Error())
	default:
		return fmt.Errorf("look up access key: %w", err)
	}
	refusal.Err = err
	return refusal
}

// checkPayloadForm decides what the canonical request ends in: the hash that
// the request claims, or that of its body.
func (c *check) checkPayloadForm(context.Context) error {
	f := &c.fields.contentHash
	switch value := f.value; {
	case f.count > 1:
		return c.differs("more than one X-Amz-Content-Sha256")
	case f.count == 0 && c.v.S3 && !c.presigned:
		return c.differs("no X-Amz-Content-Sha256, which S3 insists on")
	case f.count == 0 && c.v.S3 && c.v.UnsignedPayload:
		c.payloadHash = unsignedPayload
	case f.count == 0:
	case isLowerHex(value, 2*sha256.Size):
		c.payloadHash, c.claimedHash = value, true
	case value == unsignedPayload && c.v.UnsignedPayload:
		c.payloadHash = unsignedPayload
	case c.v.StreamPayload && value == StreamingUnsignedTrailer:
		c.payloadHash = value
	case c.v.StreamPayload && !c.asymmetric && (value == StreamingPayloadSigned || value == StreamingPayloadTrailer):
		c.payloadHash, c.chunked = value, true
	case strings.HasPrefix(value, "STREAMING-"):
		return c.refuse(StreamingPayload, messageMismatch, "payloads signed in chunks are not accepted")
	default:
		return c.differs("X-Amz-Content-Sha256 is not 64 digits of lower-case hex")
	}
	if limit := c.v.maxBody(); c.r.ContentLength > limit && !c.leavesBody() {
		return c.refuse(BodyTooLarge, messageBodyTooLarge, fmt.Sprintf("body of %d bytes is declared, the limit is %d", c.r.ContentLength, limit))
	}
	return nil
}

// leavesBody reports whether the body is not read here.
func (c *check) leavesBody() bool {
	return c.payloadHash == unsignedPayload || c.v.StreamPayload && c.payloadHash != ""
}

// checkSignature computes the signature and compares. A body whose hash the
// request does not claim must be read first; how many may be so at once is
// bounded, because whoever knows an access key ID can ask for it.
func (c *check) checkSignature(ctx context.Context) error {
	if c.payloadHash == "" {
		if c.r.Body != nil && c.r.Body != noBody {
			select {
			case c.v.slots <- struct{}{}:
				defer func() { <-c.v.slots }()
			case <-ctx.Done():
				return c.refuse(Busy, messageBusy, "too many bodies are being read")
			}
		}
		var err error
		if c.payloadHash, err = c.hashBody(); err != nil {
			return err
		}
	}
	unsignedToken := ""
	if c.v.UnsignedToken {
		unsignedToken = queryToken
	}
	signature := querySignature
	if !c.presigned {
		signature, unsignedToken = "", ""
	}
	c.finish(c.r.Host, c.r.Headers, signature, unsignedToken, c.payloadHash)
	c.stringToSign(c.auth.algorithm, c.stamp, c.scopeText)

	name := keyName{accessKeyID: c.id, date: c.scopeDate, scope: c.scope}
	if c.asymmetric {
		name = keyName{accessKeyID: c.id, asymmetric: true}
	}
	key, err := c.v.keys.get(name, c.key.SecretAccessKey)
	if err != nil {
		return err
	}
	if c.asymmetric && c.verifyAsymmetric(key.public) || !c.asymmetric && c.verifyMAC(key.mac) {
		c.signingKey = key.mac
		return nil
	}
	refusal := c.differs("signature does not match")
	refusal.CanonicalRequest = MaskToken(string(c.text))
	refusal.StringToSign = string(c.toSig)
	return refusal
}

func (c *check) verifyMAC(key *macKey) bool {
	c.mac(key)
	var given [sha256.Size]byte
	decodeHex(given[:], c.auth.signature)
	equal := subtle.ConstantTimeCompare(given[:], c.sum[:])
	clear(c.sum[:])
	return equal == 1
}

func (c *check) verifyAsymmetric(key *ecdsa.PublicKey) bool {
	der := make([]byte, len(c.auth.signature)/2)
	decodeHex(der, c.auth.signature)
	digest := sha256.Sum256(c.toSig)
	return ecdsa.VerifyASN1(key, digest[:], der)
}

// decodeHex fills dst from s, which is known to be hex for as many bytes.
func decodeHex(dst []byte, s string) {
	for i := range dst {
		dst[i] = hexValue[s[2*i]]<<4 | hexValue[s[2*i+1]]
	}
}

// checkPayload reads the body whose hash the request claimed and has proven
// to have signed.
func (c *check) checkPayload(context.Context) error {
	if !c.claimedHash || c.v.StreamPayload {
		return nil
	}
	hash, err := c.hashBody()
	if err != nil {
		return err
	}
	if hash != c.payloadHash {
		return c.differs("body does not have the hash in X-Amz-Content-Sha256")
	}
	return nil
}

// checkReplay refuses what was accepted before, if the verifier is to. The
// string to sign stands for the request, since an asymmetric signature can be
// written in two ways.
func (c *check) checkReplay(context.Context) error {
	if c.v.Replay == nil {
		return nil
	}
	c.hash.Reset()
	c.hash.Write(append(append(c.text[:0], c.id...), '\n'))
	c.hash.Write(c.toSig)
	c.hash.Sum(c.replayID[:0])
	switch c.v.Replay.add(c.replayID, c.end, c.now) {
	case replayNew:
		return nil
	case replaySeen:
		return c.refuse(Replayed, messageMismatch, "this request was accepted before")
	default:
		return c.refuse(Busy, messageBusy, "replay cache is full")
	}
}
