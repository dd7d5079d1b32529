//go:build conformance

package conformance

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// frozen runs PyPI's awscurl at one moment.
const frozen = `
import datetime, sys
import awscurl.awscurl as a
class Frozen(datetime.datetime):
    @classmethod
    def now(cls, tz=None): return cls(2026, 1, 2, 3, 4, 5, tzinfo=tz)
    @classmethod
    def utcnow(cls): return cls(2026, 1, 2, 3, 4, 5)
a.datetime.datetime = Frozen
sys.exit(a.inner_main(sys.argv[1:]))
`

// TestAwscurlLikeTheOriginal runs PyPI's awscurl and ours on the same command
// lines and compares what arrives, what is printed and the exit status. Ours is
// given the time of signing in a header, and the two headers that a header of
// the user's takes the place of.
func TestAwscurlLikeTheOriginal(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "awscurl")
	if out, err := exec.Command("go", "build", "-o", binary, "../cmd/awscurl").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	python := client(t, "python3", "")
	var got map[string]string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = map[string]string{"method": r.Method, "target": r.RequestURI, "host": r.Host, "body": string(body), "length": r.Header.Get("Content-Length")}
		for _, name := range []string{"Authorization", "X-Amz-Date", "X-Amz-Content-Sha256", "X-Amz-Security-Token", "Content-Type", "Accept", "Accept-Encoding", "X-Foo"} {
			got[name] = r.Header.Get(name)
		}
		if r.URL.Path == "/403" {
			w.WriteHeader(http.StatusForbidden)
		}
		fmt.Fprint(w, "answer")
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, []byte("text\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	keys := []string{"AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=secretkey"}
	for _, tt := range []struct {
		name string
		args []string
		env  []string
	}{
		{"R1: defaults", []string{"U/p"}, keys},
		{"P3: --request=POST", []string{"--request=POST", "U/p"}, keys},
		{"P3: glued and combined", []string{"-kL", "-XPOST", "-dabc", "U/p"}, keys},
		{"P4: prefixes", []string{"--req", "POST", "--reg", "eu-west-3", "--serv", "es", "U/p"}, keys},
		{"P5: the last wins", []string{"-X", "PUT", "-X", "POST", "U/p"}, keys},
		{"P6: --", []string{"-k", "--", "U/p"}, keys},
		{"-d=x", []string{"-d=x", "U/p"}, keys},
		{"D1: GET with a body", []string{"-d", "x=1", "U/p"}, keys},
		{"D2: POST without", []string{"-X", "POST", "U/p"}, keys},
		{"D2: DELETE without", []string{"-X", "DELETE", "U/p"}, keys},
		{"D4: --data-binary", []string{"-X", "PUT", "--data-binary", "-d", "@" + file, "U/p"}, keys},
		{"D9: empty data", []string{"-X", "POST", "-d", "", "U/p"}, keys},
		{"D10: UTF-8", []string{"-X", "POST", "-d", "é", "U/p"}, keys},
		{"5.1: a header", []string{"-H", "X-Foo: bar", "U/p"}, keys},
		{"5.1: X-Amz-*", []string{"-H", "X-Amz-Target: T.Op", "-H", "Content-Type: application/x-amz-json-1.1", "-X", "POST", "-d", "{}", "U/"}, keys},
		{"H4: an empty value", []string{"-H", "X-Foo: ", "U/p"}, keys},
		{"H10: Host", []string{"-H", "Host: api.example.com", "U/p"}, keys},
		{"H14: a token in a header", []string{"-H", "X-Amz-Security-Token: T", "U/p"}, keys},
		{"session token", []string{"--session_token", "TOK", "--access_key", "A", "--secret_key", "B", "U/p"}, nil},
		{"C9: old name in the environment", []string{"U/p"}, append([]string{"AWS_SECURITY_TOKEN=O", "AWS_SESSION_TOKEN=N"}, keys...)},
		{"region of the environment", []string{"U/p"}, append([]string{"AWS_DEFAULT_REGION=eu-west-1"}, keys...)},
		{"query", []string{"U/p?b=2&a=1&A=3"}, keys},
		{"escaped blank", []string{"U/a%20b"}, keys},
		{"path of a connection", []string{"U/test/@connections/abc="}, keys},
		{"s3", []string{"--service", "s3", "U/k:1"}, keys},
		{"O5: 403 is an answer", []string{"U/403"}, keys},
		{"--fail-with-body", []string{"--fail-with-body", "U/403"}, keys},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run := func(command string, args ...string) (map[string]string, string) {
				got = nil
				for i := range args {
					args[i] = strings.Replace(args[i], "U/", server.URL+"/", 1)
				}
				c := exec.Command(command, args...)
				c.Env = append([]string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "AWS_EC2_METADATA_DISABLED=true"}, tt.env...)
				out, err := c.Output()
				return got, fmt.Sprintf("%s, %v", out, err)
			}
			want, wantOut := run(python, append([]string{"-c", frozen}, tt.args...)...)
			ours := []string{"-H", "X-Amz-Date: 20260102T030405Z"}
			if !strings.Contains(strings.Join(tt.args, " "), "-H ") {
				ours = append(ours, "-H", "Accept: application/xml", "-H", "Content-Type: application/json")
			}
			have, haveOut := run(binary, append(ours, tt.args...)...)
			if diff := cmp.Diff(want, have); diff != "" {
				t.Errorf("the original (-) and ours (+) sent\n%s", diff)
			}
			if wantOut != haveOut {
				t.Errorf("the original printed %q, ours %q", wantOut, haveOut)
			}
		})
	}
}
