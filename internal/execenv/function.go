package execenv

import (
	"context"
	"time"
)

// A Function is one version of a function as an environment needs it. Two
// functions with the same ARN, Version and Revision share environments. A
// Function must not change once it was passed to the pool.
type Function struct {
	Name     string // FUNCTION
	ARN      string // arn:…:function:FUNCTION, without qualifier
	Version  string // "$LATEST" or a number
	Revision string // changes with code and configuration
	Region   string

	Runtime string   // "python3.11"
	Handler string   // "index.handler"
	Code    string   // blob hash of the zip archive
	Layers  []string // blob hashes of zip archives, later ones over earlier ones

	Variables map[string]string // the user's environment variables
	MemoryMB  int               // 0 means 128
	Timeout   time.Duration     // 0 means 3 s
	TmpMB     int               // 0 means 512
	Role      string            // ARN of the execution role; "" runs without credentials
	LogGroup  string            // "" means /aws/lambda/FUNCTION
	LogFormat string            // "Text" (also "") or "JSON"
	LogLevel  string            // application log level with LogFormat JSON; "" means INFO
	// SystemLevel is the level of the platform's lines with LogFormat JSON; "" means INFO.
	SystemLevel string
	Concurrent  int // most environments at once; 0 means the pool's limit
}

// An Invocation describes one call beside its event. The zero value is a plain
// call.
type Invocation struct {
	RequestID       string // lower-case UUID; "" makes one
	InvokedARN      string // as invoked, with the qualifier if there was one; "" means Function.ARN
	TraceID         string // X-Ray header; "" makes one that is not sampled
	ClientContext   string // decoded JSON text
	CognitoIdentity string // JSON text
	TenantID        string
	Tail            bool // return the end of the log

	// Stream takes a streamed result as it comes, from within Invoke. Then the
	// payload is empty, or the error of a function that failed. A function that
	// does not stream never calls it. Nil collects the result in the payload.
	Stream func(contentType string, chunk []byte)
}

// A Result is the outcome of a call that reached the function.
type Result struct {
	RequestID     string
	Payload       []byte // the function's result, or the error as JSON
	FunctionError string // "" or "Unhandled"
	ErrorType     string // of a FunctionError, as logs name it: "Sandbox.Timedout", "Exception"
	ContentType   string // of the function's result
	Streamed      bool   // the function wrote the result as a stream
	LogTail       []byte // last 4096 bytes of the call's log, if asked for
	Logged        bool   // by an [Elsewhere]: its log is where functions' logs are

	Duration     time.Duration
	InitDuration time.Duration // 0 when the environment was warm
}

// CodeSource gives code archives by hash: a blob store does.
type CodeSource interface {
	Get(ctx context.Context, hash string) ([]byte, error)
}

// Keys are temporary credentials of an execution role.
type Keys struct {
	AccessKeyID, SecretAccessKey, SessionToken string
	Expiration                                 time.Time // zero: no end
}

// Credentials gives an environment the credentials of its role.
type Credentials interface {
	// FunctionCredentials returns new credentials of the role for an
	// environment of the function. The session's name is the function's.
	FunctionCredentials(ctx context.Context, roleARN, functionName string) (Keys, error)
}

// A LogEvent is one entry of a log stream.
type LogEvent struct {
	Time    time.Time
	Message string
}

// Logs takes what functions write. Append must not block for long and must not
// keep events.
type Logs interface {
	Append(group, stream string, events ...LogEvent)
}
