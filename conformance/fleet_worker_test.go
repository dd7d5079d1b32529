//go:build conformance

package conformance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const workerTemplate = `
Transform: AWS::Serverless-2016-10-31
Resources:
  Api: {Type: AWS::Serverless::HttpApi, Properties: {Auth: {EnableIamAuthorizer: true, DefaultAuthorizer: AWS_IAM}}}
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
      Handler: index.handler
      Timeout: 25
      InlineCode: |
        import os, socket, time
        def here():
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.connect(("10.214.2.11", 4222))
            return s.getsockname()[0].split(".")[-1]
        def handler(event, context):
            path = event.get("rawPath", "")
            if path == "/sleep": time.sleep(20)
            if path == "/nap": time.sleep(3)
            if path == "/s3": return os.environ["AWS_ENDPOINT_URL_S3"]
            print("the function speaks")
            if "size" in event: return "x" * event["size"]
            return os.environ["AWS_ACCESS_KEY_ID"][:4] + " " + here()
      Events: {Any: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: '/{proxy+}', Method: GET}}}
Outputs: {Api: {Value: !Ref Api}}
`

// worker starts hakone worker on a machine of its own.
func (f *fleet) worker(number int) *exec.Cmd {
	f.t.Helper()
	name := fmt.Sprintf("w%d", number)
	m := f.net.machine(name, 30+number)
	process := m.run(filepath.Join(f.cluster.dir, name+".log"), f.binary, "worker", "--nats", f.cluster.url(), "--data-dir", filepath.Join(f.t.TempDir(), name))
	f.t.Cleanup(func() { end(process) })
	return process
}

func TestWorkers(t *testing.T) {
	f := newFleet(t, "--workers")
	g1, g2 := f.gateways[0], f.gateways[1]
	file := filepath.Join(t.TempDir(), "template.yaml")
	if err := os.WriteFile(file, []byte(workerTemplate), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := g1.hakone("deploy", file, "--stack-name", "fleet", "--yes"); err != nil {
		t.Fatalf("deploy: %v\n%s", err, out)
	}
	f.api = g1.output("Api")
	if status, body := g1.call(f.api, "/x", f.admin); status != http.StatusServiceUnavailable {
		t.Errorf("without a worker: %d %s, want 503", status, body)
	}

	first := f.worker(1)
	eventually(t, "a worker answers", 30*time.Second, func() bool { status, _ := g1.call(f.api, "/x", f.admin); return status == http.StatusOK })
	for _, g := range f.gateways {
		status, body := g.call(f.api, "/x", f.admin)
		if status != http.StatusOK || body != "ASIA 31" {
			t.Errorf("%s: %d %q, want credentials of the role, on the worker", g.machine.name, status, body)
		}
		if _, body := g.call(f.api, "/s3", f.admin); !strings.HasPrefix(body, "http://") || !strings.HasSuffix(body, ":4566") {
			t.Errorf("%s: a function on a worker looks for S3 at %q, want a gateway", g.machine.name, body)
		}
	}
	var times spread
	for range 200 {
		began := time.Now()
		g1.call(f.api, "/x", f.admin)
		times = append(times, time.Since(began))
	}
	t.Logf("a warm call through the worker: %v", times)

	large := filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(large, fmt.Appendf(nil, `{"size": 5000000, "padding": %q}`, strings.Repeat("p", 5_000_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := g1.hakone("invoke", "Function", "--event", large); err != nil || len(out) < 5_000_000 {
		t.Errorf("5 MB in and out: %v, %d bytes: %.300s", err, len(out), out)
	}
	for _, g := range f.gateways {
		eventually(t, "the log is at every gateway", 10*time.Second, func() bool {
			out, err := g.hakone("logs", "Function", "--since", "5m")
			return err == nil && strings.Contains(out, "the function speaks") && strings.Contains(out, "REPORT RequestId")
		})
	}

	// Its death mid-call is that of a process that was killed.
	go func() { time.Sleep(time.Second); end(first) }()
	began := time.Now()
	status, body := g2.call(f.api, "/sleep", f.admin)
	if status != http.StatusInternalServerError || !strings.Contains(body, "Internal Server Error") {
		t.Errorf("the worker died: %d %s", status, body)
	}
	t.Logf("its death is answered %v after the call, which it had for 1 s", time.Since(began).Round(time.Millisecond))
	if out, _ := g2.hakone("why"); !strings.Contains(out, "signal: killed") {
		t.Errorf("hakone why does not tell:\n%s", out)
	}

	second := f.worker(2)
	eventually(t, "another worker answers", 30*time.Second, func() bool {
		status, body := g2.call(f.api, "/x", f.admin)
		return status == http.StatusOK && body == "ASIA 32"
	})
	go func() { time.Sleep(time.Second); _ = second.Process.Signal(syscall.SIGTERM) }()
	if status, body := g2.call(f.api, "/nap", f.admin); status != http.StatusOK {
		t.Errorf("a call under way while the worker stops: %d %s", status, body)
	}
	if err := second.Wait(); err != nil {
		t.Errorf("the worker ended with %v", err)
	}
	if status, _ := g2.call(f.api, "/x", f.admin); status != http.StatusServiceUnavailable {
		t.Errorf("after the last worker left: %d, want 503", status)
	}
}

// output returns an output of the stack.
func (g *gateway) output(key string) string {
	g.t.Helper()
	out, err := g.hakone("outputs", "fleet", "--output", "json")
	var outputs map[string]map[string]string
	if err != nil || json.Unmarshal([]byte(out), &outputs) != nil || outputs["fleet"][key] == "" {
		g.t.Fatalf("no output %s: %v in %s", key, err, out)
	}
	return outputs["fleet"][key]
}
