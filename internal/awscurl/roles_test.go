package awscurl

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hakonegate/hakone/sigv4"
)

// TestRoles assumes roles at an STS that says who asked.
func TestRoles(t *testing.T) {
	var calls []string
	sts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
		who, _, _ := strings.Cut(credential, "/")
		calls = append(calls, strings.Join([]string{who, r.Form.Get("RoleArn"), r.Form.Get("ExternalId"), r.Form.Get("TokenCode"), r.Form.Get("WebIdentityToken")}, "|"))
		fmt.Fprintf(w, `<R><%[1]sResult><Credentials><AccessKeyId>KEYOF%[2]s</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>`+
			`<Expiration>%[3]s</Expiration></Credentials></%[1]sResult></R>`, r.Form.Get("Action"), strings.ToUpper(r.Form.Get("RoleArn")), time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	}))
	defer sts.Close()
	token := writeFile(t, "jwt\n")
	files := map[string]string{
		".aws/credentials": "[base]\naws_access_key_id=BASE\naws_secret_access_key=s\n",
		".aws/config": "[profile one]\nrole_arn=one\nsource_profile=base\nexternal_id=x\n[profile two]\nrole_arn=two\nsource_profile=one\n" +
			"[profile mfa]\nrole_arn=m\nsource_profile=base\nmfa_serial=dev\n[profile loop]\nrole_arn=l\nsource_profile=pool\n[profile pool]\nrole_arn=p\nsource_profile=loop\n" +
			"[profile env]\nrole_arn=e\ncredential_source=Environment\n",
	}
	tests := []struct {
		name  string
		env   map[string]string
		args  []string
		want  string
		calls string
		fails string
	}{
		{"a role of a profile", nil, []string{"--profile", "one"}, "KEYOFONE", "BASE|one|x||", ""},
		{"a chain of profiles", nil, []string{"--profile", "two"}, "KEYOFTWO", "BASE|one|x|| KEYOFONE|two|||", ""},
		{"--role-arn twice", testKeys, []string{"--role-arn", "a", "--role-arn", "b"}, "KEYOFB", "AKIDEXAMPLE|a||| KEYOFA|b|||", ""},
		{"an MFA code", nil, []string{"--profile", "mfa", "--mfa-code", "123456"}, "KEYOFM", "BASE|m||123456|", ""},
		{"an MFA code and nobody to ask", nil, []string{"--profile", "mfa"}, "", "", "--mfa-code"},
		{"a circle", nil, []string{"--profile", "loop"}, "", "", "its own source_profile"},
		{"credential_source", testKeys, []string{"--profile", "env"}, "KEYOFE", "AKIDEXAMPLE|e|||", ""},
		{"web identity", map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": token, "AWS_ROLE_ARN": "w"}, nil, "KEYOFW", "|w|||jwt", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			calls = nil
			r := record(t)
			if tt.env == nil {
				tt.env = map[string]string{}
			}
			status, _, stderr := invoke(t, surrounding{env: tt.env, files: files}, append(tt.args, "--endpoint-url-sts", sts.URL, r.url)...)
			if got := strings.Join(calls, " "); got != tt.calls {
				t.Errorf("STS was called with %q, want %q", got, tt.calls)
			}
			if tt.fails != "" {
				if r.none(t); status == 0 || !strings.Contains(stderr, tt.fails) {
					t.Errorf("exit status %d, %q, want %q", status, stderr, tt.fails)
				}
				return
			}
			if status != 0 {
				t.Fatalf("exit status %d: %s", status, stderr)
			}
			if got := r.last(t); !strings.Contains(got.get("Authorization"), "="+tt.want+"/") || got.get("X-Amz-Security-Token") != "t" {
				t.Errorf("signed with %s", got.get("Authorization"))
			}
		})
	}
}

// TestVerifierAcceptsEveryKind lets the public verifier judge asymmetric
// signatures with a body, and presigned URLs.
func TestVerifierAcceptsEveryKind(t *testing.T) {
	v := &sigv4.Verifier{
		Keys:  sigv4.StaticKeys(sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: testSecret}),
		Scope: sigv4.Scope{Region: "eu-west-1", Service: "execute-api"}, SigV4A: true,
	}
	server := httptest.NewServer(sigv4.Handler(v, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(w, r.Body)
	})))
	defer server.Close()
	for _, args := range [][]string{{"--region", "*"}, {"--region-set", "us-east-1,eu-*"}, {"--region", "eu-west-1"}, {"--sigv4a", "--region", "eu-west-1"}} {
		if status, stdout, stderr := invoke(t, surrounding{}, append(args, "-X", "POST", "-d", "a body", server.URL+"/p?a=b")...); status != 0 || stdout != "a body" {
			t.Errorf("%v: exit status %d, %s%s", args, status, stdout, stderr)
		}
	}
	_, signed, stderr := invoke(t, surrounding{}, "--region", "eu-west-1", "--presign", "60", server.URL+"/p?a=b")
	response, err := http.Get(strings.TrimSpace(signed))
	if err != nil {
		t.Fatalf("%v: %s", err, stderr)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("%s is answered %s", signed, response.Status)
	}
}

// TestWebSocket sends lines to a server that echoes one frame and says goodbye.
func TestWebSocket(t *testing.T) {
	var authorization string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authorization = r.Header.Get("Authorization")
		connection, buffered, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer connection.Close()
		sum := sha1.Sum([]byte(r.Header.Get("Sec-Websocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		fmt.Fprintf(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: %s\r\n\r\n",
			base64.StdEncoding.EncodeToString(sum[:]))
		head := make([]byte, 6)
		io.ReadFull(buffered, head)
		text := make([]byte, head[1]&0x7f)
		io.ReadFull(buffered, text)
		for i := range text {
			text[i] ^= head[2+i&3]
		}
		connection.Write(append([]byte{0x81, byte(len(text))}, text...))
		connection.Write([]byte{0x88, 2, 0x03, 0xe8})
		bufio.NewReader(buffered).ReadByte()
	}))
	defer server.Close()
	status, stdout, stderr := invoke(t, surrounding{stdin: "hello\n"}, strings.Replace(server.URL, "http", "ws", 1)+"/prod")
	if status != 0 || stdout != "hello\n" || !strings.HasPrefix(authorization, "AWS4-HMAC-SHA256") {
		t.Errorf("exit status %d, %q, %s; Authorization %q", status, stdout, stderr, authorization)
	}
}
