package sigv4

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// MaskToken replaces the session token in a canonical request by its length
// and the start of its SHA-256. Errors hold canonical requests in this form;
// mask the client's own before comparing it with one.
func MaskToken(canonicalRequest string) string {
	const header = "x-amz-security-token:"
	if !strings.Contains(canonicalRequest, header) && !strings.Contains(canonicalRequest, queryToken+"=") {
		return canonicalRequest
	}
	lines := strings.Split(canonicalRequest, "\n")
	for i, line := range lines {
		if token, ok := strings.CutPrefix(line, header); ok {
			lines[i] = header + mask(token)
		}
	}
	if len(lines) > 2 { // method, path, query
		pairs := strings.Split(lines[2], "&")
		for i, pair := range pairs {
			if token, ok := strings.CutPrefix(pair, queryToken+"="); ok {
				pairs[i] = queryToken + "=" + mask(token)
			}
		}
		lines[2] = strings.Join(pairs, "&")
	}
	return strings.Join(lines, "\n")
}

func mask(token string) string {
	sum := sha256.Sum256([]byte(token))
	return fmt.Sprintf("[%d bytes, SHA-256 %x...]", len(token), sum[:4])
}
