package server

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A lockedBuilder is a log that may be read while it is written.
type lockedBuilder struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuilder) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuilder) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// testFront serves "ok" on the data plane and returns where, and the log.
func testFront(t *testing.T) (address string, log *lockedBuilder) {
	t.Helper()
	return testListen(t, listenData)
}

type listenFunc func(ctx context.Context, name, address string, handler http.Handler, config *tls.Config, log *slog.Logger) (*front, error)

func testListen(t *testing.T, listen listenFunc) (address string, log *lockedBuilder) {
	t.Helper()
	log = &lockedBuilder{}
	f, err := listen(t.Context(), "test", "127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") }),
		nil, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- f.serve() }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		f.server.Close()
		_ = f.shutdown(ctx)
		<-done
	})
	return f.listener.Addr().String(), log
}

func connect(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	return c
}

func TestTheLogSaysWhyAConnectionWasClosed(t *testing.T) {
	for _, tt := range []struct {
		name, request string
		want          string // of the answer
		told          bool
	}{
		{"headers of more than 64 KiB", "GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", maxHeader+8<<10) + "\r\n\r\n", "431", true},
		{"no HTTP", "\x00" + strings.Repeat("x", 100) + "\r\n\r\n", "400", true},
		{"a header without a name", "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", "400", true},
		{"a request", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "200", false},
		{"a request, then none", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "200", false},
	} {
		for plane, listen := range map[string]listenFunc{"data": listenData, "control": listenControl} {
			t.Run(tt.name+", "+plane, func(t *testing.T) {
				address, log := testListen(t, listen)
				c := connect(t, address)
				go func() { _, _ = io.WriteString(c, tt.request) }()
				r := bufio.NewReader(c)
				if line, err := r.ReadString('\n'); !strings.HasPrefix(line, "HTTP/1.1 "+tt.want) {
					t.Errorf("got %q, %v", line, err)
				}
				if tt.told {
					for deadline := time.Now().Add(time.Minute); !strings.Contains(log.String(), "without a request") && time.Now().Before(deadline); {
						time.Sleep(5 * time.Millisecond)
					}
				}
				c.Close()
				if got := strings.Count(log.String(), "without a request"); got != map[bool]int{true: 1}[tt.told] {
					t.Errorf("%d lines: %s", got, log)
				}
			})
		}
	}
}

func TestManyUnreadConnectionsAreOneLine(t *testing.T) {
	address, log := testFront(t)
	for range 20 {
		c := connect(t, address)
		fmt.Fprint(c, "\x00"+strings.Repeat("x", 100)+"\r\n\r\n")
		_, _ = io.ReadAll(c)
	}
	if n := strings.Count(log.String(), "without a request"); n != 1 {
		t.Errorf("%d lines: %s", n, log)
	}
}

// TestIdleConnectionsCostLittle keeps as many connections open as the limit of
// files allows, both ends of each in this process.
func TestIdleConnectionsCostLittle(t *testing.T) {
	idle := 2000
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if limit.Cur < 5000 {
		idle = 200
	}
	address, _ := testFront(t)
	before := inUse()
	for range idle {
		c := connect(t, address)
		fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if _, err := io.ReadFull(c, make([]byte, 15)); err != nil {
			t.Fatal(err)
		}
	}
	if each := (inUse() - before) / int64(idle); each > 64<<10 {
		t.Errorf("an idle connection costs %d bytes", each)
	} else {
		t.Logf("%d idle connections, %d bytes each", idle, each)
	}
	c := connect(t, address)
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	if line, err := bufio.NewReader(c).ReadString('\n'); !strings.HasPrefix(line, "HTTP/1.1 200") {
		t.Errorf("one more: %q, %v", line, err)
	}
}

func inUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
