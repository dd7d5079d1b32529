package event

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAuthorizerEvents(t *testing.T) {
	full := &AuthorizerRequest{Request: *fullRequest(), RouteARN: "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/$default/POST/a/J D", IdentitySource: []string{"user1", "123"}}
	full.Authorizer, full.Body = Authorizer{}, nil
	full.ClientCert = &ClientCert{PEM: "pem", SubjectDN: "CN=a", IssuerDN: "CN=b", SerialNumber: "a1", NotBefore: "May 28 12:30:02 2019 GMT", NotAfter: "Aug  5 09:36:04 2021 GMT"}
	bare := &AuthorizerRequest{Request: *bareRequest(), RouteARN: "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/prod/GET/"}
	for _, tt := range []struct {
		file   string
		append func([]byte, *AuthorizerRequest) []byte
		r      *AuthorizerRequest
	}{
		{"authorizer-v2-full.json", AppendAuthorizerV2, full},
		{"authorizer-v2-bare.json", AppendAuthorizerV2, bare},
		{"authorizer-v1-full.json", AppendAuthorizerV1, full},
		{"authorizer-v1-bare.json", AppendAuthorizerV1, bare},
	} {
		t.Run(tt.file, func(t *testing.T) {
			golden(t, tt.file, tt.append(nil, tt.r))
		})
	}
}

// golden compares JSON with a file of testdata, indented; UPDATE=1 writes it.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if !json.Valid(got) {
		t.Fatalf("not JSON: %s", got)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, got, "", "  "); err != nil {
		t.Fatal(err)
	}
	indented.WriteByte('\n')
	name := filepath.Join("testdata", file)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(name, indented.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), indented.String()); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
}
