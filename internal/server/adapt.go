package server

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/execenv"
	"github.com/hakonegate/hakone/internal/gateway/integration"
	"github.com/hakonegate/hakone/internal/service/lambda"
	"github.com/hakonegate/hakone/internal/service/sts"
	"github.com/hakonegate/hakone/sigv4"
)

// functionCredentials gives functions the session of their execution role, as
// the Lambda service gets it.
type functionCredentials struct {
	sts    *sts.Service
	prefix string // of functions' ARNs
}

// FunctionCredentials implements [execenv.Credentials].
func (f functionCredentials) FunctionCredentials(ctx context.Context, roleARN, functionName string) (execenv.Keys, error) {
	session := functionName
	if len(session) < 2 { // STS wants two characters
		session += "_"
	}
	c, err := f.sts.AssumeForService(ctx, "lambda.amazonaws.com", access.Session{
		RoleARN: roleARN, SessionName: session, Duration: 12 * time.Hour, SourceARN: f.prefix + functionName,
	})
	if err != nil {
		return execenv.Keys{}, err
	}
	return execenv.Keys{
		AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken, Expiration: c.Expiration,
	}, nil
}

// invoker lets the gateway call functions: as itself, as a role that it
// assumes, or as the caller.
type invoker struct {
	lambda *lambda.Service
	sts    *sts.Service
	region string
}

// gatewayPrincipal is who API Gateway is when it calls for itself.
const gatewayPrincipal = "apigateway.amazonaws.com"

// Invoke implements [integration.Invoker].
func (v invoker) Invoke(ctx context.Context, i *integration.Invocation) (*integration.Result, error) {
	in := &lambda.InvokeInput{FunctionARN: i.FunctionARN, Payload: i.Payload, Caller: i.Caller, Facts: i.Facts, TraceID: i.TraceID}
	switch {
	case i.Role != "":
		session, err := v.AssumeRole(ctx, i.Role, i.SourceARN)
		if err != nil {
			return nil, err
		}
		in.Caller = session.Caller
	case i.Caller == nil:
		in.Service, in.SourceARN, in.SourceAccount = gatewayPrincipal, i.SourceARN, i.SourceAccount
	}
	if i.Role != "" { // the request is API Gateway's, not the client's
		in.Facts = &access.RequestFacts{Time: time.Now(), Secure: true, Region: v.region}
	}
	out, err := v.lambda.Invoke(ctx, in)
	if err != nil {
		return nil, err
	}
	return &integration.Result{RequestID: out.RequestID, Payload: out.Payload, FunctionError: out.FunctionError}, nil
}

// AssumeRole implements [integration.Roles].
func (v invoker) AssumeRole(ctx context.Context, role, source string) (*integration.RoleSession, error) {
	credentials, err := v.sts.AssumeForService(ctx, gatewayPrincipal, access.Session{RoleARN: role, SessionName: "BackplaneAssumeRoleSession", SourceARN: source})
	if err != nil {
		return nil, awserr.New("AccessDeniedException", http.StatusForbidden, "API Gateway cannot assume the role %s: %v", role, err)
	}
	key, err := v.sts.Key(ctx, credentials.AccessKeyID, credentials.SessionToken)
	if err != nil {
		return nil, fmt.Errorf("open session of %s: %w", role, err)
	}
	caller, ok := key.Caller.(*access.Caller)
	if !ok {
		return nil, fmt.Errorf("session of %s has no caller", role)
	}
	return &integration.RoleSession{Caller: caller, Credentials: sigv4.Credentials{
		AccessKeyID: credentials.AccessKeyID, SecretAccessKey: credentials.SecretAccessKey, SessionToken: credentials.SessionToken,
	}}, nil
}
