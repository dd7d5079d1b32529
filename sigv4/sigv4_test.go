package sigv4

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

var (
	testTime  = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	testScope = Scope{Region: "eu-central-1", Service: "execute-api"}
	longTerm  = Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
	temporary = Credentials{AccessKeyID: "ASIAEXAMPLE", SecretAccessKey: "tJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", SessionToken: "IQoJb3JpZ2luX2VjEXAMPLE/TOKEN+=="}
)

func testVerifier() *Verifier {
	return &Verifier{Keys: StaticKeys(longTerm, temporary), Scope: testScope, Now: func() time.Time { return testTime }}
}

func testSigner() *Signer { return &Signer{Service: testScope.Service, Region: testScope.Region} }

// sign returns r as sent after s signed it.
func sign(tb testing.TB, s *Signer, r *Request, c Credentials, t time.Time) *Request {
	tb.Helper()
	headers, err := s.Sign(r, c, t)
	if err != nil {
		tb.Fatal(err)
	}
	return withHeaders(r, headers)
}

func verify(v *Verifier, r *Request) (*Signature, error) { return v.Verify(context.Background(), r) }

// reasonOf returns the reason of a refusal; 0 for none or another error.
func reasonOf(err error) Reason {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return 0
}

func describe(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return fmt.Sprintf("%v\n%s\n\n%s", e, e.CanonicalRequest, e.StringToSign)
	}
	return err.Error()
}

// underRace is set where what a verification costs cannot be measured.
var underRace bool

// quickest returns the shortest of a few runs of f: other programs can only
// make it longer.
func quickest(f func()) time.Duration {
	best := time.Hour
	for range 5 {
		start := time.Now()
		f()
		best = min(best, time.Since(start))
	}
	return best
}

// contextAfter is over in a moment.
func contextAfter(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeout(t.Context(), 20*time.Millisecond)
}
