package sigv4

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// benchmarkRequest is a request as SDKs send one, of a temporary key or not.
func benchmarkRequest(tb testing.TB, c Credentials, payload []byte) *Request {
	tb.Helper()
	r := &Request{
		Method: "GET", Host: "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com", Path: "/prod/pets/17", RawQuery: "limit=10&fields=name",
		Headers: []Header{
			{"Accept", "*/*"}, {"Accept-Encoding", "gzip"}, {"Content-Type", "application/json"}, {"User-Agent", "aws-sdk-go-v2/1.30"},
		},
	}
	if payload != nil {
		r.Method, r.Body, r.ContentLength = "POST", bytes.NewReader(payload), int64(len(payload))
	}
	return sign(tb, testSigner(), r, c, testTime)
}

// bare does what no verification can do without: one SHA-256 over the
// canonical request, one HMAC over the string to sign.
func bare(canonicalRequest, stringToSign, key []byte) {
	sum := sha256.Sum256(canonicalRequest)
	mac := hmac.New(sha256.New, key)
	mac.Write(stringToSign)
	mac.Sum(sum[:0])
}

// ratio returns how much longer f takes than base, each at its best of many
// turns, since a noisy machine only ever makes things slower.
func ratio(b *testing.B, base, f func()) float64 {
	b.Helper()
	const turns = 400
	bestBase, best := time.Hour, time.Hour
	for range turns {
		bestBase, best = min(bestBase, measure(base)), min(best, measure(f))
	}
	return float64(best) / float64(bestBase)
}

// measure times a few calls of f: few enough that some turns are undisturbed.
func measure(f func()) time.Duration {
	n, start := 0, time.Now()
	for {
		for range 4 {
			f()
		}
		n += 4
		if d := time.Since(start); d > 100*time.Microsecond {
			return d / time.Duration(n)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, bm := range []struct {
		name string
		c    Credentials
	}{{"long-term key", longTerm}, {"temporary key", temporary}} {
		b.Run(bm.name, func(b *testing.B) {
			v, r := testVerifier(), benchmarkRequest(b, bm.c, nil)
			var creq, sts string
			s := testSigner()
			s.Trace = func(c, t string) { creq, sts = c, t }
			sign(b, s, r, bm.c, testTime)
			canonicalRequest, stringToSign, key := []byte(creq), []byte(sts), make([]byte, 32)
			f := func() {
				if _, err := v.Verify(context.Background(), r); err != nil {
					b.Fatal(err)
				}
			}
			times := ratio(b, func() { bare(canonicalRequest, stringToSign, key) }, f)
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
			b.ReportMetric(times, "x-bare")
		})
	}
}

func BenchmarkBareHash(b *testing.B) {
	canonicalRequest, stringToSign, key := make([]byte, 330), make([]byte, 139), make([]byte, 32)
	b.ReportAllocs()
	for b.Loop() {
		bare(canonicalRequest, stringToSign, key)
	}
}

func BenchmarkVerifyPresigned(b *testing.B) {
	v, r := testVerifier(), benchmarkRequest(b, longTerm, nil)
	r.Headers = r.Headers[:2]
	q, err := testSigner().Presign(r, temporary, testTime, time.Hour)
	if err != nil {
		b.Fatal(err)
	}
	r.RawQuery = q
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(context.Background(), r); err != nil {
			b.Fatal(err)
		}
	}
}

// A stream hides from Verify that the body is in memory already.
type stream struct{ io.Reader }

func BenchmarkVerifyBody(b *testing.B) {
	for _, size := range []int{1 << 10, 64 << 10, 1 << 20} {
		b.Run(fmt.Sprintf("%d KiB", size>>10), func(b *testing.B) {
			payload := bytes.Repeat([]byte("0123456789abcdef"), size/16)
			v, r := testVerifier(), benchmarkRequest(b, longTerm, payload)
			body := bytes.NewReader(payload)
			f := func() {
				body.Reset(payload)
				r.Body, r.ContentLength = stream{body}, int64(size)
				if _, err := v.Verify(context.Background(), r); err != nil {
					b.Fatal(err)
				}
				r.Release()
			}
			times := ratio(b, func() { sha256.Sum256(payload) }, f)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
			b.ReportMetric(times, "x-hash")
		})
	}
}

func BenchmarkSign(b *testing.B) {
	s, r := testSigner(), benchmarkRequest(b, longTerm, nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Sign(r, longTerm, testTime); err != nil {
			b.Fatal(err)
		}
	}
}

// In memory of the caller a verification allocates nothing, and nothing of the
// request before stays there.
func TestVerifyIntoAllocatesNothing(t *testing.T) {
	if underRace {
		t.Skip("pools are emptied under the race detector")
	}
	v, r, s := testVerifier(), benchmarkRequest(t, temporary, nil), new(Signature)
	verify := func() {
		if err := v.VerifyInto(t.Context(), s, r, v.Scope); err != nil {
			t.Fatal(err)
		}
	}
	verify()
	if got := testing.AllocsPerRun(100, verify); got >= 1 {
		t.Errorf("%v allocations, want none", got)
	}
	r.Method = "PUT"
	if err := v.VerifyInto(t.Context(), s, r, v.Scope); err == nil || s.AccessKeyID != "" || s.Caller != nil || len(s.SignedHeaders) != 0 {
		t.Errorf("a refusal (%v) leaves %+v", err, s)
	}
}

func TestResetForgetsTheRequestBefore(t *testing.T) {
	first := httptest.NewRequest(http.MethodPost, "/a?b=c", strings.NewReader("body"))
	first.Header.Set("X-Amz-Date", "20310309T100000Z")
	first.Header.Set("X-First", "1")
	r, err := NewRequest(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.readBody(newWorkspace(), 0); err != nil {
		t.Fatal(err)
	}
	r.Release()
	second := httptest.NewRequest(http.MethodGet, "/", nil)
	second.Header.Set("X-Second", "2")
	if err := r.Reset(second); err != nil {
		t.Fatal(err)
	}
	want, err := NewRequest(second)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, r, cmp.AllowUnexported(Request{}), cmp.Comparer(func(a, b io.Reader) bool { return a == b })); diff != "" {
		t.Errorf("after Reset (-want +got):\n%s", diff)
	}
	if _, hashed := r.Payload(); hashed {
		t.Error("the body of the first request counts as hashed")
	}
	if underRace {
		return
	}
	if got := testing.AllocsPerRun(100, func() { _ = r.Reset(second) }); got >= 1 {
		t.Errorf("%v allocations, want none", got)
	}
}

func TestVerifyAllocatesLittle(t *testing.T) {
	if underRace {
		t.Skip("pools are emptied under the race detector")
	}
	v, r := testVerifier(), benchmarkRequest(t, temporary, nil)
	got := testing.AllocsPerRun(100, func() {
		if _, err := v.Verify(context.Background(), r); err != nil {
			t.Fatal(err)
		}
	})
	if got > 4 {
		t.Errorf("%v allocations for a request without body, want at most 4", got)
	}
}
