package awscurl

import (
	"bufio"
	"bytes"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// A recorder is a server that keeps the bytes of each request and answers 200.
type recorder struct {
	url string
	mu  sync.Mutex
	got []recorded
}

// A recorded request is as it stood on the wire.
type recorded struct {
	method, target string
	fields         [][2]string
	body           string
}

func (r recorded) get(name string) string {
	for _, f := range r.fields {
		if strings.EqualFold(f[0], name) {
			return f[1]
		}
	}
	return ""
}

func record(t *testing.T) *recorder {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	r := &recorder{url: "http://" + listener.Addr().String()}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go r.serve(connection)
		}
	}()
	return r
}

func (r *recorder) serve(connection net.Conn) {
	defer connection.Close()
	var raw bytes.Buffer
	from := bufio.NewReader(io.TeeReader(connection, &raw))
	request, err := http.ReadRequest(from)
	if err != nil {
		return
	}
	body, _ := io.ReadAll(request.Body)
	head, _, _ := strings.Cut(raw.String(), "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	words := strings.SplitN(lines[0], " ", 3)
	got := recorded{method: words[0], target: words[1], body: string(body)}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		got.fields = append(got.fields, [2]string{name, value})
	}
	r.mu.Lock()
	r.got = append(r.got, got)
	r.mu.Unlock()
	io.WriteString(connection, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n")
}

// last returns the only request since the last call.
func (r *recorder) last(t *testing.T) recorded {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.got) != 1 {
		t.Fatalf("%d requests arrived, want 1", len(r.got))
	}
	got := r.got[0]
	r.got = nil
	return got
}

func (r *recorder) none(t *testing.T) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.got) != 0 {
		t.Fatalf("%d requests arrived, want none", len(r.got))
	}
}

// A surrounding is what a run of the program sees of the world.
type surrounding struct {
	env   map[string]string
	files map[string]string // below HOME
	stdin string
}

const testSecret = "secretkey"

var testKeys = map[string]string{"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": testSecret}

// invoke runs the program. HOME is a new folder.
func invoke(t *testing.T, s surrounding, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	home := t.TempDir()
	for name, content := range s.files {
		path := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := map[string]string{"HOME": home, "AWS_EC2_METADATA_DISABLED": "true"}
	if s.env == nil {
		s.env = testKeys
	}
	maps.Copy(env, s.env)
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "$HOME", home)
	}
	var out, errs bytes.Buffer
	status = Main(args, strings.NewReader(s.stdin), &out, &errs, func(name string) string { return env[name] })
	return status, out.String(), errs.String()
}
