package server

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/sigv4"
)

var update = flag.Bool("update", false, "write the golden files anew")

// running returns a server that serves testdata/events/template.yaml.
func running(t *testing.T) *Server {
	t.Helper()
	return runningTemplate(t, filepath.Join("events", "template.yaml"))
}

// runningTemplate returns a server that serves a template of testdata.
func runningTemplate(t *testing.T, name string) *Server {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("no python3")
	}
	s, err := New(t.Context(), Config{DataDir: filepath.Join(t.TempDir(), "data"), Listen: "127.0.0.1:0", Control: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	<-s.Ready()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	request := &DeployRequest{Templates: []DeployTemplate{{StackName: "events", File: "template.yaml", Dir: t.TempDir(), Text: string(text)}}}
	progress := httptest.NewRecorder()
	if err := s.deployAll(t.Context(), request, newProgressWriter(progress)); err != nil {
		t.Fatalf("%v\n%s", err, progress.Body)
	}
	return s
}

// What functions see of requests that AWS documents: the golden files have the
// events, in which only identifiers and times are replaced by their names.
func TestEventsOfDocumentedRequests(t *testing.T) {
	tests := []struct {
		file, fact string
		signed     bool
		request    string // HOST stands for the API's host
	}{
		{"v2-least", "what is not there is left out; content-length is written", false, "GET /nothing HTTP/1.1\nHost: HOST\nUser-Agent: curl/8.5.0\nAccept: */*\n\n"},
		{"v2-no-user-agent", "userAgent is empty, and there is no header", false, "GET / HTTP/1.1\nHost: HOST\n\n"},
		{
			"v2-most", "cookies are taken out, repeats joined by commas, text stays text", false,
			"POST /a/7?q=1&q=2 HTTP/1.1\nHost: HOST\nUser-Agent: curl/8.5.0\nAccept: */*\nCookie: c1=v1; c2=v2\nX-Mine: 1\nX-Mine: 2\nContent-Type: text/plain\nContent-Length: 3\n\nabc",
		},
		{"v2-form", "a form is base64", false, "POST /a/7 HTTP/1.1\nHost: HOST\nContent-Type: application/x-www-form-urlencoded\nContent-Length: 3\n\na=1"},
		{"v2-json", "JSON is text", false, "POST /a/7 HTTP/1.1\nHost: HOST\nContent-Type: application/json; charset=utf-8\nContent-Length: 7\n\n{\"a\":1}"},
		{"v2-query", "the raw query string is as sent, parameters are decoded", false, "GET /?q=Hello%20World&tag=C%23&tag=.NET%20Core HTTP/1.1\nHost: HOST\n\n"},
		{"v2-named-stage", "rawPath has the stage, the route key has not", false, "GET /api/pr_info HTTP/1.1\nHost: HOST\n\n"},
		{"v2-greedy", "paths are decoded", false, "GET /files/a%20b/c HTTP/1.1\nHost: HOST\n\n"},
		{"v2-dropped-headers", "headers of the connection are dropped", false, "GET /pr_info HTTP/1.1\nHost: HOST\nConnection: keep-alive\nTE: trailers\nX-Kept: 1\n\n"},
		{"v2-iam", "authorizer.iam tells the caller", true, "GET /signed HTTP/1.1\nHost: HOST\n\n"},
		{"v2-lambda", "authorizer.lambda has the context", false, "GET /asked HTTP/1.1\nHost: HOST\n\n"},
		{"v1-least", "what is not there is null", false, "GET /one/7 HTTP/1.1\nHost: HOST\nUser-Agent: curl/8.5.0\n\n"},
		{
			"v1-most", "the last value wins, and all are in the multi-value maps; cookies stay", false,
			"POST /one/J%20D?q=1&q=2 HTTP/1.1\nHost: HOST\nUser-Agent: curl/8.5.0\nCookie: c1=v1; c2=v2\nX-Mine: 1\nX-Mine: 2\nContent-Type: text/plain\nContent-Length: 3\n\nabc",
		},
		{"v1-named-stage", "path and requestContext.path have the stage", false, "GET /api/one/7 HTTP/1.1\nHost: HOST\n\n"},
		{"v1-iam", "identity tells the caller", true, "GET /one/signed/x HTTP/1.1\nHost: HOST\n\n"},
		{"v1-lambda", "authorizer has the context and principalId", false, "GET /one/asked/x HTTP/1.1\nHost: HOST\n\n"},
	}
	s := running(t)
	host := s.apis.GetApis()[0].ApiId + ".execute-api." + defaultRegion + ".amazonaws.com"
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			got := masked(s.replay(t, host, tt.request, tt.signed), host)
			file := filepath.Join("testdata", "events", tt.file+".json")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s: event (-want +got):\n%s", tt.fact, diff)
			}
		})
	}
}

// replay sends a request as it is written, and returns the event that the
// function saw.
func (s *Server) replay(t *testing.T, host, request string, signed bool) string {
	t.Helper()
	head, body, _ := strings.Cut(strings.ReplaceAll(request, "HOST", host), "\n\n")
	if signed {
		administrator, err := ReadAdministrator(s.config.DataDir)
		if err != nil {
			t.Fatal(err)
		}
		method, rest, _ := strings.Cut(head, " ")
		target, _, _ := strings.Cut(rest, " ")
		r, err := http.NewRequestWithContext(t.Context(), method, "https://"+host+target, nil)
		if err != nil {
			t.Fatal(err)
		}
		signer := sigv4.Signer{Region: defaultRegion, Service: "execute-api"}
		credentials := sigv4.Credentials{AccessKeyID: administrator.AccessKeyID, SecretAccessKey: administrator.SecretAccessKey}
		if err := signer.SignHTTP(r, credentials, time.Now()); err != nil {
			t.Fatal(err)
		}
		head += "\nX-Amz-Date: " + r.Header.Get("X-Amz-Date") + "\nAuthorization: " + r.Header.Get("Authorization")
	}
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, ServerName: host}}
	conn, err := dialer.DialContext(t.Context(), "tcp", s.data.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, strings.ReplaceAll(head, "\n", "\r\n")+"\r\n\r\n"+body); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	event, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%d %s, %v", answer.StatusCode, event, err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, event, "", "  "); err != nil {
		t.Fatalf("%s: %v", event, err)
	}
	return indented.String() + "\n"
}

// masks are the identifiers and times of an event, and what stands for them.
var masks = []struct {
	pattern *regexp.Regexp
	mask    string
}{
	{regexp.MustCompile(`Root=1-[0-9a-f]{8}-[0-9a-f]{24}`), "TRACE"},
	{regexp.MustCompile(`("(?:requestId|extendedRequestId)": )"[A-Za-z0-9_-]{9}HcE[A-Za-z0-9_-]{3}="`), `$1"REQUEST"`},
	{regexp.MustCompile(`"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000"`), `"TIME"`},
	{regexp.MustCompile(`("(?:timeEpoch|requestTimeEpoch)": )\d{13}\b`), "${1}0"},
	{regexp.MustCompile(`"AWS4-HMAC-SHA256 [^"]*"`), `"SIGNATURE"`},
	{regexp.MustCompile(`"\d{8}T\d{6}Z"`), `"DATE"`},
	{regexp.MustCompile(`AKIA[A-Z0-9]{16}`), "AKIA"},
	{regexp.MustCompile(`AIDA[A-Z0-9]{16,17}`), "AIDA"},
}

func masked(event, host string) string {
	id, _, _ := strings.Cut(host, ".")
	event = strings.ReplaceAll(event, id, "API")
	for _, m := range masks {
		event = m.pattern.ReplaceAllString(event, m.mask)
	}
	return event
}
