package execenv_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hakonegate/hakone/internal/execenv"
)

// extensionScript is an external extension that does as variables say, and
// writes what it hears to /tmp/heard.
const extensionScript = `#!/usr/bin/python3
import http.server, json, os, sys, threading, time, urllib.request
api = 'http://' + os.environ['AWS_LAMBDA_RUNTIME_API'] + '/2020-01-01/extension/'
mode = os.environ.get('MODE', '')
def call(path, body=None, **headers):
    r = urllib.request.Request(api + path, data=body, headers={k.replace('_', '-'): v for k, v in headers.items()})
    return urllib.request.urlopen(r)
if mode == 'exit':
    sys.exit(4)
r = call('register', json.dumps({'events': ['INVOKE', 'SHUTDOWN']}).encode(), Lambda_Extension_Name=os.path.basename(sys.argv[0]), Lambda_Extension_Accept_Feature='accountId')
me = r.headers['Lambda-Extension-Identifier']
open('/tmp/heard', 'a').write(json.dumps({'registered': json.load(r), 'variables': sorted(os.environ)}) + '\n')
if mode == 'init error':
    call('init/error', b'{}', Lambda_Extension_Identifier=me, Lambda_Extension_Function_Error_Type='Extension.NoKey')
    sys.exit(1)
if mode == 'telemetry':
    class Taker(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers['Content-Length']))
            for e in json.loads(body):
                open('/tmp/told', 'a').write(json.dumps(e) + '\n')
            self.send_response(200)
            self.end_headers()
        def log_message(self, *args):
            pass
    server = http.server.HTTPServer(('sandbox.localdomain', 8099), Taker)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    r = urllib.request.Request(api.replace('/2020-01-01/extension/', '/2022-07-01/telemetry'), method='PUT', headers={'Lambda-Extension-Identifier': me}, data=json.dumps({
        'schemaVersion': '2022-12-13', 'types': ['platform', 'function', 'extension'], 'buffering': {'maxItems': 1000, 'maxBytes': 262144, 'timeoutMs': 25},
        'destination': {'protocol': 'HTTP', 'URI': 'http://sandbox.localdomain:8099'}}).encode())
    print('subscribed', urllib.request.urlopen(r).read().decode(), flush=True)
while True:
    e = json.load(call('event/next', Lambda_Extension_Identifier=me))
    open('/tmp/heard', 'a').write(json.dumps(e) + '\n')
    if e['eventType'] == 'SHUTDOWN':
        print('left', e['shutdownReason'], round(e['deadlineMs'] / 1000 - time.time()), flush=True)
        if mode == 'stays':
            time.sleep(60)
        sys.exit(0)
    if mode == 'crash':
        sys.exit(5)
`

// extended returns a function with the extension in a layer.
func (r *rig) extended(t *testing.T, runtime, mode, body string) *execenv.Function {
	t.Helper()
	fn := r.python(t, runtime, body)
	fn.Variables = map[string]string{"MODE": mode}
	fn.Timeout = 20 * time.Second
	fn.LogGroup = t.Name()
	fn.Layers = []string{"extensions"}
	r.code["extensions"] = archive(t, map[string]string{"extensions/watch": extensionScript, "extensions/none/readme": "a folder is no extension"})
	return fn
}

const heardHandler = "def handler(event, context):\n    print('hello')\n    return open('/tmp/heard').read().splitlines()\n"

// heardBootstrap is the same as a program of its own.
const heardBootstrap = `#!/bin/sh
exec /usr/bin/python3 -c '
import json, os, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    e = urllib.request.urlopen(api + "next")
    print("hello", flush=True)
    urllib.request.urlopen(api + e.headers["Lambda-Runtime-Aws-Request-Id"] + "/response", json.dumps(open("/tmp/heard").read().splitlines()).encode())
'
`

func TestExtensionsHearOfCallsAndTheEnd(t *testing.T) {
	needRooms(t)
	for _, tt := range []struct {
		name, runtime string
		noNetwork     bool
	}{
		{"beside our client", "python3.11", false},
		{"beside a program", "provided.al2023", false},
		{"beside our client without network", "python3.11", true},
		{"beside a program without network", "provided.al2023", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := start(t, func(c *execenv.Config) { c.NoNetwork = tt.noNetwork })
			fn := r.extended(t, tt.runtime, "", heardHandler)
			if tt.runtime == "provided.al2023" {
				r.code[fn.Code] = archive(t, map[string]string{"bootstrap": heardBootstrap})
			}
			var lines []string
			// An environment is free only when its extension is, too.
			eventually(t, "a call hears of the one before", func() bool {
				res := r.invoke(t, fn, `{}`)
				if err := json.Unmarshal(res.Payload, &lines); err != nil {
					t.Fatalf("payload = %s", res.Payload)
				}
				return len(lines) > 1
			})
			var registered struct {
				Registered map[string]string
				Variables  []string
			}
			if err := json.Unmarshal([]byte(lines[0]), &registered); err != nil || registered.Registered["functionName"] != fn.Name || registered.Registered["accountId"] != "111111111111" {
				t.Errorf("registration = %s", lines[0])
			}
			if slices.Contains(registered.Variables, "_HANDLER") || !slices.Contains(registered.Variables, "AWS_LAMBDA_FUNCTION_NAME") || slices.Contains(registered.Variables, "LAMBDA_TASK_ROOT") {
				t.Errorf("variables = %q", registered.Variables)
			}
			if !strings.Contains(lines[1], `"eventType": "INVOKE"`) || !strings.Contains(lines[1], `"invokedFunctionArn": "`+fn.ARN+`"`) {
				t.Errorf("heard %q", lines)
			}
			r.Remove(fn.ARN)
			eventually(t, "the extension has left", func() bool { return strings.Contains(strings.Join(r.logs.of(t.Name()), ""), "left spindown 2\n") })
			log := strings.Join(r.logs.of(t.Name()), "")
			if !strings.Contains(log, "EXTENSION\tName: watch\tState: Ready\tEvents: [INVOKE, SHUTDOWN]\n") {
				t.Errorf("log = %s", log)
			}
		})
	}
}

func TestAFailedExtensionFailsTheFunction(t *testing.T) {
	needRooms(t)
	r := start(t, nil)
	for _, tt := range []struct{ mode, errorType, text string }{
		{"exit", "Extension.Crash", "exit status 4"},
		{"init error", "Extension.InitError", "Extension.NoKey"},
		{"crash", "Extension.Crash", "exit status 5"},
	} {
		t.Run(tt.mode, func(t *testing.T) {
			fn := r.extended(t, "python3.11", tt.mode, "import time\ndef handler(event, context):\n    time.sleep(10)\n")
			res := r.invoke(t, fn, `{}`)
			want := `{"errorType":"` + tt.errorType + `","errorMessage":"RequestId: ` + res.RequestID + ` Error: ` + tt.text + `"}`
			if string(res.Payload) != want {
				t.Errorf("payload = %s, want %s", res.Payload, want)
			}
			if log := strings.Join(r.logs.of(t.Name()), ""); !strings.Contains(log, "Status: error\tError Type: "+tt.errorType+"\n") {
				t.Errorf("log = %s", log)
			}
		})
	}
	t.Run("one that cannot be started", func(t *testing.T) {
		fn := r.extended(t, "python3.11", "", heardHandler)
		r.code["broken"] = archive(t, map[string]string{"extensions/broken": "no program"})
		fn.Layers = []string{"broken"}
		res := r.invoke(t, fn, `{}`)
		want := `{"errorType":"Extension.LaunchError","errorMessage":"RequestId: ` + res.RequestID + ` Error: fork/exec /opt/extensions/broken: exec format error"}`
		if string(res.Payload) != want {
			t.Errorf("payload = %s, want %s", res.Payload, want)
		}
	})
}

func TestAnExtensionThatStaysIsKilled(t *testing.T) {
	needRooms(t)
	r := start(t, func(c *execenv.Config) { c.NoSpares = true })
	fn := r.extended(t, "python3.11", "stays", "def handler(event, context):\n    return 1\n")
	r.invoke(t, fn, `{}`)
	began := time.Now()
	r.Remove(fn.ARN)
	eventually(t, "its processes have ended", func() bool { return len(processes()) == 0 })
	if took := time.Since(began); took < 1500*time.Millisecond {
		t.Errorf("it had %v to leave, want 2 s", took)
	}
}

func TestATimeoutIsToldToExtensions(t *testing.T) {
	needRooms(t)
	r := start(t, nil)
	fn := r.extended(t, "python3.11", "", "import time\ndef handler(event, context):\n    time.sleep(event)\n    return 1\n")
	fn.Timeout = time.Second
	r.invoke(t, fn, `0`)
	if res := r.invoke(t, fn, `30`); !strings.Contains(string(res.Payload), "Task timed out after 1.00 seconds") {
		t.Errorf("payload = %s", res.Payload)
	}
	if got := string(r.invoke(t, fn, `0`).Payload); got != "1" {
		t.Errorf("next call = %s", got)
	}
	eventually(t, "the extension was told", func() bool { return strings.Contains(strings.Join(r.logs.of(t.Name()), ""), "left timeout 2\n") })
}

func TestTelemetryReachesTheExtension(t *testing.T) {
	needRooms(t)
	for _, noNetwork := range []bool{false, true} {
		t.Run(map[bool]string{false: "the machine's network", true: "no network"}[noNetwork], func(t *testing.T) {
			r := start(t, func(c *execenv.Config) { c.NoNetwork = noNetwork })
			fn := r.extended(t, "python3.11", "telemetry", "import os, time\ndef handler(event, context):\n    if event:\n        return open('/tmp/told').read().splitlines() if os.path.exists('/tmp/told') else []\n    print('hello')\n    time.sleep(0.5)\n    return 1\n")
			// Two environments with a listener each on the same port.
			var calls sync.WaitGroup
			for range 2 {
				calls.Go(func() { r.invoke(t, fn, `{}`) })
			}
			calls.Wait()
			var told string
			eventually(t, "everything was told", func() bool {
				var lines []string
				if err := json.Unmarshal(r.invoke(t, fn, `1`).Payload, &lines); err != nil {
					return false
				}
				told = strings.Join(lines, "\n") + "\n"
				return strings.Contains(told, `"platform.report"`)
			})
			for _, want := range []string{
				`"type": "platform.initStart", "record": \{"initializationType": "on-demand", "phase": "init", "runtimeVersion": "python:3.11.v1"`,
				`"type": "platform.telemetrySubscription", "record": \{"name": "watch", "state": "Subscribed", "types": \["extension", "function", "platform"\]\}`,
				`"type": "extension", "record": "subscribed \\"OK\\"\\n"`,
				`"type": "platform.initRuntimeDone", "record": \{"initializationType": "on-demand", "phase": "init", "status": "success"\}`,
				`"type": "platform.initReport", "record": \{"initializationType": "on-demand", "phase": "init", "status": "success", "metrics": \{"durationMs": [0-9.]+\}\}`,
				`"type": "platform.extension", "record": \{"name": "watch", "state": "Ready", "events": \["INVOKE", "SHUTDOWN"\]\}`,
				`"type": "platform.start", "record": \{"requestId": "[0-9a-f-]{36}", "functionArn": "[^"]+", "version": "\$LATEST", "tracing": \{"type": "X-Amzn-Trace-Id", "value": "[^"]+"\}\}`,
				`"type": "function", "record": "hello\\n"`,
				`"type": "platform.runtimeDone", "record": \{"requestId": "[0-9a-f-]{36}", "status": "success", "tracing": .*"producedBytes": 1\}`,
				`"type": "platform.report", "record": \{"requestId": "[0-9a-f-]{36}", "metrics": \{"durationMs": .*"status": "success"\}`,
			} {
				if !regexp.MustCompile(want).MatchString(told) {
					t.Errorf("told\n%swithout %s", told, want)
				}
			}
		})
	}
}

func TestAnInternalExtensionRegisters(t *testing.T) {
	r := start(t, nil)
	fn := r.python(t, "python3.11", `import json, os, threading, urllib.request
api = 'http://' + os.environ['AWS_LAMBDA_RUNTIME_API'] + '/2020-01-01/extension/'
r = urllib.request.urlopen(urllib.request.Request(api + 'register', data=b'{"events":["INVOKE"]}', headers={'Lambda-Extension-Name': 'inside'}))
me = r.headers['Lambda-Extension-Identifier']
heard = []
def listen():
    while True:
        heard.append(json.load(urllib.request.urlopen(urllib.request.Request(api + 'event/next', headers={'Lambda-Extension-Identifier': me})))['requestId'])
threading.Thread(target=listen, daemon=True).start()
def handler(event, context):
    while not heard or heard[-1] != context.aws_request_id:
        pass
    return len(heard)
`)
	fn.Timeout = 20 * time.Second
	// While the extension is late to ask for the next call, one goes elsewhere.
	var got string
	for range 50 {
		if got = string(r.invoke(t, fn, `{}`).Payload); got != "1" {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if got != "2" {
		t.Errorf("calls heard = %s", got)
	}
	if log := strings.Join(r.logs.all(), ""); !strings.Contains(log, "EXTENSION\tName: inside\tState: Ready\tEvents: [INVOKE]\n") {
		t.Errorf("log = %s", log)
	}
}
