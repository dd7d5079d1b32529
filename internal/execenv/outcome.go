package execenv

import (
	"time"

	"github.com/hakonegate/hakone/internal/runtimeapi"
)

// An outcome is how an init or a call ended. The zero value is an init that
// went well.
type outcome struct {
	body        []byte // what the runtime posted
	contentType string
	streamed    bool     // the runtime sent the body as a stream
	fail        *failure // of the platform, instead of a body
	errorType   string   // "" if it went well
	status      string   // in REPORT: "", "timeout" or "error"
}

// answered is the outcome of a call that the runtime answered. A handler's
// exception is an error to the caller, but no status for the platform.
func answered(a runtimeapi.Answer) outcome {
	return outcome{body: a.Body, contentType: a.ContentType, streamed: a.Streamed, errorType: a.ErrorType}
}

func platformError(f failure, status string) outcome {
	return outcome{fail: &f, errorType: f.errorType, status: status}
}

func (o outcome) failed() bool { return o.errorType != "" }

func (o outcome) payload(requestID string) []byte {
	if o.fail != nil {
		return o.fail.payload(requestID)
	}
	return o.body
}

func (o outcome) functionError() string {
	if o.failed() {
		return "Unhandled"
	}
	return ""
}

// doneStatus is the status of the runtime's part: a failure if the runtime told of
// one, an error if it could not.
func (o outcome) doneStatus() string {
	switch {
	case !o.failed():
		return "success"
	case o.status == "":
		return "failure"
	default:
		return o.status
	}
}

func (fn *Function) timeout() time.Duration {
	if fn.Timeout == 0 {
		return 3 * time.Second
	}
	return fn.Timeout
}
