package sigv4

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A vector is one case of AWS's signing test suite.
type vector struct {
	Name        string
	Dir         string
	Credentials struct {
		AccessKeyID     string `json:"access_key_id"`
		SecretAccessKey string `json:"secret_access_key"`
		Token           string `json:"token"`
	} `json:"credentials"`
	Expires   int64     `json:"expiration_in_seconds"`
	Normalize bool      `json:"normalize"`
	Region    string    `json:"region"`
	Service   string    `json:"service"`
	SignBody  bool      `json:"sign_body"`
	OmitToken bool      `json:"omit_session_token"`
	Time      time.Time `json:"timestamp"`
}

func (v *vector) credentials() Credentials {
	return Credentials{v.Credentials.AccessKeyID, v.Credentials.SecretAccessKey, v.Credentials.Token}
}

func (v *vector) signer() *Signer {
	return &Signer{
		Service: v.Service, Region: v.Region, SendPayloadHash: v.SignBody, UnsignedToken: v.OmitToken, RawPath: !v.Normalize,
		Headers: func(string) bool { return true },
	}
}

func (v *vector) verifier() *Verifier {
	return &Verifier{
		Keys: StaticKeys(v.credentials()), Scope: Scope{Region: v.Region, Service: v.Service},
		Now:           func() time.Time { return v.Time },
		UnsignedToken: v.OmitToken, RawPath: !v.Normalize, NormalizePath: true,
	}
}

func (v *vector) file(tb testing.TB, name string) string {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join(v.Dir, name))
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

func loadVectors(tb testing.TB, suite string) []*vector {
	tb.Helper()
	dirs, err := filepath.Glob(filepath.Join("testdata/vectors", suite, "*/context.json"))
	if err != nil || len(dirs) == 0 {
		tb.Fatalf("no vectors in %s: %v", suite, err)
	}
	var all []*vector
	for _, name := range dirs {
		v := &vector{Dir: filepath.Dir(name), Name: filepath.Base(filepath.Dir(name))}
		b, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		if err := json.Unmarshal(b, v); err != nil {
			tb.Fatal(name, err)
		}
		all = append(all, v)
	}
	return all
}

// parseRequest reads the text of a request by hand, since the suite holds
// what net/http refuses: blanks in the target, folded headers.
func parseRequest(tb testing.TB, text string) *Request {
	tb.Helper()
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(strings.TrimRight(head, "\n"), "\n")
	method, target, _ := strings.Cut(lines[0], " ")
	target = target[:strings.LastIndex(target, " HTTP/")]
	r := &Request{Method: method}
	r.Path, r.RawQuery, _ = strings.Cut(target, "?")
	for _, line := range lines[1:] {
		if line[0] == ' ' || line[0] == '\t' {
			r.Headers[len(r.Headers)-1].Value += "\n" + line
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			tb.Fatalf("header %q", line)
		}
		if strings.EqualFold(name, "host") {
			r.Host = value
			continue
		}
		r.Headers = append(r.Headers, Header{name, value})
	}
	if body = strings.TrimRight(body, "\n"); body != "" {
		r.Body = strings.NewReader(body)
	}
	return r
}

// withHeaders returns r as it is sent once the headers are set.
func withHeaders(r *Request, set []Header) *Request {
	c := *r
	c.Headers = nil
	for _, h := range r.Headers {
		replaced := false
		for _, s := range set {
			replaced = replaced || strings.EqualFold(h.Name, s.Name)
		}
		if !replaced {
			c.Headers = append(c.Headers, h)
		}
	}
	c.Headers = append(c.Headers, set...)
	return &c
}

// flat is what matters of a request, comparable.
func flat(tb testing.TB, r *Request) any {
	tb.Helper()
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			tb.Fatal(err)
		}
	}
	var headers []Header
	for _, h := range r.Headers {
		headers = append(headers, Header{strings.ToLower(h.Name), h.Value})
	}
	return struct {
		Method, Host, Path, RawQuery, Body string
		Headers                            []Header
	}{r.Method, r.Host, r.Path, r.RawQuery, string(body), headers}
}

func TestSignGivesTheBytesOfTheVectors(t *testing.T) {
	for _, v := range loadVectors(t, "v4") {
		t.Run(v.Name, func(t *testing.T) {
			var creq, sts string
			s := v.signer()
			s.Trace = func(c, t string) { creq, sts = c, t }

			r := parseRequest(t, v.file(t, "request.txt"))
			headers, err := s.Sign(r, v.credentials(), v.Time)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, "canonical request", creq, v.file(t, "header-canonical-request.txt"))
			compare(t, "string to sign", sts, v.file(t, "header-string-to-sign.txt"))
			if a := headers[len(headers)-1]; !strings.HasSuffix(a.Value, "Signature="+v.file(t, "header-signature.txt")) {
				t.Errorf("Authorization = %q", a.Value)
			}
			want := parseRequest(t, v.file(t, "header-signed-request.txt"))
			if diff := cmp.Diff(flat(t, want), flat(t, withHeaders(r, headers))); diff != "" {
				t.Error("signed request (-want +got)", diff)
			}

			s.SendPayloadHash = false
			r = parseRequest(t, v.file(t, "request.txt"))
			r.RawQuery, err = s.Presign(r, v.credentials(), v.Time, time.Duration(v.Expires)*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, "presigned canonical request", creq, v.file(t, "query-canonical-request.txt"))
			compare(t, "presigned string to sign", sts, v.file(t, "query-string-to-sign.txt"))
			if !strings.HasSuffix(r.RawQuery, "X-Amz-Signature="+v.file(t, "query-signature.txt")) {
				t.Errorf("presigned query = %q", r.RawQuery)
			}
			want = parseRequest(t, v.file(t, "query-signed-request.txt"))
			if diff := cmp.Diff(flat(t, want), flat(t, r)); diff != "" {
				t.Error("presigned request (-want +got)", diff)
			}
		})
	}
}

func TestVerifyAcceptsTheVectors(t *testing.T) {
	for _, suite := range []string{"v4", "v4a"} {
		for _, v := range loadVectors(t, suite) {
			for _, form := range []string{"header", "query"} {
				t.Run(suite+"/"+v.Name+"/"+form, func(t *testing.T) {
					verifier := v.verifier()
					verifier.SigV4A = suite == "v4a"
					r := parseRequest(t, v.file(t, form+"-signed-request.txt"))
					before := flat(t, parseRequest(t, v.file(t, form+"-signed-request.txt")))
					sig, err := verifier.Verify(context.Background(), r)
					if err != nil {
						t.Fatal(describe(err))
					}
					if sig.AccessKeyID != v.Credentials.AccessKeyID || sig.Presigned != (form == "query") || !sig.Time.Equal(v.Time) {
						t.Errorf("signature = %+v", sig)
					}
					if diff := cmp.Diff(before, flat(t, r)); diff != "" {
						t.Error("request after verification (-before +after)", diff)
					}
					if suite == "v4a" {
						if sig.RegionSet != v.Region {
							t.Errorf("region set = %q, want %q", sig.RegionSet, v.Region)
						}
						verifier = v.verifier()
						if _, err := verifier.Verify(context.Background(), r); reasonOf(err) != Malformed {
							t.Errorf("verifier without SigV4A: %v", err)
						}
					}
				})
			}
		}
	}
}

func TestAsymmetricVectors(t *testing.T) {
	for _, v := range loadVectors(t, "v4a") {
		t.Run(v.Name, func(t *testing.T) {
			var want struct{ X, Y string }
			if err := json.Unmarshal([]byte(v.file(t, "public-key.json")), &want); err != nil {
				t.Fatal(err)
			}
			private, err := derivePrivateKey(v.Credentials.AccessKeyID, v.Credentials.SecretAccessKey)
			if err != nil {
				t.Fatal(err)
			}
			point, err := private.PublicKey.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			compare(t, "public key", hex.EncodeToString(point), "04"+want.X+want.Y)

			var creq, sts string
			s := v.signer()
			s.RegionSet = []string{v.Region}
			s.Trace = func(c, t string) { creq, sts = c, t }
			r := parseRequest(t, v.file(t, "request.txt"))
			headers, err := s.Sign(r, v.credentials(), v.Time)
			if err != nil {
				t.Fatal(err)
			}
			file := "header"
			compare(t, "canonical request", creq, v.file(t, file+"-canonical-request.txt"))
			compare(t, "string to sign", sts, v.file(t, file+"-string-to-sign.txt"))
			for _, signature := range []string{v.file(t, file+"-signature.txt"), headers[len(headers)-1].Value} {
				signature = signature[strings.LastIndex(signature, "=")+1:]
				der, err := hex.DecodeString(signature)
				if err != nil {
					t.Fatal(err)
				}
				digest := sha256.Sum256([]byte(sts))
				x, _ := new(big.Int).SetString(want.X, 16)
				y, _ := new(big.Int).SetString(want.Y, 16)
				public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x.FillBytes(make([]byte, 32))...), y.FillBytes(make([]byte, 32))...))
				if err != nil {
					t.Fatal(err)
				}
				if !ecdsa.VerifyASN1(public, digest[:], der) {
					t.Errorf("signature %s does not verify", signature)
				}
			}

			s.SendPayloadHash = false
			r = parseRequest(t, v.file(t, "request.txt"))
			r.RawQuery, err = s.Presign(r, v.credentials(), v.Time, time.Duration(v.Expires)*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, "presigned canonical request", creq, v.file(t, "query-canonical-request.txt"))
			compare(t, "presigned string to sign", sts, v.file(t, "query-string-to-sign.txt"))
			verifier := v.verifier()
			verifier.SigV4A = true
			if _, err := verifier.Verify(context.Background(), r); err != nil {
				t.Error(describe(err))
			}
		})
	}
}

func TestLegacyVectors(t *testing.T) {
	when := time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)
	c := Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
	for _, name := range []string{"get-special-character", "get-vanilla-query-order-key"} {
		t.Run(name, func(t *testing.T) {
			v := &vector{Dir: "testdata/vectors/v4-legacy/" + name}
			var creq, sts string
			s := &Signer{Service: "service", Region: "us-east-1", Trace: func(c, t string) { creq, sts = c, t }}
			headers, err := s.Sign(parseRequest(t, v.file(t, name+".req")), c, when)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, "canonical request", creq, v.file(t, name+".creq"))
			compare(t, "string to sign", sts, v.file(t, name+".sts"))
			compare(t, "Authorization", headers[len(headers)-1].Value, v.file(t, name+".authz"))

			verifier := &Verifier{Keys: StaticKeys(c), Scope: Scope{Region: "us-east-1", Service: "service"}, Now: func() time.Time { return when }}
			if _, err := verifier.Verify(context.Background(), parseRequest(t, v.file(t, name+".sreq"))); err != nil {
				t.Error(describe(err))
			}
		})
	}
}

func compare(t *testing.T, what, got, want string) {
	t.Helper()
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got)\n%s", what, diff)
	}
}
