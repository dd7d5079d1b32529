package instance_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/hakonegate/hakone/internal/instance"
)

// fetch is the command line of TestFetchInside: this test's program is inside.
func fetch(url string) string {
	return "/run/hakone/bin/hakone -test.run='^TestFetchInside$' -- " + url
}

// TestFetchInside is run by the other tests as an instance.
func TestFetchInside(t *testing.T) {
	if flag.NArg() != 1 {
		t.Skip("this is the client that other tests run inside")
	}
	if address, ok := strings.CutPrefix(flag.Arg(0), "udp://"); ok {
		fmt.Printf("<%s>\n", datagram(t, address))
		return
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, flag.Arg(0), nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("<%s>\n", text)
}

func TestMetadataHasTheHopLimit(t *testing.T) {
	needNamespaces(t)
	for _, limit := range []int{0, 2} {
		seen := make(chan int, 1)
		c := command(t)
		c.HopLimit = limit
		c.Metadata = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			raw, err := conn.(*net.TCPConn).SyscallConn()
			if err != nil {
				t.Error(err)
			}
			err = raw.Control(func(fd uintptr) {
				ttl, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_TTL)
				if err != nil {
					t.Error(err)
				}
				seen <- ttl
			})
			if err != nil {
				t.Error(err)
			}
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		})
		run(t, c, fetch("http://169.254.169.254/latest/meta-data/"))
		if got := <-seen; got != max(limit, 1) {
			t.Errorf("hop limit %d: packets live for %d hops", limit, got)
		}
	}
}

func TestHostsFollowTheNames(t *testing.T) {
	needNamespaces(t)
	var asked atomic.Int32
	c := command(t)
	c.Names = func(context.Context) (instance.Names, error) {
		names := instance.Names{Gateway: []string{"a.example"}, Control: []string{"sts.example"}}
		if asked.Add(1) > 1 {
			names.Gateway = []string{"b.example"}
		}
		return names, nil
	}
	got := run(t, c, `cat /etc/hosts; until grep -q b.example /etc/hosts; do sleep 0.05; done; cat /etc/hosts; echo x 2>/dev/null >>/etc/hosts || echo read only`)
	const head, tail = "127.0.0.1 localhost\n127.0.0.1 ip-10-0-0-1\n127.0.1.1 ", ".example\n127.0.1.2 sts.example\n"
	if want := head + "a" + tail + head + "b" + tail + "read only\n"; got != want {
		t.Errorf("the hosts file is\n%swant\n%s", got, want)
	}
}

func TestInstancesAtOnceHaveMetadataOfTheirOwn(t *testing.T) {
	needNamespaces(t)
	var both, running sync.WaitGroup
	both.Add(2)
	for _, name := range []string{"first", "second"} {
		c := command(t)
		var once sync.Once
		c.Metadata = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			once.Do(both.Done)
			both.Wait() // the other one runs too
			_, _ = io.WriteString(w, name)
		})
		var out, errs bytes.Buffer
		c.Stdout, c.Stderr = &out, &errs
		c.Args = []string{"/bin/sh", "-c", "for i in 1 2; do " + fetch("http://169.254.169.254/") + " || exit; done"}
		running.Go(func() {
			if status, err := instance.Run(context.Background(), *c); status != 0 || err != nil {
				t.Errorf("%s: %d, %v\n%s", name, status, err, errs.String())
				once.Do(both.Done)
			}
			if n := strings.Count(out.String(), "<"+name+">"); n != 2 || strings.Count(out.String(), "<") != 2 {
				t.Errorf("%s sees\n%s", name, out.String())
			}
		})
	}
	running.Wait()
}

func TestAScriptIsRootInsideOnly(t *testing.T) {
	needNamespaces(t)
	c := command(t)
	c.Script = []byte("#!/bin/sh\nid -un; pwd; echo $HOME; touch ~/mine && echo written; touch /usr/mine 2>/dev/null || echo read only; cat /proc/self/uid_map | tr -s ' '; cat /etc/shadow 2>/dev/null; exit 3\n")
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	status, err := instance.Run(t.Context(), *c)
	if err != nil || status != 3 {
		t.Errorf("status %d, %v: %s", status, err, errs.String())
	}
	if want := "root\n/\n/root\nwritten\nread only\n 0 1000 1\n"; out.String() != want {
		t.Errorf("it prints\n%s%s\nwant\n%s", out.String(), errs.String(), want)
	}
}

func TestWithoutNamespacesMetadataWantsATokenAlways(t *testing.T) {
	c := command(t)
	c.Metadata = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "told") })
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	c.Args, c.Stdout, c.Stderr = []string{"/bin/sh", "-c", program + " -test.run='^TestFetchInside$' -- $AWS_EC2_METADATA_SERVICE_ENDPOINT/"}, &out, &out
	if status, err := instance.RunBeside(t.Context(), *c); status != 0 || err != nil || !strings.Contains(out.String(), "<401 - Unauthorized") {
		t.Errorf("status %d, %v: %s", status, err, out.String())
	}
}

func TestACommandEndsWithItsContext(t *testing.T) {
	needNamespaces(t)
	c := command(t)
	c.Args = []string{"/bin/sh", "-c", "trap '' TERM HUP INT; echo here; while :; do sleep 0.1; done"}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c.Stdout, c.Stderr = writer(func([]byte) { cancel() }), io.Discard // when it runs
	if status, err := instance.Run(ctx, *c); status != 137 || err != nil {
		t.Errorf("status %d, %v", status, err)
	}
}

type writer func([]byte)

func (w writer) Write(b []byte) (int, error) { w(b); return len(b), nil }
