package functionurl

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/gateway"
	"github.com/hakonegate/hakone/internal/gateway/event"
	"github.com/hakonegate/hakone/internal/gateway/httpapi"
	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
	"github.com/hakonegate/hakone/internal/service/lambda"
	"github.com/hakonegate/hakone/internal/wire"
	"github.com/hakonegate/hakone/sigv4"
)

// Functions are the functions that have URLs; *lambda.Service is one.
type Functions interface {
	URL(id string) (*lambda.FunctionURL, bool)
	InvokeURL(ctx context.Context, u *lambda.FunctionURL, in *lambda.InvokeInput) (*lambda.InvokeOutput, error)
}

// A Config is what a [Handler] needs. Proxies may be nil.
type Config struct {
	Functions Functions
	Keys      access.Keys
	Region    string
	Proxies   access.Proxies
	Log       *slog.Logger
	Replay    *sigv4.ReplayCache // refuse requests that were accepted before; nil accepts them again

	// Bound makes a slow body fail, and one for which there is no memory, until
	// release is called; see [gateway.Gateway.BoundBody]. nil bounds nothing.
	Bound func(w http.ResponseWriter, r *http.Request) (release func())
}

// A Handler answers the requests to function URLs and leaves the others to the
// next handler.
type Handler struct {
	config   Config
	verifier *sigv4.Verifier
	next     http.Handler
}

// New returns a handler in front of next.
func New(c Config, next http.Handler) *Handler {
	return &Handler{c, &sigv4.Verifier{
		Keys: c.Keys, Scope: sigv4.Scope{Region: c.Region, Service: "lambda"}, MaxBody: lambda.MaxPayload, Replay: c.Replay,
	}, next}
}

const pathForm = "/_aws/lambda-url/"

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	id, rest, ok := strings.Cut(strings.ToLower(wire.Hostname(r.Host)), ".lambda-url.")
	if ok {
		if region, _, _ := strings.Cut(rest, "."); region != h.config.Region {
			id = "" // none of this region's
		}
	} else {
		after, ok := strings.CutPrefix(path, pathForm)
		if !ok {
			h.next.ServeHTTP(w, r)
			return
		}
		id, path, _ = strings.Cut(after, "/")
		path = "/" + path
	}
	x := &exchange{Handler: h, w: w, r: r, id: id, sentPath: path, start: time.Now()}
	if h.config.Bound != nil {
		defer h.config.Bound(w, r)()
	}
	if err := x.serve(); err != nil { //nolint:contextcheck // it is that of x.r
		x.refuse(err) //nolint:contextcheck // it is that of x.r
	}
}

// An exchange is one request and its answer.
type exchange struct {
	*Handler
	w        http.ResponseWriter
	r        *http.Request
	id       string
	sentPath string
	start    time.Time

	url     *lambda.FunctionURL
	cors    *httpapi.CORS
	request *sigv4.Request
	caller  *access.Caller
	facts   access.RequestFacts
}

var (
	errUnknown   = errors.New("no function has this URL")
	errForbidden = errors.New("forbidden")
	errTooLarge  = errors.New("the body is too large")
	errRequest   = errors.New("the request cannot be read")
	errFailed    = errors.New("the function failed")
)

func (x *exchange) serve() error {
	u, ok := x.config.Functions.URL(x.id)
	if !ok {
		return errUnknown
	}
	x.url, x.cors = u, httpapi.NewCORS((*apigatewayv2.Cors)(u.Cors))
	origin := x.r.Header.Get("Origin")
	if x.cors != nil && x.r.Method == http.MethodOptions && origin != "" && x.r.Header.Get("Access-Control-Request-Method") != "" {
		x.write(&event.Response{Status: http.StatusOK, Headers: x.cors.Preflight(origin)})
		return nil
	}
	x.facts = access.RequestFacts{
		SourceIP: x.config.Proxies.SourceIP(x.r.RemoteAddr, x.r.Header), Secure: x.r.TLS != nil, Time: x.start,
		Region: x.config.Region, UserAgent: x.r.UserAgent(), Referer: x.r.Referer(),
	}
	var err error
	if x.request, err = sigv4.NewRequest(x.r); err != nil {
		return errRequest
	}
	defer x.request.Release()
	decoded, err := httpapi.DecodePath(x.sentPath)
	if err != nil {
		return errRequest
	}
	if u.AuthType != "NONE" {
		if err := x.authenticate(decoded); err != nil {
			return err
		}
	}
	body, err := x.body()
	if err != nil {
		return err
	}
	told, err := x.event(decoded, body)
	if err != nil {
		return err
	}
	return x.invoke(told)
}

// authenticate verifies the signature. What escapes hide a signature does not
// see, so a path that is not plainly one is refused.
func (x *exchange) authenticate(decoded string) error {
	caller, _, err := access.Authenticate(x.r.Context(), x.verifier, x.request)
	if refused, ok := errors.AsType[*sigv4.Error](err); ok {
		x.config.Log.DebugContext(x.r.Context(), "signature to a function URL refused", slog.String("reason", refused.Reason.String()), slog.String("detail", refused.Detail))
		if refused.Reason == sigv4.BodyTooLarge {
			return errTooLarge
		}
		return errForbidden
	}
	if err != nil {
		return err
	}
	if !httpapi.IsNormal(decoded) {
		return errForbidden
	}
	x.caller = caller
	return nil
}

func (x *exchange) body() ([]byte, error) {
	if body, ok := x.request.Payload(); ok {
		return body, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(x.w, x.r.Body, lambda.MaxPayload))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, errTooLarge
	}
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, gateway.ErrBodies) {
		return nil, err
	}
	if err != nil {
		return nil, errRequest
	}
	return body, nil
}

func (x *exchange) invoke(told *event.Request) error {
	call := &lambda.InvokeInput{
		Payload: event.AppendFunctionURL(make([]byte, 0, 1024+2*len(told.Body)), told), Caller: x.caller, Facts: &x.facts,
		RequestID: told.RequestID, TraceID: told.Header("x-amzn-trace-id"),
	}
	var s *stream
	if x.url.InvokeMode == "RESPONSE_STREAM" {
		s = &stream{exchange: x, requestID: call.RequestID}
		call.Stream = s.take
	}
	out, err := x.config.Functions.InvokeURL(x.r.Context(), x.url, call)
	if s != nil && s.began {
		return s.end(err == nil && out.FunctionError == "")
	}
	if err != nil {
		return err
	}
	x.w.Header().Set("X-Amzn-Requestid", out.RequestID)
	if out.FunctionError != "" || s != nil && s.failed {
		return errFailed
	}
	answer, err := event.ParseFunctionURL(out.Payload)
	if err != nil {
		x.config.Log.DebugContext(x.r.Context(), "answer to a function URL is malformed", slog.String("function", x.url.FunctionArn), slog.Any("error", err))
		return errFailed
	}
	answer.Headers = x.cors.Apply(answer.Headers, x.r.Header.Get("Origin"))
	x.write(answer)
	return nil
}

// event is what the function is told of the request.
func (x *exchange) event(decoded string, body []byte) (*event.Request, error) {
	query, err := httpapi.ParseQuery(x.request.RawQuery)
	if err != nil {
		return nil, errRequest
	}
	r := &event.Request{
		AccountID: "anonymous", APIID: x.id, DomainPrefix: x.id, DomainName: x.id + ".lambda-url." + x.config.Region + ".on.aws",
		Stage: "$default", RouteKey: "$default", Method: x.r.Method, Path: decoded, SentPath: x.sentPath, RawQuery: x.request.RawQuery,
		Protocol: "HTTP/1.1", UserAgent: x.r.UserAgent(), RequestID: lambda.NewRequestID(), Time: x.start, Body: body,
	}
	if x.facts.SourceIP.IsValid() {
		r.SourceIP = x.facts.SourceIP.String()
	}
	if c := x.caller; c != nil {
		r.AccountID = c.AccountID
		r.Authorizer.IAM = &event.IAM{AccessKey: c.AccessKeyID, AccountID: c.AccountID, UserID: c.UserID, UserARN: c.ARN}
	}
	for _, p := range query {
		r.Query = append(r.Query, event.Parameter(p))
	}
	r.Headers = x.headers(r)
	return r, nil
}

// An oversize event is refused by what invokes; these headers the function
// does not see as they were sent.
var notForwarded = map[string]bool{
	"connection": true, "expect": true, "proxy-authenticate": true, "te": true, "transfer-encoding": true, "upgrade": true,
	"content-length": true, "host": true, "x-amzn-trace-id": true, "x-forwarded-for": true, "x-forwarded-port": true, "x-forwarded-proto": true,
	"x-amzn-tls-version": true, "x-amzn-tls-cipher-suite": true,
}

func (x *exchange) headers(r *event.Request) []sigv4.Header {
	var out []sigv4.Header
	add := func(name, value string) { out = append(out, sigv4.Header{Name: name, Value: value}) }
	for _, h := range x.request.Headers {
		if name := strings.ToLower(h.Name); !notForwarded[name] {
			add(name, h.Value)
		}
	}
	if len(r.Body) > 0 {
		add("content-length", strconv.Itoa(len(r.Body)))
	}
	add("host", r.DomainName)
	trace := x.r.Header.Get("X-Amzn-Trace-Id")
	if !strings.Contains(trace, "Root=") {
		trace = lambda.NewTraceID(x.start)
	}
	add("x-amzn-trace-id", trace)
	forwarded := append(slices.Clone(x.r.Header.Values("X-Forwarded-For")), r.SourceIP)
	add("x-forwarded-for", strings.Join(forwarded, ", "))
	scheme, port := "http", "80"
	if tls := x.r.TLS; tls != nil {
		scheme, port = "https", "443"
		add("x-amzn-tls-version", tlsVersion(tls.Version))
		add("x-amzn-tls-cipher-suite", cipherSuite(tls.CipherSuite))
	}
	if _, sent, err := net.SplitHostPort(x.r.Host); err == nil {
		port = sent
	}
	add("x-forwarded-port", port)
	add("x-forwarded-proto", scheme)
	slices.SortStableFunc(out, func(a, b sigv4.Header) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// write sends an answer.
func (x *exchange) write(answer *event.Response) {
	h := x.w.Header()
	for _, f := range answer.Headers {
		h.Add(f.Name, f.Value)
	}
	if h["X-Amzn-Requestid"] == nil {
		h.Set("X-Amzn-Requestid", lambda.NewRequestID())
	}
	if h["Content-Type"] == nil {
		h["Content-Type"] = nil // or net/http would guess one
	}
	if answer.Status != http.StatusNoContent && answer.Status != http.StatusNotModified {
		h.Set("Content-Length", strconv.Itoa(len(answer.Body)))
	}
	x.w.WriteHeader(answer.Status)
	if x.r.Method != http.MethodHead {
		_, _ = x.w.Write(answer.Body) // the client may be gone
	}
}

const forbiddenText = "Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"

// refuse sends what AWS answers in place of the function.
func (x *exchange) refuse(err error) {
	no, _ := errors.AsType[*awserr.Error](err)
	switch {
	case errors.Is(err, errUnknown):
		x.problem(http.StatusForbidden, "AccessDeniedException", map[string]any{"Message": nil})
	case errors.Is(err, errForbidden), no != nil && (no.Code == "AccessDeniedException" || no.Code == "ResourceNotFoundException"):
		x.problem(http.StatusForbidden, "AccessDeniedException", map[string]any{"Message": forbiddenText})
	case errors.Is(err, errTooLarge), no != nil && no.Code == "RequestEntityTooLargeException":
		x.problem(http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", map[string]any{
			"Message": "Request must be smaller than " + strconv.Itoa(lambda.MaxPayload) + " bytes for the InvokeFunction operation",
		})
	case errors.Is(err, gateway.ErrBodies):
		x.problem(http.StatusServiceUnavailable, "ServiceUnavailableException", map[string]any{"Message": "Service Unavailable"})
	case errors.Is(err, os.ErrDeadlineExceeded):
		x.problem(http.StatusRequestTimeout, "RequestTimeoutException", map[string]any{"Message": "Request Timeout"})
	case errors.Is(err, errRequest):
		x.problem(http.StatusBadRequest, "BadRequestException", map[string]any{"Message": "Bad Request"})
	case no != nil && no.Code == "TooManyRequestsException":
		x.problem(http.StatusTooManyRequests, no.Code, lambda.Refusal(no))
	default:
		if !errors.Is(err, errFailed) {
			x.config.Log.WarnContext(x.r.Context(), "function URL", slog.String("url", x.id), slog.Any("error", err))
		}
		x.answer(http.StatusBadGateway, "text/plain", []byte("Internal Server Error"))
	}
}

func (x *exchange) problem(status int, code string, body any) {
	text, err := json.Marshal(body)
	if err != nil { // texts
		panic(err)
	}
	x.w.Header().Set("X-Amzn-Errortype", code)
	x.answer(status, "application/json", text)
}

func (x *exchange) answer(status int, contentType string, body []byte) {
	headers := x.cors.Apply([]sigv4.Header{{Name: "content-type", Value: contentType}}, x.r.Header.Get("Origin"))
	x.write(&event.Response{Status: status, Headers: headers, Body: body})
}
