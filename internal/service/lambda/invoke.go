package lambda

// An InvokeInput is one call of a function. Either Service is set, or Trusted
// is true because the caller was authorized before.
type InvokeInput struct {
	FunctionARN string // ARN, partial ARN or name, maybe with a qualifier
	Qualifier   string // version or alias, if FunctionARN has none
	Payload     []byte // JSON; empty means {}

	// Service is the principal that calls, such as
	// "apigateway.amazonaws.com": the function's resource policy must allow
	// it lambda:InvokeFunction with these condition keys.
	Service       string
	SourceARN     string // aws:SourceArn
	SourceAccount string // aws:SourceAccount

	// Trusted skips the check: the caller has been authorized by its own
	// policies.
	Trusted bool

	RequestID     string // lower-case UUID; "" makes one
	TraceID       string // X-Amzn-Trace-Id; "" makes one
	ClientContext string // decoded JSON text
	Tail          bool   // LogType Tail
}

// An InvokeOutput is the answer of a call that reached the function.
type InvokeOutput struct {
	RequestID       string
	Payload         []byte // the function's result, or the error as JSON
	FunctionError   string // "" or "Unhandled"
	ErrorType       string // of a FunctionError, for logs
	ExecutedVersion string
	LogResult       []byte // last 4096 bytes of the log with Tail
}
