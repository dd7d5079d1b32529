package runtimeapi

import (
	"encoding/json"
	"regexp"
	"strings"
)

var knownErrorType = regexp.MustCompile(`(Runtime|Function)\.[A-Z][a-zA-Z]+`)

// errorType returns the error type for logs and metrics from the header
// Lambda-Runtime-Function-Error-Type: AWS keeps its own names only.
func errorType(header string) string {
	switch {
	case knownErrorType.MatchString(header):
		return header
	case strings.HasPrefix(header, "Function."):
		return "Function.Unknown"
	default:
		return "Runtime.Unknown"
	}
}

// failure makes the answer of a body posted to /error or /init/error. The body
// reaches the caller unchanged, also when it is not JSON; an empty one is
// replaced.
func failure(header, contentType string, body []byte) Answer {
	a := Answer{Failed: true, ErrorType: errorType(header), ContentType: contentType, Body: body}
	if len(body) == 0 {
		name, err := json.Marshal(header)
		if err != nil {
			name = []byte(`""`)
		}
		a.Body = []byte(`{"errorMessage":"Unknown application error occurred","errorType":` + string(name) + `}`)
	}
	if contentType == "application/vnd.aws.lambda.error.cause+json" {
		a.Body = withoutCause(a.Body)
	}
	return a
}

// withoutCause cuts errorCause, which is for X-Ray, out of an error.
func withoutCause(body []byte) []byte {
	var e struct {
		ErrorMessage json.RawMessage `json:"errorMessage,omitempty"`
		ErrorType    json.RawMessage `json:"errorType,omitempty"`
		StackTrace   json.RawMessage `json:"stackTrace,omitempty"`
	}
	if json.Unmarshal(body, &e) != nil {
		return body
	}
	cut, err := json.Marshal(e)
	if err != nil {
		return body
	}
	return cut
}
