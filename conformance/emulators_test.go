//go:build conformance

package conformance

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// emulator runs moto_server and returns its address.
func emulator(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	_, port, _ := net.SplitHostPort(address)
	moto := exec.Command(client(t, "moto_server", ""), "-H", "127.0.0.1", "-p", port)
	if err := moto.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = moto.Process.Kill(); _ = moto.Wait() })
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		answer, err := http.Get("http://" + address + "/moto-api/data.json")
		if err == nil {
			_ = answer.Body.Close()
			return "http://" + address
		}
		if time.Now().After(deadline) {
			t.Fatalf("moto_server does not answer: %v", err)
		}
	}
}

// TestTablesQueuesAndTopicsOfAnEmulator deploys what is made at the endpoints of
// --service-endpoint, and uses it from a function with boto3.
func TestTablesQueuesAndTopicsOfAnEmulator(t *testing.T) {
	endpoint := emulator(t)
	s := start(t, "--service-endpoint", "dynamodb="+endpoint, "--service-endpoint", "sqs="+endpoint, "--service-endpoint", "sns="+endpoint)
	administrator := s.environment()
	dir := t.TempDir()
	code := filepath.Join(dir, "code")
	if err := os.Mkdir(code, 0o755); err != nil {
		t.Fatal(err)
	}
	packages, err := filepath.Glob("../.venv/lib/python3*/site-packages")
	if err != nil || len(packages) == 0 {
		t.Fatalf("no packages in .venv, .ci/run makes it: %v", err)
	}
	for _, name := range []string{"boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py"} {
		if out, err := exec.Command("cp", "-rL", filepath.Join(packages[0], name), code).CombinedOutput(); err != nil {
			t.Fatalf("copy %s: %v\n%s", name, err, out)
		}
	}
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join("testdata/emulators", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("code/index.py", read("index.py"))
	template := write("template.yaml", read("template.yaml"))
	aws := func(words string) string {
		return s.run(administrator, "aws", append(strings.Fields(words), "--endpoint-url", endpoint)...)
	}
	deploy := func(file string) {
		s.run(administrator, "hakone", "deploy", "--data-dir", s.dataDir, "--stack-name", "shop", "--yes", file)
	}
	invoke := func(want ...string) {
		t.Helper()
		out := s.run(administrator, "hakone", "invoke", "--data-dir", s.dataDir, "Worker")
		for _, w := range want {
			if !strings.Contains(out, w) {
				t.Errorf("the function answered %s, want %s", out, w)
			}
		}
	}
	deploy(template)
	invoke(`"item": "x"`, `"found": ["by topic", "direct"]`, `"indexes": ["first"]`, `"billing": "PAY_PER_REQUEST"`, `"delay": "60"`)
	if out := s.run(administrator, "hakone", "outputs", "--data-dir", s.dataDir, "shop"); !strings.Contains(out, ":table/shop-Orders-") || !strings.Contains(out, "/stream/") ||
		!strings.Contains(out, ".fifo") {
		t.Errorf("outputs: %s", out)
	}
	deploy(write("changed.yaml", strings.NewReplacer(
		"PAY_PER_REQUEST # changes", "PROVISIONED\n      ProvisionedThroughput: {ReadCapacityUnits: 2, WriteCapacityUnits: 3}",
		"IndexName: first", "IndexName: second", "{ProjectionType: ALL}} # changes", "{ProjectionType: ALL}, ProvisionedThroughput: {ReadCapacityUnits: 2, WriteCapacityUnits: 3}}",
		"VisibilityTimeout: 60, ", "", "Key: a, Value: b", "Key: c, Value: d", "DisplayName: hello", "DisplayName: bye",
	).Replace(read("template.yaml"))))
	invoke(`"indexes": ["second"]`, `"billing": "PROVISIONED"`, `"delay": "30"`)

	// What was there before is nobody's to take or to delete.
	aws("sqs create-queue --queue-name mine")
	mine := write("mine.yaml", "Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: mine}}}")
	out, err := exec.Command(s.binary, "deploy", "--data-dir", s.dataDir, "--yes", mine).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "A queue named mine already exists") {
		t.Errorf("a queue that exists: %v, %s", err, out)
	}
	s.run(administrator, "hakone", "delete", "--data-dir", s.dataDir, "shop")
	left := aws("dynamodb list-tables --output text") + aws("sqs list-queues --output text") + aws("sns list-topics --output text")
	if strings.Contains(left, "shop") || !strings.Contains(left, "mine") {
		t.Errorf("left after the deletion: %s", left)
	}
}
