package sigv4

import (
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Signer signs requests for one service. It is safe for concurrent use and
// may be copied.
type Signer struct {
	Service string
	Region  string

	// RegionSet makes the signatures asymmetric (SigV4A), good for these
	// regions; "*" stands for any text. Region is not used then.
	RegionSet []string

	S3              bool // S3's rules: the path encoded once, the payload hash sent, presigned URLs without one
	UnsignedPayload bool // leave the body out; for S3, over TLS
	SendPayloadHash bool // send X-Amz-Content-Sha256 though the service does not ask for it
	UnsignedToken   bool // add the session token after signing, as AWS IoT wants
	RawPath         bool // do not normalise the canonical path

	// Headers says which headers to sign by their lower-case name; nil means
	// all that proxies leave alone. Host and X-Amz-* are always signed.
	Headers func(name string) bool

	// Trace, if set, is called with what is signed. A session token in it is
	// the real one: see [MaskToken].
	Trace func(canonicalRequest, stringToSign string)
}

// Sign returns the headers to set on r, Authorization last, each in place of
// those of the same name that r has.
//
// It reads the body to hash it, without a limit, and leaves r.Body readable
// from the start. If r has an X-Amz-Content-Sha256 header, its value is signed
// as it is and the body not read.
func (s *Signer) Sign(r *Request, c Credentials, t time.Time) ([]Header, error) {
	w := newWorkspace()
	defer w.release()
	hash, err := s.prepare(w, r, c, s.UnsignedPayload)
	if err != nil {
		return nil, err
	}
	stamp := t.UTC().Format(basicTime)
	var set []Header
	if c.SessionToken != "" {
		set = append(set, Header{"X-Amz-Security-Token", c.SessionToken})
	}
	set = append(set, Header{"X-Amz-Date", stamp})
	if s.asymmetric() {
		set = append(set, Header{"X-Amz-Region-Set", strings.Join(s.RegionSet, ",")})
	}
	if s.S3 || s.SendPayloadHash || hash == unsignedPayload {
		set = append(set, Header{"X-Amz-Content-Sha256", hash})
	}

	headers := slices.Clone(set)
	if s.UnsignedToken && c.SessionToken != "" {
		headers = headers[1:]
	}
	for _, h := range r.Headers {
		switch strings.ToLower(h.Name) {
		case "x-amz-date", "x-amz-security-token", "x-amz-region-set":
		case "x-amz-content-sha256":
			if !slices.ContainsFunc(set, func(h Header) bool { return h.Name == "X-Amz-Content-Sha256" }) {
				headers = append(headers, h)
			}
		default:
			headers = append(headers, h)
		}
	}
	s.choose(w, headers)
	if !w.parseQuery(r.RawQuery) {
		return nil, errBrokenQuery
	}
	signature, err := s.sign(w, r, headers, "", hash, c, stamp)
	if err != nil {
		return nil, err
	}
	return append(set, Header{"Authorization", s.algorithm() + " Credential=" + c.AccessKeyID + "/" + s.scope(stamp) +
		", SignedHeaders=" + strings.Join(w.names, ";") + ", Signature=" + signature}), nil
}

// Presign returns the raw query that makes r good for the given time, from a
// second to 7 days: r.RawQuery and after it the signature. The request must be
// sent with the headers of r that were signed, and with nothing else of
// X-Amz-*.
func (s *Signer) Presign(r *Request, c Credentials, t time.Time, expires time.Duration) (rawQuery string, err error) {
	if expires < time.Second || expires > maxExpires {
		return "", errors.New("sigv4: a presigned request lasts from a second to 7 days")
	}
	w := newWorkspace()
	defer w.release()
	hash, err := s.prepare(w, r, c, s.UnsignedPayload || s.S3)
	if err != nil {
		return "", err
	}
	stamp := t.UTC().Format(basicTime)
	headers := slices.DeleteFunc(slices.Clone(r.Headers), func(h Header) bool {
		return isNamed(h.Name, "x-amz-date") || isNamed(h.Name, "x-amz-security-token")
	})
	s.choose(w, headers)

	b := []byte(r.RawQuery)
	add := func(name, value string) {
		if len(b) > 0 && b[len(b)-1] != '&' {
			b = append(b, '&')
		}
		b = append(append(b, name...), '=')
		for i := range len(value) {
			b = appendEncoded(b, value[i], false)
		}
	}
	add(queryAlgorithm, s.algorithm())
	add(queryCredential, c.AccessKeyID+"/"+s.scope(stamp))
	add(queryDate, stamp)
	add(querySignedHeaders, strings.Join(w.names, ";"))
	add(queryExpires, strconv.FormatInt(int64(expires/time.Second), 10))
	if c.SessionToken != "" {
		add(queryToken, c.SessionToken)
	}
	if s.asymmetric() {
		add(queryRegionSet, strings.Join(s.RegionSet, ","))
	}
	if !w.parseQuery(string(b)) {
		return "", errBrokenQuery
	}
	if n := len(w.pairs); slices.ContainsFunc(w.pairs[:n], func(p pair) bool { return equalFold(w.name(p), querySignature) }) {
		return "", errors.New("sigv4: request is presigned already")
	}
	omit := ""
	if s.UnsignedToken {
		omit = queryToken
	}
	signature, err := s.sign(w, r, headers, omit, hash, c, stamp)
	if err != nil {
		return "", err
	}
	add(querySignature, signature)
	return string(b), nil
}

var errBrokenQuery = errors.New("sigv4: query holds a broken escape")

func (s *Signer) asymmetric() bool { return len(s.RegionSet) > 0 }

func (s *Signer) algorithm() string {
	if s.asymmetric() {
		return asymmetric
	}
	return hmacSHA256
}

func (s *Signer) scope(stamp string) string {
	if s.asymmetric() {
		return stamp[:8] + "/" + s.Service + "/" + terminator
	}
	return stamp[:8] + "/" + s.Region + "/" + s.Service + "/" + terminator
}

// prepare checks what Sign and Presign are given and finds the payload hash.
func (s *Signer) prepare(w *workspace, r *Request, c Credentials, unsigned bool) (payloadHash string, err error) {
	switch {
	case s.Service == "" || s.Region == "" && !s.asymmetric():
		return "", errors.New("sigv4: signer without service or region")
	case !isAccessKeyID(c.AccessKeyID) || c.SecretAccessKey == "":
		return "", errors.New("sigv4: credentials without a valid access key ID or a secret")
	case r.Method == "" || r.Host == "":
		return "", errors.New("sigv4: request without method or host")
	case r.Path != "" && r.Path[0] != '/':
		return "", errors.New("sigv4: request whose path does not start with a slash")
	}
	for _, h := range r.Headers {
		if isNamed(h.Name, "x-amz-content-sha256") {
			return trim(h.Value), nil
		}
	}
	if unsigned {
		return unsignedPayload, nil
	}
	if err := r.readBody(w, 0); err != nil {
		return "", err
	}
	return hex.EncodeToString(w.sum[:]), nil
}

// unsignedByDefault are headers that clients, servers or proxies change on
// the way. A signature over one of them fails for no visible reason.
var unsignedByDefault = map[string]bool{
	"authorization": true, "connection": true, "content-length": true, "expect": true, "forwarded": true, "keep-alive": true,
	"proxy-authenticate": true, "proxy-authorization": true, "te": true, "trailer": true, "transfer-encoding": true, "upgrade": true,
	"user-agent": true, "via": true, "x-amzn-trace-id": true,
}

// choose fills w.names with the headers to sign, in order.
func (s *Signer) choose(w *workspace, headers []Header) {
	w.names = append(w.names, "host")
	for _, h := range headers {
		name := strings.ToLower(h.Name)
		switch {
		case name == "authorization" || name == "host":
			continue
		case strings.HasPrefix(name, "x-amz-"):
		case s.Headers != nil:
			if !s.Headers(name) {
				continue
			}
		case unsignedByDefault[name] || strings.HasPrefix(name, "x-forwarded-") || strings.HasPrefix(name, "cf-"):
			continue
		}
		w.names = append(w.names, name)
	}
	slices.Sort(w.names)
	w.names = slices.Compact(w.names)
}

// sign returns the signature of r with the given headers in hex.
func (s *Signer) sign(w *workspace, r *Request, headers []Header, omit, payloadHash string, c Credentials, stamp string) (string, error) {
	if !w.begin(r.Method, r.Path, rule(s.S3, s.RawPath)) {
		return "", errors.New("sigv4: path holds a broken escape")
	}
	w.finish(r.Host, headers, omit, "", payloadHash)
	w.stringToSign(s.algorithm(), stamp, s.scope(stamp))
	if s.Trace != nil {
		s.Trace(string(w.text), string(w.toSig))
	}
	if s.asymmetric() {
		return w.signAsymmetric(c.AccessKeyID, c.SecretAccessKey)
	}
	key := deriveKey(c.SecretAccessKey, stamp[:8], Scope{Region: s.Region, Service: s.Service})
	w.mac(key)
	return hex.EncodeToString(w.sum[:]), nil
}
