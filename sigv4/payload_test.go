package sigv4

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// The example of "Signature calculations for the authorization header:
// transferring payload in multiple chunks" in the S3 API reference.
func TestChunksOfAWSExample(t *testing.T) {
	credentials := Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
	at := time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)
	r := &Request{
		Method: "PUT", Host: "s3.amazonaws.com", Path: "/examplebucket/chunkObject.txt", ContentLength: 66824, Body: strings.NewReader("unread"),
		Headers: []Header{
			{"X-Amz-Date", "20130524T000000Z"},
			{"X-Amz-Storage-Class", "REDUCED_REDUNDANCY"},
			{"X-Amz-Content-Sha256", StreamingPayloadSigned},
			{"Content-Encoding", "aws-chunked"},
			{"X-Amz-Decoded-Content-Length", "66560"},
			{"Content-Length", "66824"},
			{"Authorization", "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request," +
				"SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class," +
				"Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"},
		},
	}
	v := &Verifier{Keys: StaticKeys(credentials), Scope: Scope{"us-east-1", "s3"}, S3: true, StreamPayload: true, MaxBody: 10, Now: func() time.Time { return at }}
	s, err := v.Verify(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	sum := func(n int) []byte { h := sha256.Sum256(bytes.Repeat([]byte("a"), n)); return h[:] }
	signatures := []string{
		"ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648", "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
		"b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
	}
	chunks := s.Chunks()
	for i, size := range []int{65536, 1024, 0} {
		if err := chunks.Chunk(sum(size), signatures[i]); err != nil {
			t.Errorf("chunk %d: %v", i, err)
		}
	}
	var refused *Error
	if err := s.Chunks().Chunk(sum(1024), signatures[1]); !errors.As(err, &refused) || refused.Reason != Mismatch {
		t.Errorf("the second chunk as the first: %v, want a mismatch", err)
	}
	if rest, _ := io.ReadAll(s.Payload(r.Body)); string(rest) != "unread" {
		t.Errorf("the body was read up to %q", rest)
	}
	v.StreamPayload = false
	if _, err := v.Verify(context.Background(), r); !errors.As(err, &refused) || refused.Reason != StreamingPayload {
		t.Errorf("without StreamPayload: %v, want a refusal", err)
	}
}

func TestPayloadIsComparedWhileItIsRead(t *testing.T) {
	credentials := Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "secret"}
	at := time.Date(2031, 3, 9, 12, 0, 0, 0, time.UTC)
	signer := &Signer{Region: "r", Service: "s3", S3: true}
	v := &Verifier{Keys: StaticKeys(credentials), Scope: Scope{"r", "s3"}, S3: true, StreamPayload: true, MaxBody: 4, Now: func() time.Time { return at }}
	for body, want := range map[string]bool{"signed content": true, "forged content": false, "signed content and more": false, "": false} {
		r := &Request{Method: "PUT", Host: "h", Path: "/b/k", Body: strings.NewReader("signed content")}
		headers, err := signer.Sign(r, credentials, at)
		if err != nil {
			t.Fatal(err)
		}
		r.Headers, r.Body, r.ContentLength = headers, strings.NewReader(body), int64(len(body))
		s, err := v.Verify(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		if s.Chunks() != nil {
			t.Error("a payload without chunks has some")
		}
		got, err := io.ReadAll(s.Payload(r.Body))
		var refused *Error
		if string(got) != body || (err == nil) != want || err != nil && !errors.As(err, &refused) {
			t.Errorf("body %q: %q, %v, want accepted %v", body, got, err, want)
		}
		sum := sha256.Sum256([]byte("signed content"))
		if s.PayloadHash != hex.EncodeToString(sum[:]) {
			t.Errorf("PayloadHash = %s", s.PayloadHash)
		}
	}
}
