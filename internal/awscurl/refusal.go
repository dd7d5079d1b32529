package awscurl

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// A refusal is what AWS said when it refused a request.
type refusal struct{ code, message string }

// explainRefusal says what the usual causes of a 403 are, the likeliest first,
// when it is AWS or a gateway like it that answered.
func explainRefusal(w io.Writer, x *exchange, response *http.Response, body []byte) {
	if response.StatusCode != http.StatusForbidden && response.StatusCode != http.StatusBadRequest && response.StatusCode != http.StatusUnauthorized {
		return
	}
	r, ok := parseRefusal(response.Header, body)
	if !ok {
		return
	}
	if theirs := canonicalOf(r.message); x.o.diffSignature && theirs != "" {
		writeDifference(w, x.canonical, theirs)
	}
	for _, cause := range causes(x, response, r) {
		fmt.Fprintf(w, "awscurl: hint: %s\n", cause)
	}
}

func parseRefusal(h http.Header, body []byte) (refusal, bool) {
	code, _, _ := strings.Cut(h.Get("X-Amzn-Errortype"), ":")
	r := refusal{code: code}
	var text struct {
		Code        string
		Underscored string `json:"__type"`
		Message     string
	}
	var document struct {
		Code    string `xml:"Code"`
		Message string `xml:"Message"`
		Nested  struct {
			Code    string `xml:"Code"`
			Message string `xml:"Message"`
		} `xml:"Error"`
	}
	switch {
	case json.Unmarshal(body, &text) == nil:
		underscored := text.Underscored[strings.LastIndexByte(text.Underscored, '#')+1:]
		r.code, r.message = firstOf(r.code, underscored, text.Code), text.Message
	case xml.Unmarshal(body, &document) == nil:
		r.code, r.message = firstOf(r.code, document.Code, document.Nested.Code), firstOf(document.Message, document.Nested.Message)
	}
	fromAWS := r.code != "" || h.Get("Apigw-Requestid") != "" || h.Get("X-Amzn-Requestid") != "" || h.Get("X-Amz-Request-Id") != ""
	return r, fromAWS && (r.code != "" || r.message != "")
}

// causes lists what to look at, the likeliest first.
func causes(x *exchange, response *http.Response, r refusal) []string {
	if !x.signs() {
		return []string{"the request was not signed (--no-sign-request or -u)"}
	}
	if x.found == nil {
		return nil
	}
	var out []string
	says := func(words ...string) bool {
		for _, word := range words {
			if strings.Contains(r.code, word) || strings.Contains(r.message, word) {
				return true
			}
		}
		return false
	}
	scope := fmt.Sprintf("it was signed for service %s in region %s (from %s): --service and --region change that", x.scope.service, x.scope.region, x.scope.regionFrom)
	if date, err := http.ParseTime(response.Header.Get("Date")); err == nil && time.Since(date).Abs() > 4*time.Minute {
		out = append(out, fmt.Sprintf("the clocks differ by %v: set this machine's, or use --clock-skew auto", time.Since(date).Round(time.Second)))
	}
	temporary := strings.HasPrefix(x.found.AccessKeyID, "ASIA") && x.found.SessionToken == ""
	switch {
	case temporary:
		out = append(out, "the access key is a temporary one (ASIA…) and no session token goes with it: set AWS_SESSION_TOKEN")
	case says("ExpiredToken", "expired token", "token included in the request is expired"):
		out = append(out, "the session token has expired: get new credentials ("+x.found.From+")")
	case says("InvalidClientTokenId", "UnrecognizedClient", "InvalidAccessKeyId", "security token included in the request is invalid"):
		out = append(out, "the access key "+maskKey(x.found.AccessKeyID)+" (from "+x.found.From+") is not known there, or its session token is another's")
	case says("Credential should be scoped", "AuthorizationHeaderMalformed"):
		out = append(out, scope)
	case says("Signature expired", "not yet current", "RequestTimeTooSkewed"):
		out = append(out, "the time of signing is too far from the server's: look at the clock or at -H X-Amz-Date, or use --clock-skew auto")
	case says("SignatureDoesNotMatch", "signature we calculated does not match"):
		out = append(out, "the secret key may be wrong for "+maskKey(x.found.AccessKeyID)+" (from "+x.found.From+"), or something between changed the request; --diff-signature compares", scope)
	case says("AccessDenied", "not authorized to perform", "no identity-based policy"):
		out = append(out, "the signature is good, but no policy allows this to "+maskKey(x.found.AccessKeyID)+" (from "+x.found.From+")")
	case r.message == "Forbidden":
		out = append(out, scope, "the caller is not allowed to do this, or the access key is not known there", "the API has another stage or path: a wrong one is forbidden too")
	case says("Missing Authentication Token"):
		out = append(out, "there is no such path or method in the API: API Gateway calls that a missing token")
	}
	return out
}

// canonicalOf takes the canonical request out of AWS's message.
func canonicalOf(message string) string {
	_, rest, ok := strings.Cut(message, "The Canonical String for this request should have been\n'")
	if !ok {
		return ""
	}
	theirs, _, ok := strings.Cut(rest, "'\n\nThe String-to-Sign should have been")
	if !ok {
		theirs = strings.TrimRight(rest, "'\n")
	}
	return theirs
}

// writeDifference shows the first line in which two canonical requests differ.
func writeDifference(w io.Writer, ours, theirs string) {
	a, b := strings.Split(ours, "\n"), strings.Split(theirs, "\n")
	for i := range max(len(a), len(b)) {
		mine, other := "(nothing)", "(nothing)"
		if i < len(a) {
			mine = a[i]
		}
		if i < len(b) {
			other = b[i]
		}
		if mine == other || strings.HasPrefix(mine, "x-amz-security-token:") && strings.HasPrefix(other, "x-amz-security-token:") {
			continue
		}
		fmt.Fprintf(w, "awscurl: canonical requests differ in line %d:\n  signed:   %s\n  expected: %s\n", i+1, mine, other)
		return
	}
	fmt.Fprintln(w, "awscurl: the canonical requests are the same: the secret key or the scope is another")
}
