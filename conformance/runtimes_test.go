//go:build conformance

package conformance

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// runtimesTemplate is a stack of functions that bring AWS's own runtime clients.
const runtimesTemplate = `Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Timeout: 20, MemorySize: 512}}
Resources:
  RicPython: {Type: AWS::Serverless::Function, Properties: {Runtime: provided.al2023, Handler: index.handler, CodeUri: python}}
  OurPython: {Type: AWS::Serverless::Function, Properties: {Runtime: python3.11, Handler: index.handler, CodeUri: CLIENTS/python}}
  RicNode: {Type: AWS::Serverless::Function, Properties: {Runtime: provided.al2023, Handler: index.handler, CodeUri: node}}
  RicNodeStream: {Type: AWS::Serverless::Function, Properties: {Runtime: provided.al2023, Handler: index.stream, CodeUri: node}}
  OurNode: {Type: AWS::Serverless::Function, Properties: {Runtime: nodejs20.x, Handler: index.handler, CodeUri: CLIENTS/node}}
  OurNodeStream: {Type: AWS::Serverless::Function, Properties: {Runtime: nodejs20.x, Handler: index.stream, CodeUri: CLIENTS/node}}
  Go: {Type: AWS::Serverless::Function, Properties: {Runtime: provided.al2023, Handler: bootstrap, CodeUri: CLIENTS/go}}
  Java: {Type: AWS::Serverless::Function, Properties: {Runtime: java17, Handler: "example.Handler::handleRequest", CodeUri: CLIENTS/java}}
`

// deployRuntimes deploys the functions that .ci/runtime-clients made.
func (s *server) deployRuntimes() {
	s.t.Helper()
	clients, err := filepath.Abs(filepath.Join("..", ".venv", "clients"))
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(clients, "java", "lib")); err != nil {
		s.t.Fatalf("%v: .ci/runtime-clients makes it", err)
	}
	dir := s.t.TempDir()
	// The Python client is made for one version of Python.
	python := "/usr/bin/python3"
	try := exec.Command(python, "-c", "import awslambdaric.bootstrap")
	try.Env = []string{"PYTHONPATH=" + filepath.Join(clients, "python")}
	if try.Run() != nil {
		out, err := exec.Command("python3", "-c", "import sys; print(sys.executable)").Output()
		if err != nil {
			s.t.Fatal(err)
		}
		python = strings.TrimSpace(string(out))
	}
	node, err := exec.LookPath("node")
	if err != nil {
		s.t.Fatal(err)
	}
	for language, start := range map[string]string{
		"python": "exec " + python + ` -m awslambdaric "$_HANDLER"`,
		"node":   "exec " + node + ` node_modules/aws-lambda-ric/bin/index.mjs "$_HANDLER"`,
	} {
		bootstrap := filepath.Join(dir, language, "bootstrap")
		if err := os.CopyFS(filepath.Join(dir, language), os.DirFS(filepath.Join(clients, language))); err != nil {
			s.t.Fatal(err)
		}
		if err := os.WriteFile(bootstrap, []byte("#!/bin/sh\n"+start+"\n"), 0o755); err != nil {
			s.t.Fatal(err)
		}
	}
	template := filepath.Join(dir, "template.yaml")
	if err := os.WriteFile(template, []byte(strings.ReplaceAll(runtimesTemplate, "CLIENTS", clients)), 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.run(s.environment(), "hakone", "deploy", "--data-dir", s.dataDir, "--stack-name", "runtimes", template)
}

// invoke calls a function with an event that says what to do, and returns its
// answer without what differs from call to call.
func (s *server) invoke(function, do string) string {
	s.t.Helper()
	command := exec.Command(s.binary, "invoke", "--data-dir", s.dataDir, function, "--event", "-")
	command.Stdin = strings.NewReader(`{"do":"` + do + `"}`)
	out, err := command.Output() // the exit status is 1 when the function failed
	if err != nil && command.ProcessState.ExitCode() != 1 {
		s.t.Errorf("hakone invoke %s: %v", function, err)
	}
	answer := regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`).ReplaceAllString(string(out), "ID")
	return regexp.MustCompile(`/[^"\s():]*/(code/[0-9a-f]{32}|var/task)/`).ReplaceAllString(strings.TrimSuffix(answer, "\n"), "/var/task/")
}

// AWS's own clients run unmodified, and our embedded ones answer as they do.
func TestRuntimeClients(t *testing.T) {
	s := start(t)
	s.deployRuntimes()
	for language, deeds := range map[string][]string{
		"Python": {"work", "fail", "work", "set", "exit", "work", "log"},
		"Node":   {"work", "fail", "work", "circular", "exit", "work"},
	} {
		for _, do := range deeds {
			t.Run(language+" "+do, func(t *testing.T) {
				theirs, ours := s.invoke("Ric"+language, do), s.invoke("Our"+language, do)
				if language == "Node" { // the frames of the client itself
					frames := regexp.MustCompile(`,"    at [^"]*(node_modules|node:)[^"]*"`)
					theirs, ours = frames.ReplaceAllString(theirs, ""), frames.ReplaceAllString(ours, "")
				}
				if theirs != ours || theirs == "" {
					t.Errorf("answers differ:\ntheir client %s\nour client   %s", theirs, ours)
				}
			})
		}
	}
	for _, tt := range []struct{ function, do, want string }{
		{"Go", "work", `{"arn":"arn:aws:lambda:REGION:123456789012:function:[^"]+","do":"work","function":"[^"]+"}`},
		{"Go", "fail", `{"errorMessage":"it failed","errorType":"errorString"}`},
		{"Go", "panic", `{"errorMessage":"it panicked","errorType":"string","stackTrace":\[\{"path":".*"line":\d+,"label":".*`},
		{"Go", "work", `{"arn":.*`},
		{"Java", "work", `{"function":"[^"]+"}`},
		{"Java", "fail", `{"errorMessage":"it failed","errorType":"java.lang.IllegalStateException","stackTrace":\["example.Handler.handleRequest\(Handler.java:\d+\)".*`},
		{"RicNodeStream", "work", "{\"statusCode\":201,\"headers\":{\"x-a\":\"b\"},\"cookies\":\\[\"c=d\"\\]}\x00{8}hello world"},
		{"OurNodeStream", "work", "{\"statusCode\":201,\"headers\":{\"x-a\":\"b\"},\"cookies\":\\[\"c=d\"\\]}\x00{8}hello world"},
		{"RicNodeStream", "fail", ".*\x00{8}hello "},
		{"OurNodeStream", "fail", ".*\x00{8}hello "},
	} {
		t.Run(tt.function+" "+tt.do, func(t *testing.T) {
			want := strings.ReplaceAll(tt.want, "REGION", s.status.Region)
			if got := s.invoke(tt.function, tt.do); !regexp.MustCompile("^(?s:" + want + ")$").MatchString(got) {
				t.Errorf("answer %q, want %q", got, want)
			}
		})
	}
}
