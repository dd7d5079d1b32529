package gateway

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/gateway/integration"
	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
)

const authorizerFunction = "arn:aws:lambda:ap-northeast-1:123456789012:function:auth"

// authorizedAPI returns an API whose routes have the authorizer a.
func authorizedAPI(a apigatewayv2.Authorizer, routes ...string) apigatewayv2.Served {
	served := httpAPI("$default", routes...)
	a.AuthorizerId = "auth"
	c := served.Stages[0].Configuration
	c.Authorizers = map[string]apigatewayv2.Authorizer{"auth": a}
	for id, r := range c.Routes {
		r.AuthorizerId = "auth"
		c.Routes[id] = r
	}
	return served
}

func TestRefusedTokens(t *testing.T) {
	served := authorizedAPI(apigatewayv2.Authorizer{
		AuthorizerType: "JWT", IdentitySource: []string{"$request.header.Authorization"},
		JwtConfiguration: &apigatewayv2.JWT{Issuer: "https://127.0.0.1:1", Audience: []string{"me"}},
	}, "GET / : JWT", "GET /scoped : JWT")
	r := served.Stages[0].Configuration.Routes["b"]
	r.AuthorizationScopes = []string{"a", "b"}
	served.Stages[0].Configuration.Routes["b"] = r
	served.Stages[0].Configuration.CorsConfiguration = &apigatewayv2.Cors{AllowOrigins: []string{"https://a.example"}}
	b := newBench(t, answer(`"ok"`), served)
	invalid := func(scope, text string) string {
		return `Bearer scope="` + scope + `" error="invalid_token" error_description="` + text + `"`
	}
	const segments = "token contains an invalid number of segments"
	kid := "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ.e30.AA"
	for _, tt := range []struct{ name, path, token, want string }{
		{"no token", "/", "", "Bearer"},
		{"an empty bearer token", "/", "Bearer ", "Bearer"},
		{"not three segments", "/", "x", invalid("", segments)},
		{"Bearer without regard to case", "/", "bEARER x", invalid("", segments)},
		{"a route with scopes", "/scoped", "Bearer x", invalid("a b", segments)},
		{"an issuer that does not answer", "/", kid, invalid("", "OIDC discovery endpoint communication error")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := request(t, "GET", tt.path, "", nil)
			r.Header.Set("Origin", "https://a.example")
			if tt.token != "" {
				r.Header.Set("Authorization", tt.token)
			}
			w := b.do(r)
			if w.Code != 401 || w.Body.String() != `{"message":"Unauthorized"}` || w.Header().Get("Content-Length") != "26" {
				t.Errorf("got %d %s", w.Code, w.Body)
			}
			if got := w.Header().Get("Www-Authenticate"); got != tt.want {
				t.Errorf("www-authenticate %s\nwant %s", got, tt.want)
			}
			if w.Header().Get("Access-Control-Allow-Origin") != "https://a.example" || w.Header().Get("Vary") != "origin" {
				t.Errorf("no CORS headers in %v", w.Header())
			}
			if text := fmt.Sprintf("%+v", b.trace.Last()); strings.Contains(text, kid) {
				t.Errorf("the token is in the trace: %s", text)
			}
		})
	}
}

// TestTokensWithScopes has an issuer of its own.
func TestTokensWithScopes(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	var issuer *httptest.Server
	issuer = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/keys" {
			fmt.Fprintf(w, `{"keys":[{"kty":"RSA","kid":"k","e":"AQAB","n":%q}]}`, base64.RawURLEncoding.EncodeToString(key.N.Bytes()))
			return
		}
		fmt.Fprintf(w, `{"jwks_uri":%q}`, issuer.URL+"/keys")
	}))
	defer issuer.Close()
	token := func(scope string) string {
		part := base64.RawURLEncoding.EncodeToString
		signed := part([]byte(`{"alg":"RS256","kid":"k"}`)) + "." +
			part(fmt.Appendf(nil, `{"iss":%q,"aud":"me","exp":%d,"scope":%q}`, issuer.URL, testTime.Unix()+60, scope))
		sum := sha256.Sum256([]byte(signed))
		signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		return signed + "." + part(signature)
	}
	served := authorizedAPI(apigatewayv2.Authorizer{
		AuthorizerType: "JWT", IdentitySource: []string{"$request.querystring.token"},
		JwtConfiguration: &apigatewayv2.JWT{Issuer: issuer.URL, Audience: []string{"me"}},
	}, "GET /free : JWT", "GET /scoped : JWT")
	r := served.Stages[0].Configuration.Routes["b"]
	r.AuthorizationScopes = []string{"read", "write"}
	served.Stages[0].Configuration.Routes["b"] = r
	b := newBench(t, nil, served)
	b.issuers.Client = issuer.Client()
	for _, tt := range []struct {
		name, path, scope string
		want              int
		challenge         string
		scopes            any // in the event
	}{
		{"a route without scopes", "/free", "other", 200, "", nil},
		{"one of the route's scopes", "/scoped", "other write", 200, "", []any{"other", "write"}},
		{"none of the route's scopes", "/scoped", "other", 403, `Bearer scope="read write" error="insufficient_scope"`, nil},
	} {
		w := b.do(request(t, "GET", tt.path+"?token="+token(tt.scope), "", nil))
		if w.Code != tt.want || w.Header().Get("Www-Authenticate") != tt.challenge {
			t.Errorf("%s: %d %q, want %d %q: %+v", tt.name, w.Code, w.Header().Get("Www-Authenticate"), tt.want, tt.challenge, b.trace.Last())
		}
		if w.Code != 200 {
			continue
		}
		got := (<-b.event)["requestContext"].(map[string]any)["authorizer"].(map[string]any)["jwt"].(map[string]any)
		if diff := cmp.Diff(tt.scopes, got["scopes"]); diff != "" || got["claims"].(map[string]any)["aud"] != "me" {
			t.Errorf("%s: the event says %v", tt.name, got)
		}
	}
}

// authorizing returns an invoker whose authorizer function answers payload and
// counts its calls, while other functions answer "ok".
func authorizing(payload string, calls *int, event *map[string]any) invoker {
	return func(_ context.Context, i *integration.Invocation) (*integration.Result, error) {
		if i.FunctionARN != authorizerFunction {
			var got map[string]any
			if err := json.Unmarshal(i.Payload, &got); err != nil {
				return nil, err
			}
			*event = got
			return &integration.Result{Payload: []byte(`"ok"`)}, nil
		}
		*calls++
		if i.SourceARN != "arn:aws:execute-api:ap-northeast-1:123456789012:abcdef1234/authorizers/auth" {
			return nil, errors.New("source " + i.SourceARN)
		}
		if payload == "throw" {
			return &integration.Result{Payload: []byte(`{"errorMessage":"Unauthorized"}`), FunctionError: "Unhandled"}, nil
		}
		return &integration.Result{Payload: []byte(payload)}, nil
	}
}

func lambdaAuthorizer(ttl int, simple bool, sources ...string) apigatewayv2.Authorizer {
	return apigatewayv2.Authorizer{
		AuthorizerType: "REQUEST", AuthorizerUri: authorizerFunction, AuthorizerPayloadFormatVersion: "2.0", EnableSimpleResponses: simple,
		AuthorizerResultTtlInSeconds: &ttl, IdentitySource: sources,
	}
}

func TestLambdaAuthorizerAnswers(t *testing.T) {
	statement := func(effect, resource string) string {
		return `{"principalId":"p","policyDocument":{"Version":"2012-10-17","Statement":[{"Action":"execute-api:Invoke","Effect":"` + effect + `","Resource":"` + resource + `"}]}}`
	}
	const arn = "arn:aws:execute-api:ap-northeast-1:123456789012:abcdef1234/$default/"
	for _, tt := range []struct {
		name, payload string
		simple        bool
		want          int
	}{
		{"simple yes", `{"isAuthorized":true}`, true, 200},
		{"simple no", `{"isAuthorized":false}`, true, 403},
		{"isAuthorized not a boolean", `{"isAuthorized":"true"}`, true, 500},
		{"isAuthorized missing", `{}`, true, 500},
		{"not an object", `true`, true, 500},
		{"null", `null`, true, 500},
		{"a policy where a simple answer is due", statement("Allow", "*"), true, 500},
		{"the function throws", "throw", true, 500},
		{"policy allows", statement("Allow", arn+"GET/a"), false, 200},
		{"policy allows all", statement("Allow", "*"), false, 200},
		{"policy allows something else", statement("Allow", arn+"GET/b"), false, 403},
		{"policy denies", statement("Deny", "*"), false, 403},
		{"no policy", `{"principalId":"p"}`, false, 500},
		{"a policy that is none", `{"principalId":"p","policyDocument":{"Statement":[{"Effect":"Maybe"}]}}`, false, 500},
		{"a simple answer where a policy is due", `{"isAuthorized":true}`, false, 500},
		{"a reserved name", `{"isAuthorized":true,"context":{"claims":1}}`, true, 500},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var calls int
			var event map[string]any
			b := newBench(t, authorizing(tt.payload, &calls, &event), authorizedAPI(lambdaAuthorizer(0, tt.simple), "GET /a : CUSTOM"))
			w := b.do(request(t, "GET", "/a", "", nil))
			if w.Code != tt.want || calls != 1 {
				t.Errorf("got %d after %d calls, want %d after 1: %+v", w.Code, calls, tt.want, b.trace.Last())
			}
			if (event != nil) != (tt.want == 200) {
				t.Errorf("the function behind was called: %v", event != nil)
			}
		})
	}
}

func TestLambdaAuthorizerIdentitySources(t *testing.T) {
	var calls int
	var event map[string]any
	b := newBench(t, authorizing(`{"isAuthorized":true,"context":{"n":1,"s":"x","l":[1]}}`, &calls, &event),
		authorizedAPI(lambdaAuthorizer(60, true, "$request.header.X-Key", "$request.querystring.q"), "GET /a : CUSTOM", "GET /b : CUSTOM"))
	now := testTime
	b.answers.Now = func() time.Time { return now }
	get := func(path, key string) int {
		r := request(t, "GET", path, "", nil)
		if key != "" {
			r.Header.Set("X-Key", key)
		}
		return b.do(r).Code
	}
	for _, tt := range []struct {
		what, path, key string
		later           time.Duration
		want, calls     int
	}{
		{"a header is missing", "/a?q=1", "", 0, 401, 0},
		{"a parameter is missing", "/a", "k", 0, 401, 0},
		{"all are there", "/a?q=1", "k", 0, 200, 1},
		{"the answer is cached", "/a?q=1", "k", 0, 200, 1},
		{"it counts for other routes", "/b?q=1", "k", 0, 200, 1},
		{"but not for other values", "/a?q=2", "k", 0, 200, 2},
		{"nor for ever", "/a?q=1", "k", time.Minute, 200, 3},
	} {
		now = now.Add(tt.later)
		if got := get(tt.path, tt.key); got != tt.want || calls != tt.calls {
			t.Errorf("%s: %d after %d calls, want %d after %d", tt.what, got, calls, tt.want, tt.calls)
		}
	}
	for _, tt := range []struct {
		stage string
		calls int
	}{{"other", 3}, {"$default", 4}} {
		b.ResetAuthorizers(testAPI, tt.stage)
		if get("/a?q=1", "k"); calls != tt.calls {
			t.Errorf("%d calls after a reset of the stage %s, want %d", calls, tt.stage, tt.calls)
		}
	}
	got := event["requestContext"].(map[string]any)["authorizer"]
	want := map[string]any{"lambda": map[string]any{"n": 1.0, "s": "x", "l": []any{1.0}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("authorizer of the event (-want +got):\n%s", diff)
	}
}

func TestALongResourceNameIsRefusedBeforeAnybodyIsAsked(t *testing.T) {
	var calls int
	var event map[string]any
	b := newBench(t, authorizing(`{"isAuthorized":true}`, &calls, &event), authorizedAPI(lambdaAuthorizer(0, true), "GET /{p+} : CUSTOM"))
	if w := b.do(request(t, "GET", "/"+strings.Repeat("a", 1600), "", nil)); w.Code != 414 || calls != 0 {
		t.Errorf("got %d after %d calls, want 414 after none", w.Code, calls)
	}
	b = newBench(t, answer(`"ok"`), httpAPI("$default", "GET /{p+}"))
	if w := b.do(request(t, "GET", "/"+strings.Repeat("a", 1600), "", nil)); w.Code != 200 {
		t.Errorf("of an open route: %d", w.Code)
	}
}
