package instance_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hakonegate/hakone/internal/instance"
)

// datagram sends one and returns the answer.
func datagram(t *testing.T, address string) string {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "udp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	b := make([]byte, 1<<16)
	for range 20 { // one may be lost
		if _, err := conn.Write([]byte("ping")); err != nil {
			t.Fatal(err)
		}
		if err := conn.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		n, err := conn.Read(b)
		if err == nil {
			return string(b[:n])
		}
		if !os.IsTimeout(err) {
			t.Fatal(err)
		}
	}
	t.Fatal("no answer")
	return ""
}

// machine is an address of this machine that is not its loopback.
func machine(t *testing.T) netip.Addr {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() && p.Addr().IsGlobalUnicast() {
			return p.Addr()
		}
	}
	t.Skip("this machine has no address but its loopback")
	return netip.Addr{}
}

func serve(t *testing.T, address netip.Addr, text string) netip.AddrPort {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp4", netip.AddrPortFrom(address, 0).String())
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) })}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return netip.MustParseAddrPort(l.Addr().String())
}

func TestEgressReachesWhatIsAllowed(t *testing.T) {
	needNamespaces(t)
	if f, err := os.OpenFile("/dev/net/tun", os.O_RDWR, 0); err != nil {
		t.Skip(err)
	} else {
		_ = f.Close()
	}
	here := machine(t)
	large := strings.Repeat("0123456789", 100_000)
	allowed, denied, loopback := serve(t, here, large), serve(t, here, "denied"), serve(t, netip.MustParseAddr("127.0.0.1"), "loopback")
	echo, err := net.ListenUDP("udp4", &net.UDPAddr{IP: here.AsSlice()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = echo.Close() })
	go func() {
		b := make([]byte, 100)
		for {
			n, from, err := echo.ReadFromUDP(b)
			if err != nil {
				return
			}
			_, _ = echo.WriteToUDP(append([]byte("echo "), b[:n]...), from)
		}
	}()
	datagrams := netip.MustParseAddrPort(echo.LocalAddr().String())
	closed := serve(t, here, "")
	start := func(egress bool, line string) (string, string, int) {
		c := command(t)
		c.PrivateIP = "10.0.0.10"
		if egress {
			c.Egress = func(network string, to netip.AddrPort) bool {
				return network == "tcp" && (to == allowed || to == loopback || to.Addr() == netip.MustParseAddr("127.0.0.2")) || network == "udp" && to == datagrams
			}
		}
		var out, errs bytes.Buffer
		c.Args, c.Stdout, c.Stderr = []string{"/bin/sh", "-c", line}, &out, &errs
		status, err := instance.Run(context.Background(), *c)
		if err != nil {
			t.Fatal(err)
		}
		return out.String(), errs.String(), status
	}
	tests := []struct {
		name   string
		egress bool
		url    string
		want   string // what is answered; "" is not reached
		reason string
	}{
		{"what the rules allow", true, "http://" + allowed.String(), "<" + large + ">", ""},
		{"what they do not", true, "http://" + denied.String(), "", "no route to host"},
		{"a datagram", true, "udp://" + datagrams.String(), "<echo ping>", ""},
		{"a datagram elsewhere", true, "udp://" + closed.String(), "", ""},
		{"this machine's loopback, whatever they say", true, "http://" + loopback.String(), "", "refused"},
		{"no egress", false, "http://" + allowed.String(), "", "unreachable"},
	}
	for _, tt := range tests {
		out, errs, status := start(tt.egress, fetch(tt.url))
		if (status == 0) != (tt.want != "") || !strings.Contains(out, tt.want) || !strings.Contains(out+errs, tt.reason) {
			t.Errorf("%s: status %d, want %q, reason %q:\n%.500s\n%s", tt.name, status, tt.want[:min(len(tt.want), 20)], tt.reason, out, errs)
		}
	}
	many := "for i in 1 2 3; do " + fetch("http://"+allowed.String()) + " | grep -c '<0123456789' & done; wait"
	if out, errs, _ := start(true, many); strings.Count(out, "1\n") != 3 {
		t.Errorf("three at once: %s\n%s", out, errs)
	}
}
