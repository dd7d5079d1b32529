package instance_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/hakonegate/hakone/internal/instance"
)

// signer returns a key of its own.
func signer(t *testing.T, kind string) ssh.Signer {
	t.Helper()
	var key any
	var err error
	if kind == "rsa" {
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	} else {
		_, key, err = ed25519.GenerateKey(rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// command returns what runs as an instance.
func command(t *testing.T) *instance.Command {
	t.Helper()
	authority := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(authority, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return &instance.Command{
		CAFile: authority, Environment: []string{"PATH=" + os.Getenv("PATH")}, Metadata: http.NotFoundHandler(), Prompt: "test", Hostname: "ip-10-0-0-1",
	}
}

// serveSSH serves until the test ends, and opens the instance with every key of
// opens but not from strangers.
func serveSSH(t *testing.T, opens ...ssh.Signer) string {
	t.Helper()
	host, err := instance.ReadHostKey(filepath.Join(t.TempDir(), "host"))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := command(t)
	server := &instance.SSHServer{
		HostKey: host, Log: slog.New(slog.DiscardHandler),
		Keys: func(key []byte) bool {
			for _, s := range opens {
				if bytes.Equal(s.PublicKey().Marshal(), key) {
					return true
				}
			}
			return false
		},
		Open: func(_ context.Context, l instance.Login) (*instance.Command, error) {
			if l.Instance != "" {
				return nil, errors.New("the security group sg-1 lets nobody in")
			}
			return c, nil
		},
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

func dial(address, user string, key ssh.Signer, banner *string) (*ssh.Client, error) {
	return ssh.Dial("tcp", address, &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{ssh.PublicKeys(key)}, HostKeyCallback: ssh.InsecureIgnoreHostKey(),
		BannerCallback: func(message string) error {
			if banner != nil {
				*banner += message
			}
			return nil
		},
	})
}

func client(t *testing.T) *ssh.Client {
	t.Helper()
	key := signer(t, "ed25519")
	c, err := dial(serveSSH(t, key), "ec2-user", key, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func session(t *testing.T, c *ssh.Client) *ssh.Session {
	t.Helper()
	s, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestOnlyTheKeyOfTheInstanceOpensIt(t *testing.T) {
	first, second, other := signer(t, "ed25519"), signer(t, "rsa"), signer(t, "ed25519")
	address := serveSSH(t, first, second)
	tests := []struct {
		name, user string
		key        ssh.Signer
		opens      bool
		banner     string
	}{
		{"an ed25519 key", "ec2-user", first, true, ""},
		{"an RSA key", "ec2-user", second, true, ""},
		{"another key", "ec2-user", other, false, ""},
		{"another user", "root", first, false, `Please login as the user "ec2-user".`},
		{"a refusal of the instance", "ec2-user%Other", first, false, "hakone: the security group sg-1 lets nobody in"},
	}
	for _, tt := range tests {
		var banner string
		c, err := dial(address, tt.user, tt.key, &banner)
		if (err == nil) != tt.opens || !strings.Contains(banner, tt.banner) || tt.banner == "" && banner != "" {
			t.Errorf("%s: %v, banner %q", tt.name, err, banner)
		}
		if err == nil {
			_ = c.Close()
		}
	}
}

func TestTheHostKeyStays(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	var seen []byte
	for range 2 {
		key, err := instance.ReadHostKey(file)
		if err != nil {
			t.Fatal(err)
		}
		if seen != nil && !bytes.Equal(seen, key.PublicKey().Marshal()) {
			t.Error("another start has another host key")
		}
		seen = key.PublicKey().Marshal()
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the host key's file: %v, %v", info, err)
	}
}

func TestCommandsOverSSH(t *testing.T) {
	needNamespaces(t)
	c := client(t)
	s := session(t, c)
	var out, errs bytes.Buffer
	s.Stdout, s.Stderr = &out, &errs
	s.Stdin = neverEnds{} // a client that could still say something does not keep the session open
	var exit *ssh.ExitError
	if err := s.Run("echo out; echo err >&2; id -un; exit 7"); !errors.As(err, &exit) || exit.ExitStatus() != 7 {
		t.Errorf("the command ended with %v", err)
	}
	if out.String() != "out\nec2-user\n" || errs.String() != "err\n" {
		t.Errorf("stdout %q, stderr %q", out.String(), errs.String())
	}
	s = session(t, c)
	s.Stdin = strings.NewReader("said")
	if text, err := s.Output("cat"); err != nil || string(text) != "said" {
		t.Errorf("cat says %q, %v", text, err)
	}
}

type neverEnds struct{}

func (neverEnds) Read([]byte) (int, error) { select {} }

func TestTerminalOverSSH(t *testing.T) {
	needNamespaces(t)
	s := session(t, client(t))
	if err := s.RequestPty("vt100", 33, 99, nil); err != nil {
		t.Fatal(err)
	}
	in, err := s.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(`echo $TERM; stty size; read x; until [ "$(stty size)" = "44 120" ]; do sleep 0.01; done; stty size; exit 3`); err != nil {
		t.Fatal(err)
	}
	if err := s.WindowChange(44, 120); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(in, "go\n"); err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(out)
	var exit *ssh.ExitError
	if err := s.Wait(); !errors.As(err, &exit) || exit.ExitStatus() != 3 {
		t.Errorf("the command ended with %v", err)
	}
	if !strings.Contains(string(text), "vt100") || !strings.Contains(string(text), "44 120") {
		t.Errorf("the terminal shows %q", text)
	}
}

func TestNothingIsForwarded(t *testing.T) {
	c := client(t)
	if conn, err := c.DialContext(t.Context(), "tcp", "127.0.0.1:80"); err == nil || !strings.Contains(err.Error(), "hakone forwards nothing") {
		t.Errorf("a forwarded connection: %v, %v", conn, err)
	}
	if l, err := c.Listen("tcp", "127.0.0.1:0"); err == nil {
		t.Errorf("a forwarded listener: %v", l)
	}
	channel, requests, err := c.OpenChannel("session", nil)
	if err != nil {
		t.Fatal(err)
	}
	go ssh.DiscardRequests(requests)
	if ok, err := channel.SendRequest("subsystem", true, ssh.Marshal(struct{ Name string }{"sftp"})); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if text, err := io.ReadAll(channel.Stderr()); err != nil || !strings.Contains(string(text), `the subsystem "sftp" is not served`) {
		t.Errorf("sftp: %q, %v", text, err)
	}
}

func TestSessionsOfAConnectionAreBounded(t *testing.T) {
	c := client(t)
	for range 8 {
		session(t, c)
	}
	if _, err := c.NewSession(); err == nil {
		t.Error("a ninth session is accepted")
	}
}
