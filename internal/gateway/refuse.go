package gateway

import (
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/hakonegate/hakone/internal/trace"
	"github.com/hakonegate/hakone/sigv4"
)

// A refusal ends an exchange with an answer that the gateway makes. The caller
// is told the status and AWS's words for it, nothing more; Detail and Err are
// for the operator.
type refusal struct {
	Status  int
	Detail  string
	Err     error
	Headers []sigv4.Header
}

func (r *refusal) Error() string {
	if r.Err != nil {
		return r.Detail + ": " + r.Err.Error()
	}
	return r.Detail
}

func (r *refusal) Unwrap() error { return r.Err }

// refuseWith returns a refusal that is the caller's doing.
func refuseWith(status int, detail string) error { return &refusal{Status: status, Detail: detail} }

func forbidden(detail string) error { return refuseWith(http.StatusForbidden, detail) }

func notFound(detail string) error { return refuseWith(http.StatusNotFound, detail) }

// internal returns a refusal that is not the caller's doing.
func internal(detail string, err error) error {
	return &refusal{Status: http.StatusInternalServerError, Detail: detail, Err: err}
}

// messages are the bodies of the answers that an HTTP API makes itself, to the
// byte: no blank after the colon, no newline at the end.
var messages = map[int]string{
	http.StatusBadRequest:                  `{"message":"Bad Request"}`,
	http.StatusUnauthorized:                `{"message":"Unauthorized"}`,
	http.StatusForbidden:                   `{"message":"Forbidden"}`,
	http.StatusNotFound:                    `{"message":"Not Found"}`,
	http.StatusRequestTimeout:              `{"message":"Request Timeout"}`,
	http.StatusRequestEntityTooLarge:       `{"message":"Request Entity Too Large"}`,
	http.StatusRequestURITooLong:           `{"message":"Request URI Too Long"}`,
	http.StatusTooManyRequests:             `{"message":"Too Many Requests"}`,
	http.StatusRequestHeaderFieldsTooLarge: `{"message":"Request Header Fields Too Large"}`,
	http.StatusInternalServerError:         `{"message":"Internal Server Error"}`,
	http.StatusServiceUnavailable:          `{"message":"Service Unavailable"}`,
}

// RefuseUnread answers what came in place of a request, for which HTTP has the
// given status: with an API's own answer.
func RefuseUnread(w http.ResponseWriter, status int) {
	body, ok := messages[status]
	if !ok {
		status = http.StatusBadRequest
		body = messages[status]
	}
	var random [11]byte
	_, _ = rand.Read(random[:]) // never fails
	h := w.Header()
	h["Content-Type"] = []string{"application/json"}
	h["Apigw-Requestid"] = []string{requestID(&random)}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // the client may be gone
}

// refuse answers with what err says. An error that is no refusal is ours: it
// is answered as an internal failure and logged.
func (x *exchange) refuse(err error) {
	r, ok := errors.AsType[*refusal](err)
	if !ok {
		r = &refusal{Status: http.StatusInternalServerError, Detail: "internal failure", Err: err}
	}
	body, ok := messages[r.Status]
	if !ok {
		r.Status = http.StatusInternalServerError
		body = messages[r.Status]
	}
	outcome := trace.Refused
	if badInput[r.Status] {
		x.g.reporter.tell(x.g.config.Log, x.g.config.Now(), x, r)
	}
	if r.Status >= http.StatusInternalServerError {
		outcome = trace.Failed
		x.g.config.Log.Warn("request failed", "request_id", x.id, "status", r.Status, "error", r)
	}
	last := &x.trace.Steps[len(x.trace.Steps)-1]
	last.Outcome, last.Detail = outcome, r.Error()

	x.response.Status = r.Status
	x.response.Body = []byte(body)
	x.response.Headers = append(x.response.Headers[:0], sigv4.Header{Name: "content-type", Value: "application/json"})
	x.write(r.Headers)
}
