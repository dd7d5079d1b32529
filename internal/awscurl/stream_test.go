package awscurl

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestBodiesStream moves 64 MB each way and looks at what was allocated.
func TestBodiesStream(t *testing.T) {
	const size = 64 << 20
	block := bytes.Repeat([]byte("0123456789abcdef"), 4096)
	var received int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			received, _ = io.Copy(io.Discard, r.Body)
			return
		}
		for range size / len(block) {
			w.Write(block)
		}
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "big")
	big, err := os.Create(file)
	if err == nil {
		err = big.Truncate(size)
	}
	if err != nil {
		t.Fatal(err)
	}
	big.Close()
	for _, args := range [][]string{{"-T", file, server.URL + "/f"}, {"-o", filepath.Join(t.TempDir(), "out"), server.URL}} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if status, _, stderr := invoke(t, surrounding{}, args...); status != 0 {
			t.Fatal(stderr)
		}
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 8<<20 {
			t.Errorf("%v allocated %d bytes", args[:1], grown)
		}
	}
	if received != size {
		t.Errorf("%d bytes arrived, want %d", received, size)
	}
}

// A slow writer tells when it was written to.
type arrivals struct{ ch chan string }

func (a arrivals) Write(b []byte) (int, error) {
	a.ch <- string(b)
	return len(b), nil
}

// TestEventsArriveAtOnce reads one server-sent event before the server goes on.
func TestEventsArriveAtOnce(t *testing.T) {
	seen := make(chan string)
	next := make(chan bool)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for i := range 2 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			w.(http.Flusher).Flush()
			<-next
		}
	}))
	defer server.Close()
	done := make(chan int)
	go func() {
		done <- Main([]string{server.URL}, strings.NewReader(""), arrivals{seen}, io.Discard, func(name string) string { return testKeys[name] })
	}()
	for i := range 2 {
		select {
		case got := <-seen:
			if want := fmt.Sprintf("data: %d\n\n", i); got != want {
				t.Errorf("printed %q, want %q", got, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("the event did not come through")
		}
		next <- true
	}
	if status := <-done; status != 0 {
		t.Errorf("exit status %d", status)
	}
}

// TestOutput checks what is printed, written and answered with which status.
func TestOutput(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/403":
			w.Header().Set("X-Amzn-Errortype", "SignatureDoesNotMatch")
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, `{"message":"no"}`)
		case "/302", "/303", "/307":
			w.Header().Set("Location", "/to")
			var code int
			fmt.Sscan(r.URL.Path[1:], &code)
			w.WriteHeader(code)
		case "/to":
			fmt.Fprintf(w, "%s %d %q", r.Method, r.ContentLength, r.Header.Get("Authorization"))
		case "/loop":
			w.Header().Set("Location", "/loop")
			w.WriteHeader(http.StatusFound)
		case "/slow":
			<-r.Context().Done()
		case "/json":
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, `{"a":[1]}`)
		case "/disposition":
			w.Header().Set("Content-Disposition", `attachment; filename="../../evil"`)
			io.WriteString(w, "x")
		default:
			io.WriteString(w, "body")
		}
	}))
	defer server.Close()
	tests := []struct {
		name   string
		args   []string
		status int
		stdout string
		stderr string
	}{
		{"O1: the body and nothing else", []string{"$U/"}, 0, "body", ""},
		{"O5: 403 is an answer", []string{"-s", "$U/403"}, 0, `{"message":"no"}`, ""},
		{"a 403 is explained", []string{"$U/403"}, 0, `{"message":"no"}`, "hint: the secret key may be wrong"},
		{"--fail-with-body", []string{"--fail-with-body", "$U/403"}, 22, `{"message":"no"}`, "(22)"},
		{"-f", []string{"-f", "$U/403"}, 22, "", "(22)"},
		{"-s is silent", []string{"-sf", "$U/403"}, 22, "", ""},
		{"-w", []string{"-w", `%{http_code} %{num_redirects}\n`, "$U/"}, 0, "body200 0\n", ""},
		{"no -L: the redirect itself", []string{"-w", "%{http_code}", "$U/302"}, 0, "302", ""},
		{"302 keeps DELETE, unsigned", []string{"-L", "-X", "DELETE", "$U/302"}, 0, `DELETE 0 ""`, ""},
		{"302 turns POST into GET", []string{"-L", "-X", "POST", "-d", "abc", "$U/302"}, 0, `GET 0 ""`, ""},
		{"303 turns PUT into GET", []string{"-L", "-X", "PUT", "-d", "abc", "$U/303"}, 0, `GET 0 ""`, ""},
		{"307 keeps method and body", []string{"-L", "-X", "PUT", "-d", "abc", "$U/307"}, 0, `PUT 3 ""`, ""},
		{"too many redirects", []string{"-L", "--max-redirs", "3", "$U/loop"}, 47, "", "more than 3"},
		{"-m", []string{"-m", "0.1", "$U/slow"}, 28, "", "timed out"},
		{"--pretty", []string{"--pretty", "$U/json"}, 0, "{\n  \"a\": [\n    1\n  ]\n}\n", ""},
		{"-V", []string{"-V"}, 0, "awscurl (hakone) " + Version + "\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for i := range tt.args {
				tt.args[i] = strings.ReplaceAll(tt.args[i], "$U", server.URL)
			}
			status, stdout, stderr := invoke(t, surrounding{}, tt.args...)
			if status != tt.status || stdout != tt.stdout || !strings.Contains(stderr, tt.stderr) || tt.stderr == "" && stderr != "" {
				t.Errorf("exit status %d, stdout %q, stderr %q; want %d, %q, %q", status, stdout, stderr, tt.status, tt.stdout, tt.stderr)
			}
		})
	}
	t.Run("-o writes to the file only", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "f")
		status, stdout, _ := invoke(t, surrounding{}, "-o", file, server.URL)
		if content, _ := os.ReadFile(file); status != 0 || stdout != "" || string(content) != "body" {
			t.Errorf("exit status %d, stdout %q, file %q", status, stdout, content)
		}
	})
	t.Run("-J takes no folder from the server", func(t *testing.T) {
		t.Chdir(t.TempDir())
		status, _, stderr := invoke(t, surrounding{}, "-OJ", server.URL+"/disposition")
		if content, _ := os.ReadFile("evil"); status != 0 || string(content) != "x" {
			t.Errorf("exit status %d, file %q: %s", status, content, stderr)
		}
	})
	for _, topic := range append(helpTopics(), "") {
		if status, stdout, _ := invoke(t, surrounding{}, "--help", topic); status != 0 || len(stdout) < 100 {
			t.Errorf("--help %s: exit status %d, %q", topic, status, stdout)
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		status, stdout, _ := invoke(t, surrounding{}, "--completion", shell)
		if status != 0 || !strings.Contains(stdout, "presign") || !strings.Contains(stdout, "awscurl") {
			t.Errorf("--completion %s: exit status %d, %q", shell, status, stdout)
		}
	}
}
