package identity_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hakonegate/hakone/internal/awscurl/identity"
	"github.com/hakonegate/hakone/sigv4"
)

// find asks sources whose home has files, in an environment.
func find(t *testing.T, home string, env map[string]string, change func(*identity.Sources)) (identity.Found, error) {
	t.Helper()
	s := &identity.Sources{Getenv: func(name string) string {
		if name == "HOME" {
			return home
		}
		return env[name]
	}}
	if change != nil {
		change(s)
	}
	return s.Find(t.Context())
}

// homeWith makes a home with files in it.
func homeWith(t *testing.T, files map[string]string) string {
	t.Helper()
	home := t.TempDir()
	for name, content := range files {
		path := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return home
}

// check compares what was found with an access key ID and a token, or its error
// with a part of it.
func check(t *testing.T, found identity.Found, err error, id, token, fails string) {
	t.Helper()
	if fails != "" {
		if err == nil || !strings.Contains(err.Error(), fails) {
			t.Errorf("found %q, error %v, want an error with %q", found.AccessKeyID, err, fails)
		}
		return
	}
	want := sigv4.Credentials{AccessKeyID: id, SecretAccessKey: "secret", SessionToken: token}
	if err != nil || found.Credentials != want {
		t.Errorf("found %v, error %v, want %v", found.Credentials, err, want)
	}
}

// instance answers version 2 of the instance metadata service alone.
func instance(role string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		const path = "/latest/meta-data/iam/security-credentials/"
		switch {
		case r.Method == http.MethodPut && r.URL.Path == "/latest/api/token" && r.Header.Get("X-aws-ec2-metadata-token-ttl-seconds") == "300":
			io.WriteString(w, "SESSION")
		case r.Method != http.MethodGet || r.Header.Get("X-aws-ec2-metadata-token") != "SESSION":
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == path && role != "":
			io.WriteString(w, role)
		case r.URL.Path == path+role && role != "":
			io.WriteString(w, `{"Code":"Success","AccessKeyId":"ASIAINSTANCE","SecretAccessKey":"secret","Token":"token"}`)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
}

func TestInstanceMetadata(t *testing.T) {
	versionOne := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method + " " + r.URL.Path {
		case "GET /latest/meta-data/iam/security-credentials/":
			w.Write([]byte("old\n"))
		case "GET /latest/meta-data/iam/security-credentials/old":
			w.Write([]byte(`{"Code":"Success","AccessKeyId":"ASIAOLD","SecretAccessKey":"secret","Token":"token"}`))
		default:
			w.WriteHeader(http.StatusMethodNotAllowed)
		}
	})
	broken := func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(text)) })
	}
	for _, tt := range []struct {
		name      string
		handler   http.Handler
		fallback  bool
		id, fails string
	}{
		{"version 2", instance("R"), false, "ASIAINSTANCE", ""},
		{"no role", instance(""), false, "", "no role"},
		{"turned off", http.NotFoundHandler(), false, "", "instance metadata: "},
		{"version 1 is not asked", versionOne, false, "", "405"},
		{"version 1 when allowed", versionOne, true, "ASIAOLD", ""},
		{"an answer that is no JSON", broken("R"), false, "", "not JSON"},
		{"an answer that says why not", broken(`{"Code":"AssumeRoleUnauthorizedAccess","Message":"no trust"}`), false, "", "no trust"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(tt.handler)
			defer server.Close()
			found, err := find(t, t.TempDir(), map[string]string{"AWS_EC2_METADATA_SERVICE_ENDPOINT": server.URL + "/"}, func(s *identity.Sources) { s.IMDSv1 = tt.fallback })
			check(t, found, err, tt.id, "token", tt.fails)
		})
	}
	t.Run("a machine that is none is not waited for", func(t *testing.T) {
		begun := time.Now()
		silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
		defer silent.Close()
		_, err := find(t, t.TempDir(), map[string]string{"AWS_EC2_METADATA_SERVICE_ENDPOINT": silent.URL, "AWS_METADATA_SERVICE_TIMEOUT": "0.1"}, nil)
		if err == nil || time.Since(begun) > 5*time.Second {
			t.Errorf("error %v after %v", err, time.Since(begun))
		}
		for _, source := range []string{"--access_key: not given", "environment: no AWS_ACCESS_KEY_ID", "AWS_PROFILE: not set", "web identity: ", "profile default: ", "container: ", "instance metadata: "} {
			if err != nil && !strings.Contains(err.Error(), source) {
				t.Errorf("the error does not say %q: %v", source, err)
			}
		}
	})
	t.Run("credential_source", func(t *testing.T) {
		server := httptest.NewServer(instance(""))
		defer server.Close()
		home := homeWith(t, map[string]string{".aws/config": "[profile x]\nrole_arn=r\ncredential_source=Ec2InstanceMetadata\n"})
		_, err := find(t, home, map[string]string{"AWS_PROFILE": "x", "AWS_EC2_METADATA_SERVICE_ENDPOINT": server.URL}, nil)
		check(t, identity.Found{}, err, "", "", "no role")
	})
}

func TestContainer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer x":
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path != "/creds/R":
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"code":"AssumeRoleFailed","message":"The role cannot be assumed"}`)
		default:
			io.WriteString(w, `{"AccessKeyId":"ASIACONTAINER","SecretAccessKey":"secret","Token":"token"}`)
		}
	}))
	defer server.Close()
	home := homeWith(t, map[string]string{"token": "Bearer x\n"})
	for _, tt := range []struct {
		name      string
		env       map[string]string
		id, fails string
	}{
		{"a token", map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": server.URL + "/creds/R", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "Bearer x"}, "ASIACONTAINER", ""},
		{"a token in a file", map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": server.URL + "/creds/R", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "old", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": home + "/token"}, "ASIACONTAINER", ""},
		{"no token", map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": server.URL + "/creds/R"}, "", "401"},
		{"another role", map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": server.URL + "/creds/Q", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "Bearer x"}, "", "cannot be assumed"},
		{"no file", map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": server.URL, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": home + "/none"}, "", "no such file"},
		{"another machine in plain HTTP", map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.1/creds"}, "", "without https"},
		{"a name in plain HTTP", map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/creds"}, "", "without https"},
		{"no URL", map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "creds"}, "", "not a URL"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found, err := find(t, t.TempDir(), tt.env, nil)
			check(t, found, err, tt.id, "token", tt.fails)
		})
	}
}

func TestCredentialProcess(t *testing.T) {
	for _, tt := range []struct {
		name, line       string
		id, token, fails string
	}{
		{"a program", `echo '{"Version":1,"AccessKeyId":"PROGRAM","SecretAccessKey":"secret","SessionToken":"t"}'`, "PROGRAM", "t", ""},
		{"without a token", `printf '{"Version":1,"AccessKeyId":"%s","SecretAccessKey":"secret","Expiration":"2999-01-01T00:00:00Z"}' PROGRAM`, "PROGRAM", "", ""},
		{"expired", `echo '{"Version":1,"AccessKeyId":"P","SecretAccessKey":"s","Expiration":"2001-01-01T00:00:00Z"}'`, "", "", "have expired"},
		{"another version", `echo '{"Version":2,"AccessKeyId":"P","SecretAccessKey":"s"}'`, "", "", "Version 2"},
		{"half a pair", `echo '{"Version":1,"AccessKeyId":"P"}'`, "", "", "no SecretAccessKey"},
		{"no JSON", "echo TheSecret", "", "", "not the JSON"},
		{"a failure", "echo why >&2; exit 3", "", "", "exit status 3"},
		{"no end of it", "yes", "", "", "credential_process: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			home := homeWith(t, map[string]string{".aws/config": "[profile p]\ncredential_process = " + tt.line + "\n"})
			var stderr strings.Builder
			found, err := find(t, home, map[string]string{"AWS_PROFILE": "p"}, func(s *identity.Sources) { s.Stderr = &stderr })
			check(t, found, err, tt.id, tt.token, tt.fails)
			if err != nil && strings.Contains(err.Error(), "TheSecret") {
				t.Errorf("the error repeats what the program printed: %v", err)
			}
			if tt.name == "a failure" && stderr.String() != "why\n" {
				t.Errorf("the program's complaint is lost: %q", stderr.String())
			}
		})
	}
}
