package sandbox_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hakonegate/hakone/internal/sandbox"
)

func held(t *testing.T, room sandbox.Room) (*sandbox.Process, *record) {
	t.Helper()
	out := new(record)
	p, err := sandbox.Start(sandbox.Command{Output: out, Room: &room, Furniture: &sandbox.Furniture{TmpBytes: 1 << 20}, Held: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p, out
}

func release(t *testing.T, p *sandbox.Process, script string) {
	t.Helper()
	if err := p.Release(sandbox.Command{Path: "/bin/sh", Args: []string{"-c", script}, Env: []string{"PATH=/usr/bin:/bin"}}); err != nil {
		t.Fatal(err)
	}
}

func join(t *testing.T, p *sandbox.Process, script string) (*sandbox.Process, *record) {
	t.Helper()
	out := new(record)
	j, err := p.Join(sandbox.Command{Path: "/bin/sh", Args: []string{"-c", script}, Env: []string{"PATH=/usr/bin:/bin", "NAME=joined"}, Output: out})
	if err != nil {
		t.Fatal(err)
	}
	return j, out
}

func ended(t *testing.T, p *sandbox.Process) sandbox.Exit {
	t.Helper()
	select {
	case <-p.Done():
		return p.Exit()
	case <-time.After(20 * time.Second):
		t.Fatal("the process did not end")
		return sandbox.Exit{}
	}
}

func TestWhatJoinsIsInTheSameRoom(t *testing.T) {
	needRooms(t)
	p, out := held(t, sandbox.Room{Localhost: "127.64.0.1"})
	j, said := join(t, p, `echo "$NAME" > /tmp/from; touch /usr/x || echo refused; id -u; exit 5`)
	if got := ended(t, j); got.Code != 5 {
		t.Errorf("exit of what joined = %+v, want status 5", got)
	}
	if got := said.String(); !strings.Contains(got, "refused\n993\n") {
		t.Errorf("what joined wrote %q", got)
	}
	if out.String() != "" {
		t.Errorf("the command ran before it was released: %q", out.String())
	}
	release(t, p, "cat /tmp/from; grep sandbox /etc/hosts; exit 3")
	if got := ended(t, p); got.Code != 3 || out.String() != "joined\n127.64.0.1 sandbox.localdomain sandbox\n" {
		t.Errorf("command wrote %q, exit %+v", out.String(), got)
	}
	// The room outlives its command.
	k, said := join(t, p, "cat /tmp/from; exec sleep 300")
	for deadline := time.Now().Add(20 * time.Second); said.String() != "joined\n"; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("what joined later wrote %q", said.String())
		}
	}
	k.Terminate()
	if got := ended(t, k); got.Signal != syscall.SIGTERM {
		t.Errorf("exit = %+v, want SIGTERM", got)
	}
	l, _ := join(t, p, "exec sleep 300")
	p.Kill()
	if got := ended(t, l); got.Signal != syscall.SIGKILL {
		t.Errorf("exit = %+v, want SIGKILL", got)
	}
	if _, err := p.Join(sandbox.Command{Path: "/bin/true", Output: new(record)}); err == nil {
		t.Error("something joined a room that was ended")
	}
}

func TestTheCommandAloneCanBeKilled(t *testing.T) {
	needRooms(t)
	p, _ := held(t, sandbox.Room{})
	j, _ := join(t, p, "exec sleep 300")
	release(t, p, "sleep 300 & exec sleep 300")
	p.KillCommand()
	if got := ended(t, p); got.Signal != syscall.SIGKILL {
		t.Errorf("exit = %+v", got)
	}
	select {
	case <-j.Done():
		t.Errorf("what joined ended with the command: %+v", j.Exit())
	default:
	}
	j.Kill()
	if got := ended(t, j); got.Signal != syscall.SIGKILL {
		t.Errorf("exit = %+v", got)
	}
}

func TestACommandThatCannotBeStartedSaysSo(t *testing.T) {
	needRooms(t)
	p, _ := held(t, sandbox.Room{})
	if err := p.Release(sandbox.Command{Path: "/no/such"}); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("Release = %v", err)
	}
	if _, err := p.Join(sandbox.Command{Path: "/no/such", Output: new(record)}); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("Join = %v", err)
	}
}

func TestDialReachesTheRoomAndNobodyElse(t *testing.T) {
	needRooms(t)
	if _, err := os.Stat("/usr/bin/python3"); err != nil {
		t.Skip("there is no /usr/bin/python3 to serve with")
	}
	other, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	const serve = `exec /usr/bin/python3 -c '
import socket, sys
s = socket.create_server(("127.0.0.1", %d))
print(s.getsockname()[1], flush=True)
while True:
    c = s.accept()[0]
    c.sendall(b"hello")
    c.close()'`
	for _, tt := range []struct {
		name string
		room sandbox.Room
		port int
	}{{"the machine's network", sandbox.Room{}, 0}, {"a network of its own", sandbox.Room{NoNetwork: true}, 8080}} {
		t.Run(tt.name, func(t *testing.T) {
			p, out := held(t, tt.room)
			release(t, p, fmt.Sprintf(serve, tt.port))
			port := 0
			for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
				if n, _ := fmt.Sscan(out.String(), &port); n == 1 {
					break
				}
				if time.Now().After(deadline) {
					t.Fatalf("the server wrote %q", out.String())
				}
			}
			conn, err := p.Dial(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := io.ReadAll(conn); string(got) != "hello" {
				t.Errorf("the room says %q", got)
			}
			addr, _ := other.Addr().(*net.TCPAddr)
			if conn, err := p.Dial(addr); err == nil {
				_ = conn.Close()
				t.Error("somebody else was reached")
			}
		})
	}
}
