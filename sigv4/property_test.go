package sigv4

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// meaning is what a request says once it is read: its canonical form and its
// credentials. Two spellings of the same meaning share a signature.
func meaning(r *Request) string {
	c := newCheck(testVerifier(), r, testScope)
	defer c.release()
	for _, step := range steps[:stepsOfClaim] {
		if err := step(c, nil); err != nil {
			return "refused: " + err.Error()
		}
	}
	c.names = strings.Split(c.auth.signedHeaders, ";")
	var body []byte
	if b, ok := r.Body.(*bytes.Reader); ok {
		body = make([]byte, b.Len())
		_, _ = b.ReadAt(body, 0)
	}
	omit := ""
	if c.presigned {
		omit = querySignature
	}
	c.finish(r.Host, r.Headers, omit, "", hexSum(string(body)))
	return strings.Join([]string{string(c.text), c.auth.algorithm, c.auth.credential, c.auth.signedHeaders, c.auth.signature}, "\n\n")
}

// TestAnyFlippedByteIsRefused changes one byte at a time in everything that
// is signed, to every other value, and expects a refusal unless the bytes mean
// the same.
func TestAnyFlippedByteIsRefused(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	accepted, equal, flips := 0, 0, 0
	for range 12 {
		payload := []byte(strings.Repeat("body ", random.IntN(4)))
		original := &Request{
			Method: []string{"GET", "POST"}[random.IntN(2)], Host: "api.example.com:8443", Path: "/prod/a%20b/%C3%A4/c",
			RawQuery: "b=2&a=%2F+x&empty&a=~1",
			Headers:  []Header{{"Content-Type", "text/plain; charset=utf-8"}, {"X-Amz-Target", "Svc.Op  One"}, {"X-Custom", "v1"}, {"x-custom", "v2"}, {"Accept", "*/*"}},
			Body:     bytes.NewReader(payload),
		}
		signer, c := testSigner(), []Credentials{longTerm, temporary}[random.IntN(2)]
		signer.SendPayloadHash = random.IntN(2) == 0
		signer.Headers = func(name string) bool { return name != "accept" }
		if random.IntN(2) == 0 {
			q, err := signer.Presign(original, c, testTime, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			original.RawQuery = q
		} else {
			original = sign(t, signer, original, c, testTime)
		}
		fresh := func() *Request {
			r := *original
			r.Headers = slices.Clone(r.Headers)
			r.Body = bytes.NewReader(payload)
			return &r
		}
		v := testVerifier()
		if _, err := verify(v, fresh()); err != nil {
			t.Fatal(describe(err))
		}
		want := meaning(fresh())

		try := func(what string, at int, r *Request) {
			flips++
			same := meaning(r) == want
			_, err := verify(v, r)
			if err == nil {
				accepted++
			}
			if same {
				equal++
			}
			if (err == nil) != same {
				t.Errorf("%s, byte %d flipped: error %v, but same meaning is %v\n%+v", what, at, err, same, r)
			}
		}
		texts := func(r *Request) map[string]*string {
			m := map[string]*string{"method": &r.Method, "host": &r.Host, "path": &r.Path, "query": &r.RawQuery}
			for i := range r.Headers {
				if h := &r.Headers[i]; h.Name != "Accept" {
					m[h.Name+" name"], m[h.Name+" value"] = &h.Name, &h.Value
				}
			}
			return m
		}
		for what, text := range texts(fresh()) {
			for at := range len(*text) {
				for _, mask := range []byte{0x20, 1, byte(1 + random.IntN(255))} {
					r := fresh()
					b := []byte(*text)
					b[at] ^= mask
					*texts(r)[what] = string(b)
					try(what, at, r)
				}
			}
		}
		for at := range payload {
			r := fresh()
			b := slices.Clone(payload)
			b[at] ^= byte(1 + random.IntN(255))
			r.Body = bytes.NewReader(b)
			try("body", at, r)
		}
	}
	if accepted > flips/10 || equal == 0 {
		t.Errorf("%d of %d flips accepted, %d of the same meaning: the test does not test", accepted, flips, equal)
	}
}
