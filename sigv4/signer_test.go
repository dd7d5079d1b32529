package sigv4

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestSignsAsAwscurlDoes compares with signatures of the awscurl command for
// the same requests.
func TestSignsAsAwscurlDoes(t *testing.T) {
	const jsonType, host = "application/json", "127.0.0.1:19191"
	tests := []struct {
		fact, method, path, query, region, service, token, body string
		headers                                                 []Header
		want                                                    string
	}{
		{fact: "root", path: "/", want: "ec6003ac04331163ee757b09b0d6bec056302575b0d503a2981fc8c850d0e840"},
		{fact: "query sorted", path: "/p", query: "b=2&a=1&A=3", want: "430162fce111ba93266991e916499d816924c208934648081f6451ae6a4d88fd"},
		{fact: "path encoded again", path: "/a%20b", want: "717c737cfaef994a35458029807e234e6a62f2edcf4793f1e5ab5198c0a664ef"},
		{fact: "at and equal sign in the path", path: "/test/@connections/abc=", want: "4de0b71c09ede87a42d3eebb80160f11b5eb15afc5221cdec3b5c158ccc2e2db"},
		{fact: "S3 encodes a colon once", path: "/k:1", service: "s3", want: "231d3777ddd4eb235316c4668d9421bf49c3923ebb6fa33733ba6f82c7466601"},
		{fact: "GET with a body", path: "/_search", region: "eu-west-1", service: "es", body: `{"q":1}`, want: "4ac0a6afca43b3475d029efeaf1c7cdf9b9213c3e58f19d45233af95a78e328a"},
		{fact: "body in UTF-8", method: "POST", path: "/p", body: "\u00e9", want: "d7dd2efbf327d566988716e34762ffc64b78316e93ceaf64bc2933de600923f7"},
		{fact: "session token", path: "/p", token: "TOK", want: "f42732b7512a9f8de8c669315123592bc3bc669bf97b6b5fb1e36c6506ece81e"},
		{
			fact: "target header", method: "POST", path: "/", body: "{}", headers: []Header{{"X-Amz-Target", "T.Op"}, {"Content-Type", "application/x-amz-json-1.1"}},
			want: "2458e398fa31916485871137139dc26e265fe231db97d0472f548322e4f03309",
		},
		{fact: "DELETE", method: "DELETE", path: "/p", want: "b689688b773c651fc6a7461d7ce02627aa272436f44ba7b51d55fff8656711d3"},
		{fact: "binary body", method: "PUT", path: "/p", body: "\xff\xfe\x00bin", want: "9d67ce93da5dd51819dde45c742f95bbf910b05c7c443a43da4ea20e5dc30dc3"},
	}
	for _, tt := range tests {
		t.Run(tt.fact, func(t *testing.T) {
			or := func(s, other string) string {
				if s == "" {
					return other
				}
				return s
			}
			s := &Signer{
				Service: or(tt.service, "execute-api"), Region: or(tt.region, "us-east-1"), SendPayloadHash: true, S3: tt.service == "s3",
				Headers: func(name string) bool { return name == "content-type" },
			}
			r := &Request{Method: or(tt.method, "GET"), Host: host, Path: tt.path, RawQuery: tt.query, Headers: tt.headers, Body: strings.NewReader(tt.body)}
			if r.Headers == nil {
				r.Headers = []Header{{"Accept", "application/xml"}, {"Content-Type", jsonType}}
			}
			headers, err := s.Sign(r, Credentials{"AKIDEXAMPLE", "secretkey", tt.token}, testTime)
			if err != nil {
				t.Fatal(err)
			}
			if a := headers[len(headers)-1].Value; !strings.HasSuffix(a, "Signature="+tt.want) {
				t.Errorf("%s, want %s", a, tt.want)
			}
		})
	}
}

func TestHeadersThatProxiesChangeAreNotSigned(t *testing.T) {
	r := &Request{Method: "GET", Host: "h", Path: "/", Headers: []Header{
		{"Connection", "close"},
		{"User-Agent", "x"},
		{"X-Forwarded-For", "1.2.3.4"},
		{"Via", "x"},
		{"CF-Ray", "x"},
		{"Content-Length", "0"},
		{"X-Amzn-Trace-Id", "x"},
		{"Authorization", "old"},
		{"x-amz-date", "old"},
		{"X-Amz-Security-Token", "old"},
		{"Accept", "*/*"},
		{"X-Amz-Target", "T"},
	}}
	signed := sign(t, testSigner(), r, longTerm, testTime)
	sig, err := verify(testVerifier(), withoutHeader(signed, "X-Amz-Security-Token"))
	if err != nil {
		t.Fatal(describe(err))
	}
	if diff := cmp.Diff([]string{"accept", "host", "x-amz-date", "x-amz-target"}, sig.SignedHeaders); diff != "" {
		t.Error(diff)
	}
}

func withoutHeader(r *Request, name string) *Request {
	c := *r
	drop(name)(&c)
	return &c
}

func TestSignerRefuses(t *testing.T) {
	good := func() *Request { return &Request{Method: "GET", Host: "h", Path: "/"} }
	for fact, err := range map[string]error{
		"no service":          signError(Signer{Region: "r"}, good(), longTerm),
		"no region":           signError(Signer{Service: "s"}, good(), longTerm),
		"no access key ID":    signError(*testSigner(), good(), Credentials{SecretAccessKey: "x"}),
		"odd access key ID":   signError(*testSigner(), good(), Credentials{AccessKeyID: "a/b", SecretAccessKey: "x"}),
		"no secret":           signError(*testSigner(), good(), Credentials{AccessKeyID: "AKID"}),
		"no host":             signError(*testSigner(), &Request{Method: "GET", Path: "/"}, longTerm),
		"no slash":            signError(*testSigner(), &Request{Method: "GET", Host: "h", Path: "http://h/"}, longTerm),
		"broken query":        signError(*testSigner(), &Request{Method: "GET", Host: "h", Path: "/", RawQuery: "a=%"}, longTerm),
		"broken path for S3":  signError(Signer{Service: "s3", Region: "r", S3: true}, &Request{Method: "GET", Host: "h", Path: "/%"}, longTerm),
		"presigned for ever":  presignError(good(), 8*24*time.Hour),
		"presigned for never": presignError(good(), 0),
		"presigned twice":     presignError(&Request{Method: "GET", Host: "h", Path: "/", RawQuery: "X-Amz-Signature=0"}, time.Hour),
		"presigned broken":    presignError(&Request{Method: "GET", Host: "h", Path: "/", RawQuery: "%zz"}, time.Hour),
		"body cannot be read": signError(*testSigner(), &Request{Method: "GET", Host: "h", Path: "/", Body: io.MultiReader(iotestErr{})}, longTerm),
		"server's request":    testSigner().SignHTTP(&http.Request{RequestURI: "/"}, longTerm, testTime),
	} {
		if err == nil {
			t.Errorf("%s: no error", fact)
		} else if strings.Contains(err.Error(), longTerm.SecretAccessKey) {
			t.Errorf("%s: %v tells the secret", fact, err)
		}
	}
}

type iotestErr struct{}

func (iotestErr) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func signError(s Signer, r *Request, c Credentials) error {
	_, err := s.Sign(r, c, testTime)
	return err
}

func presignError(r *Request, d time.Duration) error {
	_, err := testSigner().Presign(r, longTerm, testTime, d)
	return err
}

func TestSignHTTP(t *testing.T) {
	r, err := http.NewRequest(http.MethodPost, "https://api.example.com:443/a?b=1", io.MultiReader(strings.NewReader("body")))
	if err != nil {
		t.Fatal(err)
	}
	if err := testSigner().SignHTTP(r, temporary, testTime); err != nil {
		t.Fatal(err)
	}
	if r.Host != "api.example.com" || r.ContentLength != 4 || r.Header.Get("X-Amz-Security-Token") != temporary.SessionToken {
		t.Errorf("host %q, length %d, headers %v", r.Host, r.ContentLength, r.Header)
	}
	for range 2 { // as for a redirect or a second attempt
		b, err := r.GetBody()
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := io.ReadAll(b); string(got) != "body" {
			t.Errorf("body %q", got)
		}
	}
	// Signing again replaces what the first time left.
	if err := testSigner().SignHTTP(r, longTerm, testTime); err != nil {
		t.Fatal(err)
	}
	in, err := NewRequest(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verify(testVerifier(), in); err != nil {
		t.Error(describe(err))
	}
	if got, _ := io.ReadAll(in.Body); string(got) != "body" {
		t.Errorf("body after verification %q", got)
	}
}

func TestS3(t *testing.T) {
	scope := Scope{Region: "us-east-1", Service: "s3"}
	signer := &Signer{Service: scope.Service, Region: scope.Region, S3: true}
	server := func() *Verifier {
		v := testVerifier()
		v.Scope, v.S3, v.UnsignedPayload = scope, true, true
		return v
	}
	put := func(path string) *Request {
		return &Request{Method: "PUT", Host: "b.s3.amazonaws.com", Path: path, Body: strings.NewReader("body"), ContentLength: 4}
	}
	t.Run("keys are not normalised", func(t *testing.T) {
		for path, want := range map[string]string{"/a//b/../c": "/a//b/../c", "/a=b%20c": "/a%3Db%20c", "/%41": "/A", "/a+b": "/a%2Bb"} {
			sig, err := verify(server(), sign(t, signer, put(path), longTerm, testTime))
			if err != nil {
				t.Fatal(describe(err))
			}
			if sig.Path != want {
				t.Errorf("path %q was signed as %q, want %q", path, sig.Path, want)
			}
			r := sign(t, signer, put(path), longTerm, testTime)
			r.Path = "/a/c"
			if _, err := verify(server(), r); reasonOf(err) != Mismatch {
				t.Errorf("%q: another key: %v", path, err)
			}
		}
	})
	t.Run("payload hash is sent and compared", func(t *testing.T) {
		r := sign(t, signer, put("/k"), longTerm, testTime)
		r.Body = strings.NewReader("bodY")
		if _, err := verify(server(), r); reasonOf(err) != Mismatch {
			t.Error(err)
		}
		if _, err := verify(server(), withoutHeader(sign(t, testSigner(), put("/k"), longTerm, testTime), "X-Amz-Content-Sha256")); reasonOf(err) != WrongScope {
			t.Error(err)
		}
		f := newForgery(false)
		f.service, f.region, f.s3 = "s3", "us-east-1", true
		if _, err := verify(server(), f.forge(t)); reasonOf(err) != Mismatch {
			t.Errorf("no payload header: %v", err)
		}
	})
	t.Run("unsigned payload leaves the body unread", func(t *testing.T) {
		s := *signer
		s.UnsignedPayload = true
		r := sign(t, &s, put("/k"), longTerm, testTime)
		r.Body, r.ContentLength = unread{t}, 5<<30
		sig, err := verify(server(), r)
		if err != nil {
			t.Fatal(describe(err))
		}
		if _, hashed := r.Payload(); hashed || sig.PayloadHash != unsignedPayload {
			t.Errorf("hashed %v, payload %s", hashed, sig.PayloadHash)
		}
	})
	t.Run("presigned", func(t *testing.T) {
		r := put("/k")
		q, err := signer.Presign(r, temporary, testTime, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		r.RawQuery = q
		if _, err := verify(server(), r); err != nil {
			t.Error(describe(err))
		}
		strict := server()
		strict.UnsignedPayload = false
		if _, err := verify(strict, r); reasonOf(err) != Mismatch {
			t.Errorf("where unsigned payloads are not accepted: %v", err)
		}
	})
}

func TestRegionSet(t *testing.T) {
	for _, tt := range []struct {
		set  string
		want bool
	}{
		{"*", true},
		{"eu-central-1", true},
		{"us-east-1,eu-central-1", true},
		{"us-east-1, eu-central-1", true},
		{"eu-*", true},
		{"eu-*-1", true},
		{"*-central-*", true},
		{"", false},
		{",", false},
		{"us-east-1", false},
		{"eu-central-11", false},
		{"eu-central", false},
		{"EU-CENTRAL-1", false},
		{"eu-*-2", false},
		{"*x*", false},
		{"eu-central-1*1", false},
	} {
		if got := regionInSet(tt.set, "eu-central-1"); got != tt.want {
			t.Errorf("regionInSet(%q) = %v", tt.set, got)
		}
		s, v := testSigner(), testVerifier()
		v.SigV4A = true
		s.RegionSet = strings.Split(tt.set, ",")
		_, err := verify(v, sign(t, s, &Request{Method: "GET", Host: "h", Path: "/"}, longTerm, testTime))
		if (err == nil) != tt.want || err != nil && reasonOf(err) != WrongScope {
			t.Errorf("signed for %q: %v", tt.set, err)
		}
	}
	s, v := testSigner(), testVerifier()
	s.RegionSet, v.SigV4A = []string{"*"}, true
	r := sign(t, s, &Request{Method: "GET", Host: "h", Path: "/"}, longTerm, testTime)
	set("X-Amz-Region-Set", "eu-*")(r)
	if _, err := verify(v, r); reasonOf(err) != Mismatch {
		t.Errorf("region set changed: %v", err)
	}
	edit("Signature=30", "Signature=3000")(r)
	if _, err := verify(v, r); reasonOf(err) != Mismatch {
		t.Errorf("signature that is no DER: %v", err)
	}
}

func TestMaskToken(t *testing.T) {
	var seen string
	s := testSigner()
	s.Trace = func(creq, _ string) { seen = creq }
	r := &Request{Method: "GET", Host: "h", Path: "/", RawQuery: "a=1"}
	for _, presign := range []bool{false, true} {
		var signed *Request
		if presign {
			q, err := s.Presign(r, temporary, testTime, time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			signed = &Request{Method: "GET", Host: "h", Path: "/", RawQuery: q}
		} else {
			signed = sign(t, s, r, temporary, testTime)
		}
		signed.Method = "PUT"
		_, err := verify(testVerifier(), signed)
		e := mustError(t, err)
		if want := strings.Replace(MaskToken(seen), "GET", "PUT", 1); e.CanonicalRequest != want {
			t.Errorf("canonical request of the refusal differs from the client's, masked\n%s\n\n%s", e.CanonicalRequest, want)
		}
		if !strings.Contains(e.CanonicalRequest, "bytes, SHA-256") || strings.Contains(e.CanonicalRequest, "TOKEN") {
			t.Error(e.CanonicalRequest)
		}
	}
	if s := "GET\n/\n\nhost:h\n\nhost\n" + emptyHash; MaskToken(s) != s {
		t.Error("masked where there is no token")
	}
}

func TestReleasedBody(t *testing.T) {
	r := &Request{Method: "POST", Host: "h", Path: "/", Body: strings.NewReader("secret body")}
	r = sign(t, testSigner(), r, longTerm, testTime)
	if _, err := verify(testVerifier(), r); err != nil {
		t.Fatal(err)
	}
	if b, hashed := r.Payload(); !hashed || string(b) != "secret body" || cap(b) != len(b) {
		t.Errorf("payload %q, %v", b, hashed)
	}
	left := r.Body
	r.Release()
	r.Release()
	if b, err := io.ReadAll(left); len(b) > 0 || err == nil {
		t.Errorf("read %q, %v of a released body", b, err)
	}
}

func TestClaimed(t *testing.T) {
	for _, presigned := range []bool{false, true} {
		got, err := Claimed(newForgery(presigned).forge(t))
		want := Claim{AccessKeyID: longTerm.AccessKeyID, Date: "20260102", Scope: testScope, Presigned: presigned}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Error(diff, err)
		}
	}
	if _, err := Claimed(&Request{Method: "GET", Host: "h", Path: "/"}); reasonOf(err) != Missing {
		t.Error(err)
	}
}

func TestBodiesAtOnceAreBounded(t *testing.T) {
	v := testVerifier()
	v.MaxBodies = 1
	f := newForgery(false)
	f.body = "body"
	first, second := f.forge(t), f.forge(t)
	reading, finish := make(chan struct{}), make(chan struct{})
	first.Body = readFunc(func([]byte) (int, error) { close(reading); <-finish; return 0, io.EOF })
	done := make(chan error)
	go func() { _, err := verify(v, first); done <- err }()
	<-reading
	ctx, cancel := contextAfter(t)
	defer cancel()
	if _, err := v.Verify(ctx, second); reasonOf(err) != Busy {
		t.Errorf("second body while the first is being read: %v", err)
	}
	close(finish)
	if err := <-done; reasonOf(err) != Mismatch {
		t.Errorf("first: %v", err)
	}
	second.Body = bytes.NewReader([]byte("body"))
	if _, err := verify(v, second); err != nil {
		t.Error(err)
	}
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }
