package authorizer

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var now = time.Date(2025, 4, 14, 22, 14, 16, 0, time.UTC)

// An idp is an issuer of tokens.
type idp struct {
	*httptest.Server

	key    *rsa.PrivateKey
	kid    atomic.Value
	asked  atomic.Int64
	broken atomic.Bool
}

func newIDP(t *testing.T) *idp {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i := &idp{key: key}
	i.kid.Store("k1")
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		i.asked.Add(1)
		if i.broken.Load() {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(w, `{"jwks_uri":%q}`, i.URL+"/keys")
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"keys":[{"kty":"EC","kid":"ec"},{"kty":"RSA","use":"enc","kid":"enc","e":"AQAB","n":%[2]q},{"kty":"RSA","use":"sig","kid":%[1]q,"e":"AQAB","n":%[2]q}]}`,
			i.kid.Load(), base64.RawURLEncoding.EncodeToString(key.N.Bytes()))
	})
	i.Server = httptest.NewTLSServer(mux)
	t.Cleanup(i.Close)
	return i
}

// token returns a token of i; header and claims may be changed.
func (i *idp) token(t *testing.T, change func(header, claims map[string]any)) string {
	t.Helper()
	header := map[string]any{"alg": "RS256", "kid": "k1", "typ": "JWT"}
	claims := map[string]any{"iss": i.URL, "aud": "me", "exp": now.Unix() + 60, "sub": "x"}
	if change != nil {
		change(header, claims)
	}
	part := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	signed := part(header) + "." + part(claims)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, i.key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func (i *idp) authorizer() *JWT {
	clock := func() time.Time { return now }
	return &JWT{Issuer: i.URL, Audience: []string{"you", "me"}, Issuers: &Issuers{Client: i.Client(), Now: clock}, Now: clock}
}

func TestTokens(t *testing.T) {
	i := newIDP(t)
	j := i.authorizer()
	claim := func(name string, v any) func(h, c map[string]any) {
		return func(_, c map[string]any) { c[name] = v }
	}
	header := func(name string, v any) func(h, c map[string]any) {
		return func(h, _ map[string]any) { h[name] = v }
	}
	tests := []struct {
		name, token, want string
	}{
		{"good", i.token(t, nil), ""},
		{"audience in a list", i.token(t, claim("aud", []string{"a", "you"})), ""},
		{"client_id where there is no aud", i.token(t, func(_, c map[string]any) { delete(c, "aud"); c["client_id"] = "me" }), ""},
		{"client_id beside aud", i.token(t, func(_, c map[string]any) { c["aud"] = "other"; c["client_id"] = "me" }), "the token does not have a valid audience"},
		{"nbf and iat now", i.token(t, func(_, c map[string]any) { c["nbf"] = now.Unix(); c["iat"] = now.Unix() }), ""},
		{"no token", "x", "token contains an invalid number of segments"},
		{"four segments", "a.b.c.d", "token contains an invalid number of segments"},
		{"no JSON", "a.b.c", "token is malformed"},
		{"another audience", i.token(t, claim("aud", "other")), "the token does not have a valid audience"},
		{"no audience", i.token(t, func(_, c map[string]any) { delete(c, "aud") }), "the token does not have a valid audience"},
		{"another issuer", i.token(t, claim("iss", i.URL+"/")), "issuer does not match"},
		{"expired", i.token(t, claim("exp", now.Unix())), "the token has expired"},
		{"no exp", i.token(t, func(_, c map[string]any) { delete(c, "exp") }), "the token has expired"},
		{"exp a text", i.token(t, claim("exp", "9999999999")), "the token has expired"},
		{"nbf ahead", i.token(t, claim("nbf", now.Unix()+1)), "the token is not valid yet"},
		{"iat ahead", i.token(t, claim("iat", now.Unix()+1)), "the token is not valid yet"},
		{"unknown kid", i.token(t, header("kid", "k2")), "unable to find matching key"},
		{"no kid", i.token(t, header("kid", "")), "unable to find matching key"},
		{"an elliptic key", i.token(t, header("kid", "ec")), "unable to find matching key"},
		{"a key that is not for signatures", i.token(t, header("kid", "enc")), "unable to find matching key"},
		{"alg none", i.token(t, header("alg", "none")), "signing method none is invalid"},
		{"alg HS256", i.token(t, header("alg", "HS256")), "signing method HS256 is invalid"},
		{"alg PS256", i.token(t, header("alg", "PS256")), "signing method PS256 is invalid"},
		{"alg that breaks out of the header", i.token(t, header("alg", "a\"\r\nx: y")), "signing method ax:y is invalid"},
		{"another algorithm than it was signed with", i.token(t, header("alg", "RS512")), "signature verification failed"},
		{"critical extensions", i.token(t, header("crit", []string{"b64"})), "token is malformed"},
		{"a changed claim", changed(i.token(t, nil)), "signature verification failed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := j.Verify(t.Context(), tt.token)
			got := ""
			if err != nil {
				got = err.(*TokenError).Description //nolint:errorlint,forcetypeassert // the contract of Verify
			}
			if got != tt.want {
				t.Errorf("got %q, want %q (%v)", got, tt.want, err)
			}
		})
	}
	if n := i.asked.Load(); n != 1 {
		t.Errorf("the issuer was asked %d times within a moment, want 1", n)
	}
}

// changed returns token with another subject.
func changed(token string) string {
	parts := strings.Split(token, ".")
	text, _ := base64.RawURLEncoding.DecodeString(parts[1])
	parts[1] = base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(text), `"sub":"x"`, `"sub":"y"`, 1)))
	return strings.Join(parts, ".")
}

func TestClaimsBecomeText(t *testing.T) {
	i := newIDP(t)
	token, err := i.authorizer().Verify(t.Context(), i.token(t, func(_, c map[string]any) {
		clear(c)
		c["iss"], c["aud"], c["exp"] = i.URL, "me", json.RawMessage("1.9e9")
		c["t"], c["b"], c["l"], c["o"], c["n"] = "text", true, []any{"a", 1, "b"}, map[string]any{"k": "v"}, nil
		c["scope"] = "read  write"
	}))
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(token.Claims)
	want := fmt.Sprintf("[{aud me} {b true} {exp 1900000000} {iss %s} {l [a 1 b]} {o {\"k\":\"v\"}} {scope read  write} {t text}]", i.URL)
	if got != want {
		t.Errorf("claims %s\nwant %s", got, want)
	}
	if got := fmt.Sprint(token.Scopes); got != "[read write]" {
		t.Errorf("scopes %s", got)
	}
}

func TestKeysAreFetchedAnew(t *testing.T) {
	i := newIDP(t)
	j := i.authorizer()
	at := now
	j.Issuers.Now = func() time.Time { return at }
	verify := func(kid string) string {
		_, err := j.Verify(t.Context(), i.token(t, func(h, _ map[string]any) { h["kid"] = kid }))
		return fmt.Sprint(err)
	}
	expect := func(what, kid, want string, asked int64) {
		t.Helper()
		if got := verify(kid); !strings.HasPrefix(got, want) || i.asked.Load() != asked {
			t.Errorf("%s: %s after %d questions, want %s after %d", what, got, i.asked.Load(), want, asked)
		}
	}
	expect("first", "k1", "<nil>", 1)
	expect("again", "k1", "<nil>", 1)
	i.kid.Store("k2")
	expect("a new key too soon", "k2", "unable to find matching key", 1)
	at = at.Add(fetchPause)
	expect("a new key", "k2", "<nil>", 2)
	i.broken.Store(true)
	at = at.Add(time.Hour)
	expect("a failing issuer, keys kept", "k2", "<nil>", 2)
	expect("a failing issuer, another key", "k3", "OIDC discovery endpoint communication error", 3)
	expect("a known key meanwhile", "k2", "<nil>", 3)
	at = at.Add(2 * time.Hour)
	expect("keys too old", "k2", "OIDC discovery endpoint communication error", 4)
}

func TestHTTPIssuersNeedLeave(t *testing.T) {
	s := &Issuers{}
	if _, err := s.fetch(t.Context(), "http://127.0.0.1:1"); err == nil || !strings.Contains(err.Error(), "not an https URL") {
		t.Errorf("got %v", err)
	}
}

func FuzzVerify(f *testing.F) {
	for _, s := range []string{"a.b.c", "e30.e30.", "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ.e30.AA", "..."} {
		f.Add(s)
	}
	j := &JWT{Issuer: "http://x", Issuers: &Issuers{}, Now: time.Now}
	f.Fuzz(func(t *testing.T, token string) {
		_, err := j.Verify(t.Context(), token)
		refused, ok := err.(*TokenError) //nolint:errorlint // the contract of Verify
		if !ok {
			t.Fatalf("error %T", err)
		}
		if strings.ContainsAny(refused.Description, "\"\r\n\\") {
			t.Errorf("description %q", refused.Description)
		}
	})
}
