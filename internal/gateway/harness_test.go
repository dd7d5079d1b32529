package gateway

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/gateway/integration"
	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
	"github.com/hakonegate/hakone/internal/trace"
	"github.com/hakonegate/hakone/policy"
	"github.com/hakonegate/hakone/sigv4"
)

const (
	testAccount = "123456789012"
	testRegion  = "ap-northeast-1"
	testAPI     = "abcdef1234"
	testHost    = testAPI + ".execute-api." + testRegion + ".amazonaws.com"
	function    = "arn:aws:lambda:ap-northeast-1:123456789012:function:hello"
)

// allowed may invoke every API of the account, reader only GET /pets/*.
var (
	allowed = sigv4.Credentials{AccessKeyID: "AKIDALLOWED", SecretAccessKey: "secret-of-allowed"}
	nobody  = sigv4.Credentials{AccessKeyID: "AKIDNOBODY", SecretAccessKey: "secret-of-nobody"}
	denied  = sigv4.Credentials{AccessKeyID: "AKIDDENIED", SecretAccessKey: "secret-of-denied"}
	foreign = sigv4.Credentials{AccessKeyID: "AKIDFOREIGN", SecretAccessKey: "secret-of-foreign"}
	session = sigv4.Credentials{AccessKeyID: "ASIASESSION", SecretAccessKey: "secret-of-session", SessionToken: "token-of-session"}
	expired = sigv4.Credentials{AccessKeyID: "ASIAEXPIRED", SecretAccessKey: "secret-of-expired", SessionToken: "token-of-expired"}
)

const (
	allowAll = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:ap-northeast-1:123456789012:*"}}`
	denyPets = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
		{"Sid":"NoPets","Effect":"Deny","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:*:*:*/$default/*/pets/*"}]}`
)

// keys is a table of callers.
type keys map[string]sigv4.Key

func (k keys) Key(_ context.Context, id, token string) (sigv4.Key, error) {
	key, ok := k[id]
	switch {
	case !ok:
		return key, sigv4.ErrUnknownKey
	case id == expired.AccessKeyID && token == expired.SessionToken:
		return key, sigv4.ErrExpiredToken
	case id == session.AccessKeyID && token != session.SessionToken, strings.HasPrefix(id, "AKID") && token != "":
		return key, sigv4.ErrInvalidToken
	}
	return key, nil
}

func testKeys(tb testing.TB) keys {
	tb.Helper()
	user := func(c sigv4.Credentials, account string, documents ...string) sigv4.Key {
		arn := "arn:aws:iam::" + account + ":user/" + strings.ToLower(c.AccessKeyID)
		caller := &access.Caller{
			Kind: policy.User, AccountID: account, ARN: arn, PrincipalARN: arn, UserID: "AIDA" + c.AccessKeyID, AccessKeyID: c.AccessKeyID, Direct: true,
		}
		for _, text := range documents {
			d, err := policy.Parse(policy.Identity, []byte(text))
			if err != nil {
				tb.Fatal(err)
			}
			caller.Policies.Identity = append(caller.Policies.Identity, policy.New("test", "", d))
		}
		return sigv4.Key{SecretAccessKey: c.SecretAccessKey, Caller: caller}
	}
	role := user(session, testAccount, allowAll)
	caller := role.Caller.(*access.Caller)
	caller.Kind, caller.ARN = policy.AssumedRole, "arn:aws:sts::"+testAccount+":assumed-role/Test/session"
	caller.PrincipalARN, caller.RoleID, caller.UserID = "arn:aws:iam::"+testAccount+":role/a/Test", "AROAX", "AROAX:session"
	return keys{
		allowed.AccessKeyID: user(allowed, testAccount, allowAll),
		nobody.AccessKeyID:  user(nobody, testAccount),
		denied.AccessKeyID:  user(denied, testAccount, denyPets),
		foreign.AccessKeyID: user(foreign, "210987654321", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`),
		session.AccessKeyID: role,
		expired.AccessKeyID: user(expired, testAccount, allowAll),
	}
}

// apis are records that a test changes at will.
type apis struct {
	mu       sync.Mutex
	served   []apigatewayv2.Served
	domains  []apigatewayv2.ServedDomain
	revision uint64
	changes  chan struct{}
}

func (a *apis) Served() iter.Seq[apigatewayv2.Served] {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Values(slices.Clone(a.served))
}

func (a *apis) Domains() iter.Seq[apigatewayv2.ServedDomain] { return slices.Values(a.domains) }

func (a *apis) Changes() (<-chan struct{}, func()) { return a.changes, func() {} }

func (a *apis) Revision() uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.revision
}

func (a *apis) set(served ...apigatewayv2.Served) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.served = served
	a.revision++
	select {
	case a.changes <- struct{}{}:
	default:
	}
}

// invoker is a function: what a test says.
type invoker func(ctx context.Context, i *integration.Invocation) (*integration.Result, error)

func (f invoker) Invoke(ctx context.Context, i *integration.Invocation) (*integration.Result, error) {
	return f(ctx, i)
}

// answer returns an invoker that gives the same payload always.
func answer(payload string) invoker {
	return func(context.Context, *integration.Invocation) (*integration.Result, error) {
		return &integration.Result{Payload: []byte(payload)}, nil
	}
}

// A bench is a gateway with what stands around it.
type bench struct {
	*Gateway

	apis  *apis
	trace *trace.Log
	event chan map[string]any // of the last invocation, when the function is echo
}

var testTime = time.Date(2025, 4, 14, 22, 14, 16, 859e6, time.UTC)

func newBench(tb testing.TB, f invoker, served ...apigatewayv2.Served) *bench {
	tb.Helper()
	b := &bench{apis: &apis{changes: make(chan struct{}, 1)}, trace: &trace.Log{}, event: make(chan map[string]any, 1)}
	b.apis.set(served...)
	if f == nil {
		f = b.echo
	}
	b.Gateway = New(Config{
		APIs: b.apis, Keys: testKeys(tb), Invoker: f, Trace: b.trace, Log: slog.New(slog.DiscardHandler),
		Account: testAccount, Region: testRegion, Now: func() time.Time { return testTime },
	})
	return b
}

// echo keeps the event for the test.
func (b *bench) echo(_ context.Context, i *integration.Invocation) (*integration.Result, error) {
	var event map[string]any
	if err := json.Unmarshal(i.Payload, &event); err != nil {
		return nil, err
	}
	select {
	case <-b.event:
	default:
	}
	b.event <- event
	return &integration.Result{Payload: []byte(`"ok"`)}, nil
}

// httpAPI returns an API with one stage that sends the given routes, "KEY" or
// "KEY AUTH", to one function.
func httpAPI(stage string, routes ...string) apigatewayv2.Served {
	c := &apigatewayv2.Configuration{
		Integrations: map[string]apigatewayv2.Integration{"int": {
			IntegrationId: "int", IntegrationType: "AWS_PROXY", IntegrationUri: function, PayloadFormatVersion: "2.0", TimeoutInMillis: 30000,
		}},
		Routes: map[string]apigatewayv2.Route{},
	}
	for i, r := range routes {
		key, auth, _ := strings.Cut(r, " : ")
		if auth == "" {
			auth = "NONE"
		}
		id := string(rune('a' + i))
		c.Routes[id] = apigatewayv2.Route{RouteId: id, RouteKey: key, AuthorizationType: auth, Target: "integrations/int"}
	}
	return apigatewayv2.Served{
		API:    apigatewayv2.API{ApiId: testAPI, Name: "test", ProtocolType: "HTTP"},
		Stages: []apigatewayv2.ServedStage{{Stage: apigatewayv2.Stage{StageName: stage, AutoDeploy: true}, Configuration: c}},
	}
}

// signer signs for the API under test.
var signer = sigv4.Signer{Region: testRegion, Service: "execute-api"}

// request returns a request to the API; a nil credential leaves it unsigned.
func request(tb testing.TB, method, target, body string, c *sigv4.Credentials) *http.Request {
	tb.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, "https://"+testHost+"/", content)
	r.RequestURI = target
	r.Host = testHost
	r.RemoteAddr = "192.0.2.1:1234"
	r.Header.Set("User-Agent", "curl/8.5.0")
	if c != nil {
		sign(tb, r, *c, testTime)
	}
	return r
}

// sign signs a server's request.
func sign(tb testing.TB, r *http.Request, c sigv4.Credentials, at time.Time) {
	tb.Helper()
	signWith(tb, &signer, r, c, at)
}

func signWith(tb testing.TB, s *sigv4.Signer, r *http.Request, c sigv4.Credentials, at time.Time) {
	tb.Helper()
	in, err := sigv4.NewRequest(r)
	if err != nil {
		tb.Fatal(err)
	}
	headers, err := s.Sign(in, c, at)
	if err != nil {
		tb.Fatal(err)
	}
	if in.Body != nil {
		r.Body = io.NopCloser(in.Body)
	}
	for _, h := range headers {
		r.Header.Set(h.Name, h.Value)
	}
}

// do sends r and returns the recorded answer.
func (b *bench) do(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w
}
