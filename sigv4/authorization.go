package sigv4

import "strings"

const (
	hmacSHA256 = "AWS4-HMAC-SHA256"
	asymmetric = "AWS4-ECDSA-P256-SHA256"
	terminator = "aws4_request"

	unsignedPayload = "UNSIGNED-PAYLOAD"
)

// The query parameters of a presigned URL. Their names are case-sensitive.
const (
	queryAlgorithm     = "X-Amz-Algorithm"
	queryCredential    = "X-Amz-Credential" //nolint:gosec // a parameter name
	queryDate          = "X-Amz-Date"
	queryExpires       = "X-Amz-Expires"
	querySignedHeaders = "X-Amz-SignedHeaders"
	querySignature     = "X-Amz-Signature"
	queryToken         = "X-Amz-Security-Token" //nolint:gosec // a parameter name
	queryRegionSet     = "X-Amz-Region-Set"
)

// An authorization is what a request says about its signature, from either
// place, as text.
type authorization struct {
	algorithm, credential, signedHeaders, signature string
	expires, token                                  string // of the query form
	date, regionSet                                 string // of the query form
}

// parseAuthorization reads the value of an Authorization header: the
// algorithm, blanks, then Credential, SignedHeaders and Signature once each in
// any order, separated by commas. An empty detail means that it is well
// formed; otherwise message is what AWS would say. Neither repeats the value,
// which may be somebody's password for another scheme.
func parseAuthorization(value string) (a authorization, message, detail string) {
	const credential, signature, signedHeaders = 1, 2, 4
	const notPairs = "Authorization header holds something that is not a valid key=value pair (missing equal-sign)."

	algorithm, rest, more := strings.Cut(trim(value), " ")
	if !more {
		return a, notPairs, "Authorization has no fields"
	}
	a.algorithm = algorithm
	seen := 0
	for more {
		var field string
		field, rest, more = strings.Cut(rest, ",")
		name, text, pair := strings.Cut(strings.TrimLeft(field, " \t"), "=")
		if !pair {
			return a, notPairs, "Authorization has a field without an equal sign"
		}
		var bit int
		switch name {
		case "Credential":
			bit, a.credential = credential, text
		case "SignedHeaders":
			bit, a.signedHeaders = signedHeaders, text
		case "Signature":
			bit, a.signature = signature, text
		default:
			return a, messageIncomplete, "Authorization has a field other than Credential, SignedHeaders and Signature"
		}
		if seen&bit != 0 {
			return a, messageIncomplete, "Authorization has " + name + " twice"
		}
		seen |= bit
	}
	if seen != credential|signature|signedHeaders {
		var sentences []string
		for _, f := range [...]struct {
			bit  int
			name string
		}{{credential, "Credential"}, {signature, "Signature"}, {signedHeaders, "SignedHeaders"}} {
			if seen&f.bit == 0 {
				sentences = append(sentences, "Authorization header requires '"+f.name+"' parameter.")
			}
		}
		return a, strings.Join(sentences, " "), "Authorization lacks a field"
	}
	return a, "", ""
}

// splitCredential splits AKID/date/region/service/aws4_request, of which an
// asymmetric one has no region. scope is everything after the access key ID.
func splitCredential(credential string, hasRegion bool) (id, date string, scope Scope, text string, ok bool) {
	id, text, _ = strings.Cut(credential, "/")
	date, rest, _ := strings.Cut(text, "/")
	if hasRegion {
		scope.Region, rest, _ = strings.Cut(rest, "/")
	}
	var end string
	scope.Service, end, _ = strings.Cut(rest, "/")
	return id, date, scope, text, isAccessKeyID(id) && end == terminator
}

// isAccessKeyID reports whether s could be one, as IAM documents them.
func isAccessKeyID(s string) bool {
	if s == "" || len(s) > 128 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}

// isLowerHex reports whether s is n digits of lower-case hex.
func isLowerHex(s string, n int) bool {
	if len(s) != n {
		return false
	}
	for i := range len(s) {
		if c := s[i]; hexValue[c] == noDigit || 'A' <= c && c <= 'F' {
			return false
		}
	}
	return true
}
