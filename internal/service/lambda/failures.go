package lambda

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/hakonegate/hakone/internal/awserr"
)

func invalidParameter(format string, args ...any) error {
	return awserr.New("InvalidParameterValueException", http.StatusBadRequest, format, args...)
}

func conflict(format string, args ...any) error {
	return awserr.New("ResourceConflictException", http.StatusConflict, format, args...)
}

func notFound(format string, args ...any) error {
	return awserr.New("ResourceNotFoundException", http.StatusNotFound, format, args...)
}

func functionNotFound(arn string) error { return notFound("Function not found: %s", arn) }

// violations collects what breaks the model of an operation, for one
// ValidationException.
type violations []string

// add notes that a member's value breaks a constraint, such as "have length
// less than or equal to 64".
func (v *violations) add(value, member, constraint string) {
	*v = append(*v, "Value '"+value+"' at '"+member+"' failed to satisfy constraint: Member must "+constraint)
}

func (v violations) err() error {
	switch len(v) {
	case 0:
		return nil
	case 1:
		return awserr.New("ValidationException", http.StatusBadRequest, "1 validation error detected: %s", v[0])
	default:
		return awserr.New("ValidationException", http.StatusBadRequest, "%s", strconv.Itoa(len(v))+" validation errors detected: "+strings.Join(v, "; "))
	}
}

// A limitError marks refusals that Lambda sends without a Type: those of limits,
// which another part of it checks.
type limitError struct{}

func (limitError) Error() string { return "a limit" }

func overLimit(format string, args ...any) error {
	no := awserr.New("InvalidParameterValueException", http.StatusBadRequest, format, args...)
	no.Err = limitError{}
	return no
}
