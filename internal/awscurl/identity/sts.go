package identity

import (
	"context"
	"crypto/sha1" //nolint:gosec // names the AWS CLI's cache files, protects nothing
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/hakonegate/hakone/sigv4"
)

// An assumption is a role to assume and the conditions of doing so.
type assumption struct {
	role, externalID, sessionName, mfaSerial string
	duration                                 time.Duration
	profile                                  string // or access key: who assumes it, in the cache's key
}

// temporary is a set of credentials as STS gives it and the AWS CLI caches it.
type temporary struct {
	AccessKeyID     string    `xml:"AccessKeyId" json:"AccessKeyId"`
	SecretAccessKey string    `json:"SecretAccessKey"`
	SessionToken    string    `json:"SessionToken"`
	Expiration      time.Time `json:"Expiration"`
}

func (t *temporary) credentials() sigv4.Credentials {
	return sigv4.Credentials{AccessKeyID: t.AccessKeyID, SecretAccessKey: t.SecretAccessKey, SessionToken: t.SessionToken}
}

// assume returns credentials of a role, from the cache if they last a while.
func (s *Sources) assume(ctx context.Context, base sigv4.Credentials, a assumption) (sigv4.Credentials, error) {
	cache := s.cacheFile(a)
	if cached, ok := s.readCache(cache); ok {
		return cached.credentials(), nil
	}
	form := url.Values{"Action": {"AssumeRole"}, "RoleArn": {a.role}}
	form.Set("RoleSessionName", first(a.sessionName, fmt.Sprintf("awscurl-%d", s.now().Unix())))
	if a.externalID != "" {
		form.Set("ExternalId", a.externalID)
	}
	if a.duration > 0 {
		form.Set("DurationSeconds", strconv.Itoa(int(a.duration/time.Second)))
	}
	if a.mfaSerial != "" {
		code := s.MFACode
		if code == "" {
			if s.Prompt == nil {
				return sigv4.Credentials{}, fmt.Errorf("role %s wants an MFA code and there is no terminal to ask on: give --mfa-code", a.role)
			}
			var err error
			if code, err = s.Prompt("MFA code for " + a.mfaSerial + ": "); err != nil {
				return sigv4.Credentials{}, fmt.Errorf("read MFA code: %w", err)
			}
		}
		form.Set("SerialNumber", a.mfaSerial)
		form.Set("TokenCode", code)
	}
	var answer struct {
		Credentials temporary `xml:"AssumeRoleResult>Credentials"`
	}
	if err := s.sts(ctx, form, &base, &answer); err != nil {
		return sigv4.Credentials{}, fmt.Errorf("assume role %s: %w", a.role, err)
	}
	if answer.Credentials.AccessKeyID == "" {
		return sigv4.Credentials{}, fmt.Errorf("assume role %s: STS answered without credentials", a.role)
	}
	s.writeCache(cache, &answer.Credentials, "assume-role")
	return answer.Credentials.credentials(), nil
}

// webIdentity trades the token in a file for credentials.
func (s *Sources) webIdentity(ctx context.Context, file, role, sessionName string) (sigv4.Credentials, error) {
	token, err := os.ReadFile(file) //nolint:gosec // the user's own configuration
	if err != nil {
		return sigv4.Credentials{}, fmt.Errorf("read web identity token: %w", err)
	}
	form := url.Values{
		"Action": {"AssumeRoleWithWebIdentity"}, "RoleArn": {role}, "WebIdentityToken": {strings.TrimSpace(string(token))},
		"RoleSessionName": {first(s.SessionName, sessionName, fmt.Sprintf("awscurl-%d", s.now().Unix()))},
	}
	var answer struct {
		Credentials temporary `xml:"AssumeRoleWithWebIdentityResult>Credentials"`
	}
	if err := s.sts(ctx, form, nil, &answer); err != nil {
		return sigv4.Credentials{}, fmt.Errorf("assume role %s with web identity: %w", role, err)
	}
	return answer.Credentials.credentials(), nil
}

// sts calls STS, signed by base if that is given, and decodes its answer.
func (s *Sources) sts(ctx context.Context, form url.Values, base *sigv4.Credentials, answer any) error {
	form.Set("Version", "2011-06-15")
	region := first(s.STSRegion, s.Getenv("AWS_REGION"), s.Getenv("AWS_DEFAULT_REGION"), s.Region(), "us-east-1")
	if region == "*" {
		region = "us-east-1"
	}
	endpoint := first(s.STSEndpoint, s.Getenv("AWS_ENDPOINT_URL_STS"), s.Getenv("AWS_ENDPOINT_URL"), "https://sts."+region+"."+suffixOf(region))
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(endpoint, "/")+"/", strings.NewReader(form.Encode()))
	if err != nil {
		return fmt.Errorf("address of STS: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	if base != nil {
		signer := sigv4.Signer{Service: "sts", Region: region}
		if err := signer.SignHTTP(request, *base, s.now()); err != nil {
			return fmt.Errorf("sign: %w", err)
		}
	}
	client := s.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err
		}
		return fmt.Errorf("reach STS at %s: %w", endpoint, err)
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("read the answer of STS: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		var refusal struct {
			Code    string `xml:"Error>Code"`
			Message string `xml:"Error>Message"`
		}
		if xml.Unmarshal(content, &refusal) == nil && refusal.Code != "" {
			return fmt.Errorf("STS at %s: %s: %s", endpoint, refusal.Code, refusal.Message)
		}
		return fmt.Errorf("STS at %s answered %s", endpoint, response.Status)
	}
	if err := xml.Unmarshal(content, answer); err != nil {
		return fmt.Errorf("STS at %s: %w", endpoint, err)
	}
	return nil
}

// cacheFile is where the AWS CLI keeps the credentials of a role. Its name is
// the SHA-1 of the call's arguments in JSON, sorted. Without a home there is no
// cache.
func (s *Sources) cacheFile(a assumption) string {
	if s.home() == "" {
		return ""
	}
	arguments := map[string]any{"RoleArn": a.role}
	for name, value := range map[string]string{"ExternalId": a.externalID, "RoleSessionName": a.sessionName, "SerialNumber": a.mfaSerial} {
		if value != "" {
			arguments[name] = value
		}
	}
	if a.duration > 0 {
		arguments["DurationSeconds"] = int(a.duration / time.Second)
	}
	// Who assumes the role and where is part of it here: another identity's
	// session must not be taken for this one's.
	arguments["Source"] = a.profile
	arguments["Endpoint"] = first(s.STSEndpoint, s.Getenv("AWS_ENDPOINT_URL_STS"), s.Getenv("AWS_ENDPOINT_URL"))
	text, err := json.Marshal(arguments)
	if err != nil {
		return ""
	}
	sum := sha1.Sum(text) //nolint:gosec // a file name
	return filepath.Join(s.home(), ".aws", "cli", "cache", hex.EncodeToString(sum[:])+".json")
}

// cacheMargin is how long cached credentials must still be good.
const cacheMargin = 5 * time.Minute

func (s *Sources) readCache(path string) (*temporary, bool) {
	if path == "" {
		return nil, false
	}
	content, err := os.ReadFile(path) //nolint:gosec // below the user's home
	if err != nil {
		return nil, false
	}
	var cached struct{ Credentials temporary }
	if json.Unmarshal(content, &cached) != nil || cached.Credentials.AccessKeyID == "" {
		return nil, false
	}
	return &cached.Credentials, cached.Credentials.Expiration.After(s.now().Add(cacheMargin))
}

// writeCache keeps credentials for the next call. Where that fails, the next
// call asks again.
func (s *Sources) writeCache(path string, credentials *temporary, kind string) {
	if path == "" {
		return
	}
	if content, err := json.Marshal(map[string]any{"Credentials": credentials, "ProviderType": kind}); err == nil {
		replaceFile(path, content)
	}
}

// replaceFile puts content in the place of a cache file that only its owner may
// read. Where that fails, the old content stays.
func replaceFile(path string, content []byte) {
	if os.MkdirAll(filepath.Dir(path), 0o700) != nil {
		return
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".awscurl-*") // mode 0600
	if err != nil {
		return
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
}
