package execenv_test

import (
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hakonegate/hakone/internal/execenv"
)

// What a function does to itself costs the others nothing: they answer meanwhile.
func TestBadFunctionsAreContained(t *testing.T) {
	needRooms(t)
	r := start(t, nil)
	neighbour := r.python(t, "python3.12", "def handler(event, context):\n    return 'fine'\n")
	neighbour.Name, neighbour.ARN = "neighbour", neighbour.ARN+"-neighbour"
	neighbour.Timeout = 30 * time.Second
	r.invoke(t, neighbour, `{}`)
	const killed, timeout = "Runtime exited with error: signal: killed", "Task timed out after 1.00 seconds"
	tests := []struct{ name, body, want string }{
		{"allocates without end", "a = []\n    while True: a.append(bytearray(b'x') * (4 << 20))", killed},
		{"allocates in another process", "import subprocess\n    return subprocess.run([sys.executable, '-c', 'a = []\\nwhile True: a.append(b\"x\" * (4 << 20))']).returncode", killed},
		{"loops", "while True: pass", timeout},
		{"loops in many threads", "import threading\n    def f():\n        while True: pass\n    for _ in range(50): threading.Thread(target=f).start()\n    f()", timeout},
		{"forks without end", "n = 0\n    try:\n        while True:\n            if os.fork() == 0:\n                time.sleep(300)\n            n += 1\n    except OSError as e:\n        return [n > 500, e.strerror]", `[true, "Resource temporarily unavailable"]`},
		{"fills /tmp", "try:\n        with open('/tmp/f', 'wb') as f:\n            while True: f.write(bytes(1 << 20))\n    except OSError as e:\n        return e.strerror", `"No space left on device"`},
		{"opens files without end", "a = []\n    try:\n        while True: a.append(open('/dev/null'))\n    except OSError as e:\n        return e.strerror", `"Too many open files"`},
		{"writes 100 MB of logs", "for _ in range(100):\n        os.write(1, (b'x' * 1023 + b'\\n') * 1024)\n    return 'done'", `"done"`},
		{"writes a line without end", "for _ in range(20):\n        os.write(1, b'x' * (1 << 20))\n    return 'done'", `"done"`},
		{"closes its sockets", "os.closerange(3, 1024)", "Runtime exited"},
		{"leaves its group and stays", "if os.fork() == 0:\n        os.setsid()\n        time.sleep(300)\n    os._exit(3)", "exit status 3"},
		{"kills its parent", "os.kill(os.getppid(), 9)", `"errorType": "PermissionError"`},
		{"answers 7 MB", "return 'a' * (7 << 20)", `{"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes).","errorType":"Function.ResponseSizeTooLarge"}`},
		{"answers nothing", "return None", "null"},
		{"traces its parent", "import ctypes\n    c = ctypes.CDLL(None, use_errno=True)\n    c.ptrace(16, os.getppid(), 0, 0)\n    return os.strerror(ctypes.get_errno())", `"Operation not permitted"`},
		{"mounts", "import ctypes\n    c = ctypes.CDLL(None, use_errno=True)\n    c.mount(b'none', b'/tmp', b'tmpfs', 0, None)\n    return os.strerror(ctypes.get_errno())", `"Operation not permitted"`},
		{"makes a namespace", "import ctypes\n    c = ctypes.CDLL(None, use_errno=True)\n    c.unshare(0x10000000)\n    return os.strerror(ctypes.get_errno())", `"Operation not permitted"`},
		{"becomes root", "os.setuid(0)", `"errorType": "PermissionError"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fn := r.python(t, "python3.11", "import os, signal, sys, time\ndef handler(event, context):\n    "+tt.body+"\n")
			fn.ARN += regexp.MustCompile(`[^a-z0-9]`).ReplaceAllString(tt.name, "-")
			fn.TmpMB, fn.Timeout, fn.MemoryMB, fn.LogGroup = 16, 30*time.Second, 128, t.Name()
			if strings.HasPrefix(tt.name, "forks") {
				fn.MemoryMB = 2048 // or that is the end first
			}
			if tt.want == timeout {
				fn.Timeout = time.Second
			}
			var over atomic.Bool
			answers := make(chan int)
			go func() { // as long as it is bad
				n := 0
				for ; n == 0 || !over.Load(); n++ {
					res, err := r.Invoke(t.Context(), neighbour, []byte(`{}`), execenv.Invocation{})
					if err != nil || string(res.Payload) != `"fine"` {
						t.Errorf("neighbour = %s, %v", res.Payload, err)
						break
					}
				}
				answers <- n
			}()
			res := r.invoke(t, fn, `{}`)
			over.Store(true)
			if n := <-answers; n == 0 {
				t.Error("the neighbour gave no answer meanwhile")
			}
			if !strings.Contains(string(res.Payload), tt.want) {
				t.Errorf("payload = %.300s, want %s in it", res.Payload, tt.want)
			}
			tail := string(res.LogTail)
			oom := strings.Contains(tail, "\tMax Memory Used: 128 MB\t") && strings.HasSuffix(tail, "\tStatus: error\tError Type: Runtime.OutOfMemory\n")
			if tt.want == killed && !oom || !strings.Contains(tail, "REPORT RequestId: "+res.RequestID) {
				t.Errorf("log = %s", tail)
			}
			if size := len(strings.Join(r.logs.of(t.Name()), "")); size > 6<<20 {
				t.Errorf("%d bytes of log are kept", size)
			}
			r.Remove(fn.ARN)
		})
	}
}
