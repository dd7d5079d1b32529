package sigv4

import "strings"

// A pathRule is how the path of the request target becomes canonical.
type pathRule uint8

const (
	pathNormalised pathRule = iota // normalised, then encoded once more: every service but S3
	pathRaw                        // encoded once more
	pathS3                         // decoded once, encoded once
)

func rule(s3, raw bool) pathRule {
	switch {
	case s3:
		return pathS3
	case raw:
		return pathRaw
	default:
		return pathNormalised
	}
}

// appendPath appends the canonical form of path, and reports false if S3's
// rule finds a broken escape in it.
func appendPath(b []byte, path string, r pathRule) ([]byte, bool) {
	if path == "" {
		path = "/"
	}
	switch r {
	case pathS3:
		return appendRecoded(b, path, true, false)
	case pathNormalised:
		path = normalise(path)
	case pathRaw:
	}
	for i := range len(path) {
		b = appendEncoded(b, path[i], true)
	}
	return b, true
}

// isNormal reports whether path starts with a slash and has no empty, "." or
// ".." segment. Escaped dots and slashes are ordinary text.
func isNormal(path string) bool {
	if path == "" || path[0] != '/' {
		return false
	}
	for rest := path[1:]; rest != ""; {
		segment, after, more := strings.Cut(rest, "/")
		if segment == "" || segment == "." || segment == ".." {
			return false
		}
		if !more {
			return true
		}
		rest = after
	}
	return true
}

// normalise drops empty and "." segments and resolves ".." without climbing
// above the root. A final slash stays only if path ends in one: /a/b/.. gives
// /a, where RFC 3986 says /a/, because the SDKs do so.
func normalise(path string) string {
	if isNormal(path) {
		return path
	}
	var kept []string
	for segment := range strings.SplitSeq(path, "/") {
		switch segment {
		case "", ".":
		case "..":
			kept = kept[:max(len(kept)-1, 0)]
		default:
			kept = append(kept, segment)
		}
	}
	if len(kept) == 0 {
		return "/"
	}
	normal := "/" + strings.Join(kept, "/")
	if strings.HasSuffix(path, "/") {
		normal += "/"
	}
	return normal
}

const upperHex = "0123456789ABCDEF"

// unreserved marks the bytes that stand for themselves (RFC 3986, 2.3).
var unreserved = func() (t [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") {
		t[c] = true
	}
	return t
}()

func appendEncoded(b []byte, c byte, slash bool) []byte {
	if unreserved[c] || slash && c == '/' {
		return append(b, c)
	}
	return append(b, '%', upperHex[c>>4], upperHex[c&15])
}

// appendRecoded decodes the escapes of s and encodes it again, so that every
// spelling of a text has one canonical form. With plus, "+" means a space. It
// reports false for a broken escape.
func appendRecoded(b []byte, s string, slash, plus bool) ([]byte, bool) {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case unreserved[c]:
			b = append(b, c)
			continue
		case c == '+' && plus:
			c = ' '
		case c == '%':
			if i+2 >= len(s) {
				return b, false
			}
			hi, ok1 := unhex(s[i+1])
			lo, ok2 := unhex(s[i+2])
			if !ok1 || !ok2 {
				return b, false
			}
			c = hi<<4 | lo
			i += 2
		}
		b = appendEncoded(b, c, slash)
	}
	return b, true
}

// appendDecoded decodes s, which appendRecoded wrote.
func appendDecoded(b, s []byte) []byte {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' {
			hi, _ := unhex(s[i+1])
			lo, _ := unhex(s[i+2])
			c = hi<<4 | lo
			i += 2
		}
		b = append(b, c)
	}
	return b
}

// hexValue holds the value of each hex digit, and noDigit for other bytes.
var hexValue = func() (t [256]byte) {
	for i := range t {
		t[i] = noDigit
	}
	for i, c := range []byte("0123456789abcdef") {
		t[c] = byte(i)
	}
	for i, c := range []byte("ABCDEF") {
		t[c] = byte(10 + i)
	}
	return t
}()

const noDigit = 0xff

func unhex(c byte) (byte, bool) { return hexValue[c], hexValue[c] != noDigit }
