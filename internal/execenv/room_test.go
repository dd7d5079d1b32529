package execenv_test

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hakonegate/hakone/internal/execenv"
	"github.com/hakonegate/hakone/internal/sandbox"
)

func needRooms(t *testing.T) {
	t.Helper()
	if _, err := sandbox.Probe(); err != nil {
		t.Skipf("no rooms here: %v", err)
	}
}

// attempts is a function that tries what its event says, and returns what it
// got.
const attempts = `import ctypes, glob, os, socket, urllib.request
def handler(event, context):
    out = []
    for path in event.get('read', []):
        for name in glob.glob(path):
            try:
                out.append(open(name, 'rb').read(1000).decode('utf-8', 'replace'))
            except OSError as e:
                pass
    for path in event.get('list', []):
        out += glob.glob(path)
    for path in event.get('write', []):
        try:
            open(path, 'a').write('x')
            out.append('wrote ' + path)
        except OSError:
            pass
    for port in event.get('connect', []):
        try:
            out.append(urllib.request.urlopen('http://127.0.0.1:%d/2018-06-01/ping' % port, timeout=5).read().decode())
        except OSError:
            pass
    for pid in event.get('kill', []):
        try:
            os.kill(pid, 0)
            out.append('reached %d' % pid)
        except OSError:
            pass
    return out
`

func TestFunctionSeesNothingOfOthers(t *testing.T) {
	needRooms(t)
	r := start(t, nil)
	other := r.python(t, "python3.11", "import os\nopen('/tmp/mine', 'w').write('s3cret')\ndef handler(event, context):\n    return os.environ['PASSWORD']\n")
	other.Name, other.ARN, other.Variables = "other", other.ARN+"-other", map[string]string{"PASSWORD": "s3cret"}
	r.invoke(t, other, `{}`)
	fn := r.python(t, "python3.12", attempts)
	dir := strconv.Quote(r.dir + "/*")
	res := r.invoke(t, fn, `{"read": ["/proc/[0-9]*/environ", "/proc/1/mem", "/etc/shadow", "/tmp/mine", "/root/.ssh/*", "/proc/[0-9]*/root/tmp/mine"],
		"list": [`+dir+`, "/home/*", "/run/*", "/var/run/*", "/var/lib/*", "/sys/*", "/tmp/*", "/tmp/.X11-unix/*"],
		"write": ["/var/task/index.py", "/var/runtime/x", "/opt/x", "/usr/x", "/etc/hosts", "/x"],
		"kill": [`+strconv.Itoa(processOf(t))+`]}`)
	if got := string(res.Payload); strings.Contains(got, "s3cret") || strings.Contains(got, "wrote") || strings.Contains(got, "reached") || strings.Contains(got, filepath.Base(r.dir)) {
		t.Errorf("function got %s", got)
	}
	if got := string(r.invoke(t, other, `{}`).Payload); got != `"s3cret"` {
		t.Errorf("other function = %s", got)
	}
}

// bootstrap is a provided function that returns its API's port.
const bootstrap = `#!/bin/sh
exec /usr/bin/python3 -c '
import json, os, socket, urllib.request
host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
if os.environ["_HANDLER"] == "mapped": # as Java does
    s = socket.socket(socket.AF_INET6)
    s.connect(("::ffff:" + host, int(port)))
    s.sendall(b"GET /2018-06-01/ping HTTP/1.0\r\n\r\n")
    while not s.recv(100).endswith(b"pong"): pass
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    event = urllib.request.urlopen(api + "next")
    answer = json.dumps(int(api.split(":")[2].split("/")[0])).encode()
    urllib.request.urlopen(api + event.headers["Lambda-Runtime-Aws-Request-Id"] + "/response", answer)
'
`

func (r *rig) bootstrap(t *testing.T, name string) *execenv.Function {
	t.Helper()
	if _, err := os.Stat("/usr/bin/python3"); err != nil {
		t.Skip("no /usr/bin/python3 to be a bootstrap")
	}
	r.code[name] = archive(t, map[string]string{"bootstrap": bootstrap})
	return &execenv.Function{
		Name: name, ARN: "arn:aws:lambda:us-east-1:111111111111:function:" + name, Version: "$LATEST", Revision: name, Region: "us-east-1",
		Runtime: "provided.al2023", Handler: "x", Code: name, Timeout: 10 * time.Second,
	}
}

func TestRuntimeAPIIsForItsOwnEnvironment(t *testing.T) {
	needRooms(t)
	r := start(t, nil)
	if l, err := net.Listen("tcp", "[::1]:0"); err == nil { // there is IPv6
		l.Close()
		mapped := r.bootstrap(t, "mapped")
		mapped.Handler = "mapped"
		if res := r.invoke(t, mapped, `{}`); res.FunctionError != "" {
			t.Errorf("by way of an IPv6 socket: %s", res.Payload)
		}
	}
	own := r.bootstrap(t, "own")
	res := r.invoke(t, own, `{}`)
	port, err := strconv.Atoi(string(res.Payload))
	if err != nil {
		t.Fatalf("own function = %s", res.Payload)
	}
	fn := r.python(t, "python3.11", attempts)
	if got := string(r.invoke(t, fn, `{"connect": [`+strconv.Itoa(port)+`]}`).Payload); got != "[]" {
		t.Errorf("another function's runtime API says %s", got)
	}
	if got := string(r.invoke(t, own, `{}`).Payload); got != strconv.Itoa(port) {
		t.Errorf("own function = %s", got)
	}
}

func TestNoNetworkLeavesTheRuntimeAPI(t *testing.T) {
	needRooms(t)
	r := start(t, func(c *execenv.Config) { c.NoNetwork = true })
	if got := string(r.invoke(t, r.bootstrap(t, "own"), `{}`).Payload); got != "9001" {
		t.Errorf("provided function = %s", got)
	}
	fn := r.python(t, "python3.11", "def handler(event, context):\n    return sorted(l.split(':')[0].strip() for l in open('/proc/net/dev').readlines()[2:])\n")
	if got := string(r.invoke(t, fn, `{}`).Payload); got != `["lo"]` {
		t.Errorf("interfaces = %s", got)
	}
}

// processOf starts a process outside of all rooms.
func processOf(t *testing.T) int {
	t.Helper()
	p, err := sandbox.Start(sandbox.Command{Path: "/bin/sleep", Args: []string{"300"}, Output: new(strings.Builder)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p.PID()
}
