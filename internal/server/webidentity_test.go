package server

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/access/seal"
	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/service/iam"
	"github.com/hakonegate/hakone/internal/service/sts"
	"github.com/hakonegate/hakone/internal/store"
)

// An issuer is an OpenID Connect provider on this machine.
type issuer struct {
	*httptest.Server
	key *rsa.PrivateKey
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{key: key}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"jwks_uri":%q}`, i.URL+"/keys")
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"keys":[{"kty":"RSA","kid":"k","e":"AQAB","n":%q}]}`, base64.RawURLEncoding.EncodeToString(key.N.Bytes()))
	})
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

// token signs the claims of a good token, changed.
func (i *issuer) token(t *testing.T, change map[string]any) string {
	t.Helper()
	claims := map[string]any{"iss": i.URL, "sub": "repo:a/b", "aud": "client", "exp": time.Now().Add(time.Minute).Unix()}
	maps.Copy(claims, change)
	text, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","kid":"k"}`)) + "." + base64.RawURLEncoding.EncodeToString(text)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, i.key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func newIAM(t *testing.T) *iam.Service {
	t.Helper()
	ctx := t.Context()
	e, err := engine.Start(ctx, engine.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	st, err := store.Open(ctx, e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	ring, err := seal.Open(ctx, st)
	if err != nil {
		t.Fatal(err)
	}
	service, err := iam.New(iam.Config{Store: st, Seal: ring, Account: "123456789012"})
	if err != nil {
		t.Fatal(err)
	}
	return service
}

func TestWebIdentities(t *testing.T) {
	service, known, stranger := newIAM(t), newIssuer(t), newIssuer(t)
	_, err := service.CreateOpenIDConnectProvider(t.Context(), &iam.CreateOIDCProviderInput{Url: known.URL, ClientIDList: []string{"client", "party"}})
	if err != nil {
		t.Fatal(err)
	}
	other := errors.New("any other error")
	good := known.token(t, nil)
	tests := []struct {
		name, token string
		audience    string
		want        error // nil: accepted
	}{
		{"good", good, "client", nil},
		{"one of several audiences", known.token(t, map[string]any{"aud": []string{"x", "party"}}), "party", nil},
		{"an authorized party stands for the audience", known.token(t, map[string]any{"aud": "api", "azp": "party"}), "party", nil},
		{"an authorized party that is no client", known.token(t, map[string]any{"azp": "nobody"}), "", sts.ErrWebAudience},
		{"another audience", known.token(t, map[string]any{"aud": "api"}), "", sts.ErrWebAudience},
		{"no audience", known.token(t, map[string]any{"aud": nil}), "", sts.ErrWebAudience},
		{"expired", known.token(t, map[string]any{"exp": time.Now().Add(-time.Minute).Unix()}), "", sts.ErrWebTokenExpired},
		{"not valid yet", known.token(t, map[string]any{"nbf": time.Now().Add(time.Hour).Unix()}), "", other},
		{"an issuer without a provider", stranger.token(t, nil), "", sts.ErrNoProvider},
		{"signed by a stranger", stranger.token(t, map[string]any{"iss": known.URL}), "", other},
		{"no subject", known.token(t, map[string]any{"sub": ""}), "", other},
		{"changed", good[:len(good)-8] + "AAAAAAAA", "", other},
		{"no token", "x", "", other},
	}
	w := newWebIdentities(service)
	for _, tt := range tests {
		who, err := w.Verify(t.Context(), tt.token)
		switch {
		case tt.want == nil && err != nil, tt.want != nil && err == nil, err != nil && !errors.Is(tt.want, other) && !errors.Is(err, tt.want):
			t.Errorf("%s: Verify = %v, %v, want %v", tt.name, who, err, tt.want)
		case err == nil && (who.Audience != tt.audience || who.Subject != "repo:a/b" || "http://"+who.Provider != known.URL):
			t.Errorf("%s: Verify = %+v, want the audience %s", tt.name, who, tt.audience)
		}
	}
	if _, err := service.CreateOpenIDConnectProvider(t.Context(), &iam.CreateOIDCProviderInput{Url: "http://192.0.2.1"}); err == nil {
		t.Error("an http issuer elsewhere was accepted")
	}
}

func TestWebIdentityClaims(t *testing.T) {
	service, known := newIAM(t), newIssuer(t)
	if _, err := service.CreateOpenIDConnectProvider(t.Context(), &iam.CreateOIDCProviderInput{Url: known.URL, ClientIDList: []string{"party"}}); err != nil {
		t.Fatal(err)
	}
	who, err := newWebIdentities(service).Verify(t.Context(), known.token(t, map[string]any{"aud": "api", "azp": "party", "email": "a@b", "exp": 99999999999}))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"iss": known.URL, "sub": "repo:a/b", "aud": "api", "oaud": "api", "azp": "party", "email": "a@b", "exp": "99999999999"}
	if diff := cmp.Diff(want, who.Claims); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
}
