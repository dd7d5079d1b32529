package trace

import "strings"

// secretHeaders are the headers whose values no trace shows.
var secretHeaders = map[string]bool{
	"authorization":        true,
	"cookie":               true,
	"proxy-authorization":  true,
	"x-amz-security-token": true,
	"x-api-key":            true,
}

// secretParameters are the query parameters whose values no trace shows, in
// lower case.
var secretParameters = map[string]bool{
	"access_token":         true,
	"x-amz-security-token": true,
	"x-amz-signature":      true,
}

const masked = "***"

// mask takes out of r what must not be kept.
func mask(r *Request) {
	r.Path, _, _ = strings.Cut(r.Path, "?")
	if r.Signature != nil {
		r.Signature.CanonicalRequest = MaskCanonicalRequest(r.Signature.CanonicalRequest)
	}
}

// MaskCanonicalRequest returns a canonical request of Signature Version 4 with
// the values of tokens, cookies and signatures replaced by asterisks.
func MaskCanonicalRequest(s string) string {
	if s == "" {
		return ""
	}
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		switch {
		case i == 2:
			lines[i] = maskQuery(line)
		case i > 2:
			if name, _, ok := strings.Cut(line, ":"); ok && secretHeaders[strings.ToLower(name)] {
				lines[i] = name + ":" + masked
			}
		}
	}
	return strings.Join(lines, "\n")
}

func maskQuery(query string) string {
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		if name, _, ok := strings.Cut(pair, "="); ok && secretParameters[strings.ToLower(name)] {
			pairs[i] = name + "=" + masked
		}
	}
	return strings.Join(pairs, "&")
}
