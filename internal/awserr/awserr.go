// Package awserr has the errors that AWS clients can see.
//
// An [Error] is what a service answers when it refuses: AWS's code, the HTTP
// status and AWS's own words. Front doors find it with errors.As and write it
// in their protocol; every other error is an internal failure, logged once and
// answered without details.
package awserr

import (
	"fmt"
	"net/http"
)

// An Error is a refusal in AWS's words. Its fields are safe to show to the
// caller; Err, if any, is for the operator only.
type Error struct {
	Code    string // AWS's name for the error, such as "ValidationError"
	Status  int    // HTTP status; 0 means 400
	Message string // AWS's text, exactly
	Err     error  // the cause, never shown to the caller
}

// Error returns the code and the message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// HTTPStatus returns the status to answer with.
func (e *Error) HTTPStatus() int {
	if e.Status == 0 {
		return http.StatusBadRequest
	}
	return e.Status
}

// New returns an error with the given code and status; the message is formatted
// as by fmt.Sprintf.
func New(code string, status int, format string, args ...any) *Error {
	return &Error{Code: code, Status: status, Message: fmt.Sprintf(format, args...)}
}

// Validation returns the ValidationError that query services answer with.
func Validation(format string, args ...any) *Error {
	return New("ValidationError", http.StatusBadRequest, format, args...)
}
