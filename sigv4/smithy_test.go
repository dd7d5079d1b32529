package sigv4

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	smithycredentials "github.com/aws/smithy-go/aws-http-auth/credentials"
	smithy "github.com/aws/smithy-go/aws-http-auth/sigv4"
	smithya "github.com/aws/smithy-go/aws-http-auth/sigv4a"
	smithyv4 "github.com/aws/smithy-go/aws-http-auth/v4"
)

// A sample is a generated request that two signers may both sign. It keeps to
// what AWS's Go signer does the way the test suite has it: that one does not
// normalise paths, fold inner blanks or sort by the encoded names.
type sample struct {
	*http.Request
	body []byte
	c    Credentials
	s3   bool
}

func newSample(t *testing.T, random *rand.Rand) sample {
	t.Helper()
	text := func(alphabet string, least, most int) string {
		b := make([]byte, least+random.IntN(most-least+1))
		for i := range b {
			b[i] = alphabet[random.IntN(len(alphabet))]
		}
		return string(b)
	}
	const plain, any = "abcXYZ019-._~", "abcXYZ019-._~ &=;,/%?#'\"\xc3\xa4:@$!*()+"
	s := sample{c: []Credentials{longTerm, temporary}[random.IntN(2)], s3: random.IntN(4) == 0}
	path := ""
	for range 1 + random.IntN(3) {
		segment := url.PathEscape("x" + text(any, 0, 8))
		if s.s3 { // smithy signs the path as it is; S3 encodes what it decoded, in which an escaped slash is a slash
			b, _ := appendRecoded(nil, strings.ReplaceAll(segment, "%2F", ""), false, false)
			segment = string(b)
		}
		path += "/" + segment
	}
	var pairs []string
	for i := range random.IntN(4) {
		pairs = append(pairs, fmt.Sprintf("%s%d=%s", text(plain, 1, 4), i, url.QueryEscape(text(any, 0, 9))))
	}
	if random.IntN(3) > 0 {
		s.body = []byte(text(any, 0, 200))
	}
	r, err := http.NewRequest([]string{"GET", "PUT", "POST", "DELETE"}[random.IntN(4)], "https://api.example.com"+path+"?"+strings.Join(pairs, "&"), bytes.NewReader(s.body))
	if err != nil {
		t.Fatal(err)
	}
	for i := range random.IntN(4) {
		value := "v" + strings.ReplaceAll(text(any, 0, 12), " ", "-")
		r.Header.Add(fmt.Sprintf("X-Amz-Meta-%d", i/2), value)
		r.Header.Add(fmt.Sprintf("X-Other-%d", i/2), value)
	}
	s.Request = r
	return s
}

// received is r as a server sees it.
func (s sample) received(t *testing.T) *Request {
	t.Helper()
	in, err := NewRequest(s.Request)
	if err != nil {
		t.Fatal(err)
	}
	in.Body = bytes.NewReader(s.body)
	return in
}

func (s sample) smithyCredentials() smithycredentials.Credentials {
	return smithycredentials.Credentials{AccessKeyID: s.c.AccessKeyID, SecretAccessKey: s.c.SecretAccessKey, SessionToken: s.c.SessionToken}
}

func (s sample) options(o *smithyv4.SignerOptions) {
	o.DisableDoublePathEscape, o.AddPayloadHashHeader = s.s3, s.s3
}

func (s sample) verifier() *Verifier {
	v := testVerifier()
	v.S3, v.SigV4A = s.s3, true
	return v
}

func TestWhatSmithySignsIsAccepted(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for i := range 400 {
		s := newSample(t, random)
		sum := sha256.Sum256(s.body)
		in := &smithy.SignRequestInput{
			Request: s.Request, PayloadHash: sum[:], Credentials: s.smithyCredentials(),
			Service: testScope.Service, Region: testScope.Region, Time: testTime,
		}
		if i%3 == 0 {
			in.SignatureType = smithyv4.SignatureTypeQueryString
			s.URL.RawQuery = strings.TrimPrefix(s.URL.RawQuery+"&X-Amz-Expires=60", "&")
		}
		if err := smithy.New(s.options).SignRequest(in); err != nil {
			t.Fatal(err)
		}
		if _, err := s.verifier().Verify(context.Background(), s.received(t)); err != nil {
			t.Fatalf("%s %s\n%v\n%s", s.Method, s.URL, s.Header, describe(err))
		}
	}
}

func TestWhatSmithySignsAsymmetricallyIsAccepted(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for i := range 60 {
		s := newSample(t, random)
		sum := sha256.Sum256(s.body)
		in := &smithya.SignRequestInput{
			Request: s.Request, PayloadHash: sum[:], Credentials: s.smithyCredentials(),
			Service: testScope.Service, RegionSet: []string{"us-east-1", "eu-*"}, Time: testTime,
		}
		if i%3 == 0 {
			in.SignatureType = smithyv4.SignatureTypeQueryString
			s.URL.RawQuery = strings.TrimPrefix(s.URL.RawQuery+"&X-Amz-Expires=60", "&")
		}
		if err := smithya.New(s.options).SignRequest(in); err != nil {
			t.Fatal(err)
		}
		sig, err := s.verifier().Verify(context.Background(), s.received(t))
		if err != nil {
			t.Fatalf("%s %s\n%v\n%s", s.Method, s.URL, s.Header, describe(err))
		}
		if sig.RegionSet != "us-east-1,eu-*" || sig.Scope != testScope {
			t.Fatalf("signature %+v", sig)
		}
	}
}

// TestSmithySignsAsWeDo compares signatures, which amounts to smithy
// accepting what we sign: it has no verifier.
func TestSmithySignsAsWeDo(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for range 400 {
		s := newSample(t, random)
		sum := sha256.Sum256(s.body)
		signer := testSigner()
		signer.S3 = s.s3
		signer.Headers = func(string) bool { return false } // as smithy: Host and X-Amz-* only
		if err := signer.SignHTTP(s.Request, s.c, testTime); err != nil {
			t.Fatal(err)
		}
		ours := s.Header.Get("Authorization")
		in := &smithy.SignRequestInput{
			Request: s.Request, PayloadHash: sum[:], Credentials: s.smithyCredentials(),
			Service: testScope.Service, Region: testScope.Region, Time: testTime,
		}
		if err := smithy.New(s.options).SignRequest(in); err != nil {
			t.Fatal(err)
		}
		if theirs := s.Header.Get("Authorization"); ours != theirs {
			t.Fatalf("%s %s\nours   %s\ntheirs %s", s.Method, s.URL, ours, theirs)
		}
	}
}

// TestPresignedLikeSmithy is the same for presigned URLs.
func TestPresignedLikeSmithy(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	for range 200 {
		s := newSample(t, random)
		s.s3 = false
		sum := sha256.Sum256(s.body)
		signer := testSigner()
		signer.Headers = func(string) bool { return false }
		presigned, err := signer.PresignHTTP(s.Request, s.c, testTime, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		ours, err := url.Parse(presigned)
		if err != nil {
			t.Fatal(err)
		}
		s.URL.RawQuery = strings.TrimPrefix(s.URL.RawQuery+"&X-Amz-Expires=60", "&")
		in := &smithy.SignRequestInput{
			Request: s.Request, PayloadHash: sum[:], Credentials: s.smithyCredentials(), SignatureType: smithyv4.SignatureTypeQueryString,
			Service: testScope.Service, Region: testScope.Region, Time: testTime,
		}
		if err := smithy.New(s.options).SignRequest(in); err != nil {
			t.Fatal(err)
		}
		if got, want := ours.Query().Get(querySignature), s.URL.Query().Get(querySignature); got != want {
			t.Fatalf("%s\nours   %s\ntheirs %s", s.URL, got, want)
		}
	}
}
