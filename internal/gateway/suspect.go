package gateway

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/wire"
	"github.com/hakonegate/hakone/sigv4"
)

// What is tried at most of what a request has many of.
const maxSuspects = 16

// emptyHash is the hash of no body.
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// An inquiry looks for the change that made a signature wrong: it computes what
// the signature would be had the request been what it was before a proxy, or a
// client's habit, changed it. The request stays refused whatever it finds; only
// the operator is told.
type inquiry struct {
	x            *exchange
	key          []byte // signing key
	head         string // of the string to sign, without the hash
	signature    []byte // that came with the request
	lines        []string
	signed, hash int // places in lines
}

// suspect returns what most likely happened to a request whose signature does not
// match, or "".
func (a *iam) suspect(x *exchange, e *sigv4.Error) string {
	q, ok := a.inquire(x, e)
	if !ok {
		return ""
	}
	hosts, paths := q.hosts(), q.paths()
	for _, path := range paths {
		if q.fits(path.text, "", nil) {
			return path.cause
		}
	}
	for _, host := range hosts {
		if q.fits("", host.text, nil) {
			return host.cause
		}
		for _, path := range paths {
			if q.fits(path.text, host.text, nil) {
				return path.cause + "; and " + host.cause
			}
		}
	}
	for _, other := range q.others() {
		if q.fits("", "", other.change) {
			return other.cause
		}
	}
	return ""
}

func (a *iam) inquire(x *exchange, e *sigv4.Error) (*inquiry, bool) {
	authorization, token := "", ""
	for _, h := range x.req.Headers {
		switch strings.ToLower(h.Name) {
		case "authorization":
			authorization = h.Value
		case "x-amz-security-token":
			token = strings.TrimSpace(h.Value)
		}
	}
	_, text, found := strings.Cut(authorization, "Signature=")
	text, _, _ = strings.Cut(text, ",")
	signature, err := hex.DecodeString(strings.TrimSpace(text))
	if !found || err != nil || !strings.HasPrefix(e.StringToSign, "AWS4-HMAC-SHA256\n") {
		return nil, false
	}
	known, err := a.g.config.Keys.Key(x.r.Context(), e.AccessKeyID, token)
	if err != nil {
		return nil, false
	}
	q := &inquiry{x: x, signature: signature, lines: strings.Split(e.CanonicalRequest, "\n")}
	scope := strings.Split(e.StringToSign, "\n")
	if len(q.lines) < 6 || len(scope) != 4 {
		return nil, false
	}
	q.hash, q.signed = len(q.lines)-1, len(q.lines)-2
	for i := 3; i < q.signed; i++ { // it is masked in what is shown
		if strings.HasPrefix(q.lines[i], "x-amz-security-token:") {
			q.lines[i] = "x-amz-security-token:" + token
		}
	}
	q.head = strings.Join(scope[:3], "\n") + "\n"
	q.key = []byte("AWS4" + known.SecretAccessKey)
	for part := range strings.SplitSeq(scope[2], "/") {
		q.key = mac(q.key, part)
	}
	return q, true
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// fits reports whether the signature is right for another path, host or other
// line; "" and nil leave the request as it is.
func (q *inquiry) fits(path, host string, change func(lines []string)) bool {
	lines := slices.Clone(q.lines)
	if path != "" {
		lines[1] = path
	}
	for i := 3; host != "" && i < q.signed; i++ {
		if strings.HasPrefix(lines[i], "host:") {
			lines[i] = "host:" + host
		}
	}
	if change != nil {
		change(lines)
	}
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hmac.Equal(mac(q.key, q.head+hex.EncodeToString(sum[:])), q.signature)
}

// A variant is what a part of the request may have been.
type variant struct {
	text, cause string
	change      func(lines []string)
}

// paths are what the path may have been, in canonical form.
func (q *inquiry) paths() []variant {
	path := q.lines[1]
	var out []variant
	try := func(text, cause string) {
		if text != "" && text != path {
			out = append(out, variant{text: text, cause: cause})
		}
	}
	changed := func(text string) string {
		return "the signature is right for the path " + text + ": something between the client and this gateway rewrote it to " + path
	}
	if q.x.stage != nil && q.x.stage.name != "$default" {
		try("/"+q.x.stage.name+path, changed("/"+q.x.stage.name+path))
	}
	if _, rest, ok := strings.Cut(strings.TrimPrefix(path, "/"), "/"); ok {
		try("/"+rest, changed("/"+rest))
	} else {
		try("/", changed("/"))
	}
	try(path+"/", changed(path+"/"))
	try(strings.TrimSuffix(path, "/"), changed(strings.TrimSuffix(path, "/")))
	for _, h := range q.x.req.Headers {
		value := strings.TrimSpace(h.Value)
		switch strings.ToLower(h.Name) {
		case "x-forwarded-prefix":
			before := "/" + strings.Trim(value, "/") + path
			try(before, changed(before))
		case "x-original-uri", "x-original-url", "x-rewrite-url", "x-forwarded-uri":
			if u, err := url.Parse(value); err == nil {
				try(u.EscapedPath(), changed(u.EscapedPath()))
			}
		}
	}
	try(q.x.req.Path, "the client escaped the path once: for execute-api its escapes are escaped once more (%20 becomes %2520)")
	return out[:min(len(out), maxSuspects)]
}

// hosts are what the Host header may have been.
func (q *inquiry) hosts() []variant {
	var out []variant
	try := func(host string) {
		if host = strings.TrimSpace(host); host != "" && host != q.x.req.Host {
			out = append(out, variant{text: host, cause: "the signature is right for the host " + host +
				": something between the client and this gateway changed the Host header to " + q.x.req.Host})
		}
	}
	for _, h := range q.x.req.Headers {
		if name := strings.ToLower(h.Name); name == "x-forwarded-host" || name == "x-original-host" {
			try(h.Value)
		}
	}
	try(wire.Hostname(q.x.req.Host))
	if q.x.stage != nil {
		try(q.x.endpoint(q.x.stage.api.id))
	}
	return out[:min(len(out), maxSuspects)]
}

// others are changes of the query, the signed headers, the body and the method.
func (q *inquiry) others() []variant {
	var out []variant
	parameters := strings.Split(q.lines[2], "&")
	for i, p := range parameters[:min(len(parameters), maxSuspects)] {
		rest := strings.Join(slices.Delete(slices.Clone(parameters), i, i+1), "&")
		name, _, _ := strings.Cut(p, "=")
		out = append(out, variant{
			cause:  "the signature is right without the query parameter " + name + ": it was added after signing",
			change: func(lines []string) { lines[2] = rest },
		})
	}
	out = append(out, variant{
		cause:  "the signature is right without the query: it was added after signing",
		change: func(lines []string) { lines[2] = "" },
	})
	for i := 3; i < min(q.signed, 3+maxSuspects); i++ {
		name, value, ok := strings.Cut(q.lines[i], ":")
		if j := strings.LastIndex(value, ","); ok && j >= 0 {
			before := name + ":" + strings.TrimSpace(value[:j])
			out = append(out, variant{
				cause:  "the signature is right without the last value of the header " + name + ": something added to it after signing",
				change: func(lines []string) { lines[i] = before },
			})
		}
	}
	out = append(out, variant{
		cause:  "the signature is right for a request without a body: the client signed none, or the body was added after signing",
		change: func(lines []string) { lines[q.hash] = emptyHash },
	})
	for _, method := range []string{"GET", "HEAD", "POST", "PUT"} {
		out = append(out, variant{
			cause:  "the signature is right for the method " + method + ": it was changed after signing",
			change: func(lines []string) { lines[0] = method },
		})
	}
	return out
}
