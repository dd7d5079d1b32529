package cli_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/hakonegate/hakone/internal/awscurl"
	"github.com/hakonegate/hakone/internal/cli"
	"github.com/hakonegate/hakone/sigv4"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"hakone":  func() { os.Exit(runHakone()) },
		"awscurl": func() { os.Exit(awscurl.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv)) },
	})
}

// runHakone is what cmd/hakone does.
func runHakone() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return cli.Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv)
}

// TestScripts runs what a user could have typed against the real main.
func TestScripts(t *testing.T) {
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:       "testdata/script",
		Condition: condition,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HAKONE_DATA_DIR", filepath.Join(e.WorkDir, "data"))
			e.Setenv("EXAMPLES", examples)
			e.Setenv("COMMANDS", filepath.SplitList(os.Getenv("PATH"))[0]) // only those of TestMain
			e.Setenv("AWS_EC2_METADATA_DISABLED", "true")
			e.Setenv("HOME", filepath.Join(e.WorkDir, "home"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"ready":       ready,
			"login":       login,
			"request":     request,
			"presign":     presign,
			"functionurl": functionURL,
			"answers":     answers,
		},
	})
}

// ready waits until the server of the data directory serves every stack that
// was deployed, and sets API, HTTPS, CONTROL and ID:
//
//	ready [ID]
//
// With an ID the first API must have it.
func ready(ts *testscript.TestScript, _ bool, args []string) {
	var status struct {
		Control, HTTPS string
		APIs           []struct {
			ID   string
			URLs []string
		}
	}
	deadline := time.Now().Add(60 * time.Second)
	for {
		err := ts.Exec("hakone", "status", "--output", "json")
		if err == nil {
			if err := json.Unmarshal([]byte(ts.ReadFile("stdout")), &status); err != nil {
				ts.Fatalf("status is not JSON: %v", err)
			}
			if len(status.APIs) > 0 {
				break
			}
		}
		if time.Now().After(deadline) {
			ts.Fatalf("no server with an API after a minute: %v", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	if len(args) > 0 && status.APIs[0].ID != args[0] {
		ts.Fatalf("the API's ID is %s, was %s", status.APIs[0].ID, args[0])
	}
	ts.Setenv("CONTROL", status.Control)
	ts.Setenv("HTTPS", status.HTTPS)
	ts.Setenv("ID", status.APIs[0].ID)
	ts.Setenv("API", status.APIs[0].URLs[0])
}

// login puts credentials of the administrator, or of a role, into the
// environment: login [ROLE].
func login(ts *testscript.TestScript, _ bool, args []string) {
	words := []string{"env", "--output", "json"}
	if len(args) > 0 {
		words = append(words, "--role", args[0])
	}
	ts.Check(ts.Exec("hakone", words...))
	variables := map[string]string{}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &variables))
	ts.Setenv("AWS_SESSION_TOKEN", "")
	for name, value := range variables {
		ts.Setenv(name, value)
	}
}

// answers waits until a signed request to API is answered with the text; every
// answer before must be a 200:
//
//	answers TEXT
func answers(ts *testscript.TestScript, _ bool, args []string) {
	deadline := time.Now().Add(60 * time.Second)
	for {
		ts.Check(ts.Exec("hakone", "curl", "-s", "--fail", "--service", "execute-api", ts.Getenv("API")))
		if strings.TrimSpace(ts.ReadFile("stdout")) == args[0] {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("the answer is %q after a minute, want %q", ts.ReadFile("stdout"), args[0])
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// presign makes a presigned URL with the credentials of the environment and
// sets PRESIGNED to it: presign URL.
func presign(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: presign URL")
	}
	u, err := url.Parse(args[0])
	ts.Check(err)
	signer := &sigv4.Signer{Service: "execute-api", Region: ts.Getenv("AWS_REGION")}
	u.RawQuery, err = signer.Presign(&sigv4.Request{Method: http.MethodGet, Host: u.Host, Path: u.EscapedPath(), RawQuery: u.RawQuery}, sigv4.Credentials{
		AccessKeyID: ts.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: ts.Getenv("AWS_SECRET_ACCESS_KEY"),
	}, time.Now(), time.Minute)
	ts.Check(err)
	ts.Setenv("PRESIGNED", u.String())
}

// request sends an unsigned request and prints status, headers and body:
//
//	request METHOD URL [NAME:VALUE…]
func request(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: request METHOD URL [NAME:VALUE…]")
	}
	// Over HTTP/2 and with the local authority verified, as a browser would.
	text, err := fetch(ts.Getenv("AWS_CA_BUNDLE"), args[0], args[1], args[2:])
	if err != nil && !neg {
		ts.Fatalf("%v", err)
	}
	_, err = ts.Stdout().Write([]byte(text))
	ts.Check(err)
}

func fetch(caFile, method, url string, headers []string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return "", err
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ":")
		r.Header.Add(name, strings.TrimSpace(value))
	}
	transport, err := trusting(caFile)
	if err != nil {
		return "", err
	}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var text strings.Builder
	fmt.Fprintf(&text, "%s %d\n", response.Proto, response.StatusCode)
	for name, values := range response.Header {
		for _, value := range values {
			fmt.Fprintf(&text, "%s: %s\n", strings.ToLower(name), value)
		}
	}
	fmt.Fprintln(&text)
	_, err = fmt.Fprint(&text, readAll(response))
	return text.String(), err
}
