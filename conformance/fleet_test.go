//go:build conformance

package conformance

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hakonegate/hakone/sigv4"
)

var natsKills = flag.Int("nats-kills", 2, "how many of the three NATS servers TestFleet kills, one after the other")

// A gateway is one node of a fleet.
type gateway struct {
	crashing
	*machine
	logFile string
	flags   []string
	http    *http.Client
}

// engineStatus is a part of what "hakone status" tells.
type engineStatus struct {
	Connected    bool
	StaleSeconds float64
	CutOff       bool
	Nodes        []struct {
		Name string
		Gone bool
	}
}

func newGateway(t *testing.T, binary, logs, name string, m *machine, nats string, flags ...string) *gateway {
	t.Helper()
	g := &gateway{machine: m, logFile: filepath.Join(logs, name+".log"), flags: append([]string{"--nats", nats}, flags...)}
	g.crashing = crashing{t: t, binary: binary, dataDir: filepath.Join(t.TempDir(), name, "data"), control: "http://" + m.front + ":4566"}
	g.http = &http.Client{Timeout: 25 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	if err := os.MkdirAll(g.dataDir, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { end(g.process) })
	return g
}

func (g *gateway) start() {
	g.process = g.run(g.logFile, append([]string{
		g.binary, "up", "--data-dir", g.dataDir, "--listen", g.front + ":8443", "--control", g.front + ":4566",
	}, g.flags...)...)
}

func (g *gateway) log() string {
	text, _ := os.ReadFile(g.logFile)
	return string(text)
}

// awaitReady waits until the load balancer's check passes.
func (g *gateway) awaitReady() time.Duration {
	g.t.Helper()
	took := eventually(g.t, "a gateway is ready", time.Minute, func() bool { return g.health("") == http.StatusOK })
	var administrator struct{ AccessKeyID, SecretAccessKey string }
	text, err := os.ReadFile(filepath.Join(g.dataDir, "administrator.json"))
	if err != nil || json.Unmarshal(text, &administrator) != nil {
		g.t.Fatalf("no administrator: %v", err)
	}
	g.credentials = sigv4.Credentials{AccessKeyID: administrator.AccessKeyID, SecretAccessKey: administrator.SecretAccessKey}
	return took
}

func (g *gateway) health(kind string) int {
	answer, err := g.http.Get("https://" + g.front + ":8443/_hakone/health" + kind)
	if err != nil {
		return 0
	}
	answer.Body.Close()
	return answer.StatusCode
}

// hakone runs a command of the operator against the gateway.
func (g *gateway) hakone(args ...string) (string, error) {
	out, err := exec.Command(g.binary, append(args, "--data-dir", g.dataDir)...).CombinedOutput()
	return string(out), err
}

func (g *gateway) engine() engineStatus {
	var status struct{ Engine engineStatus }
	out, err := exec.Command(g.binary, "status", "--output", "json", "--data-dir", g.dataDir).Output()
	if err != nil || json.Unmarshal(out, &status) != nil {
		return engineStatus{}
	}
	return status.Engine
}

// call calls the API, signed. Status 0 is no answer.
func (g *gateway) call(api, path string, credentials sigv4.Credentials) (status int, body string) {
	request, err := http.NewRequest(http.MethodGet, "https://"+g.front+":8443/_aws/execute-api/"+api+"/$default"+path, nil)
	if err != nil {
		g.t.Fatal(err)
	}
	signer := &sigv4.Signer{Service: "execute-api", Region: "us-east-1"}
	if err := signer.SignHTTP(request, credentials, time.Now()); err != nil {
		g.t.Fatal(err)
	}
	answer, err := g.http.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text)
}

// fleetTemplate is an API whose answer tells its version: two routes of one
// version are never served together with one of another, for a stage has one
// deployment. The parameters make a deployment take a while.
func fleetTemplate(version, parameters int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `
Transform: AWS::Serverless-2016-10-31
Resources:
  Api: {Type: AWS::Serverless::HttpApi, Properties: {Auth: {EnableIamAuthorizer: true, DefaultAuthorizer: AWS_IAM}}}
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
      Handler: index.handler
      Timeout: 20
      InlineCode: "def handler(event, context): return 'v%d'"
      Events: {Get: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: /, Method: GET}}}
`, version)
	for i := range parameters {
		fmt.Fprintf(&b, "  P%d: {Type: AWS::SSM::Parameter, DependsOn: [Function%s], Properties: {Name: /fleet/%d, Type: String, Value: '%d'}}\n",
			i, map[bool]string{true: "", false: fmt.Sprintf(", P%d", i-1)}[i == 0], i, version)
	}
	b.WriteString("Outputs: {Api: {Value: !Ref Api}}\n")
	return b.String()
}

// deploy deploys a version and returns what it said.
func (g *gateway) deploy(version, parameters int) (string, error) {
	file := filepath.Join(g.t.TempDir(), "template.yaml")
	if err := os.WriteFile(file, []byte(fleetTemplate(version, parameters)), 0o600); err != nil {
		g.t.Fatal(err)
	}
	return g.hakone("deploy", file, "--stack-name", "fleet", "--yes")
}

func (g *gateway) stackStatus() string {
	ctx, cancel := context.WithTimeout(g.t.Context(), 5*time.Second)
	defer cancel()
	_, body, err := g.ask(ctx, "cloudformation", url.Values{"Action": {"DescribeStacks"}, "StackName": {"fleet"}})
	if err != nil {
		return err.Error()
	}
	_, rest, _ := strings.Cut(body, "<StackStatus>")
	status, _, _ := strings.Cut(rest, "<")
	return status
}

// newKey makes an access key of a user of its own.
func (g *gateway) newKey(user string) sigv4.Credentials {
	g.must("iam", url.Values{"Action": {"CreateUser"}, "UserName": {user}})
	g.must("iam", url.Values{"Action": {"AttachUserPolicy"}, "UserName": {user}, "PolicyArn": {"arn:aws:iam::aws:policy/AdministratorAccess"}})
	var made struct {
		ID     string `xml:"CreateAccessKeyResult>AccessKey>AccessKeyId"`
		Secret string `xml:"CreateAccessKeyResult>AccessKey>SecretAccessKey"`
	}
	if err := xml.Unmarshal([]byte(g.must("iam", url.Values{"Action": {"CreateAccessKey"}, "UserName": {user}})), &made); err != nil || made.ID == "" {
		g.t.Fatalf("CreateAccessKey: %v", err)
	}
	return sigv4.Credentials{AccessKeyID: made.ID, SecretAccessKey: made.Secret}
}

func (g *gateway) revoke(user string, key sigv4.Credentials) {
	g.must("iam", url.Values{"Action": {"DeleteAccessKey"}, "UserName": {user}, "AccessKeyId": {key.AccessKeyID}})
}

// A spread collects durations.
type spread []time.Duration

func (s spread) String() string {
	if len(s) == 0 {
		return "none"
	}
	slices.Sort(s)
	return fmt.Sprintf("median %.1f ms, worst %.1f ms of %d", ms(s[len(s)/2]), ms(s[len(s)-1]), len(s))
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// A fleet is three gateways on three NATS servers, clients that ask without end,
// and writers whose acknowledged changes are remembered.
type fleet struct {
	t        *testing.T
	net      *network
	binary   string
	cluster  *cluster
	gateways []*gateway
	api      string
	admin    sigv4.Credentials

	acknowledged atomic.Int64 // the latest version whose deployment was
	newest       atomic.Int64 // that anybody tried to deploy
	answers      atomic.Int64
	users        *ledger
	outage       atomic.Int64 // the longest time from one acknowledged write to the next, ns
}

func newFleet(t *testing.T, flags ...string) *fleet {
	t.Helper()
	n := newNetwork(t)
	binary := filepath.Join(t.TempDir(), "hakone")
	if out, err := exec.Command("go", "build", "-o", binary, "../cmd/hakone").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	f := &fleet{t: t, net: n, binary: binary, cluster: newCluster(t, n), users: newLedger()}
	for i := range 3 {
		name := fmt.Sprintf("g%d", i+1)
		f.gateways = append(f.gateways, newGateway(t, binary, f.cluster.dir, name, n.machine(name, 21+i), f.cluster.url(), flags...))
	}
	for _, g := range f.gateways { // together: one makes what all share
		g.start()
	}
	for _, g := range f.gateways {
		t.Logf("a gateway is ready after %v", g.awaitReady().Round(time.Millisecond))
	}
	f.admin = f.gateways[0].credentials
	return f
}

// settle deploys a version and waits until every gateway serves it.
func (f *fleet) settle(t *testing.T, by *gateway, version, parameters int) {
	t.Helper()
	f.newest.Store(int64(version))
	if out, err := by.deploy(version, parameters); err != nil {
		t.Fatalf("deploy version %d: %v\n%s\n%s", version, err, out, by.log())
	}
	f.acknowledged.Store(int64(version))
}

// serves reports whether a gateway answers with a version.
func (f *fleet) serves(g *gateway, version int) bool {
	status, body := g.call(f.api, "/", f.admin)
	return status == http.StatusOK && body == fmt.Sprintf("v%d", version)
}

// ask asks a gateway without end. Nothing but a version that was deployed, or is
// about to be, may be the answer.
func (f *fleet) ask(ctx context.Context, g *gateway) {
	for ctx.Err() == nil {
		status, body := g.call(f.api, "/", f.admin)
		version := int64(0)
		_, _ = fmt.Sscanf(body, "v%d", &version)
		if ctx.Err() != nil {
			return
		}
		switch {
		case status == 0: // the gateway was killed
		case status != http.StatusOK || version < 1 || version > f.newest.Load():
			f.t.Errorf("%s answers %d %q: no version of the API", g.machine.name, status, body)
		default:
			f.answers.Add(1)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// write makes users, at one gateway after the other, and remembers what was
// acknowledged.
func (f *fleet) write(ctx context.Context, prefix string) {
	last := time.Now()
	for i := 0; ctx.Err() == nil; i++ {
		name := fmt.Sprintf("%s-%d", prefix, i)
		g := f.gateways[rand.IntN(len(f.gateways))]
		f.users.begin(name)
		trying, cancel := context.WithTimeout(ctx, 3*time.Second)
		status, _, err := g.ask(trying, "iam", url.Values{"Action": {"CreateUser"}, "UserName": {name}})
		cancel()
		if err == nil && status == http.StatusOK {
			f.users.acknowledge(name, true)
			if gap := time.Since(last).Nanoseconds(); gap > f.outage.Load() {
				f.outage.Store(gap)
			}
			last = time.Now()
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestFleet(t *testing.T) {
	f := newFleet(t)
	g1, g2, g3 := f.gateways[0], f.gateways[1], f.gateways[2]

	// What must be the same is: the first node made it.
	for _, file := range []string{"administrator.json", "ca.pem", "ca-key.pem"} {
		first, err := os.ReadFile(filepath.Join(g1.dataDir, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range f.gateways[1:] {
			if other, err := os.ReadFile(filepath.Join(g.dataDir, file)); err != nil || string(other) != string(first) {
				t.Fatalf("%s is not the same on two nodes: %v", file, err)
			}
		}
	}
	eventually(t, "all nodes know each other", 20*time.Second, func() bool { return len(g3.engine().Nodes) == 3 })
	f.settle(t, g1, 1, 5)
	f.api = g1.output("Api")
	for _, g := range f.gateways {
		eventually(t, "version 1 is served", 10*time.Second, func() bool { return f.serves(g, 1) })
	}
	var warm spread
	for range 200 {
		began := time.Now()
		g1.call(f.api, "/", f.admin)
		warm = append(warm, time.Since(began))
	}
	t.Logf("a warm call of a function on the gateway: %v", warm)
	t.Run("a change is served by all", f.propagation)
	t.Run("a revoked key is refused by all", f.revocation)

	ctx, stop := context.WithCancel(t.Context())
	var load sync.WaitGroup
	defer func() { stop(); load.Wait() }()
	for _, g := range f.gateways {
		load.Go(func() { f.ask(ctx, g) })
	}
	load.Go(func() { f.write(ctx, "a") })
	load.Go(func() { f.write(ctx, "b") })

	t.Run("a gateway dies in a deployment", func(t *testing.T) { f.takeOver(t, g2) })
	t.Run("a gateway is cut off and healed", func(t *testing.T) { f.cutOff(t, g3) })
	t.Run("a NATS server dies", f.serverDies)

	stop()
	load.Wait()
	acknowledged := 0
	for _, g := range f.gateways {
		var there map[string]string
		eventually(t, "every node has what was acknowledged", 20*time.Second, func() bool {
			there = g.listed("iam", "ListUsers", "UserName")
			for name, want := range f.users.present {
				if _, ok := there[name]; want && !ok {
					return false
				}
			}
			return true
		})
	}
	for _, there := range f.users.present {
		if there {
			acknowledged++
		}
	}
	for _, g := range f.gateways {
		if strings.Contains(g.log(), "open-sesame") {
			t.Error("the NATS password is in the log")
		}
	}
	t.Logf("%d answers, all of a deployed version; %d acknowledged users, all there on every node; longest time without an acknowledged write %v",
		f.answers.Load(), acknowledged, time.Duration(f.outage.Load()).Round(time.Millisecond))
}

// propagation measures how long after the acknowledgement the others serve it.
func (f *fleet) propagation(t *testing.T) {
	var times spread
	for version := 2; version <= 8; version++ {
		by := f.gateways[version%3]
		f.settle(t, by, version, 5)
		acknowledged := time.Now()
		var group sync.WaitGroup
		var mu sync.Mutex
		for _, g := range f.gateways {
			group.Go(func() {
				for !f.serves(g, version) {
					if time.Since(acknowledged) > 10*time.Second {
						t.Errorf("version %d is not served by %s after 10 s", version, g.machine.name)
						return
					}
				}
				mu.Lock()
				defer mu.Unlock()
				times = append(times, time.Since(acknowledged))
			})
		}
		group.Wait()
	}
	t.Logf("deployments, from the acknowledgement to the first answer of the new version (a new process included): %v", times)
}

func (f *fleet) revocation(t *testing.T) {
	var accepted, refused spread
	for i := range 15 {
		by, user := f.gateways[i%3], fmt.Sprintf("revoked-%d", i)
		key := by.newKey(user)
		made := time.Now()
		for _, g := range f.gateways {
			eventually(t, "a new key is accepted", 10*time.Second, func() bool { status, _ := g.call(f.api, "/", key); return status == http.StatusOK })
			accepted = append(accepted, time.Since(made))
		}
		by.revoke(user, key)
		gone := time.Now()
		for _, g := range f.gateways {
			eventually(t, "a revoked key is refused", 10*time.Second, func() bool {
				status, _ := g.call(f.api, "/", key)
				return status == http.StatusForbidden
			})
			refused = append(refused, time.Since(gone))
		}
	}
	t.Logf("keys: accepted by all three after %v; refused by all three after %v (calls one after the other included)", accepted, refused)
}

// takeOver kills a gateway in the middle of its deployment.
func (f *fleet) takeOver(t *testing.T, victim *gateway) { //nolint:thelper // it is the test, and its lines tell more
	version := int(f.newest.Load()) + 1
	f.newest.Store(int64(version))
	done := make(chan error, 1)
	go func() {
		_, err := victim.deploy(version, 60)
		done <- err
	}()
	other := f.gateways[0]
	eventually(t, "the deployment is under way", 10*time.Second, func() bool { return strings.HasSuffix(other.stackStatus(), "_IN_PROGRESS") })
	time.Sleep(150 * time.Millisecond)
	end(victim.process)
	killed := time.Now()
	if err := <-done; err == nil {
		t.Fatal("the deployment was acknowledged")
	}
	eventually(t, "another node has rolled it back; it says "+other.stackStatus(), time.Minute, func() bool { return other.stackStatus() == "UPDATE_ROLLBACK_COMPLETE" })
	t.Logf("rolled back by another node %v after the kill", time.Since(killed).Round(time.Millisecond))
	took := 0
	for _, g := range f.gateways {
		took += strings.Count(g.log(), "finish an interrupted deployment")
	}
	if took != 1 {
		t.Errorf("%d nodes took the deployment over, want 1", took)
	}
	for _, g := range f.gateways {
		if g != victim && !f.serves(g, int(f.acknowledged.Load())) {
			_, body := g.call(f.api, "/", f.admin)
			t.Errorf("after the rollback %s serves %s, want v%d", g.machine.name, body, f.acknowledged.Load())
		}
	}
	victim.start()
	t.Logf("the gateway is back after %v", victim.awaitReady().Round(time.Millisecond))
	eventually(t, "it serves", 10*time.Second, func() bool { return f.serves(victim, int(f.acknowledged.Load())) })
	f.settle(t, victim, version+1, 5)
}

// cutOff takes a gateway's link to the NATS servers away and gives it back.
func (f *fleet) cutOff(t *testing.T, victim *gateway) { //nolint:thelper // it is the test, and its lines tell more
	by := f.gateways[0]
	before := int(f.acknowledged.Load())
	key := by.newKey("cut-off")
	eventually(t, "the key is known", 5*time.Second, func() bool { status, _ := victim.call(f.api, "/", key); return status == http.StatusOK })
	victim.cut()
	cut := time.Now()
	by.revoke("cut-off", key)
	f.settle(t, by, before+1, 5)
	eventually(t, "status says that it is cut off", 30*time.Second, func() bool { return victim.engine().CutOff })
	t.Logf("status says so %v after the cut", time.Since(cut).Round(time.Millisecond))
	if !f.serves(victim, before) {
		t.Errorf("a gateway that is cut off does not serve what it knew: v%d", before)
	}
	if status, _ := victim.call(f.api, "/", key); status != http.StatusOK {
		t.Errorf("a gateway that is cut off knows of the revocation: status %d", status)
	}
	if ready, fresh := victim.health(""), victim.health("/fresh"); ready != http.StatusOK || fresh != http.StatusServiceUnavailable {
		t.Errorf("health of a gateway that is cut off = %d, fresh %d; want 200, 503", ready, fresh)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 45*time.Second)
	status, body, err := victim.ask(ctx, "iam", url.Values{"Action": {"CreateUser"}, "UserName": {"never"}})
	cancel()
	if err != nil || status/100 != 5 {
		t.Errorf("a write of a gateway that is cut off = %d, %v: %s; want a refusal", status, err, body)
	}
	victim.heal()
	healed := time.Now()
	eventually(t, "the revoked key is refused", 20*time.Second, func() bool { status, _ := victim.call(f.api, "/", key); return status == http.StatusForbidden })
	refused := time.Since(healed)
	eventually(t, "the new version is served", 20*time.Second, func() bool { return f.serves(victim, before+1) })
	t.Logf("healed: the revoked key is refused after %v, the new version served after %v", refused.Round(time.Millisecond), time.Since(healed).Round(time.Millisecond))
	eventually(t, "it is current", 20*time.Second, func() bool { e := victim.engine(); return e.Connected && !e.CutOff })
}

// serverDies kills one NATS server after the other, each in the middle of a
// deployment.
func (f *fleet) serverDies(t *testing.T) {
	for i := range *natsKills {
		version := int(f.newest.Load()) + 1
		done := make(chan struct{})
		go func() {
			defer close(done)
			time.Sleep(100 * time.Millisecond)
			f.cluster.kill(i)
		}()
		began := time.Now()
		f.settle(t, f.gateways[i], version, 40)
		t.Logf("NATS server %d killed: the deployment under way was complete after %v", i+1, time.Since(began).Round(time.Millisecond))
		<-done
		acknowledged := time.Now()
		for _, g := range f.gateways {
			eventually(t, "it is served", 20*time.Second, func() bool { return f.serves(g, version) })
		}
		t.Logf("served by all %v after the acknowledgement", time.Since(acknowledged).Round(time.Millisecond))
		f.cluster.start(i)
		for _, g := range f.gateways {
			eventually(t, "all are current", 30*time.Second, func() bool { return g.engine().Connected && !g.engine().CutOff })
		}
		time.Sleep(2 * time.Second) // the server that is back catches up
	}
}
