package sigv4

import (
	"context"
	"strings"
	"testing"
	"time"
)

// vectorRequests calls f with every signed request of the published suites.
func vectorRequests(f *testing.F, each func(r *Request)) {
	f.Helper()
	for _, suite := range []string{"v4", "v4a"} {
		for _, v := range loadVectors(f, suite) {
			for _, name := range []string{"header-signed-request.txt", "query-signed-request.txt"} {
				each(parseRequest(f, v.file(f, name)))
			}
		}
	}
}

// FuzzAuthorization: no value of the Authorization header is accepted but the
// right one, in any of its spellings, and none does harm.
func FuzzAuthorization(f *testing.F) {
	vectorRequests(f, func(r *Request) { f.Add(authorizationOf(r)) })
	genuine := newForgery(false).forge(f)
	want, _, detail := parseAuthorization(authorizationOf(genuine))
	if detail != "" {
		f.Fatal(detail)
	}
	f.Add(authorizationOf(genuine))
	f.Add(strings.ReplaceAll(authorizationOf(genuine), ", ", ",\t "))
	v := testVerifier()
	v.SigV4A = true
	f.Fuzz(func(t *testing.T, value string) {
		r := *genuine
		r.Headers = append([]Header(nil), genuine.Headers...)
		set("Authorization", value)(&r)
		sig, err := v.Verify(context.Background(), &r)
		got, _, detail := parseAuthorization(value)
		same := got == want && detail == "" && len(value) <= maxValueBytes
		if (err == nil) != same {
			t.Errorf("%q: %v, %v", value, sig, err)
		}
		if err != nil && reasonOf(err) == 0 {
			t.Errorf("%q: untyped error %v", value, err)
		}
	})
}

// FuzzQuery: no query is accepted but one with the canonical form of the right
// one, and the canonical form is its own.
func FuzzQuery(f *testing.F) {
	vectorRequests(f, func(r *Request) { f.Add(r.RawQuery) })
	genuine := newForgery(true).forge(f)
	canonical := func(raw string) (string, bool) {
		w := newWorkspace()
		defer w.release()
		whole := w.parseQuery(raw)
		var b []byte
		for i, p := range w.pairs {
			if i > 0 {
				b = append(b, '&')
			}
			b = append(append(append(b, w.name(p)...), '='), w.value(p)...)
		}
		return string(b), whole
	}
	want, _ := canonical(genuine.RawQuery)
	f.Add(genuine.RawQuery)
	f.Add(strings.ReplaceAll(genuine.RawQuery, "%20", "+"))
	v := testVerifier()
	v.SigV4A = true
	f.Fuzz(func(t *testing.T, raw string) {
		r := *genuine
		r.RawQuery = raw
		_, err := v.Verify(context.Background(), &r)
		got, whole := canonical(raw)
		same := whole && got == want && !has(raw, control|fragment) && len(raw) < 9000
		if err == nil && (got != want || !whole) || err != nil && same {
			t.Errorf("%q: %v", raw, err)
		}
		if err != nil && reasonOf(err) == 0 {
			t.Errorf("%q: untyped error %v", raw, err)
		}
		if again, ok := canonical(got); !ok || again != got {
			t.Errorf("%q: canonical form %q has the canonical form %q", raw, got, again)
		}
		for pair := range strings.SplitSeq(got, "&") {
			if got != "" && strings.Count(pair, "=") != 1 {
				t.Errorf("%q: canonical pair %q", raw, pair)
			}
		}
	})
}

// FuzzCanonical: whatever can be read can be signed and verified again, no
// part of a request can grow into another in the canonical form, and a normal
// path stays as it is.
func FuzzCanonical(f *testing.F) {
	vectorRequests(f, func(r *Request) {
		value := ""
		if len(r.Headers) > 0 {
			value = r.Headers[0].Value
		}
		f.Add(r.Method, r.Host, r.Path, "a=1", value, []byte("body"), false, false)
	})
	f.Add("GET", "h", "/a/../b//c/", "b&a=%20+", " x \t y\n z", []byte(nil), true, true)
	f.Fuzz(func(t *testing.T, method, host, path, rawQuery, value string, payload []byte, s3, asymmetric bool) {
		normal := normalise(path)
		if path != "" && path[0] == '/' && (!isNormal(normal) || normalise(normal) != normal || isNormal(path) && normal != path) {
			t.Fatalf("%q has the normal form %q", path, normal)
		}
		r := &Request{Method: method, Host: host, Path: path, RawQuery: rawQuery, Headers: []Header{{"X-Value", value}, {"x-value", value}}, Body: strings.NewReader(string(payload))}
		signer := testSigner()
		signer.S3 = s3
		if asymmetric {
			signer.RegionSet = []string{testScope.Region}
		}
		var text string
		signer.Trace = func(c, _ string) { text = c }
		headers, err := signer.Sign(r, temporary, testTime)
		if err != nil {
			return
		}
		v := testVerifier()
		v.S3, v.SigV4A, v.NormalizePath = s3, true, true
		sig, err := v.Verify(context.Background(), withHeaders(r, headers))
		if err != nil {
			if reason := reasonOf(err); reason != Malformed && reason != HeadersTooLarge {
				t.Fatalf("signed, but %s", describe(err))
			}
			return
		}
		// Method, path, query, one line a header, an empty one, the list, the hash.
		if lines := strings.Count(text, "\n"); lines != 5+len(sig.SignedHeaders) {
			t.Errorf("%d line ends in %q with %d headers", lines, text, len(sig.SignedHeaders))
		}
		if path != "" && !s3 && sig.Path != normal {
			t.Errorf("path %q was signed as %q", path, sig.Path)
		}
		if q, err := signer.Presign(r, longTerm, testTime, time.Minute); err == nil {
			p := *r
			p.RawQuery = q
			if s3 {
				v.UnsignedPayload = true
			}
			if _, err := v.Verify(context.Background(), &p); err != nil && reasonOf(err) != HeadersTooLarge && reasonOf(err) != Malformed {
				t.Fatalf("presigned, but %s", describe(err))
			}
		}
	})
}
