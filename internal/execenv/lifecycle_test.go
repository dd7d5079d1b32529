package execenv_test

import (
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/execenv"
)

func exitError(id, text string) string {
	return `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ` + id + ` Error: ` + text + `"}`
}

func TestCrashIsAnsweredAsOnLambda(t *testing.T) {
	r := start(t, nil)
	tests := []struct{ name, body, want string }{
		{"exit with status 0", "sys.exit(0)", "Runtime exited without providing a reason"},
		{"exit with status 3", "os._exit(3)", "Runtime exited with error: exit status 3"},
		{"kill", "os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed"},
		{"abort", "os.abort()", "Runtime exited with error: signal: aborted"},
		{"closed sockets", "os.closerange(3, 64)", "Runtime exited with error: exit status 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fn := r.python(t, "python3.11", "import os, sys\nme = os.urandom(8).hex()\ndef handler(event, context):\n    if event: "+tt.body+"\n    return me\n")
			fn.LogGroup = tt.name
			before := r.invoke(t, fn, `{}`)
			res := r.invoke(t, fn, `{"a":1}`)
			if got, want := string(res.Payload), exitError(res.RequestID, tt.want); got != want {
				t.Errorf("payload = %s, want %s", got, want)
			}
			if res.FunctionError != "Unhandled" || res.ErrorType != "Runtime.ExitError" {
				t.Errorf("error = %q, %q", res.FunctionError, res.ErrorType)
			}
			after := r.invoke(t, fn, `{}`)
			if after.FunctionError != "" || string(after.Payload) == string(before.Payload) {
				t.Errorf("next call = %s, want one of another process than %s", after.Payload, before.Payload)
			}
			log := strings.Join(r.logs.of(tt.name), "")
			if want := "RequestId: " + res.RequestID + " Error: " + tt.want + "\nRuntime.ExitError\nEND RequestId: " + res.RequestID + "\n"; !strings.Contains(log, want) {
				t.Errorf("log = %q, want it to hold %q", log, want)
			}
			if want := "\tStatus: error\tError Type: Runtime.ExitError\n"; !strings.Contains(log, want) {
				t.Errorf("log = %q, want it to hold %q", log, want)
			}
		})
	}
}

func TestTimeoutKillsAndTheNextCallWorks(t *testing.T) {
	r := start(t, nil)
	fn := r.python(t, "python3.11", "import time, subprocess\nseen = []\ndef handler(event, context):\n    seen.append(1)\n    if event:\n        subprocess.Popen(['/bin/sleep', '300'])\n        time.sleep(60)\n    return len(seen)\n")
	fn.Timeout = time.Second
	r.invoke(t, fn, `{}`)
	began := time.Now()
	res := r.invoke(t, fn, `{"a":1}`)
	if took := time.Since(began); took < time.Second || took > 2500*time.Millisecond {
		t.Errorf("call took %v, want about 1 s", took)
	}
	want := `{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: ` + res.RequestID + ` Error: Task timed out after 1.00 seconds"}`
	if got := string(res.Payload); got != want {
		t.Errorf("payload = %s, want %s", got, want)
	}
	report := string(res.LogTail)
	if !regexp.MustCompile(`REPORT RequestId: \S+\tDuration: 1000.00 ms\tBilled Duration: 1000 ms\tMemory Size: 128 MB\tMax Memory Used: \d+ MB\tStatus: timeout\n$`).MatchString(report) {
		t.Errorf("log = %q", report)
	}
	if got := string(r.invoke(t, fn, `{}`).Payload); got != "1" {
		t.Errorf("next call = %s, want 1: globals are gone", got)
	}
}

func TestFailedInitRunsAgainInTheCall(t *testing.T) {
	r := start(t, nil)
	fn := r.python(t, "python3.11", "open('/tmp/marks-"+t.Name()+"', 'a+').write('x')\nraise Exception('at import %d' % len(open('/tmp/marks-"+t.Name()+"').read()))\n")
	t.Cleanup(func() { _ = os.Remove("/tmp/marks-" + t.Name()) }) // where there are no rooms
	res := r.invoke(t, fn, `{}`)
	if want := `{"errorMessage": "at import 2", "errorType": "Exception", "requestId": "", "stackTrace": [`; !strings.HasPrefix(string(res.Payload), want) {
		t.Errorf("payload = %s, want it to begin with %s", res.Payload, want)
	}
	var lines []string
	for _, e := range r.logs.all() {
		if platformLine(e) {
			lines = append(lines, regexp.MustCompile(`[0-9a-f-]{36}`).ReplaceAllString(regexp.MustCompile(`\d+(\.\d\d)? (ms|MB)`).ReplaceAllString(e, "N"), "ID"))
		}
	}
	want := []string{
		"INIT_REPORT Init Duration: N\tPhase: init\tStatus: error\tError Type: Runtime.Unknown\n",
		"INIT_REPORT Init Duration: N\tPhase: invoke\tStatus: error\tError Type: Runtime.Unknown\n",
		"START RequestId: ID Version: $LATEST\n", "END RequestId: ID\n",
		"REPORT RequestId: ID\tDuration: N\tBilled Duration: N\tMemory Size: N\tMax Memory Used: N\tStatus: error\tError Type: Runtime.Unknown\n",
	}
	if diff := cmp.Diff(want, lines[1:]); diff != "" {
		t.Errorf("platform lines (-want +got):\n%s", diff)
	}
}

func TestSlowInitIsRepeatedInTheCall(t *testing.T) {
	r := start(t, func(c *execenv.Config) { c.InitTimeout = 300 * time.Millisecond })
	fn := r.python(t, "python3.11", "import time\ntime.sleep(0.8)\ndef handler(event, context):\n    return 1\n")
	fn.Timeout = 5 * time.Second
	res := r.invoke(t, fn, `{}`)
	if string(res.Payload) != "1" || res.InitDuration != 0 {
		t.Errorf("result = %s, init %v; want 1 without init", res.Payload, res.InitDuration)
	}
	if log := strings.Join(r.logs.all(), ""); !strings.Contains(log, "Phase: init\tStatus: timeout\n") {
		t.Errorf("log = %q", log)
	}
	short := *fn
	short.Timeout, short.Revision = 400*time.Millisecond, "2"
	res = r.invoke(t, &short, `{}`)
	if want := "Task timed out after 0.40 seconds"; !strings.Contains(string(res.Payload), want) {
		t.Errorf("payload = %s, want %s", res.Payload, want)
	}
}

func TestResultOverTheLimitIsRefusedAndTheEnvironmentStays(t *testing.T) {
	r := start(t, nil)
	fn := r.python(t, "python3.11", "calls = []\ndef handler(event, context):\n    calls.append(1)\n    return 'a' * event['n'] if event else len(calls)\n")
	if res := r.invoke(t, fn, `{"n":6291554}`); len(res.Payload) != 6291556 || res.FunctionError != "" {
		t.Errorf("result has %d bytes (%s), want 6291556", len(res.Payload), res.FunctionError)
	}
	res := r.invoke(t, fn, `{"n":6291555}`)
	want := `{"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes).","errorType":"Function.ResponseSizeTooLarge"}`
	if got := string(res.Payload); got != want || res.FunctionError != "Unhandled" {
		t.Errorf("payload = %.200s, want %s", got, want)
	}
	if got := string(r.invoke(t, fn, `{}`).Payload); got != "3" {
		t.Errorf("third call counts %s", got)
	}
}

func TestConcurrentCallsGetEnvironmentsOfTheirOwn(t *testing.T) {
	r := start(t, func(c *execenv.Config) { c.Limit = 4 })
	fn := r.python(t, "python3.11", "import os, time\nme = os.urandom(8).hex()\ndef handler(event, context):\n    time.sleep(0.3)\n    return me\n")
	fn.Concurrent = 3
	var mu sync.Mutex
	var pids []string
	refused := 0
	var calls sync.WaitGroup
	for range 5 {
		calls.Go(func() {
			res, err := r.Invoke(t.Context(), fn, []byte(`{}`), execenv.Invocation{})
			mu.Lock()
			defer mu.Unlock()
			if errors.Is(err, execenv.ErrFunctionLimit) {
				refused++
				return
			}
			pids = append(pids, string(res.Payload))
		})
	}
	calls.Wait()
	slices.Sort(pids)
	if len(slices.Compact(slices.Clone(pids))) != 3 || len(pids) != 3 || refused != 2 {
		t.Errorf("processes %v, %d refused; want 3 and 2", pids, refused)
	}
	if res := r.invoke(t, fn, `{}`); !slices.Contains(pids, string(res.Payload)) {
		t.Errorf("next call ran in %s, want a warm one of %v", res.Payload, pids)
	}
}

func TestUpdateLetsRunningCallsFinish(t *testing.T) {
	r := start(t, nil)
	fn := r.python(t, "python3.11", "import time\ndef handler(event, context):\n    time.sleep(0.5)\n    return 'old'\n")
	next := *fn
	next.Code, next.Revision = "next", "next"
	r.code["next"] = archive(t, map[string]string{"index.py": "def handler(event, context):\n    return 'new'\n"})
	r.invoke(t, fn, `{}`)
	running := make(chan string)
	go func() {
		res, err := r.Invoke(t.Context(), fn, []byte(`{}`), execenv.Invocation{})
		running <- string(res.Payload) + errText(err)
	}()
	time.Sleep(100 * time.Millisecond)
	r.Retire(fn.ARN, fn.Version, next.Revision)
	if got := string(r.invoke(t, &next, `{}`).Payload); got != `"new"` {
		t.Errorf("call after the update = %s", got)
	}
	if got := <-running; got != `"old"` {
		t.Errorf("running call = %s", got)
	}
}

func errText(err error) string {
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestIdleEnvironmentsAreEnded(t *testing.T) {
	r := start(t, func(c *execenv.Config) { c.IdleTimeout, c.NoSpares = time.Second, true })
	fn := r.python(t, "python3.11", "def handler(event, context):\n    return 1\n")
	r.invoke(t, fn, `{}`)
	if len(processes()) == 0 {
		t.Fatal("the environment has no process, or it is not seen")
	}
	for deadline := time.Now().Add(10 * time.Second); len(processes()) > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("processes %v are alive", processes())
		}
	}
}

func TestCallGoesOnWhenTheCallerLeaves(t *testing.T) {
	r := start(t, nil)
	fn := r.python(t, "python3.11", "import time\ndef handler(event, context):\n    time.sleep(event)\n    print('went on', event)\n")
	r.invoke(t, fn, `0`)
	ctx, cancel := contextWithTimeout(t, 100*time.Millisecond)
	defer cancel()
	if _, err := r.Invoke(ctx, fn, []byte(`0.5`), execenv.Invocation{}); !errors.Is(err, ctx.Err()) {
		t.Errorf("Invoke = %v, want %v", err, ctx.Err())
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if slices.Contains(r.logs.all(), "went on 0.5\n") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the call did not go on")
		}
	}
}

func TestEnvironmentVariablesAreExactlyLambdas(t *testing.T) {
	t.Setenv("HAKONE_SECRET", "s3cret")
	r := start(t, func(c *execenv.Config) { c.Credentials = fixedKeys{} })
	rows := readJSONL[struct {
		Runtime     string
		Environment map[string]string
	}](t, "testdata/recorded/environment.jsonl")
	for _, row := range rows {
		if !strings.HasPrefix(row.Runtime, "python3.1") {
			continue
		}
		fn := r.python(t, row.Runtime, "import os\ndef handler(event, context):\n    return '\\n'.join(sorted(os.environ))\n")
		fn.Variables, fn.Role, fn.MemoryMB = map[string]string{"TEST_KEY": "TEST_VAL"}, "arn:aws:iam::111111111111:role/r", 1024
		var want []string
		for name := range row.Environment {
			want = append(want, name)
		}
		slices.Sort(want)
		got := strings.Trim(string(r.invoke(t, fn, `{}`).Payload), `"`)
		if diff := cmp.Diff(strings.Join(want, "\n"), strings.ReplaceAll(got, `\n`, "\n")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.Runtime, diff)
		}
	}
}

func TestMissingHandlerFileNamesWhatIsMissing(t *testing.T) {
	r := start(t, nil)
	fn := r.python(t, "provided.al2023", "")
	res := r.invoke(t, fn, `{}`)
	want := `{"errorType":"Runtime.InvalidEntrypoint","errorMessage":"RequestId: ` + res.RequestID + ` Error: Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"}`
	if got := string(res.Payload); got != want {
		t.Errorf("payload = %s, want %s", got, want)
	}
}

func TestFloodOfLogsIsCut(t *testing.T) {
	r := start(t, nil)
	fn := r.python(t, "python3.11", "def handler(event, context):\n    for _ in range(20000):\n        print('x' * 999)\n    return 1\n")
	fn.Timeout = 30 * time.Second
	if got := string(r.invoke(t, fn, `{}`).Payload); got != "1" {
		t.Errorf("result = %s", got)
	}
	size, cut := 0, 0
	for _, e := range r.logs.all() {
		if size += len(e); strings.HasPrefix(e, "hakone: the call wrote more than 5 MB") {
			cut++
		}
	}
	if size > 6<<20 || cut != 1 {
		t.Errorf("log has %d bytes and says %d times that it is cut", size, cut)
	}
}
