package cloudformation_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/blob"
	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/service/cloudformation"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/template"
)

// A thing is what the fake type makes: a record of some service.
type thing struct{ Name, Properties string }

// things is a fake service with one resource type. Each thing is two records, as
// a careless handler might write them: one after the other.
type things struct {
	all, more store.Collection[thing]
	calls     atomic.Int64

	mu   sync.Mutex
	fail map[string]error // by "create A", …
	hook func(call string)
}

func (f *things) act(verb string, r *stack.Request) error {
	f.calls.Add(1)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.hook != nil {
		f.hook(verb + " " + r.LogicalID)
	}
	return f.fail[verb+" "+r.LogicalID]
}

func (f *things) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	id := r.ProposedName
	if name := r.Properties.Get("Name").Str(); name != "" {
		id = name
	}
	if err := f.all.Create(ctx, id, thing{r.LogicalID, string(r.Properties.JSON(""))}); err != nil {
		return stack.Result{}, awserr.New("Exists", 400, "%s already exists", id)
	}
	if err := f.act("create", r); err != nil {
		return stack.Result{}, err
	}
	if err := f.more.Create(ctx, id, thing{Name: r.LogicalID}); err != nil {
		return stack.Result{}, err
	}
	return stack.Result{PhysicalID: id, Attributes: map[string]string{"Arn": "arn:" + id}}, nil
}

func (f *things) Update(ctx context.Context, r *stack.Request, _ *template.Node) (stack.Result, error) {
	if err := f.all.Put(ctx, r.PhysicalID, thing{r.LogicalID, string(r.Properties.JSON(""))}); err != nil {
		return stack.Result{}, err
	}
	if err := f.act("update", r); err != nil {
		return stack.Result{}, err
	}
	return stack.Result{PhysicalID: r.PhysicalID}, nil
}

func (f *things) Delete(ctx context.Context, r *stack.Request) error {
	for _, c := range []store.Collection[thing]{f.all, f.more} {
		if err := c.Delete(ctx, r.PhysicalID); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err := f.act("delete", r); err != nil {
			return err
		}
	}
	return nil
}

// left returns the properties of what exists, by logical id.
func (f *things) left() map[string]string {
	out := map[string]string{}
	for _, t := range f.all.All() {
		out[t.Name] += t.Properties
	}
	return out
}

type world struct {
	*cloudformation.Service
	t      *testing.T
	things *things
	store  *store.Store
	blobs  *blob.Store
	shut   func()
}

func open(t *testing.T, dir string) *world {
	t.Helper()
	e, err := engine.Start(t.Context(), engine.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	shut := func() { _, _ = st.Close(), e.Close() }
	t.Cleanup(shut)
	blobs, err := blob.Open(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	f := &things{all: store.In[thing](st, "test.things"), more: store.In[thing](st, "test.more"), fail: map[string]error{}}
	s := cloudformation.New(cloudformation.Config{
		Store: st, Blobs: blobs, Account: "123456789012", Region: "eu-central-1",
		Types: []stack.Type{
			{Name: "AWS::SNS::Topic", Level: stack.Real, Handler: f, Replace: []string{"Key"}, Attributes: []string{"Arn"}, NameProperty: "Name"},
			{Name: "AWS::IAM::Role", Level: stack.Real, Handler: f, Attributes: []string{"Arn"}},
			{Name: "AWS::Lambda::Function", Level: stack.Real, Handler: f, Attributes: []string{"Arn"}},
		},
	})
	return &world{s, t, f, st, blobs, shut}
}

func (w *world) deploy(name, text string) (*cloudformation.Stack, error) {
	return w.Deploy(w.t.Context(), &cloudformation.DeployInput{StackName: name, Text: text, File: name + ".yaml", GrantAll: true})
}

func (w *world) must(name, text string) *cloudformation.Stack {
	w.t.Helper()
	k, err := w.deploy(name, text)
	if err != nil {
		w.t.Fatalf("%+v", err)
	}
	return k
}

func (w *world) refused(err error, want string) {
	w.t.Helper()
	if got := message(err); got != want {
		w.t.Errorf("got  %q\nwant %q", got, want)
	}
}

func message(err error) string {
	if aws, ok := errors.AsType[*awserr.Error](err); ok {
		return aws.Message
	}
	if err == nil {
		return ""
	}
	return err.Error()
}

const network = `
Resources:
  Subnet: {Type: AWS::SNS::Topic, Properties: {Cidr: 10.0.0.0/24}}
Outputs:
  SubnetId: {Value: !Ref Subnet, Export: {Name: !Sub "${AWS::StackName}-SubnetId"}, Description: The subnet}
`

const app = `
Parameters:
  Size: {Type: String, Default: small}
Resources:
  Instance: {Type: AWS::SNS::Topic, Properties: {Subnet: !ImportValue network-SubnetId, Size: !Ref Size, Stack: !Ref AWS::StackId}}
Outputs:
  Id: {Value: !GetAtt Instance.Arn}
`

func TestDeployUpdateDelete(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir)
	n := w.must("network", network)
	if n.Status != stack.CreateComplete || !strings.HasPrefix(n.StackID, "arn:aws:cloudformation:eu-central-1:123456789012:stack/network/") {
		t.Errorf("stack is %+v", n)
	}
	a := w.must("app", app)
	subnet, _ := n.Output("SubnetId")
	want := map[string]string{
		"Subnet": `{"Cidr":"10.0.0.0/24"}`, "Instance": fmt.Sprintf(`{"Subnet":%q,"Size":"small","Stack":%q}`, subnet, a.StackID),
	}
	if diff := cmp.Diff(want, w.things.left()); diff != "" {
		t.Errorf("what exists (-want +got):\n%s", diff)
	}
	w.shut()

	w = open(t, dir) // all of it is still there
	if err := w.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.deploy("app", app); !errors.Is(err, cloudformation.ErrNoChanges) {
		t.Errorf("same again: %v, want ErrNoChanges", err)
	}
	if w.things.calls.Load() != 0 {
		t.Errorf("%d handler calls for no changes", w.things.calls.Load())
	}
	again, err := w.Deploy(t.Context(), &cloudformation.DeployInput{StackName: "app", Text: app, Parameters: map[string]string{"Size": "large"}})
	if err != nil || again.StackID != a.StackID || again.Status != stack.UpdateComplete {
		t.Errorf("update = %+v, %v", again, err)
	}
	if !strings.Contains(w.things.left()["Instance"], `"large"`) {
		t.Errorf("instance is %s", w.things.left()["Instance"])
	}
	again, err = w.Deploy(t.Context(), &cloudformation.DeployInput{StackName: "app", Text: app, UsePreviousAll: true})
	if !errors.Is(err, cloudformation.ErrNoChanges) {
		t.Errorf("with previous values: %+v, %v", again, err)
	}

	w.refused(w.Delete(t.Context(), "network", nil), "Export network-SubnetId cannot be deleted as it is in use by app")
	if got := w.ListExports(); len(got) != 1 || got[0].Value != subnet {
		t.Errorf("exports are %v", got)
	}
	for _, name := range []string{"app", "network", "network"} {
		if err := w.Delete(t.Context(), name, nil); err != nil {
			t.Fatal(err)
		}
	}
	if len(w.things.left()) != 0 || len(w.ListExports()) != 0 || len(w.Stacks()) != 0 {
		t.Errorf("left: %v %v %v", w.things.left(), w.ListExports(), w.Stacks())
	}
	_, err = w.Describe("app")
	w.refused(err, "Stack with id app does not exist")
	if k, err := w.Describe(a.StackID); err != nil || k.Status != stack.DeleteComplete {
		t.Errorf("by id: %+v, %v", k, err)
	}
	events, err := w.Events(a.StackID)
	if err != nil || events[0].Status != stack.DeleteComplete || events[len(events)-1].Status != stack.ReviewInProgress {
		t.Errorf("events: %v, %v", events, err)
	}
}

func TestRefusals(t *testing.T) {
	w := open(t, t.TempDir())
	w.must("network", network)
	w.must("app", app)
	tests := []struct{ name, stack, text, want string }{
		{"stack name", "x_$", network, "1 validation error detected: Value 'x_$' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*"},
		{"no template", "x", " ", "Either Template URL or Template Body must be specified."},
		{"nothing in it", "x", "Resources: {}", "Template format error: At least one Resources member must be defined."},
		{"unknown import", "x", strings.ReplaceAll(app, "network-", "other-"), "No export named other-SubnetId found"},
		{"missing type", "x", "Resources: {J: {Type: AWS::Glue::Job}}", "These resource types are not served here: [AWS::Glue::Job]"},
		{"misspelt type", "x", "Resources: {J: {Type: AWS::Glue::Jobs}}", "Template format error: Unrecognized resource types: [AWS::Glue::Jobs]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := w.deploy(tt.stack, tt.text)
			w.refused(err, tt.want)
			if _, err := w.Describe(tt.stack); err == nil {
				t.Error("a refused template left a stack")
			}
		})
	}
	_, err := w.Deploy(t.Context(), &cloudformation.DeployInput{StackName: "x", Text: "Resources: {R: {Type: AWS::IAM::Role, Properties: {RoleName: r}}}"})
	w.refused(err, "Requires capabilities : [CAPABILITY_NAMED_IAM]")
}

func TestAResourceKeepsItsType(t *testing.T) {
	const before = `
Resources:
  A: {Type: AWS::SNS::Topic}
  B: {Type: AWS::SNS::Topic}
  C: {Type: AWS::SNS::Topic}
`
	after := strings.Replace(before, "C: {Type: AWS::SNS::Topic}", "D: {Type: AWS::Lambda::Function}", 1)
	after = strings.Replace(after, "A: {Type: AWS::SNS::Topic}", "A: {Type: AWS::Lambda::Function}", 1)
	after = strings.Replace(after, "B: {Type: AWS::SNS::Topic}", "B: {Type: AWS::IAM::Role}", 1)
	const want = "Update of resource type is not permitted. The new template modifies resource type of the following resources: [A, B]"
	w := open(t, t.TempDir())
	k := w.must("s", before)
	_, err := w.deploy("s", after)
	w.refused(err, want)
	c, err := w.CreateChangeSet(t.Context(), "c", "UPDATE", "", &cloudformation.DeployInput{StackName: "s", Text: after, GrantAll: true})
	if err != nil || c.Status != "FAILED" || c.StatusReason != want {
		t.Errorf("change set: %+v, %v", c, err)
	}
	if now, err := w.Describe("s"); err != nil || now.Status != stack.CreateComplete || now.Updated != k.Updated {
		t.Errorf("the stack after that: %+v, %v", now, err)
	}
}

func TestExportsAreGuarded(t *testing.T) {
	w := open(t, t.TempDir())
	w.must("network", network)
	w.must("app", app)
	var failed *stack.FailedError
	_, err := w.deploy("network", strings.ReplaceAll(network, "Cidr: 10.0.0.0/24", "Key: new"))
	if !errors.As(err, &failed) || failed.Reason != "Export network-SubnetId cannot be updated as it is in use by app" || failed.Status != stack.UpdateRollbackComplete {
		t.Errorf("changing an export in use: %v", err)
	}
	_, err = w.deploy("network", network[:strings.Index(network, "Outputs")])
	if !errors.As(err, &failed) || failed.Reason != "Export network-SubnetId cannot be deleted as it is in use by app" {
		t.Errorf("removing an export in use: %v", err)
	}
	k, err := w.deploy("other", strings.ReplaceAll(network, "${AWS::StackName}", "network"))
	if !errors.As(err, &failed) || !strings.HasPrefix(failed.Reason, "Export with name network-SubnetId is already exported by stack network") || k.Status != stack.RollbackComplete {
		t.Errorf("taking an export name: %v, %+v", err, k)
	}
	const reason = "Export with name network-SubnetId is already exported by stack network. Rollback requested by user."
	if events, err := w.Events("other"); err != nil || !slices.ContainsFunc(events, func(e stack.Event) bool { return e.Reason == reason }) {
		t.Errorf("no event says %q: %v, %+v", reason, err, events)
	}
	_, err = w.deploy("other", network)
	w.refused(err, fmt.Sprintf("Stack:%s is in ROLLBACK_COMPLETE state and can not be updated.", k.StackID))
	if k, err = w.Deploy(t.Context(), &cloudformation.DeployInput{StackName: "other", Text: network, ReplaceFailed: true}); err != nil || k.Status != stack.CreateComplete {
		t.Errorf("replacing a failed stack: %v", err)
	}
	if importers, err := w.ListImports("network-SubnetId"); err != nil || !slices.Equal(importers, []string{"app"}) {
		t.Errorf("ListImports = %v, %v", importers, err)
	}
}

func TestSecondDeploymentIsRefused(t *testing.T) {
	w := open(t, t.TempDir())
	started, release := make(chan struct{}), make(chan struct{})
	w.things.hook = func(string) { close(started); <-release }
	done := make(chan error)
	go func() {
		_, err := w.deploy("network", network)
		done <- err
	}()
	<-started
	k, err := w.Describe("network")
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.deploy("network", network)
	w.refused(err, fmt.Sprintf("Stack:%s is in CREATE_IN_PROGRESS state and can not be updated.", k.StackID))
	w.refused(w.Delete(t.Context(), "network", nil), "Stack [network] cannot be deleted while in status CREATE_IN_PROGRESS")
	close(release)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestFailedHandlerLeavesNothing(t *testing.T) {
	w := open(t, t.TempDir())
	w.things.fail["create Subnet"] = errors.New("no room")
	k, err := w.deploy("network", network)
	var failed *stack.FailedError
	if !errors.As(err, &failed) || k.Status != stack.RollbackComplete {
		t.Fatalf("Deploy = %+v, %v", k, err)
	}
	if len(w.things.left()) != 0 {
		t.Errorf("left: %v", w.things.left())
	}
}

func TestOrderFollowsImports(t *testing.T) {
	w := open(t, t.TempDir())
	var list []*cloudformation.Loaded
	for name, text := range map[string]string{"app": app, "network": network} {
		l, err := w.Load(&cloudformation.DeployInput{StackName: name, Text: text, File: name + ".yaml"})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, l)
	}
	for range 2 {
		ordered, err := cloudformation.Order(list)
		if err != nil || ordered[0].Input.StackName != "network" || len(ordered) != 2 {
			t.Errorf("Order = %v, %v", ordered, err)
		}
		slices.Reverse(list)
	}
	x, err := w.Load(&cloudformation.DeployInput{StackName: "x", File: "x.yaml", Text: `
Resources: {R: {Type: AWS::SNS::Topic, Properties: {P: !ImportValue x}}}
Outputs: {O: {Value: 1, Export: {Name: y}}}
`})
	if err != nil {
		t.Fatal(err)
	}
	y, err := w.Load(&cloudformation.DeployInput{StackName: "y", File: "y.yaml", Text: `
Resources: {R: {Type: AWS::SNS::Topic, Properties: {P: !ImportValue y}}}
Outputs: {O: {Value: 1, Export: {Name: x}}}
`})
	if err != nil {
		t.Fatal(err)
	}
	_, err = cloudformation.Order([]*cloudformation.Loaded{x, y})
	w.refused(err, "these templates import from each other: x.yaml → y.yaml → x.yaml")
}

func TestCancelledDeploymentIsTakenBack(t *testing.T) {
	w := open(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	w.things.hook = func(string) { cancel() }
	k, err := w.Deploy(ctx, &cloudformation.DeployInput{StackName: "network", Text: network})
	var failed *stack.FailedError
	if !errors.As(err, &failed) || k.Status != stack.RollbackComplete || len(w.things.left()) != 0 {
		t.Errorf("Deploy = %+v, %v; left %v", k, err, w.things.left())
	}
}
