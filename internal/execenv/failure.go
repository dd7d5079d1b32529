package execenv

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/sandbox"
)

// A failure is an error of the platform rather than of the handler: the caller
// gets it as JSON, the log as text.
type failure struct {
	errorType string // "Runtime.ExitError"
	text      string // behind "RequestId: ID Error: "
}

// payload is what the caller gets. Platform errors have errorType first.
func (f failure) payload(requestID string) []byte {
	return []byte(`{"errorType":` + quote(f.errorType) + `,"errorMessage":` + quote(f.message(requestID)) + `}`)
}

func (f failure) message(requestID string) string {
	return "RequestId: " + requestID + " Error: " + f.text
}

// logLine is what the log gets.
func (f failure) logLine(requestID string) string {
	return f.message(requestID) + "\n" + f.errorType + "\n"
}

func timedOut(limit time.Duration) failure {
	return failure{"Sandbox.Timedout", fmt.Sprintf("Task timed out after %.2f seconds", limit.Seconds())}
}

func exited(e sandbox.Exit) failure {
	if e.Signal == 0 && e.Code == 0 {
		return failure{"Runtime.ExitError", "Runtime exited without providing a reason"}
	}
	return failure{"Runtime.ExitError", "Runtime exited with error: " + e.String()}
}

// quote writes a JSON string without escaping <, > and &, which AWS does not.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < 0x20:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// runtimeARN has the shape of AWS's runtime version ARNs, which name an image.
func runtimeARN(fn *Function) string {
	sum := sha256.Sum256([]byte(fn.Runtime))
	return "arn:aws:lambda:" + fn.Region + "::runtime:" + hex.EncodeToString(sum[:])
}
