package server

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/service/cloudformation"
	"github.com/hakonegate/hakone/internal/service/lambda"
	"github.com/hakonegate/hakone/policy"
)

// responsesPath is where functions answer for custom resources. Whoever knows the
// token in the path may: there is no signature, as with the presigned URLs of AWS.
const responsesPath = "/_hakone/responses/"

// customFunctions calls the functions of custom resources as the account's root:
// whether the deployment may have them was asked before it began.
type customFunctions struct{ s *Server }

// Call implements [cloudformation.Functions].
func (f customFunctions) Call(ctx context.Context, arn string, event []byte) (failed string, err error) {
	account := f.s.config.Account
	out, err := f.s.lambda.Invoke(ctx, &lambda.InvokeInput{
		FunctionARN: arn, Payload: event,
		Caller: &access.Caller{Kind: policy.Root, AccountID: account, ARN: "arn:aws:iam::" + account + ":root", UserID: account},
		Facts:  &access.RequestFacts{Time: time.Now(), Secure: true, Region: f.s.config.Region},
	})
	if err != nil || out.FunctionError == "" {
		return "", err
	}
	var failure struct{ ErrorType, ErrorMessage string }
	if json.Unmarshal(out.Payload, &failure) != nil || failure.ErrorMessage == "" {
		return out.FunctionError, nil
	}
	return strings.TrimPrefix(failure.ErrorType+": ", ": ") + failure.ErrorMessage, nil
}

// responseURL is the control plane's address as functions reach it.
func (s *Server) responseURL() string {
	host, port, _ := net.SplitHostPort(s.control.listener.Addr().String()) // it is one: we listen there
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port) + responsesPath
}

// takeResponse takes the answer of a custom resource's function, or a signal.
func (s *Server) takeResponse(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPut {
		w.Header().Set("Allow", http.MethodPut)
		http.Error(w, "PUT only", http.StatusMethodNotAllowed)
		return
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(headerTimeout))
	body, err := io.ReadAll(io.LimitReader(r.Body, cloudformation.MaxAnswer))
	if err != nil {
		http.Error(w, "the body could not be read", http.StatusBadRequest)
		return
	}
	err = s.cloudformation.Answer(r.Context(), strings.TrimPrefix(r.URL.Path, responsesPath), body)
	refused := awserr.New("InternalError", http.StatusInternalServerError, "the answer could not be kept")
	if err != nil {
		errors.As(err, &refused)
		http.Error(w, refused.Code+": "+refused.Message, refused.Status)
	}
}
