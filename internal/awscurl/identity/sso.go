package identity

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // names the AWS CLI's cache files, protects nothing
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hakonegate/hakone/sigv4"
)

// An ssoLogin is what a profile and its sso-session say of IAM Identity Center.
type ssoLogin struct {
	session, startURL, region, account, role string
}

// sso trades the token of "aws sso login" for credentials of the profile's role.
func (s *Sources) sso(ctx context.Context, name string, settings map[string]string) (sigv4.Credentials, error) {
	login, err := s.ssoLogin(name, settings)
	if err != nil {
		return sigv4.Credentials{}, err
	}
	cache := s.ssoCacheFile(login)
	if cached, ok := s.readCache(cache); ok {
		return cached.credentials(), nil
	}
	credentials, err := s.ssoCredentials(ctx, login)
	if err != nil {
		return sigv4.Credentials{}, fmt.Errorf("profile %s: %w: run aws sso login --profile %s", name, err, name)
	}
	s.writeCache(cache, credentials, "sso")
	return credentials.credentials(), nil
}

func (s *Sources) ssoLogin(name string, settings map[string]string) (ssoLogin, error) {
	login := ssoLogin{
		session: settings["sso_session"], startURL: settings["sso_start_url"], region: settings["sso_region"],
		account: settings["sso_account_id"], role: settings["sso_role_name"],
	}
	if login.session != "" {
		session, known, err := s.settings("sso-session " + login.session)
		if err != nil {
			return login, err
		}
		if !known {
			return login, usagef("profile %s: there is no [sso-session %s] in %s", name, login.session, s.configFile())
		}
		login.startURL, login.region = session["sso_start_url"], session["sso_region"]
	}
	for _, required := range []struct{ name, value string }{
		{"sso_start_url", login.startURL},
		{"sso_region", login.region},
		{"sso_account_id", login.account},
		{"sso_role_name", login.role},
	} {
		if required.value == "" {
			return login, usagef("profile %s: %s is missing", name, required.name)
		}
	}
	return login, nil
}

// ssoCredentials asks the portal of IAM Identity Center (GetRoleCredentials).
func (s *Sources) ssoCredentials(ctx context.Context, login ssoLogin) (*temporary, error) {
	token, err := s.ssoToken(ctx, login)
	if err != nil {
		return nil, err
	}
	endpoint := first(s.Getenv("AWS_ENDPOINT_URL_SSO"), "https://portal.sso."+login.region+"."+suffixOf(login.region))
	query := url.Values{"account_id": {login.account}, "role_name": {login.role}}
	header := http.Header{"X-Amz-Sso_bearer_token": {token}}
	content, err := ask(ctx, s.HTTP, http.MethodGet, strings.TrimSuffix(endpoint, "/")+"/federation/credentials?"+query.Encode(), header)
	if err != nil {
		return nil, err
	}
	var answer struct {
		RoleCredentials struct {
			AccessKeyID     string `json:"accessKeyId"`
			SecretAccessKey string `json:"secretAccessKey"`
			SessionToken    string `json:"sessionToken"`
			Expiration      int64  `json:"expiration"` // in ms
		} `json:"roleCredentials"`
	}
	if err := json.Unmarshal(content, &answer); err != nil || answer.RoleCredentials.AccessKeyID == "" {
		return nil, errors.New("IAM Identity Center answered without credentials")
	}
	r := answer.RoleCredentials
	return &temporary{r.AccessKeyID, r.SecretAccessKey, r.SessionToken, time.UnixMilli(r.Expiration).UTC()}, nil
}

// ssoToken is the access token of the last login, renewed where the login allows
// that.
func (s *Sources) ssoToken(ctx context.Context, login ssoLogin) (string, error) {
	sum := sha1.Sum([]byte(first(login.session, login.startURL))) //nolint:gosec // a file name
	path := filepath.Join(s.home(), ".aws", "sso", "cache", hex.EncodeToString(sum[:])+".json")
	content, err := os.ReadFile(path) //nolint:gosec // below the user's home
	if err != nil {
		return "", errors.New("nobody is logged in")
	}
	var fields map[string]any // all are written back
	if err := json.Unmarshal(content, &fields); err != nil {
		return "", fmt.Errorf("%s is not JSON", path)
	}
	text := func(name string) string { value, _ := fields[name].(string); return value }
	token := text("accessToken")
	ends, err := time.Parse(time.RFC3339, strings.Replace(text("expiresAt"), "UTC", "Z", 1))
	if token != "" && err == nil && ends.After(s.now().Add(cacheMargin)) {
		return token, nil
	}
	registered, err := time.Parse(time.RFC3339, text("registrationExpiresAt"))
	if text("refreshToken") == "" || text("clientId") == "" || err == nil && !registered.After(s.now()) {
		if token != "" && ends.After(s.now()) {
			return token, nil
		}
		return "", errors.New("the login has expired")
	}
	renewed, err := s.renewToken(ctx, login.region, text("clientId"), text("clientSecret"), text("refreshToken"))
	if err != nil {
		return "", fmt.Errorf("renew the login: %w", err)
	}
	fields["accessToken"] = renewed.AccessToken
	fields["expiresAt"] = s.now().Add(time.Duration(renewed.ExpiresIn) * time.Second).UTC().Format(time.RFC3339)
	if renewed.RefreshToken != "" {
		fields["refreshToken"] = renewed.RefreshToken
	}
	if content, err = json.Marshal(fields); err == nil {
		replaceFile(path, content)
	}
	return renewed.AccessToken, nil
}

// ssoTokens are what IAM Identity Center gives for a refresh token.
type ssoTokens struct {
	AccessToken  string `json:"accessToken"`
	RefreshToken string `json:"refreshToken"`
	ExpiresIn    int    `json:"expiresIn"` // seconds
}

// renewToken trades a refresh token for new tokens (CreateToken of SSO OIDC).
func (s *Sources) renewToken(ctx context.Context, region, clientID, clientSecret, refreshToken string) (*ssoTokens, error) {
	body, err := json.Marshal(map[string]string{
		"clientId": clientID, "clientSecret": clientSecret, "grantType": "refresh_token", "refreshToken": refreshToken,
	})
	if err != nil {
		return nil, err
	}
	endpoint := first(s.Getenv("AWS_ENDPOINT_URL_SSO_OIDC"), "https://oidc."+region+"."+suffixOf(region))
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(endpoint, "/")+"/token", bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("address of SSO OIDC: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	content, err := answerOf(s.HTTP, request)
	if err != nil {
		return nil, err
	}
	var tokens ssoTokens
	if err := json.Unmarshal(content, &tokens); err != nil || tokens.AccessToken == "" {
		return nil, errors.New("the answer has no token")
	}
	return &tokens, nil
}

// ssoCacheFile is where the AWS CLI keeps credentials of IAM Identity Center.
func (s *Sources) ssoCacheFile(login ssoLogin) string {
	if s.home() == "" {
		return ""
	}
	arguments := map[string]string{"accountId": login.account, "roleName": login.role, "startUrl": login.startURL}
	if login.session != "" {
		delete(arguments, "startUrl")
		arguments["sessionName"] = login.session
	}
	text, err := json.Marshal(arguments)
	if err != nil {
		return ""
	}
	sum := sha1.Sum(text) //nolint:gosec // a file name
	return filepath.Join(s.home(), ".aws", "cli", "cache", hex.EncodeToString(sum[:])+".json")
}

// console reads the credentials that "aws login" left for a login_session.
func (s *Sources) console(name, session string) (sigv4.Credentials, error) {
	sum := sha256.Sum256([]byte(strings.TrimSpace(session)))
	folder := first(s.Getenv("AWS_LOGIN_CACHE_DIRECTORY"), filepath.Join(s.home(), ".aws", "login", "cache"))
	var login struct {
		AccessToken struct {
			AccessKeyID     string    `json:"accessKeyId"`
			SecretAccessKey string    `json:"secretAccessKey"`
			SessionToken    string    `json:"sessionToken"`
			ExpiresAt       time.Time `json:"expiresAt"`
		} `json:"accessToken"`
	}
	content, err := os.ReadFile(filepath.Join(folder, hex.EncodeToString(sum[:])+".json")) //nolint:gosec // below the user's home
	if err != nil || json.Unmarshal(content, &login) != nil || login.AccessToken.AccessKeyID == "" {
		return sigv4.Credentials{}, fmt.Errorf("profile %s: nobody is logged in: run aws login --profile %s", name, name)
	}
	t := login.AccessToken
	if !t.ExpiresAt.After(s.now()) {
		return sigv4.Credentials{}, fmt.Errorf("profile %s: the login's credentials have expired: run aws login --profile %s", name, name)
	}
	return sigv4.Credentials{AccessKeyID: t.AccessKeyID, SecretAccessKey: t.SecretAccessKey, SessionToken: t.SessionToken}, nil
}

// suffixOf is the domain of a region's services.
func suffixOf(region string) string {
	if strings.HasPrefix(region, "cn-") {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}
