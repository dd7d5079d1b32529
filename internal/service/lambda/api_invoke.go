package lambda

import (
	"context"
	"encoding/base64"
	"net/http"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/awserr"
)

// invokeRequest is Invoke as clients send it.
type invokeRequest struct {
	FunctionName   string
	Qualifier      string `rest:"query=Qualifier"`
	InvocationType string `rest:"header=X-Amz-Invocation-Type"`
	LogType        string `rest:"header=X-Amz-Log-Type"`
	ClientContext  string `rest:"header=X-Amz-Client-Context"`
	Payload        []byte `rest:"payload"`
}

type invokeAnswer struct {
	StatusCode      int    `rest:"status"`
	RequestID       string `rest:"header=X-Amzn-Requestid"`
	FunctionError   string `rest:"header=X-Amz-Function-Error"`
	LogResult       string `rest:"header=X-Amz-Log-Result"`
	ExecutedVersion string `rest:"header=X-Amz-Executed-Version"`
	Payload         []byte `rest:"payload"`
}

const maxClientContext = 3583

// call checks what a client sent. Whether it may call is asked later, because the
// function's own policy may allow it too.
func (in *invokeRequest) call(ctx context.Context) (*InvokeInput, error) {
	if len(in.ClientContext) > maxClientContext {
		return nil, invalidParameter("Client context must be no more than %d bytes when base64-encoded", maxClientContext)
	}
	clientContext, err := base64.StdEncoding.DecodeString(in.ClientContext)
	if err != nil {
		return nil, invalidParameter("Client context must be a valid Base64-encoded JSON object.")
	}
	var v violations
	switch in.LogType {
	case "", "None", "Tail":
	default:
		v.add(in.LogType, "logType", "satisfy enum value set: [None, Tail]")
	}
	switch in.InvocationType {
	case "", "RequestResponse", "Event", "DryRun":
	default:
		v.add(in.InvocationType, "invocationType", "satisfy enum value set: [Event, RequestResponse, DryRun]")
	}
	caller, facts := access.From(ctx)
	return &InvokeInput{
		FunctionARN: in.FunctionName, Qualifier: in.Qualifier, Payload: in.Payload, Caller: caller, Facts: facts,
		ClientContext: string(clientContext), Tail: in.LogType == "Tail",
	}, v.err()
}

func (s *Service) invoke(ctx context.Context, in *invokeRequest) (*invokeAnswer, error) {
	call, err := in.call(ctx)
	if err != nil {
		return nil, err
	}
	switch in.InvocationType {
	case "DryRun":
		return &invokeAnswer{StatusCode: http.StatusNoContent}, s.MayInvoke(call)
	case "Event":
		id, err := s.InvokeAsync(ctx, call)
		return &invokeAnswer{StatusCode: http.StatusAccepted, RequestID: id}, err
	}
	out, err := s.Invoke(ctx, call)
	if err != nil {
		return nil, err
	}
	return &invokeAnswer{
		RequestID: out.RequestID, FunctionError: out.FunctionError, ExecutedVersion: out.ExecutedVersion, Payload: out.Payload,
		LogResult: base64.StdEncoding.EncodeToString(out.LogResult),
	}, nil
}

// A throttleError says which limit a call met.
type throttleError string

func (r throttleError) Error() string { return string(r) }

func throttled(reason string) error {
	return &awserr.Error{Code: "TooManyRequestsException", Status: http.StatusTooManyRequests, Message: "Rate Exceeded.", Err: throttleError(reason)}
}
