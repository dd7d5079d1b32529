//go:build conformance

package conformance

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A network is a few machines: network namespaces, each with a link to a bridge
// for clients and one to a bridge for NATS, which can be cut.
type network struct {
	t  *testing.T
	id string
}

// newNetwork makes the bridges, or skips the test and says why.
func newNetwork(t *testing.T) *network {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("machines of their own need root: network namespaces with links between them")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("machines of their own need iproute2")
	}
	n := &network{t: t, id: fmt.Sprintf("hk%x", os.Getpid()&0xffff)}
	for i, bridge := range []string{n.id + "f", n.id + "b"} {
		if out, err := exec.Command("ip", "link", "add", bridge, "type", "bridge").CombinedOutput(); err != nil {
			t.Skipf("the kernel makes no bridge: %s", out)
		}
		t.Cleanup(func() { _ = exec.Command("ip", "link", "del", bridge).Run() })
		n.ip("link", "set", bridge, "up")
		if i == 0 {
			n.ip("addr", "add", "10.214.1.1/24", "dev", bridge)
		}
	}
	return n
}

func (n *network) ip(args ...string) {
	n.t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		n.t.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// A machine is one network namespace.
type machine struct {
	net         *network
	name        string
	front, back string // its addresses
}

func (n *network) machine(name string, number int) *machine {
	n.t.Helper()
	m := &machine{n, n.id + name, fmt.Sprintf("10.214.1.%d", number), fmt.Sprintf("10.214.2.%d", number)}
	n.ip("netns", "add", m.name)
	n.t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", m.name).Run() })
	n.ip("-n", m.name, "link", "set", "lo", "up")
	for _, side := range []struct{ name, address string }{{"f", m.front}, {"b", m.back}} {
		inside := side.name + "0"
		n.ip("link", "add", m.name+side.name, "type", "veth", "peer", "name", inside, "netns", m.name)
		n.ip("link", "set", m.name+side.name, "master", n.id+side.name, "up")
		n.ip("-n", m.name, "addr", "add", side.address+"/24", "dev", inside)
		n.ip("-n", m.name, "link", "set", inside, "up")
	}
	return m
}

// cut takes the link to the NATS servers away, as a switch would that died: no
// connection is closed.
func (m *machine) cut()  { m.net.ip("link", "set", m.name+"b", "down") }
func (m *machine) heal() { m.net.ip("link", "set", m.name+"b", "up") }

// run starts a program on the machine.
func (m *machine) run(logName string, args ...string) *exec.Cmd {
	m.net.t.Helper()
	log, err := os.OpenFile(logName, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		m.net.t.Fatal(err)
	}
	defer log.Close()
	process := exec.Command("ip", append([]string{"netns", "exec", m.name}, args...)...) // it becomes the program
	process.Stdout, process.Stderr = log, log
	if err := process.Start(); err != nil {
		m.net.t.Fatal(err)
	}
	return process
}

// A cluster is three NATS servers on machines of their own.
type cluster struct {
	t       *testing.T
	dir     string
	binary  string
	servers []*natsServer
}

type natsServer struct {
	*machine
	config  string
	process *exec.Cmd
}

const natsUser = "fleet:open-sesame"

// newCluster builds nats-server as the go.mod has it and starts three of them.
func newCluster(t *testing.T, n *network) *cluster {
	t.Helper()
	c := &cluster{t: t, dir: logged(t), binary: filepath.Join(t.TempDir(), "nats-server")}
	if out, err := exec.Command("go", "build", "-o", c.binary, "github.com/nats-io/nats-server/v2").CombinedOutput(); err != nil {
		t.Fatalf("build nats-server: %v\n%s", err, out)
	}
	var routes []string
	for i := range 3 {
		m := n.machine(fmt.Sprintf("n%d", i+1), 11+i)
		c.servers = append(c.servers, &natsServer{machine: m})
		routes = append(routes, "nats://"+m.back+":6222")
	}
	user, password, _ := strings.Cut(natsUser, ":")
	for i, s := range c.servers {
		s.config = filepath.Join(c.dir, fmt.Sprintf("n%d.conf", i+1))
		text := fmt.Sprintf(`
server_name: n%d
listen: "%s:4222"
max_payload: 8MB
jetstream { store_dir: %q, sync_interval: always }
authorization { user: %s, password: %s }
cluster { name: fleet, listen: "%s:6222", routes: [%s] }
`, i+1, s.back, filepath.Join(c.dir, fmt.Sprintf("n%d", i+1)), user, password, s.back, strings.Join(routes, ", "))
		if err := os.WriteFile(s.config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c.start(i)
	}
	t.Cleanup(func() {
		for i := range c.servers {
			c.kill(i)
		}
	})
	return c
}

func (c *cluster) start(i int) {
	s := c.servers[i]
	s.process = s.run(filepath.Join(c.dir, fmt.Sprintf("n%d.log", i+1)), c.binary, "-c", s.config)
}

func (c *cluster) kill(i int) { end(c.servers[i].process) }

// end kills a process, if it still runs.
func end(process *exec.Cmd) {
	if process != nil && process.ProcessState == nil {
		_ = process.Process.Signal(syscall.SIGKILL)
		_ = process.Wait()
	}
}

// url is what hakone is told.
func (c *cluster) url() string {
	var urls []string
	for _, s := range c.servers {
		urls = append(urls, "nats://"+natsUser+"@"+net.JoinHostPort(s.back, "4222"))
	}
	return strings.Join(urls, ",")
}

// logged returns a folder of logs, of which the ends are shown when the test fails.
func logged(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		logs, _ := filepath.Glob(filepath.Join(dir, "*.log"))
		for _, log := range logs {
			text, _ := os.ReadFile(log)
			t.Logf("%s:\n%s", filepath.Base(log), text[max(0, len(text)-4000):])
		}
	})
	return dir
}

// eventually waits until ok holds, and returns how long that took.
func eventually(t *testing.T, what string, patience time.Duration, ok func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for time.Since(began) < patience {
		if ok() {
			return time.Since(began)
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("not after %v: %s", patience, what)
	return 0
}
