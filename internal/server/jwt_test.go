package server

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
)

// A testIssuer signs tokens and tells its key, without TLS.
type testIssuer struct {
	*httptest.Server

	key *rsa.PrivateKey
}

func newTestIssuer(t *testing.T) *testIssuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i := &testIssuer{key: key}
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/.well-known/openid-configuration" {
			writeJSON(w, http.StatusOK, map[string]string{"issuer": i.URL, "jwks_uri": i.URL + "/keys"})
			return
		}
		writeJSON(w, http.StatusOK, map[string]any{"keys": []map[string]string{{
			"kty": "RSA", "kid": "k", "use": "sig", "n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
			"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
		}}})
	}))
	t.Cleanup(i.Close)
	return i
}

// token signs claims, with the usual ones beside them.
func (i *testIssuer) token(t *testing.T, claims map[string]any) string {
	t.Helper()
	all := map[string]any{"iss": i.URL, "aud": "me", "sub": "u", "exp": time.Now().Add(time.Hour).Unix()}
	maps.Copy(all, claims)
	part := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	signed := part(map[string]string{"alg": "RS256", "kid": "k"}) + "." + part(all)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, i.key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// Tokens against the whole server, whose issuers are on this machine.
func TestTokensOfALocalIssuer(t *testing.T) {
	i := newTestIssuer(t)
	s, apiID, got := backed(t)
	for name, issuer := range map[string]string{"local": i.URL, "elsewhere": "http://issuer.example"} {
		a, err := s.apis.CreateAuthorizer(t.Context(), apiID, apigatewayv2.Authorizer{
			Name: name, AuthorizerType: "JWT", IdentitySource: []string{"$request.header.Authorization"},
			JwtConfiguration: &apigatewayv2.JWT{Issuer: issuer, Audience: []string{"me"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		s.route(t, apiID, apigatewayv2.Route{RouteKey: "GET /" + name, AuthorizationType: "JWT", AuthorizerId: a.AuthorizerId})
		s.route(t, apiID, apigatewayv2.Route{RouteKey: "GET /" + name + "/scoped", AuthorizationType: "JWT", AuthorizerId: a.AuthorizerId, AuthorizationScopes: []string{"a", "b"}})
	}
	refused := func(description string) string {
		return `Bearer scope="" error="invalid_token" error_description="` + description + `"`
	}
	for _, tt := range []struct {
		fact, path, authorization string
		status                    int
		challenge                 string
	}{
		{"a good token", "/local", "Bearer " + i.token(t, nil), 200, ""},
		{"without Bearer", "/local", i.token(t, nil), 200, ""},
		{"no token", "/local", "", 401, "Bearer"},
		{"no token at all", "/local", "x", 401, refused("token contains an invalid number of segments")},
		{"another audience", "/local", i.token(t, map[string]any{"aud": "you"}), 401, refused("the token does not have a valid audience")},
		{"another issuer", "/local", i.token(t, map[string]any{"iss": "https://other.example"}), 401, refused("issuer does not match")},
		{"too late", "/local", i.token(t, map[string]any{"exp": time.Now().Add(-time.Minute).Unix()}), 401, refused("the token has expired")},
		{"too early", "/local", i.token(t, map[string]any{"nbf": time.Now().Add(time.Hour).Unix()}), 401, refused("the token is not valid yet")},
		{"another's signature", "/local", newTestIssuer(t).token(t, map[string]any{"iss": i.URL}), 401, refused("signature verification failed")},
		{"an issuer elsewhere without TLS", "/elsewhere", i.token(t, map[string]any{"iss": "http://issuer.example"}), 401, refused("OIDC discovery endpoint communication error")},
		{"one of the scopes", "/local/scoped", i.token(t, map[string]any{"scope": "b c"}), 200, ""},
		{"none of the scopes", "/local/scoped", i.token(t, map[string]any{"scope": "c"}), 403, `Bearer scope="a b" error="insufficient_scope"`},
	} {
		t.Run(tt.fact, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.plain.url()+tt.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = apiID + ".execute-api." + defaultRegion + ".amazonaws.com"
			if tt.authorization != "" {
				r.Header.Set("Authorization", tt.authorization)
			}
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			passed := len(got.take()) == 1
			if challenge := res.Header.Get("Www-Authenticate"); res.StatusCode != tt.status || challenge != tt.challenge || passed != (tt.status == http.StatusOK) {
				t.Errorf("got %d %q, passed on %t; want %d %q", res.StatusCode, challenge, passed, tt.status, tt.challenge)
			}
		})
	}
}
