package sigv4

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

type keyFunc func() (Key, error)

func (f keyFunc) Key(context.Context, string, string) (Key, error) { return f() }

func hexSum(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// newForgeryHex returns a signature of the right form.
func newForgeryHex() string { return hexSum("signature") }

// TestEveryRowHasItsVerdict goes through the table of cases that a verifier
// must tell apart, each by its own reason.
func TestEveryRowHasItsVerdict(t *testing.T) {
	seen := map[int]bool{}
	for _, w := range slices.Concat(formRows(), contentRows(), credentialRows()) {
		seen[w.number] = true
		for _, form := range w.forms {
			t.Run(strconv.Itoa(w.number)+"/"+string(form)+"/"+w.fact, func(t *testing.T) { w.try(t, form == 'Q') })
		}
	}
	elsewhere := map[int]string{
		42: "TestAbsoluteFormIsRefused", 43: "TestHostBesideAuthorityIsRefused", 84: "TestHugeCredentialsAreCheap", 85: "TestBodyOfRefusedRequestIsNotRead",
		86: "TestBodyAboveTheLimitIsRefused", 87: "TestTrailersAreIgnored", 88: "TestChunkedWinsOverContentLength", 89: "TestLookalikeHeaders",
		91: "TestReplay", 92: "what a policy denies is the business of the packages that evaluate one",
	}
	for n := 1; n <= 92; n++ {
		if !seen[n] && elsewhere[n] == "" {
			t.Errorf("row %d has no test", n)
		}
	}
}

// Row 84.
func TestHugeCredentialsAreCheap(t *testing.T) {
	names := make([]string, 5000)
	for i := range names {
		names[i] = "a" + strconv.Itoa(100000+i)
	}
	credential := "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/eu-central-1/execute-api/aws4_request, SignedHeaders="
	values := map[string]string{
		"100 KB":                  credential + strings.Repeat("a", 100<<10),
		"2,000 commas":            credential + strings.Repeat(",", 2000),
		"5,000 names":             credential + strings.Join(names, ";") + ", Signature=" + hexSum(""),
		"5,000 names of one byte": credential + strings.Repeat("a;", 5000) + ", Signature=" + hexSum(""),
	}
	for name, value := range values {
		t.Run(name, func(t *testing.T) {
			for _, limit := range []int{0, 1 << 20} {
				v, r := testVerifier(), newForgery(false).forge(t)
				v.MaxHeaderBytes = limit
				set("Authorization", value)(r)
				var err error
				if n := testing.AllocsPerRun(5, func() { _, err = verify(v, r) }); n > 10 && !underRace {
					t.Errorf("limit %d: %v allocations", limit, n)
				}
				if reason := reasonOf(err); reason != Malformed && reason != HeadersTooLarge {
					t.Errorf("limit %d: %v", limit, err)
				}
				if d := quickest(func() { _, err = verify(v, r) }); d > 10*time.Millisecond && !underRace {
					t.Errorf("limit %d: took %v", limit, d)
				}
			}
		})
	}
	t.Run("many tiny headers and many names", func(t *testing.T) {
		f := newForgery(false)
		for i := range 450 {
			add("a"+strconv.Itoa(i), "")(&f.Request)
		}
		f.list = "host;" + strings.Join(names[:99], ";")
		v, r := testVerifier(), f.forge(t)
		if _, err := verify(v, r); reasonOf(err) != Mismatch {
			t.Error(err)
		}
		if d := quickest(func() { _, _ = verify(v, r) }); d > 10*time.Millisecond && !underRace {
			t.Errorf("took %v", d)
		}
	})
	t.Run("more than 500 headers", func(t *testing.T) {
		f := newForgery(false)
		for range 500 {
			add("a", "")(&f.Request)
		}
		if _, err := verify(testVerifier(), f.forge(t)); reasonOf(err) != HeadersTooLarge {
			t.Error(err)
		}
	})
	t.Run("more than 1,000 parameters", func(t *testing.T) {
		f, v := newForgery(false), testVerifier()
		v.MaxHeaderBytes = 1 << 20
		f.RawQuery = strings.Repeat("a&", 1001)
		if _, err := verify(v, f.forge(t)); reasonOf(err) != Malformed {
			t.Error(err)
		}
	})
}

// unread is a body that must not be touched.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

// Row 85.
func TestBodyOfRefusedRequestIsNotRead(t *testing.T) {
	for _, tt := range []struct {
		fact   string
		change func(*forgery)
		after  func(*Request)
		want   Reason
	}{
		{"unsigned", nil, drop("Authorization"), Missing},
		{"stale", at(-301), nil, Expired},
		{"out of scope", func(f *forgery) { f.region = "us-east-1" }, nil, WrongScope},
		{"unknown key", func(f *forgery) { f.id = "AKIDX" }, nil, UnknownKey},
		{"header not signed", nil, add("X-Amz-Target", "x"), Mismatch},
		{"wrong signature over a claimed hash", func(f *forgery) {
			f.payloadHash, f.secret = hexSum("x"), "wrong"
			add("X-Amz-Content-Sha256", f.payloadHash)(&f.Request)
		}, nil, Mismatch},
		{"too long by its own declaration", nil, func(r *Request) { r.ContentLength = 10<<20 + 1 }, BodyTooLarge},
	} {
		t.Run(tt.fact, func(t *testing.T) {
			f := newForgery(false)
			if tt.change != nil {
				tt.change(f)
			}
			r := f.forge(t)
			if tt.after != nil {
				tt.after(r)
			}
			r.Body = unread{t}
			if _, err := verify(testVerifier(), r); reasonOf(err) != tt.want {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

// zeros is an endless body.
type zeros struct{ read int64 }

func (z *zeros) Read(p []byte) (int, error) {
	clear(p)
	z.read += int64(len(p))
	return len(p), nil
}

// Row 86.
func TestBodyAboveTheLimitIsRefused(t *testing.T) {
	const limit = 10 << 20
	for _, claimed := range []bool{false, true} {
		f, z := newForgery(false), &zeros{}
		if claimed {
			f.payloadHash = hexSum("x")
			add("X-Amz-Content-Sha256", f.payloadHash)(&f.Request)
			f.list = "host;x-amz-content-sha256;x-amz-date"
		}
		r := f.forge(t)
		r.Body, r.ContentLength = z, -1
		if _, err := verify(testVerifier(), r); reasonOf(err) != BodyTooLarge {
			t.Errorf("endless body: %v", err)
		}
		if z.read > limit+128<<10 {
			t.Errorf("read %d bytes of a body that may have %d", z.read, limit)
		}
		f.body = strings.Repeat("a", limit)
		f.payloadHash, f.signature, f.Headers = "", "", f.Headers[:2]
		f.list = "host;x-amz-date"
		if _, err := verify(testVerifier(), f.forge(t)); err != nil {
			t.Errorf("body of exactly the limit: %v", err)
		}
	}
}

// Row 91.
func TestReplay(t *testing.T) {
	for _, presigned := range []bool{false, true} {
		v, r := testVerifier(), newForgery(presigned).forge(t)
		for range 3 {
			if _, err := verify(v, r); err != nil {
				t.Fatal(err)
			}
		}
		v.Replay = new(ReplayCache)
		if _, err := verify(v, r); err != nil {
			t.Fatal(err)
		}
		if _, err := verify(v, r); reasonOf(err) != Replayed {
			t.Errorf("second time: %v", err)
		}
		// Another spelling of the same request is the same request.
		r.RawQuery = strings.Replace(r.RawQuery, "a%20b", "a+b", 1)
		if _, err := verify(v, r); reasonOf(err) != Replayed {
			t.Errorf("second time in other words: %v", err)
		}
		f := newForgery(presigned)
		f.Path = "/other"
		if _, err := verify(v, f.forge(t)); err != nil {
			t.Errorf("another request: %v", err)
		}
	}
}

func TestFailureOfTheSourceIsNoRefusal(t *testing.T) {
	broken := errors.New("store is down")
	v := testVerifier()
	v.Keys = keyFunc(func() (Key, error) { return Key{}, broken })
	_, err := verify(v, newForgery(false).forge(t))
	if !errors.Is(err, broken) || reasonOf(err) != 0 {
		t.Errorf("got %v", err)
	}
	_, err = (&Verifier{}).Verify(context.Background(), newForgery(false).forge(t))
	if err == nil || reasonOf(err) != 0 {
		t.Errorf("verifier without keys: %v", err)
	}
}
