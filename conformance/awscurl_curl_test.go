//go:build conformance

package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/imds"
	"github.com/hakonegate/hakone/sigv4"
)

// A judge is a server that lets in what is signed well, and remembers it.
type judge struct {
	*httptest.Server
	got map[string]string
}

func newJudge(t *testing.T) *judge {
	t.Helper()
	v := &sigv4.Verifier{
		Keys:  sigv4.StaticKeys(sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secretkey"}),
		Scope: sigv4.Scope{Region: "us-east-1", Service: "execute-api"},
	}
	j := &judge{}
	verified := sigv4.Handler(v, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		j.got = map[string]string{"method": r.Method, "target": r.RequestURI, "host": r.Host, "body": string(body)}
		for _, name := range []string{"User-Agent", "Content-Type", "Cookie", "Range", "Referer", "X-Foo", "Content-Length"} {
			j.got[name] = r.Header.Get(name)
		}
		fmt.Fprint(w, "answer")
	}))
	j.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/403":
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, "no")
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/slow":
			<-r.Context().Done()
		default:
			verified.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(j.Close)
	return j
}

// ask runs a command and returns what arrived, what was printed and how it ended.
func (j *judge) ask(t *testing.T, env []string, command string, args ...string) (map[string]string, string) {
	t.Helper()
	j.got = nil
	c := exec.Command(command, args...)
	c.Env = append([]string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}, env...)
	out, err := c.Output()
	return j.got, fmt.Sprintf("%s, %v", out, err)
}

func buildAwscurl(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "awscurl")
	if out, err := exec.Command("go", "build", "-o", binary, "../cmd/awscurl").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

// TestAwscurlLikeCurl gives curl --aws-sigv4 and ours the same command line. Only
// User-Agent and multipart's boundary are their own.
func TestAwscurlLikeCurl(t *testing.T) {
	binary, j := buildAwscurl(t), newJudge(t)
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, []byte("text\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		args []string
	}{
		{"GET", []string{"U/p"}},
		{"a method", []string{"-X", "DELETE", "U/p"}},
		{"--data-raw", []string{"--data-raw", "@x", "U/p"}},
		{"--data-binary of a file", []string{"--data-binary", "@" + file, "U/p"}},
		{"--data-urlencode", []string{"--data-urlencode", "a=b&c", "--data-urlencode", "=d/e", "U/p"}},
		{"-G", []string{"-G", "-d", "a=1", "-d", "b=2", "U/p"}},
		{"--json", []string{"--json", `{"a":1}`, "U/p"}},
		{"-A -e -b -r", []string{"-A", "me", "-e", "http://example.com/", "-b", "a=1; b=2", "-r", "0-9", "U/p"}},
		{"a header", []string{"-H", "X-Foo: bar", "U/p"}},
		{"the URL's fragment", []string{"U/p#x"}},
		{"-w", []string{"-w", "%{http_code} %{size_download} %{method} %{num_redirects}\\n", "U/p"}},
		{"-f", []string{"-f", "U/403"}},
		{"--fail-with-body", []string{"--fail-with-body", "U/403"}},
		{"too many redirects", []string{"-L", "--max-redirs", "2", "U/loop"}},
		{"-m", []string{"-m", "0.2", "U/slow"}},
		{"no connection", []string{"http://127.0.0.1:1/"}},
		{"no such host", []string{"http://nobody.invalid/"}},
		{"no such file to read", []string{"-T", "/nonexistent", "U/p"}},
		{"no such folder to write", []string{"-o", "/nonexistent/x", "U/p"}},
		{"a certificate of nobody's", []string{secure.URL}},
		{"no such bundle", []string{"--cacert", "/nonexistent", secure.URL}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := []string{"-s", "--aws-sigv4", "aws:amz:us-east-1:execute-api", "-u", "AKIDEXAMPLE:secretkey"}
			for _, arg := range tt.args {
				args = append(args, strings.Replace(arg, "U/", j.URL+"/", 1))
			}
			want, wantOut := j.ask(t, nil, "curl", args...)
			have, haveOut := j.ask(t, nil, binary, args...)
			for _, got := range []map[string]string{want, have} {
				if strings.Contains(got["User-Agent"], "curl/") || strings.Contains(got["User-Agent"], "curl ") {
					delete(got, "User-Agent")
				}
				if got != nil && got["method"] == "GET" && tt.name != "--json" {
					delete(got, "Content-Type") // the original's default is application/json
				}
				if got != nil && got["method"] == "DELETE" {
					delete(got, "Content-Type")
					delete(got, "Content-Length") // as the original sends it: 0
				}
			}
			if tt.name == "no such folder to write" {
				want = nil // ours opens the file first
			}
			if diff := cmp.Diff(want, have); diff != "" {
				t.Errorf("curl (-) and ours (+) sent\n%s", diff)
			}
			if wantOut != haveOut {
				t.Errorf("curl printed %q, ours %q", wantOut, haveOut)
			}
		})
	}
}

// TestPrintedCurlIsAccepted runs what --print-curl prints.
func TestPrintedCurlIsAccepted(t *testing.T) {
	binary, j := buildAwscurl(t), newJudge(t)
	file := filepath.Join(t.TempDir(), "a file's name")
	if err := os.WriteFile(file, []byte("text\x00\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	keys := []string{"AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=secretkey"}
	for _, args := range [][]string{
		{"/p?b=2&a=1"},
		{"/a b'c/[x]{y}"},
		{"/p?a=b c&d=[1-3]"},
		{"-X", "POST", "-d", "it's $HOME and `x`", "/p"},
		{"-X", "PUT", "-d", "@" + file, "/p"},
		{"-T", file, "/p"},
		{"-H", "X-Foo: a 'b' \"c\"", "-H", "X-Empty;", "/p"},
		{"-H", "Host: api.example.com", "/p"},
		{"-d", "body of a GET", "/p"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			args[len(args)-1] = j.URL + args[len(args)-1]
			_, printed := j.ask(t, keys, binary, append([]string{"--print-curl"}, args...)...)
			line, ended := strings.CutSuffix(printed, "\n, <nil>")
			want, _ := j.ask(t, keys, binary, args...)
			have, out := j.ask(t, nil, "sh", "-c", strings.Replace(line, "curl ", "curl -s ", 1))
			if diff := cmp.Diff(want, have); !ended || want == nil || diff != "" {
				t.Errorf("ours sent (-), the printed curl (+), which answered %q to\n%s\n%s", out, printed, diff)
			}
		})
	}
}

// role is an instance's role.
type role struct{}

func (role) Instance(context.Context) (*imds.Instance, error) {
	return &imds.Instance{InstanceID: "i-0123456789abcdef0", ProfileARN: "arn:aws:iam::1:instance-profile/P", RoleName: "R", RoleID: "AROA1", TokensRequired: true}, nil
}

func (role) RoleCredentials(_ context.Context, life time.Duration) (*access.Credentials, error) {
	return &access.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secretkey", Expiration: time.Now().Add(life)}, nil
}

func (role) ContainerCredentials(_ context.Context, name string) (*access.Credentials, error) {
	if name != "R" {
		return nil, errors.New("no such role")
	}
	return &access.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secretkey", Expiration: time.Now().Add(time.Hour)}, nil
}

// TestAwscurlOnAMachineOfOurs finds the credentials of our own instances and
// containers.
func TestAwscurlOnAMachineOfOurs(t *testing.T) {
	binary, j := buildAwscurl(t), newJudge(t)
	instance := httptest.NewServer(imds.New(imds.Config{Source: role{}}))
	defer instance.Close()
	container := httptest.NewServer(imds.NewContainer(imds.ContainerConfig{Roles: role{}, Token: "x"}))
	defer container.Close()
	for name, env := range map[string][]string{
		"instance":  {"AWS_EC2_METADATA_SERVICE_ENDPOINT=" + instance.URL},
		"container": {"AWS_CONTAINER_CREDENTIALS_FULL_URI=" + container.URL + "/creds/R", "AWS_CONTAINER_AUTHORIZATION_TOKEN=x"},
	} {
		if _, out := j.ask(t, env, binary, j.URL+"/p"); out != "answer, <nil>" {
			t.Errorf("%s: %s", name, out)
		}
	}
}
