package server

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/hakonegate/hakone/internal/awscurl/identity"
	"github.com/hakonegate/hakone/internal/execenv"
	"github.com/hakonegate/hakone/internal/runtimeapi"
	"github.com/hakonegate/hakone/sigv4"
)

// FunctionEndpoints are where functions run that do not run here: the URL that
// Invoke is sent to, by the function's name.
type FunctionEndpoints map[string]*url.URL

// ParseFunctionEndpoints reads NAME=URL of each function. A URL that is only a
// host is a Lambda endpoint that has a function of the same name; another path
// must be that of Invoke: /2015-03-31/functions/OTHER/invocations, which may have
// a ?Qualifier=.
func ParseFunctionEndpoints(list []string) (FunctionEndpoints, error) {
	out := FunctionEndpoints{}
	for _, text := range list {
		name, address, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("%q is not NAME=URL, such as hello=https://lambda.eu-west-1.amazonaws.com", text)
		}
		u, err := url.Parse(address)
		switch {
		case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
			return nil, fmt.Errorf("the endpoint of %s is no URL such as https://lambda.eu-west-1.amazonaws.com", name)
		case u.User != nil || u.Fragment != "":
			return nil, fmt.Errorf("the endpoint of %s has more than a host, a path and a query", name)
		case strings.Contains(u.Host, ".lambda-url."):
			return nil, fmt.Errorf("the endpoint of %s is a function URL, which changes events: name Lambda's own, https://lambda.REGION.amazonaws.com", name)
		case out[name] != nil:
			return nil, fmt.Errorf("function %s has two endpoints", name)
		case u.Path == "" || u.Path == "/":
			u = u.JoinPath("2015-03-31", "functions", name, "invocations")
		case !invokePath.MatchString(u.Path):
			return nil, fmt.Errorf("the path of %s's endpoint is not that of Invoke: /2015-03-31/functions/FUNCTION/invocations, or none", name)
		}
		out[name] = u
	}
	return out, nil
}

var (
	invokePath   = regexp.MustCompile(`^/2015-03-31/functions/[^/]+/invocations/?$`)
	lambdaRegion = regexp.MustCompile(`^lambda(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$`)
)

// A remoteLambda calls functions at their endpoints, signed with the operator's
// own credentials.
type remoteLambda struct {
	endpoints FunctionEndpoints
	region    string // of endpoints that do not name one
	getenv    func(string) string
	http      *http.Client

	mu    sync.Mutex
	keys  sigv4.Credentials
	until time.Time
}

func newRemoteLambda(endpoints FunctionEndpoints, region string, getenv func(string) string) *remoteLambda {
	return &remoteLambda{endpoints: endpoints, region: region, getenv: getenv, http: &http.Client{
		// A redirect would be signed for another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Serves implements [execenv.Elsewhere].
func (l *remoteLambda) Serves(fn *execenv.Function) bool { return l.endpoints[fn.Name] != nil }

// Invoke implements [execenv.Elsewhere].
func (l *remoteLambda) Invoke(ctx context.Context, fn *execenv.Function, event []byte, call execenv.Invocation) (execenv.Result, error) {
	// Lambda itself ends a call after 15 minutes; more means that nobody is there.
	ctx, cancel := context.WithTimeout(ctx, 16*time.Minute)
	defer cancel()
	var res execenv.Result
	var err error
	if call.Stream != nil {
		res, err = l.stream(ctx, l.endpoints[fn.Name], event, call)
	}
	// Emulators may know nothing of streams.
	if call.Stream == nil || errors.Is(err, errNoStreams) {
		res, err = l.invoke(ctx, l.endpoints[fn.Name], event, call)
	}
	if err != nil {
		return execenv.Result{}, fmt.Errorf("call function %s at its endpoint: %w", fn.Name, err)
	}
	return res, nil
}

// post sends the event of a call, signed.
func (l *remoteLambda) post(ctx context.Context, u *url.URL, event []byte, call execenv.Invocation) (*http.Response, error) {
	credentials, err := l.credentials(ctx)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(event))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Amz-Invocation-Type", "RequestResponse")
	request.Header.Set("X-Amz-Log-Type", "Tail")
	request.Header.Set("X-Amzn-Trace-Id", call.TraceID)
	if call.ClientContext != "" {
		request.Header.Set("X-Amz-Client-Context", base64.StdEncoding.EncodeToString([]byte(call.ClientContext)))
	}
	if call.TenantID != "" {
		request.Header.Set("X-Amz-Tenant-Id", call.TenantID)
	}
	signer := sigv4.Signer{Service: "lambda", Region: l.region}
	if m := lambdaRegion.FindStringSubmatch(u.Hostname()); m != nil {
		signer.Region = m[1]
	}
	if err := signer.SignHTTP(request, credentials, time.Now()); err != nil {
		return nil, err
	}
	return l.http.Do(request)
}

func (l *remoteLambda) invoke(ctx context.Context, u *url.URL, event []byte, call execenv.Invocation) (execenv.Result, error) {
	response, err := l.post(ctx, u, event, call)
	if err != nil {
		return execenv.Result{}, err
	}
	defer func() { _ = response.Body.Close() }()
	payload, err := io.ReadAll(io.LimitReader(response.Body, runtimeapi.MaxResponse+1))
	switch {
	case err != nil:
		return execenv.Result{}, err
	case response.StatusCode == http.StatusTooManyRequests:
		return execenv.Result{}, execenv.ErrLimit
	case response.StatusCode != http.StatusOK:
		return execenv.Result{}, refusal(response, payload)
	case len(payload) > runtimeapi.MaxResponse:
		return execenv.Result{}, fmt.Errorf("the answer is larger than %d bytes", runtimeapi.MaxResponse)
	}
	res := execenv.Result{
		RequestID: response.Header.Get("X-Amzn-Requestid"), Payload: payload, FunctionError: response.Header.Get("X-Amz-Function-Error"),
		ContentType: response.Header.Get("Content-Type"),
	}
	if res.FunctionError != "" {
		var said struct{ ErrorType string }
		if json.Unmarshal(payload, &said) == nil {
			res.ErrorType = said.ErrorType
		}
	}
	if log, err := base64.StdEncoding.DecodeString(response.Header.Get("X-Amz-Log-Result")); err == nil {
		res.LogTail = log
	}
	return res, nil
}

// refusal is what the endpoint said instead of calling the function.
func refusal(response *http.Response, body []byte) error {
	code, _, _ := strings.Cut(response.Header.Get("X-Amzn-Errortype"), ":")
	var said struct{ Message string } // encoding/json takes "message", too
	if json.Unmarshal(body, &said) != nil {
		said.Message = ""
	}
	reason, _, _ := strings.Cut(said.Message, "\n") // the rest of a refused signature holds the session token
	text := strings.TrimSpace(code + " " + reason)
	return fmt.Errorf("it answered %s: %.500s", response.Status, firstOf(text, "no reason given"))
}

// credentials finds the operator's credentials as the AWS CLI does, at most once
// a minute: those of roles are renewed minutes before they end.
func (l *remoteLambda) credentials(ctx context.Context) (sigv4.Credentials, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Now().Before(l.until) {
		return l.keys, nil
	}
	sources := identity.Sources{Getenv: l.getenv}
	found, err := sources.Find(ctx)
	if err != nil {
		return sigv4.Credentials{}, fmt.Errorf("find the credentials to sign with: %w", err)
	}
	l.keys, l.until = found.Credentials, time.Now().Add(time.Minute)
	return l.keys, nil
}
