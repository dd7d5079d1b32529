//go:build conformance

package conformance

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"maps"
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

var kills = flag.Int("kills", 12, "how often TestKilledUnderLoad kills the server; 200 for the whole exam, which takes some minutes")

// crashTemplate is a stack whose resources are of several services.
const crashTemplate = `
Transform: AWS::Serverless-2016-10-31
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: !Sub '${AWS::StackName}-role'
      AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Principal: {AWS: !Ref AWS::AccountId}, Action: 'sts:AssumeRole'}]}
  Parameter: {Type: AWS::SSM::Parameter, Properties: {Name: !Sub '/${AWS::StackName}', Type: String, Value: x}}
  Api: {Type: AWS::Serverless::HttpApi, Properties: {Auth: {EnableIamAuthorizer: true, DefaultAuthorizer: AWS_IAM}}}
  Function:
    Type: AWS::Serverless::Function
    DependsOn: Role
    Properties:
      Runtime: python3.11
      Handler: index.handler
      InlineCode: "def handler(event, context): return 'hello'"
      Events: {Get: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: /, Method: GET}}}
`

// A crashing server is one that is killed and started again on its data.
type crashing struct {
	t           *testing.T
	binary      string
	dataDir     string
	process     *exec.Cmd
	control     string
	credentials sigv4.Credentials
	starts      []time.Duration // from the start of the process to the first answer
}

func (c *crashing) start() {
	c.t.Helper()
	began := time.Now()
	log, err := os.OpenFile(filepath.Join(filepath.Dir(c.dataDir), "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		c.t.Fatal(err)
	}
	defer log.Close()
	c.process = exec.Command(c.binary, "up", "--data-dir", c.dataDir, "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0")
	c.process.Stdout, c.process.Stderr = log, log
	if err := c.process.Start(); err != nil {
		c.t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(2 * time.Millisecond) {
		var location struct {
			PID     int
			Control string
		}
		text, err := os.ReadFile(filepath.Join(c.dataDir, "server.json"))
		if err == nil && json.Unmarshal(text, &location) == nil && location.PID == c.process.Process.Pid {
			if answer, err := http.Get(location.Control + "/_hakone/health"); err == nil {
				answer.Body.Close()
				c.control = location.Control
				break
			}
		}
		if time.Now().After(deadline) {
			c.fatal("the server does not answer after a minute")
		}
	}
	c.starts = append(c.starts, time.Since(began))
}

// fatal shows the end of the server's log, too.
func (c *crashing) fatal(format string, args ...any) {
	c.t.Helper()
	text, _ := os.ReadFile(filepath.Join(filepath.Dir(c.dataDir), "log"))
	c.t.Fatalf(format+"\n%s", append(args, text[max(0, len(text)-3000):])...)
}

func (c *crashing) kill() {
	_ = c.process.Process.Kill()
	_ = c.process.Wait()
}

// ask calls an operation of a query API. The error is one of the connection.
func (c *crashing) ask(ctx context.Context, service string, form url.Values) (status int, body string, err error) {
	form.Set("Version", map[string]string{"iam": "2010-05-08", "cloudformation": "2010-05-15"}[service])
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.control+"/", strings.NewReader(form.Encode()))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	signer := &sigv4.Signer{Service: service, Region: "us-east-1"}
	if err := signer.SignHTTP(request, c.credentials, time.Now()); err != nil {
		return 0, "", err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), err
}

// must calls an operation of a server that nobody kills.
func (c *crashing) must(service string, form url.Values) string {
	c.t.Helper()
	status, body, err := c.ask(c.t.Context(), service, form)
	if err != nil || status != http.StatusOK {
		c.fatal("%s: status %d, %v: %s", form.Get("Action"), status, err, body)
	}
	return body
}

// A ledger is what the clients know: whether a name was acknowledged as there,
// as gone, or a change of it was under way when the server died.
type ledger struct {
	mu      sync.Mutex
	present map[string]bool
	unsure  map[string]bool
}

func newLedger() *ledger { return &ledger{present: map[string]bool{}, unsure: map[string]bool{}} }

func (l *ledger) begin(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unsure[name] = true
}

func (l *ledger) acknowledge(name string, there bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.unsure, name)
	l.present[name] = there
}

// some returns a name that is there and not about to change.
func (l *ledger) some() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for name, there := range l.present {
		if there && !l.unsure[name] {
			return name
		}
	}
	return ""
}

// load makes changes until the server dies.
func (c *crashing) load(ctx context.Context, users, stacks *ledger, round int, refused *atomic.Int64) {
	var group sync.WaitGroup
	change := func(l *ledger, service, action, field, name string, there bool, extra url.Values) bool {
		form := url.Values{"Action": {action}, field: {name}}
		maps.Copy(form, extra)
		l.begin(name)
		status, body, err := c.ask(ctx, service, form)
		switch {
		case err != nil:
			return false
		case status != http.StatusOK:
			refused.Add(1)
			c.t.Errorf("%s %s: status %d: %s", action, name, status, body)
			return false
		}
		l.acknowledge(name, there)
		return true
	}
	for worker := range 4 {
		group.Go(func() {
			for i := 0; ; i++ {
				if !change(users, "iam", "CreateUser", "UserName", fmt.Sprintf("u-%d-%d-%d", round, worker, i), true, nil) {
					return
				}
				if i%3 == 2 && !change(users, "iam", "DeleteUser", "UserName", fmt.Sprintf("u-%d-%d-%d", round, worker, i-1), false, nil) {
					return
				}
			}
		})
	}
	group.Go(func() {
		old := stacks.some()
		for i := range 3 {
			extra := url.Values{"TemplateBody": {crashTemplate}, "Capabilities.member.1": {"CAPABILITY_NAMED_IAM"}, "Capabilities.member.2": {"CAPABILITY_AUTO_EXPAND"}}
			if !change(stacks, "cloudformation", "CreateStack", "StackName", fmt.Sprintf("s-%d-%d", round, i), true, extra) {
				return
			}
		}
		if old != "" {
			change(stacks, "cloudformation", "DeleteStack", "StackName", old, false, nil)
		}
	})
	group.Wait()
}

// listed returns the values of an XML element in all pages of a list.
func (c *crashing) listed(service, action, element string) map[string]string {
	c.t.Helper()
	found := map[string]string{}
	marker := ""
	for {
		form := url.Values{"Action": {action}}
		if marker != "" {
			form.Set(map[string]string{"iam": "Marker", "cloudformation": "NextToken"}[service], marker)
		}
		decoder := xml.NewDecoder(strings.NewReader(c.must(service, form)))
		name := ""
		marker = ""
		for {
			token, err := decoder.Token()
			if err != nil {
				break
			}
			start, ok := token.(xml.StartElement)
			if !ok {
				continue
			}
			var text string
			switch start.Name.Local {
			case element:
				_ = decoder.DecodeElement(&name, &start)
				found[name] = ""
			case "StackStatus":
				_ = decoder.DecodeElement(&text, &start)
				found[name] = text
			case "Marker", "NextToken":
				_ = decoder.DecodeElement(&marker, &start)
			}
		}
		if marker == "" {
			return found
		}
	}
}

// check compares what the server has with what it acknowledged.
func (c *crashing) check(users, stacks *ledger) {
	c.t.Helper()
	there := c.listed("iam", "ListUsers", "UserName")
	for name, want := range users.present {
		if _, ok := there[name]; ok != want && !users.unsure[name] {
			c.fatal("user %s: there %v, acknowledged %v", name, ok, want)
		}
	}
	users.unsure = map[string]bool{}
	users.present = map[string]bool{} // those of this round are checked
	var states map[string]string
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		states = c.listed("cloudformation", "DescribeStacks", "StackName")
		if !slices.ContainsFunc(slices.Collect(maps.Values(states)), func(s string) bool { return strings.HasSuffix(s, "_IN_PROGRESS") }) {
			break
		}
		if time.Now().After(deadline) {
			c.fatal("stacks are still in progress after a minute: %v", states)
		}
	}
	roles := c.listed("iam", "ListRoles", "RoleName")
	for name := range stacks.unsure { // what was asked for and not acknowledged may be there or not
		if _, ok := states[name]; ok {
			stacks.present[name] = true
		} else {
			delete(stacks.present, name)
		}
	}
	stacks.unsure = map[string]bool{}
	for name, want := range stacks.present {
		state, ok := states[name]
		_, role := roles[name+"-role"]
		switch {
		case ok != want:
			c.fatal("stack %s: there %v (%s), acknowledged %v", name, ok, state, want)
		case state == "CREATE_COMPLETE" && !role:
			c.fatal("stack %s is complete without its role", name)
		case state != "CREATE_COMPLETE" && role && !strings.HasSuffix(state, "FAILED"):
			c.fatal("stack %s is %q and its role is there", name, state)
		}
		if !want {
			delete(stacks.present, name)
		}
	}
}

// TestKilledUnderLoad kills the server, as a power switch would the process, at a
// random moment of creating and deleting users and stacks, and looks after each
// start whether every acknowledged change is there and nothing is half made.
func TestKilledUnderLoad(t *testing.T) {
	c := &crashing{t: t, binary: filepath.Join(t.TempDir(), "hakone"), dataDir: filepath.Join(t.TempDir(), "data")}
	if out, err := exec.Command("go", "build", "-o", c.binary, "../cmd/hakone").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	c.start()
	defer func() { c.kill() }()
	var administrator struct{ AccessKeyID, SecretAccessKey string }
	text, err := os.ReadFile(filepath.Join(c.dataDir, "administrator.json"))
	if err != nil || json.Unmarshal(text, &administrator) != nil {
		t.Fatalf("no administrator: %v", err)
	}
	c.credentials = sigv4.Credentials{AccessKeyID: administrator.AccessKeyID, SecretAccessKey: administrator.SecretAccessKey}
	users, stacks := newLedger(), newLedger()
	acknowledged := 0
	for round := range *kills {
		var refused atomic.Int64
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.load(t.Context(), users, stacks, round, &refused)
		}()
		time.Sleep(time.Duration(rand.IntN(600)) * time.Millisecond)
		c.kill()
		<-done
		if refused.Load() > 0 {
			c.fatal("round %d: changes were refused", round)
		}
		acknowledged += len(users.present)
		c.start()
		c.check(users, stacks)
	}
	slices.Sort(c.starts)
	t.Logf("%d kills, %d users and %d stacks acknowledged and found; start to first answer: median %v, longest %v",
		*kills, acknowledged, len(stacks.present), c.starts[len(c.starts)/2], c.starts[len(c.starts)-1])
}
