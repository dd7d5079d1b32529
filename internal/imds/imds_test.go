package imds_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/imds"
)

// source is an instance that tests change.
type source struct {
	instance imds.Instance
	issued   int
	err      error
	now      time.Time
}

func (s *source) Instance(context.Context) (*imds.Instance, error) { i := s.instance; return &i, nil }

func (s *source) RoleCredentials(_ context.Context, life time.Duration) (*access.Credentials, error) {
	if s.err != nil {
		return nil, s.err
	}
	s.issued++
	return &access.Credentials{
		AccessKeyID: "ASIA" + strings.Repeat("A", s.issued), SecretAccessKey: "secret", SessionToken: "token", Expiration: s.now.Add(life), RoleARN: "arn:aws:iam::1:role/R",
	}, nil
}

func start(t *testing.T) (*source, http.Handler) {
	t.Helper()
	s := &source{now: time.Date(2031, 3, 9, 8, 0, 0, 0, time.UTC), instance: imds.Instance{
		InstanceID: "i-0123456789abcdef0", ImageID: "ami-1", InstanceType: "t3.small", AccountID: "123456789012", Region: "ap-northeast-1",
		AvailabilityZone: "ap-northeast-1a", PrivateIP: "10.0.0.10", PublicIP: "203.0.113.1", PrivateDNSName: "ip-10-0-0-10.ap-northeast-1.compute.internal",
		SecurityGroups: []string{"web"}, KeyName: "K", PublicKey: "ssh-ed25519 AAAA K", LaunchTime: time.Date(2031, 3, 9, 7, 0, 0, 0, time.UTC),
		ProfileARN: "arn:aws:iam::123456789012:instance-profile/P", ProfileID: "AIPA1", RoleName: "R", RoleID: "AROA1", TokensRequired: true,
	}}
	return s, imds.New(imds.Config{Source: s, Now: func() time.Time { return s.now }})
}

// do sends a request; headers are name, value, name, value.
func do(t *testing.T, h http.Handler, method, path string, headers ...string) (int, string, http.Header) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Code, string(body), w.Header()
}

const ttl, token = "X-aws-ec2-metadata-token-ttl-seconds", "X-aws-ec2-metadata-token"

func session(t *testing.T, h http.Handler, seconds string) string {
	t.Helper()
	status, text, header := do(t, h, "PUT", "/latest/api/token", ttl, seconds)
	if status != 200 || header.Get(ttl) != seconds || text == "" {
		t.Fatalf("PUT token = %d %q %v", status, text, header)
	}
	return text
}

func TestTokens(t *testing.T) {
	s, h := start(t)
	_, other := start(t)
	good := session(t, h, "60")
	optional := func() { s.instance.TokensRequired = false }
	required := func() { s.instance.TokensRequired = true }
	tests := []struct {
		name, method, path string
		headers            []string
		before             func()
		want               int
	}{
		{"no TTL", "PUT", "/latest/api/token", nil, nil, 400},
		{"TTL 0", "PUT", "/latest/api/token", []string{ttl, "0"}, nil, 400},
		{"TTL above six hours", "PUT", "/latest/api/token", []string{ttl, "21601"}, nil, 400},
		{"TTL in words", "PUT", "/latest/api/token", []string{ttl, "long"}, nil, 400},
		{"six hours", "PUT", "/latest/api/token", []string{ttl, "21600"}, nil, 200},
		{"through a proxy", "PUT", "/latest/api/token", []string{ttl, "60", "X-Forwarded-For", "10.0.0.1"}, nil, 403},
		{"GET of a token", "GET", "/latest/api/token", nil, nil, 405},
		{"POST of metadata", "POST", "/latest/meta-data/", []string{token, good}, nil, 405},
		{"metadata with a token", "GET", "/latest/meta-data/instance-id", []string{token, good}, nil, 200},
		{"an older version", "GET", "/2021-07-15/meta-data/instance-id", []string{token, good}, nil, 200},
		{"without a token", "GET", "/latest/meta-data/instance-id", nil, nil, 401},
		{"a path that does not exist without a token", "GET", "/latest/meta-data/nope", nil, nil, 401},
		{"with one", "GET", "/latest/meta-data/nope", []string{token, good}, nil, 404},
		{"a forged token", "GET", "/latest/meta-data/instance-id", []string{token, good[:len(good)-4] + "AAA="}, nil, 401},
		{"a token of another instance", "GET", "/latest/meta-data/instance-id", []string{token, session(t, other, "60")}, nil, 401},
		{"an invented version", "GET", "/next/meta-data/instance-id", []string{token, good}, nil, 404},
		{"version 1 where it is allowed", "GET", "/latest/meta-data/instance-id", nil, optional, 200},
		{"a bad token even there", "GET", "/latest/meta-data/instance-id", []string{token, "x"}, nil, 401},
		{"switched off", "GET", "/latest/meta-data/instance-id", []string{token, good}, func() { required(); s.instance.Disabled = true }, 403},
		{"also for tokens", "PUT", "/latest/api/token", []string{ttl, "60"}, nil, 403},
		{"on again", "GET", "/latest/meta-data/instance-id", []string{token, good}, func() { s.instance.Disabled = false }, 200},
		{"an expired token", "GET", "/latest/meta-data/instance-id", []string{token, good}, func() { s.now = s.now.Add(time.Minute) }, 401},
	}
	for _, tt := range tests {
		if tt.before != nil {
			tt.before()
		}
		got, _, header := do(t, h, tt.method, tt.path, tt.headers...)
		if got != tt.want || header.Get("Server") != "EC2ws" {
			t.Errorf("%s: %s %s = %d (%s), want %d", tt.name, tt.method, tt.path, got, header.Get("Server"), tt.want)
		}
	}
}

func TestPaths(t *testing.T) {
	s, h := start(t)
	good := session(t, h, "21600")
	s.instance.Tags = map[string]string{"Name": "Test-EC2"}
	s.instance.UserData = []byte("#!/bin/bash\n")
	tests := []struct{ path, want string }{
		{"/", "1.0\n2021-07-15\nlatest"},
		{"/latest", "dynamic\nmeta-data\nuser-data"},
		{"/latest/meta-data/instance-id", "i-0123456789abcdef0"},
		{"/latest/meta-data/placement", "availability-zone\nregion"},
		{"/latest/meta-data/placement/", "availability-zone\nregion"},
		{"/latest/meta-data/placement/region", "ap-northeast-1"},
		{"/latest/meta-data/mac", "02:01:23:45:67:89"},
		{"/latest/meta-data/network/interfaces/macs/", "02:01:23:45:67:89/"},
		{"/latest/meta-data/network/interfaces/macs/02:01:23:45:67:89/security-groups", "web"},
		{"/latest/meta-data/public-keys/", "0=K"},
		{"/latest/meta-data/public-keys/0/openssh-key", "ssh-ed25519 AAAA K"},
		{"/latest/meta-data/iam/", "info\nsecurity-credentials/"},
		{"/latest/meta-data/iam/security-credentials/", "R"},
		{"/latest/meta-data/tags/instance/Name", "Test-EC2"},
		{"/latest/meta-data/services/domain", "amazonaws.com"},
		{"/latest/user-data", "#!/bin/bash\n"},
	}
	for _, tt := range tests {
		if status, got, _ := do(t, h, "GET", tt.path, token, good); status != 200 || got != tt.want {
			t.Errorf("GET %s = %d %q, want %q", tt.path, status, got, tt.want)
		}
	}
	for _, path := range []string{
		"/latest/meta-data/iam/security-credentials/Other", "/latest/meta-data/iam/security-credentials-extended/", "/latest/meta-data//mac",
		"/latest/meta-data/instance-id/x", "/latest/dynamic/instance-identity/pkcs7", "/latest/nothing", "/latest/meta-data/spot",
	} {
		if status, got, _ := do(t, h, "GET", path, token, good); status != 404 {
			t.Errorf("GET %s = %d %q, want 404", path, status, got)
		}
	}
	s.instance.ProfileARN, s.instance.RoleName = "", ""
	if status, _, _ := do(t, h, "GET", "/latest/meta-data/iam/", token, good); status != 404 {
		t.Errorf("iam/ without a profile = %d, want 404", status)
	}
	s.instance.UserData = nil
	if status, _, _ := do(t, h, "GET", "/latest/user-data", token, good); status != 404 {
		t.Errorf("no user data = %d, want 404", status)
	}
}

func TestIdentityDocument(t *testing.T) {
	_, h := start(t)
	_, text, _ := do(t, h, "GET", "/latest/dynamic/instance-identity/document", token, session(t, h, "60"))
	var got map[string]any
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	want := map[string]any{
		"accountId": "123456789012", "architecture": "x86_64", "availabilityZone": "ap-northeast-1a", "billingProducts": nil, "devpayProductCodes": nil,
		"marketplaceProductCodes": nil, "imageId": "ami-1", "instanceId": "i-0123456789abcdef0", "instanceType": "t3.small", "kernelId": nil,
		"pendingTime": "2031-03-09T07:00:00Z", "privateIp": "10.0.0.10", "ramdiskId": nil, "region": "ap-northeast-1", "version": "2017-09-30",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRoleCredentialsAreRenewedBeforeTheirEnd(t *testing.T) {
	s, h := start(t)
	keyID := func() string {
		t.Helper()
		status, text, _ := do(t, h, "GET", "/latest/meta-data/iam/security-credentials/R", token, session(t, h, "60"))
		var got struct{ Code, Type, AccessKeyId, SecretAccessKey, Token, Expiration, LastUpdated, Message string }
		if err := json.Unmarshal([]byte(text), &got); err != nil || status != 200 {
			t.Fatalf("%d %v in %s", status, err, text)
		}
		if got.Code != "Success" {
			return got.Code
		}
		if got.Type != "AWS-HMAC" || got.SecretAccessKey != "secret" || got.Token != "token" || !strings.HasSuffix(got.Expiration, "Z") {
			t.Errorf("document = %+v", got)
		}
		return got.AccessKeyId
	}
	steps := []struct {
		name string
		do   func()
		want string
	}{
		{"the first", func() {}, "ASIAA"},
		{"the same while they last", func() { s.now = s.now.Add(5 * time.Hour) }, "ASIAA"},
		{"new ones half an hour before the end", func() { s.now = s.now.Add(31 * time.Minute) }, "ASIAAA"},
		{"new ones for another role of the same name", func() { s.instance.RoleID = "AROA2" }, "ASIAAAA"},
		{"none when the role cannot be assumed", func() { s.err = errors.New("no trust"); s.instance.RoleID = "AROA3" }, "AssumeRoleUnauthorizedAccess"},
	}
	for _, step := range steps {
		step.do()
		if got := keyID(); got != step.want {
			t.Errorf("%s: %s, want %s", step.name, got, step.want)
		}
	}
}

// roles gives credentials for one name.
type roles struct{ source *source }

func (r roles) ContainerCredentials(ctx context.Context, name string) (*access.Credentials, error) {
	if name != "R" {
		return nil, errors.New("no such role")
	}
	return r.source.RoleCredentials(ctx, time.Hour)
}

func TestContainerCredentials(t *testing.T) {
	s, _ := start(t)
	h := imds.NewContainer(imds.ContainerConfig{Roles: roles{s}, Token: "letmein"})
	tests := []struct {
		name, method, path, token string
		want                      int
	}{
		{"with the token", "GET", "/creds/R", "letmein", 200},
		{"without", "GET", "/creds/R", "", 401},
		{"with another", "GET", "/creds/R", "letmeout", 401},
		{"another role", "GET", "/creds/Q", "letmein", 400},
		{"another path", "GET", "/creds/", "letmein", 404},
		{"another method", "POST", "/creds/R", "letmein", 405},
	}
	for _, tt := range tests {
		var headers []string
		if tt.token != "" {
			headers = []string{"Authorization", tt.token}
		}
		status, text, _ := do(t, h, tt.method, tt.path, headers...)
		var got map[string]string
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
		if status != tt.want || status == 200 != (got["RoleArn"] != "") || status != 200 != (got["code"] != "") {
			t.Errorf("%s: %d %v, want %d", tt.name, status, got, tt.want)
		}
	}
	if status, _, _ := do(t, imds.NewContainer(imds.ContainerConfig{Roles: roles{s}}), "GET", "/creds/R"); status != 401 {
		t.Errorf("an endpoint without a token lets somebody in: %d", status)
	}
}
