package server

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// What an idle connection may cost, on both sides of it, since the test has both.
const maxIdleBytes = 32 << 10

// TestTenThousandIdleConnectionsLeaveTheServerAtWork opens them without a word, and
// some that stop in the middle of a request line.
func TestTenThousandIdleConnectionsLeaveTheServerAtWork(t *testing.T) {
	count := 10_000
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err == nil && limit.Cur < 50_000 {
		count = min(count, int(limit.Cur)/5) // each has two ends here, and half of the files stay free for others
	}
	address, host, got := plainFront(t)
	before := memory()
	idle := make([]net.Conn, count)
	for i := range idle {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		_ = c.(*net.TCPConn).SetLinger(0)
		defer c.Close()
		if i%100 == 0 {
			fmt.Fprint(c, "GET /a HT")
		}
		idle[i] = c
	}
	ask := func(c net.Conn) {
		t.Helper()
		_ = c.SetDeadline(time.Now().Add(time.Minute))
		fmt.Fprintf(c, "GET /a HTTP/1.1\r\nHost: %s\r\n\r\n", host)
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%v %v", res, err)
		}
		_ = res.Body.Close()
	}
	ask(connect(t, address))
	ask(idle[count-1])
	if n := len(got.take()); n != 2 {
		t.Errorf("the backend got %d requests", n)
	}
	if each := (memory() - before) / int64(count); each > maxIdleBytes {
		t.Errorf("an idle connection costs %d bytes", each)
	} else {
		t.Logf("%d connections of %d bytes each", count, each)
	}
}

// memory returns what the process has in use.
func memory() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}
