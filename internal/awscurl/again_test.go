package awscurl

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hakonegate/hakone/sigv4"
)

// TestRetriesAreSignedAnew refuses the first tries. Between tries a second
// passes, so that the times of signing differ.
func TestRetriesAreSignedAnew(t *testing.T) {
	for _, tt := range []struct {
		name     string
		statuses []int
		args     []string
		tries    int
		status   int
	}{
		{"503 and then 200", []int{503, 200}, []string{"--retry", "2", "--retry-delay", "1.1"}, 2, 0},
		{"no more than that", []int{429, 500, 502}, []string{"--retry", "1", "--retry-delay", "0.01", "-f"}, 2, exitHTTP},
		{"403 is final", []int{403}, []string{"--retry", "2", "--retry-delay", "0.01"}, 1, 0},
		{"404 with --retry-all-errors", []int{404, 200}, []string{"--retry", "1", "--retry-delay", "0.01", "--retry-all-errors", "-f"}, 2, 0},
		{"no time left", []int{503, 200}, []string{"--retry", "1", "--retry-delay", "60", "--retry-max-time", "10"}, 1, 0},
		{"Retry-After", []int{503, 200}, []string{"--retry", "1"}, 2, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var signed, bodies []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				bodies = append(bodies, string(body))
				signed = append(signed, r.Header.Get("X-Amz-Date")+r.Header.Get("Authorization"))
				w.Header().Set("Retry-After", "0")
				w.WriteHeader(tt.statuses[min(len(signed), len(tt.statuses))-1])
			}))
			defer server.Close()
			status, _, stderr := invoke(t, surrounding{}, append(tt.args, "-d", "body", server.URL)...)
			if status != tt.status || len(signed) != tt.tries {
				t.Fatalf("exit status %d after %d tries, want %d after %d: %s", status, len(signed), tt.status, tt.tries, stderr)
			}
			for _, body := range bodies {
				if body != "body" {
					t.Errorf("a try sent %q", body)
				}
			}
			if tt.name == "503 and then 200" && signed[0] == signed[1] {
				t.Error("both tries bear the same signature")
			}
		})
	}
	t.Run("a refused connection", func(t *testing.T) {
		begun := time.Now()
		status, _, _ := invoke(t, surrounding{}, "--retry", "1", "--retry-delay", "0.2", "--retry-connrefused", "http://127.0.0.1:1")
		if status != exitConnect || time.Since(begun) < 200*time.Millisecond {
			t.Errorf("exit status %d after %v", status, time.Since(begun))
		}
	})
}

// TestClockSkew signs once more by the clock of a server that is an hour ahead.
func TestClockSkew(t *testing.T) {
	ahead := func() time.Time { return time.Now().Add(time.Hour) }
	v := &sigv4.Verifier{
		Keys: sigv4.StaticKeys(sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: testSecret}), Scope: sigv4.Scope{Region: "us-east-1", Service: "execute-api"}, Now: ahead,
	}
	tries := 0
	verified := sigv4.Handler(v, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tries++
		w.Header().Set("Date", ahead().UTC().Format(http.TimeFormat))
		verified.ServeHTTP(w, r)
	}))
	defer server.Close()
	if status, stdout, stderr := invoke(t, surrounding{}, "--clock-skew", "auto", server.URL); status != 0 || stdout != "hello" || tries != 2 {
		t.Errorf("exit status %d, printed %q after %d tries: %s", status, stdout, tries, stderr)
	}
	tries = 0
	if _, stdout, _ := invoke(t, surrounding{}, server.URL); stdout == "hello" || tries != 1 {
		t.Errorf("without the flag: printed %q after %d tries", stdout, tries)
	}
}

// TestDifferenceOfSignatures reads AWS's account of what should have been signed.
func TestDifferenceOfSignatures(t *testing.T) {
	var change func(string) string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, names, _ := strings.Cut(r.Header.Get("Authorization"), "SignedHeaders=")
		names, _, _ = strings.Cut(names, ",")
		headers := ""
		for name := range strings.SplitSeq(names, ";") {
			value := r.Header.Get(name)
			if name == "host" {
				value = r.Host
			}
			headers += name + ":" + value + `\n`
		}
		canonical := change(`GET\n/p\n\n` + headers + `\n` + names + `\n` + r.Header.Get("X-Amz-Content-Sha256"))
		w.Header().Set("X-Amzn-Requestid", "1")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `{"message":"The request signature we calculated does not match the signature you provided.\n\nThe Canonical String for this request should have been\n'%s'\n\n`+
			`The String-to-Sign should have been\n'x'\n"}`, canonical)
	}))
	defer server.Close()
	for _, tt := range []struct {
		name   string
		change func(string) string
		want   string
	}{
		{"another path", func(s string) string { return strings.Replace(s, "/p", "/prod/p", 1) }, "differ in line 2:\n  signed:   /p\n  expected: /prod/p"},
		{"another type", func(s string) string {
			return strings.Replace(s, "content-type:application/json", "content-type:text/plain", 1)
		}, "signed:   content-type:application/json\n  expected: content-type:text/plain"},
		{"the same", func(s string) string { return s }, "are the same: the secret key or the scope is another"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			change = tt.change
			if status, _, stderr := invoke(t, surrounding{}, "--diff-signature", server.URL+"/p"); status != 0 || !strings.Contains(stderr, tt.want) {
				t.Errorf("exit status %d, %q, want %q", status, stderr, tt.want)
			}
		})
	}
}

// TestSignHost signs for a host that something in between will name.
func TestSignHost(t *testing.T) {
	v := &sigv4.Verifier{
		Keys: sigv4.StaticKeys(sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: testSecret}), Scope: sigv4.Scope{Region: "eu-west-1", Service: "execute-api"},
	}
	verified := sigv4.Handler(v, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") }))
	var arrived string
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived = r.Host
		r.Host = "abc.execute-api.eu-west-1.amazonaws.com"
		verified.ServeHTTP(w, r)
	}))
	defer front.Close()
	status, stdout, stderr := invoke(t, surrounding{}, "--sign-host", "abc.execute-api.eu-west-1.amazonaws.com", front.URL+"/p")
	if status != 0 || stdout != "hello" || arrived != strings.TrimPrefix(front.URL, "http://") {
		t.Errorf("exit status %d, printed %q, sent to host %q: %s", status, stdout, arrived, stderr)
	}
}

// TestCookieJar keeps what a server sets and sends it back where it belongs.
func TestCookieJar(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/login":
			w.Header().Add("Set-Cookie", "session=1; Path=/; Max-Age=600")
			w.Header().Add("Set-Cookie", "deep=2; Path=/in; Secure")
			w.Header().Add("Set-Cookie", "wide=3; Path=/; Domain=example.com")
			w.Header().Add("Set-Cookie", "gone=4; Max-Age=0")
			w.Header().Set("Location", "/in")
			w.WriteHeader(http.StatusFound)
		default:
			io.WriteString(w, r.Header.Get("Cookie"))
		}
	}))
	defer server.Close()
	jar := filepath.Join(t.TempDir(), "jar")
	if _, stdout, stderr := invoke(t, surrounding{}, "-L", "-b", jar, "-c", jar, server.URL+"/login"); stdout != "session=1; wide=3" {
		t.Errorf("the redirect was followed with %q: %s", stdout, stderr)
	}
	if _, stdout, stderr := invoke(t, surrounding{}, "-b", jar, "-b", "own=5", server.URL+"/in/here"); stdout != "session=1; wide=3; own=5" {
		t.Errorf("the jar gave %q: %s", stdout, stderr)
	}
	content, _ := os.ReadFile(jar)
	if info, err := os.Stat(jar); err != nil || info.Mode().Perm() != 0o600 || !strings.HasPrefix(string(content), "# Netscape HTTP Cookie File\n") || strings.Contains(string(content), "gone") {
		t.Errorf("the jar is %v:\n%s", err, content)
	}
	other := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	if _, stdout, _ := invoke(t, surrounding{}, "-b", jar, other+"/"); stdout != "" {
		t.Errorf("another host got %q", stdout)
	}
}

// TestResume goes on with a download.
func TestResume(t *testing.T) {
	const whole = "0123456789"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/norange" {
			io.WriteString(w, whole)
			return
		}
		http.ServeContent(w, r, "f", time.Time{}, strings.NewReader(whole))
	}))
	defer server.Close()
	for _, tt := range []struct {
		name, path, there, offset string
		status                    int
		want                      string
	}{
		{"-C -", "/", "0123", "-", 0, whole},
		{"-C - and nothing there", "/", "", "-", 0, whole},
		{"-C - and all there", "/", whole, "-", 0, whole},
		{"-C 4", "/", "0123", "4", 0, whole},
		{"a server that cannot", "/norange", "0123", "-", exitRange, "0123"},
		{"no number", "/", "0123", "x", exitUsage, "0123"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := writeFile(t, tt.there)
			status, _, stderr := invoke(t, surrounding{}, "-C", tt.offset, "-o", file, server.URL+tt.path)
			if content, _ := os.ReadFile(file); status != tt.status || string(content) != tt.want {
				t.Errorf("exit status %d, file %q, want %d, %q: %s", status, content, tt.status, tt.want, stderr)
			}
		})
	}
}
