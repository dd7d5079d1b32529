package event

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// isText reports whether a body of the given content type is sent to a function
// as text. AWS sends everything else as base64, a form and a missing content
// type included.
func isText(contentType string, body []byte) bool {
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	kind, sub, _ := strings.Cut(media, "/")
	switch {
	case kind == "text":
	case kind == "application" && (sub == "json" || sub == "xml" || sub == "javascript"):
	case kind == "application" && (strings.HasSuffix(sub, "+json") || strings.HasSuffix(sub, "+xml")):
	default:
		return false
	}
	return utf8.Valid(body)
}

// appendBody appends the body as a JSON string and reports whether it is base64.
func appendBody(b []byte, r *Request) ([]byte, bool) {
	if isText(r.Header("content-type"), r.Body) {
		return AppendString(b, string(r.Body)), false
	}
	b = append(b, '"')
	b = base64.StdEncoding.AppendEncode(b, r.Body)
	return append(b, '"'), true
}
