package identity_test

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hakonegate/hakone/internal/awscurl/identity"
)

// cached names a cache file as the AWS CLI does.
func cached(folder, key string) string {
	sum := sha1.Sum([]byte(key))
	return filepath.Join(".aws", folder, "cache", hex.EncodeToString(sum[:])+".json")
}

func TestSSO(t *testing.T) {
	const config = "[profile s]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Dev\n" +
		"[sso-session corp]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = eu-west-1\n" +
		"[profile old]\nsso_start_url = https://old.awsapps.com/start\nsso_region = eu-west-1\nsso_account_id = 123456789012\nsso_role_name = Dev\n" +
		"[profile lost]\nsso_session = none\nsso_account_id = 1\nsso_role_name = Dev\n" +
		"[profile half]\nsso_start_url = https://half.awsapps.com/start\nsso_region = eu-west-1\nsso_account_id = 1\n" +
		"[profile role]\nrole_arn = r\nsource_profile = s\n"
	soon, later, past := time.Now().Add(2*time.Minute), time.Now().Add(time.Hour), time.Now().Add(-time.Hour)
	token := func(name string, ends time.Time, more string) string {
		return fmt.Sprintf(`{"accessToken":%q,"expiresAt":%q,"region":"eu-west-1"%s}`, name, ends.UTC().Format(time.RFC3339), more)
	}
	const renewable = `,"refreshToken":"REFRESH","clientId":"C","clientSecret":"CS"`
	var calls []string
	portal := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		calls = append(calls, strings.TrimSpace(r.Method+" "+r.URL.String()+" "+string(body)))
		switch {
		case r.URL.Path == "/token" && strings.Contains(string(body), `"refreshToken":"REFRESH"`):
			fmt.Fprint(w, `{"accessToken":"NEW","expiresIn":3600,"refreshToken":"NEXT"}`)
		case r.URL.Path == "/federation/credentials" && (r.Header.Get("x-amz-sso_bearer_token") == "GOOD" || r.Header.Get("x-amz-sso_bearer_token") == "NEW"):
			fmt.Fprintf(w, `{"roleCredentials":{"accessKeyId":"ASIASSO","secretAccessKey":"secret","sessionToken":"token","expiration":%d}}`, later.UnixMilli())
		default:
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"message":"Session token not found or invalid"}`)
		}
	}))
	defer portal.Close()
	const get = "GET /federation/credentials?account_id=123456789012&role_name=Dev"
	for _, tt := range []struct {
		name, profile string
		files         map[string]string
		calls, fails  string
	}{
		{"a session", "s", map[string]string{cached("sso", "corp"): token("GOOD", later, "")}, get, ""},
		{"the old form", "old", map[string]string{cached("sso", "https://old.awsapps.com/start"): token("GOOD", later, "")}, get, ""},
		{"a token about to end, for want of better", "s", map[string]string{cached("sso", "corp"): token("GOOD", soon, "")}, get, ""},
		{"a token renewed", "s", map[string]string{cached("sso", "corp"): token("OLD", past, renewable)}, `POST /token {"clientId":"C","clientSecret":"CS","grantType":"refresh_token","refreshToken":"REFRESH"} ` + get, ""},
		{"a token that ended", "s", map[string]string{cached("sso", "corp"): token("GOOD", past, "")}, "", "aws sso login --profile s"},
		{"a token that was withdrawn", "s", map[string]string{cached("sso", "corp"): token("BAD", later, "")}, get, "Session token not found or invalid: run aws sso login --profile s"},
		{"nobody logged in", "s", nil, "", "nobody is logged in: run aws sso login --profile s"},
		{"no such session", "lost", nil, "", "no [sso-session none]"},
		{"no role", "half", nil, "", "sso_role_name is missing"},
		{"credentials of the last call", "s", map[string]string{
			cached("cli", `{"accountId":"123456789012","roleName":"Dev","sessionName":"corp"}`): `{"ProviderType":"sso","Credentials":{"AccessKeyId":"ASIASSO","SecretAccessKey":"secret","SessionToken":"token","Expiration":"2999-01-01T00:00:00Z"}}`,
		}, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			calls = nil
			files := map[string]string{".aws/config": config}
			maps.Copy(files, tt.files)
			home := homeWith(t, files)
			env := map[string]string{"AWS_PROFILE": tt.profile, "AWS_ENDPOINT_URL_SSO": portal.URL, "AWS_ENDPOINT_URL_SSO_OIDC": portal.URL}
			found, err := find(t, home, env, nil)
			check(t, found, err, "ASIASSO", "token", tt.fails)
			if got := strings.Join(calls, " "); got != tt.calls {
				t.Errorf("called %s, want %s", got, tt.calls)
			}
			if tt.fails != "" {
				return
			}
			calls = nil
			found, err = find(t, home, env, nil)
			if check(t, found, err, "ASIASSO", "token", ""); len(calls) != 0 {
				t.Errorf("the second call asked %v: nothing was cached", calls)
			}
			if tt.name != "a token renewed" {
				return
			}
			content, _ := os.ReadFile(filepath.Join(home, cached("sso", "corp")))
			var kept map[string]string
			if err := json.Unmarshal(content, &kept); err != nil || kept["accessToken"] != "NEW" || kept["refreshToken"] != "NEXT" || kept["clientId"] != "C" || kept["region"] != "eu-west-1" {
				t.Errorf("the login is kept as %s", content)
			}
		})
	}
}

func TestConsoleLogin(t *testing.T) {
	sum := sha256.Sum256([]byte("arn:aws:iam::1:user/ada"))
	file := ".aws/login/cache/" + hex.EncodeToString(sum[:]) + ".json"
	const config = "[profile c]\nlogin_session = arn:aws:iam::1:user/ada\n"
	for _, tt := range []struct{ name, ends, fails string }{
		{"good", "2999-01-01T00:00:00Z", ""},
		{"expired", "2001-01-01T00:00:00Z", "aws login --profile c"},
		{"none", "", "nobody is logged in"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			files := map[string]string{".aws/config": config}
			if tt.ends != "" {
				files[file] = `{"accessToken":{"accessKeyId":"ASIALOGIN","secretAccessKey":"secret","sessionToken":"token","expiresAt":"` + tt.ends + `"}}`
			}
			found, err := find(t, homeWith(t, files), map[string]string{"AWS_PROFILE": "c"}, nil)
			check(t, found, err, "ASIALOGIN", "token", tt.fails)
		})
	}
}

// TestRoleCache asks STS once for two calls, and again for another session, for
// credentials about to end, and for another caller.
func TestRoleCache(t *testing.T) {
	calls, ends := 0, time.Now().Add(time.Hour)
	sts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls++
		fmt.Fprintf(w, `<R><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>`+
			`<Expiration>%s</Expiration></Credentials></AssumeRoleResult></R>`, ends.UTC().Format(time.RFC3339))
	}))
	defer sts.Close()
	home := homeWith(t, map[string]string{
		".aws/credentials": "[base]\naws_access_key_id=A\naws_secret_access_key=s\n[other]\naws_access_key_id=B\naws_secret_access_key=s\n",
		".aws/config":      "[profile r]\nrole_arn=role\nsource_profile=base\n[profile q]\nrole_arn=role\nsource_profile=other\n",
	})
	for _, step := range []struct {
		name, profile, session string
		ends                   time.Duration
		calls                  int
	}{
		{"first", "r", "", time.Hour, 1},
		{"cached", "r", "", time.Hour, 1},
		{"another session, short", "r", "s", time.Minute, 2},
		{"too short to be used again", "r", "s", time.Hour, 3},
		{"somebody else", "q", "", time.Hour, 4},
	} {
		ends = time.Now().Add(step.ends)
		found, err := find(t, home, map[string]string{"AWS_PROFILE": step.profile, "AWS_ENDPOINT_URL_STS": sts.URL}, func(s *identity.Sources) { s.SessionName = step.session })
		if check(t, found, err, "ASIAROLE", "token", ""); calls != step.calls {
			t.Errorf("%s: STS was called %d times, want %d", step.name, calls, step.calls)
		}
	}
	files, _ := filepath.Glob(filepath.Join(home, ".aws/cli/cache/*"))
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v: others may read it", file, info.Mode(), err)
		}
	}
	if len(files) != 3 {
		t.Errorf("%d files are kept, want 3", len(files))
	}
}
