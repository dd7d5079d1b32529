package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

// A forgery is a signed request of which every part can be wrong while the
// signature is right for the whole: what the tables call re-signed.
type forgery struct {
	Request
	body      string
	presigned bool

	algorithm, id, secret, token       string
	stamp, scopeDate, region, service  string
	terminator, credential, list       string // empty: made of the others
	payloadHash, expires               string
	s3                                 bool
	signature                          string // empty: the right one
	omitDate, tokenAfter, unsignedDate bool
}

// newForgery returns a request with nothing wrong in it.
func newForgery(presigned bool) *forgery {
	return &forgery{
		Request: Request{
			Method: "GET", Host: "api.example.com", Path: "/prod/items", RawQuery: "limit=10&name=a%20b",
			Headers: []Header{{"Accept", "*/*"}, {"Content-Type", "text/plain"}, {"X-Custom", "one two"}},
		},
		presigned: presigned, algorithm: hmacSHA256, id: longTerm.AccessKeyID, secret: longTerm.SecretAccessKey,
		stamp: testTime.Format(basicTime), scopeDate: testTime.Format("20060102"),
		region: testScope.Region, service: testScope.Service, terminator: terminator,
		list: "content-type;host;x-custom", expires: "300",
	}
}

// forge signs f as it is.
func (f *forgery) forge(tb testing.TB) *Request {
	tb.Helper()
	r := f.Request
	if f.body != "" {
		r.Body = strings.NewReader(f.body)
	}
	scope := strings.Join([]string{f.scopeDate, f.region, f.service, f.terminator}, "/")
	if f.credential == "" {
		f.credential = f.id + "/" + scope
	} else {
		_, scope, _ = strings.Cut(f.credential, "/")
	}
	if f.payloadHash == "" {
		sum := sha256.Sum256([]byte(f.body))
		f.payloadHash = hex.EncodeToString(sum[:])
	}
	list := f.list
	w := newWorkspace()
	defer w.release()
	escape := func(s string) string {
		var b []byte
		for i := range len(s) {
			b = appendEncoded(b, s[i], false)
		}
		return string(b)
	}
	omit := ""
	if f.presigned {
		for _, p := range [][2]string{
			{queryAlgorithm, f.algorithm},
			{queryCredential, f.credential},
			{queryDate, f.stamp},
			{queryExpires, f.expires},
			{querySignedHeaders, list},
		} {
			r.RawQuery += "&" + p[0] + "=" + escape(p[1])
		}
		if f.token != "" {
			r.RawQuery += "&" + queryToken + "=" + escape(f.token)
		}
		if f.tokenAfter {
			omit = queryToken
		}
	} else {
		if !f.omitDate {
			r.Headers = append(r.Headers, Header{"X-Amz-Date", f.stamp})
			if !f.unsignedDate && list == "content-type;host;x-custom" {
				list = "content-type;host;x-amz-date;x-custom"
			}
		}
		if f.token != "" {
			r.Headers = append(r.Headers, Header{"X-Amz-Security-Token", f.token})
			if !f.tokenAfter {
				list = strings.Replace(list, "x-amz-date", "x-amz-date;x-amz-security-token", 1)
			}
		}
	}
	w.parseQuery(r.RawQuery)
	if list != "" {
		w.names = append(w.names, strings.Split(list, ";")...)
	}
	pathAs := pathNormalised
	if f.s3 {
		pathAs = pathS3
	}
	w.begin(r.Method, r.Path, pathAs)
	w.finish(r.Host, r.Headers, omit, "", f.payloadHash)
	w.stringToSign(f.algorithm, f.stamp, scope)
	if f.signature == "" {
		key := deriveKey(f.secret, f.scopeDate, Scope{f.region, f.service})
		w.mac(key)
		f.signature = hex.EncodeToString(w.sum[:])
	}
	if f.presigned {
		r.RawQuery += "&" + querySignature + "=" + escape(f.signature)
	} else {
		r.Headers = append(r.Headers, Header{"Authorization", fmt.Sprintf("%s Credential=%s, SignedHeaders=%s, Signature=%s", f.algorithm, f.credential, list, f.signature)})
	}
	return &r
}

// A row is one line of the table of negative cases. Its number is that of the
// table in docs; forms says whether it is about the header form (H), the query
// form (Q) or both.
type row struct {
	number int
	fact   string
	forms  string
	before func(*forgery)  // changes what is signed
	after  func(*Request)  // changes what was signed
	with   func(*Verifier) // changes the verifier
	want   Reason          // 0: accepted
}

func (w *row) try(t *testing.T, presigned bool) {
	t.Helper()
	f, v := newForgery(presigned), testVerifier()
	if w.before != nil {
		w.before(f)
	}
	r := f.forge(t)
	if w.after != nil {
		w.after(r)
	}
	if w.with != nil {
		w.with(v)
	}
	sig, err := verify(v, r)
	if got := reasonOf(err); got != w.want || got == 0 && err != nil {
		t.Fatalf("row %d: %s: got %v, %v; want %v", w.number, w.fact, sig, err, w.want)
	}
	if (sig == nil) == (w.want == 0) {
		t.Errorf("row %d: signature %v with error %v", w.number, sig, err)
	}
	if err != nil {
		checkSecrets(t, err, f)
	}
}

// checkSecrets wants an error that says nothing it must not say.
func checkSecrets(t *testing.T, err error, f *forgery) {
	t.Helper()
	text := fmt.Sprintf("%+v", *mustError(t, err))
	for what, secret := range map[string]string{"the secret": longTerm.SecretAccessKey, "the token": temporary.SessionToken, "the signature": f.signature} {
		if len(secret) > 8 && strings.Contains(text, secret) {
			t.Errorf("error tells %s: %s", what, text)
		}
	}
}

func mustError(t *testing.T, err error) *Error {
	t.Helper()
	e, ok := asError(err)
	if !ok {
		t.Fatalf("error is a %T: %v", err, err)
	}
	return e
}

// set returns a change of one header's value, which adds it if need be.
func set(name, value string) func(*Request) {
	return func(r *Request) {
		for i, h := range r.Headers {
			if strings.EqualFold(h.Name, name) {
				r.Headers[i].Value = value
				return
			}
		}
		r.Headers = append(r.Headers, Header{name, value})
	}
}

func add(name, value string) func(*Request) {
	return func(r *Request) { r.Headers = append(r.Headers, Header{name, value}) }
}

func drop(name string) func(*Request) {
	return func(r *Request) { *r = *withHeaders(r, []Header{{name, ""}}); r.Headers = r.Headers[:len(r.Headers)-1] }
}

func authorizationOf(r *Request) string {
	for _, h := range r.Headers {
		if strings.EqualFold(h.Name, "Authorization") {
			return h.Value
		}
	}
	return ""
}

// edit returns a change of the Authorization header by strings.Replacer pairs.
func edit(pairs ...string) func(*Request) {
	return func(r *Request) {
		set("Authorization", strings.NewReplacer(pairs...).Replace(authorizationOf(r)))(r)
	}
}

// query returns a change of the raw query by strings.Replacer pairs.
func query(pairs ...string) func(*Request) {
	return func(r *Request) { r.RawQuery = strings.NewReplacer(pairs...).Replace(r.RawQuery) }
}

func body(s string) func(*Request) { return func(r *Request) { r.Body = strings.NewReader(s) } }
