package awscurl

import (
	"net"
	"net/url"
	"strconv"
	"strings"
)

// A target is where a request goes, as it stands on the wire: nothing is decoded
// or encoded after this.
type target struct {
	scheme   string // http, https, ws, wss
	host     string // the Host header: lower case, without a default port
	path     string // starts with a slash
	query    string
	hasQuery bool
	user     string // user:password of the URL, which is not sent
}

// parseTarget reads the URL that the user typed by RFC 3986, more patiently:
// bytes that may not stand in a request are encoded, others stay as they are.
func parseTarget(typed, region string) (*target, error) {
	bad := func(reason string) error { return failf(exitURL, "bad URL %q: %s", maskUser(typed), reason) }
	scheme, rest, ok := strings.Cut(typed, "://")
	if !ok || strings.ContainsAny(scheme, "/?#@") {
		scheme, rest = guessScheme(typed), typed
	}
	rest, _, _ = strings.Cut(rest, "#")
	t := &target{scheme: strings.ToLower(scheme)}
	authority := rest
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		authority, rest = rest[:i], rest[i:]
	} else {
		rest = ""
	}
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		t.user, authority = authority[:i], authority[i+1:]
	}
	path, query, hasQuery := strings.Cut(rest, "?")
	if t.scheme == "s3" {
		t.scheme = "https"
		authority, path = s3Address(authority, path, region)
	}
	switch t.scheme {
	case "http", "https", "ws", "wss":
	default:
		return nil, bad("the scheme is http, https, ws, wss or s3")
	}
	host, err := wireHost(authority, t.isTLS())
	if err != "" {
		return nil, bad(err)
	}
	t.host = host
	t.path = encodeIllegal(path)
	if t.path == "" {
		t.path = "/"
	}
	t.query, t.hasQuery = encodeIllegal(query), hasQuery
	return t, nil
}

func (t *target) isTLS() bool       { return t.scheme == "https" || t.scheme == "wss" }
func (t *target) isWebSocket() bool { return t.scheme == "ws" || t.scheme == "wss" }

// origin is what redirects are compared by.
func (t *target) origin() string { return t.scheme + "://" + t.host }

func (t *target) String() string {
	address := t.origin() + t.path
	if t.hasQuery {
		address += "?" + t.query
	}
	return address
}

// url gives net/http the target so that it sends it byte for byte.
func (t *target) url() *url.URL {
	path, err := url.PathUnescape(t.path)
	if err != nil {
		path = t.path
	}
	scheme := map[string]string{"ws": "http", "wss": "https"}[t.scheme]
	if scheme == "" {
		scheme = t.scheme
	}
	return &url.URL{Scheme: scheme, Host: t.host, Path: path, RawPath: t.path, RawQuery: t.query, ForceQuery: t.hasQuery && t.query == ""}
}

// hostname is the host without a port and brackets.
func (t *target) hostname() string { return (&url.URL{Host: t.host}).Hostname() }

// guessScheme is for URLs without one: http for the machine itself, else https.
func guessScheme(typed string) string {
	authority := typed
	if i := strings.IndexAny(typed, "/?#"); i >= 0 {
		authority = typed[:i]
	}
	host := (&url.URL{Host: authority}).Hostname()
	if ip := net.ParseIP(host); host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback() {
		return "http"
	}
	return "https"
}

// s3Address turns s3://bucket/key into a host and a path. A bucket with dots
// has no certificate of its own as a host.
func s3Address(bucket, key, region string) (authority, path string) {
	if region == "" || region == "*" {
		region = "us-east-1"
	}
	suffix := ".amazonaws.com"
	if strings.HasPrefix(region, "cn-") {
		suffix += ".cn"
	}
	if strings.Contains(bucket, ".") {
		return "s3." + region + suffix, "/" + bucket + key
	}
	return bucket + ".s3." + region + suffix, key
}

// wireHost checks authority and brings it into the form that is sent; it
// returns what is wrong with it.
func wireHost(authority string, tls bool) (host, problem string) {
	u := &url.URL{Host: strings.ToLower(authority)}
	name, port := u.Hostname(), u.Port()
	switch {
	case name == "":
		return "", "it has no host"
	case strings.HasPrefix(u.Host, "["):
		if net.ParseIP(strings.Split(name, "%")[0]) == nil {
			return "", "the address in brackets is not IPv6"
		}
		name = "[" + name + "]"
	case strings.Contains(name, ":"):
		return "", "the port is not a number, or an IPv6 address lacks its brackets"
	case strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`"<>\^{|}%@[]`+"`", r) }):
		return "", "a character that no host name has"
	}
	if strings.ContainsFunc(name, func(r rune) bool { return r > 0x7e }) {
		return "", "the host name is not ASCII: write it in its xn-- form"
	}
	if n, err := strconv.Atoi(port); port != "" && (err != nil || n < 0 || n > 65535) {
		return "", "the port is not a number up to 65535"
	}
	if port != "" && (port != "443" || !tls) && (port != "80" || tls) {
		name += ":" + port
	}
	return name, ""
}

// maskUser hides user:password@ of a URL for messages.
func maskUser(typed string) string {
	start := 0
	if i := strings.Index(typed, "://"); i >= 0 {
		start = i + 3
	}
	end := len(typed)
	if i := strings.IndexAny(typed[start:], "/?#"); i >= 0 {
		end = start + i
	}
	if i := strings.LastIndexByte(typed[start:end], '@'); i >= 0 {
		return typed[:start] + "***" + typed[start+i:]
	}
	return typed
}

// encodeIllegal encodes the bytes that may not stand in a request target, and a
// "%" that starts no escape.
func encodeIllegal(s string) string {
	var b []byte
	for i := range len(s) {
		c := s[i]
		legal := c > ' ' && c < 0x7f && !strings.ContainsRune("\"<>\\^`{|}", rune(c))
		if c == '%' {
			legal = i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2])
		}
		if legal {
			b = append(b, c)
			continue
		}
		b = appendEscape(b, c)
	}
	return string(b)
}

func appendEscape(b []byte, c byte) []byte {
	const digits = "0123456789ABCDEF"
	return append(b, '%', digits[c>>4], digits[c&15])
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// resolveDots removes the "." and ".." segments of path, as RFC 3986, 5.2.4
// says; empty segments stay.
func resolveDots(path string) string {
	if !strings.Contains(path, "/.") {
		return path
	}
	segments := strings.Split(path[1:], "/")
	var kept []string
	for i, segment := range segments {
		last := i == len(segments)-1
		switch segment {
		case ".":
		case "..":
			kept = kept[:max(len(kept)-1, 0)]
		default:
			kept = append(kept, segment)
			continue
		}
		if last {
			kept = append(kept, "")
		}
	}
	return "/" + strings.Join(kept, "/")
}
