package stack_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

// A world holds what the fake types made, and a journal of one stack.
type world struct {
	t *testing.T

	mu        sync.Mutex
	things    map[string]string // physical id → properties
	calls     []string
	next      int
	fail      map[string]error // by "create A", "update A", "delete A"
	block     map[string]chan struct{}
	events    []string
	status    stack.Status
	resources map[string]*stack.Resource
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{t: t, things: map[string]string{}, fail: map[string]error{}, resources: map[string]*stack.Resource{}, block: map[string]chan struct{}{}}
}

func (w *world) Status(_ context.Context, s stack.Status, reason string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.status = s
	w.events = append(w.events, strings.TrimSpace("stack "+string(s)+" "+reason))
	return nil
}

func (w *world) Save(_ context.Context, r *stack.Resource, events ...stack.Event) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	var c stack.Resource
	if err := json.Unmarshal(text, &c); err != nil {
		return err
	}
	w.resources[r.LogicalID] = &c
	w.note(events)
	return nil
}

func (w *world) Remove(_ context.Context, id string, events ...stack.Event) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.resources, id)
	w.note(events)
	return nil
}

func (w *world) note(events []stack.Event) {
	for _, e := range events {
		id := e.PhysicalID
		if id == "" {
			id = "-"
		}
		w.events = append(w.events, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", e.LogicalID, id, e.Status, e.Reason)))
	}
}

func (w *world) Calling(ctx context.Context, _ string) context.Context { return ctx }
func (w *world) Undo(context.Context, string) error                    { return nil }

func (w *world) act(ctx context.Context, verb string, r *stack.Request) error {
	w.mu.Lock()
	call := verb + " " + r.LogicalID
	w.calls = append(w.calls, call)
	err, block := w.fail[call], w.block[call]
	w.mu.Unlock()
	if block != nil {
		select {
		case <-block:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return err
}

func (w *world) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	if err := w.act(ctx, "create", r); err != nil {
		return stack.Result{}, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.next++
	id := fmt.Sprintf("%s-%d", strings.ToLower(r.LogicalID), w.next)
	w.things[id] = string(r.Properties.JSON(""))
	return stack.Result{PhysicalID: id, Attributes: map[string]string{"Arn": "arn:" + id}}, nil
}

func (w *world) Update(ctx context.Context, r *stack.Request, _ *template.Node) (stack.Result, error) {
	if err := w.act(ctx, "update", r); err != nil {
		return stack.Result{}, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.things[r.PhysicalID] = string(r.Properties.JSON(""))
	return stack.Result{PhysicalID: r.PhysicalID}, nil
}

func (w *world) Delete(ctx context.Context, r *stack.Request) error {
	if err := w.act(ctx, "delete", r); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.things, r.PhysicalID)
	return nil
}

var deployments int

// deployment prepares the next change of the world's stack.
func (w *world) deployment(text string) *stack.Deployment {
	w.t.Helper()
	deployments++
	d := &stack.Deployment{
		Account: "123456789012", Region: "eu-central-1", Partition: "aws", StackName: "test", StackID: "arn:stack", ID: fmt.Sprint(deployments),
		Have: w.resources, Journal: w, Types: stack.Types{},
	}
	w.resources = map[string]*stack.Resource{}
	maps.Copy(w.resources, d.Have)
	d.Types["AWS::SNS::Topic"] = stack.Type{
		Name: "AWS::SNS::Topic", Level: stack.Real, Handler: w, Replace: []string{"Key"}, Attributes: []string{"Arn"}, NameProperty: "Name",
	}
	d.Types["AWS::SQS::Queue"] = stack.Type{Name: "AWS::SQS::Queue", Level: stack.Record, Handler: w, Required: []string{"Must"}, Properties: struct {
		Alarm []string `refuse:"there are no alarms"`
	}{}}
	if text == "" {
		return d
	}
	root, _, err := template.Parse("t.yaml", []byte(text))
	if err != nil {
		w.t.Fatal(err)
	}
	tmpl, err := template.Load(root)
	if err != nil {
		w.t.Fatal(err)
	}
	d.Bound, err = tmpl.Bind(nil, template.Env{AccountID: d.Account, Region: d.Region, StackName: d.StackName})
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func (w *world) apply(text string) error {
	w.t.Helper()
	creating := len(w.resources) == 0
	w.mu.Lock()
	w.events, w.calls = nil, nil
	w.mu.Unlock()
	return w.deployment(text).Apply(w.t.Context(), creating)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) want(status stack.Status, things map[string]string) {
	w.t.Helper()
	if w.status != status {
		w.t.Errorf("status is %s, want %s", w.status, status)
	}
	if diff := cmp.Diff(things, w.things); diff != "" {
		w.t.Errorf("what exists (-want +got):\n%s", diff)
	}
}

// chain is A ← B ← C; each refers to the one before.
func chain(aProps, cProps string) string {
	return `Resources:
  C:
    Type: AWS::SNS::Topic
    Properties: {From: !GetAtt B.Arn` + cProps + `}
  A:
    Type: AWS::SNS::Topic
    Properties: {Size: 1` + aProps + `}
  B:
    Type: AWS::SNS::Topic
    Properties: {From: !Ref A}
`
}

func TestCreateFollowsDependenciesAndTellsEvents(t *testing.T) {
	w := newWorld(t)
	w.must(w.apply(chain("", "")))
	w.want(stack.CreateComplete, map[string]string{
		"a-1": `{"Size":1}`, "b-2": `{"From":"a-1"}`, "c-3": `{"From":"arn:b-2"}`,
	})
	want := []string{
		"stack CREATE_IN_PROGRESS User Initiated",
		"A - CREATE_IN_PROGRESS", "A a-1 CREATE_IN_PROGRESS Resource creation Initiated", "A a-1 CREATE_COMPLETE",
		"B - CREATE_IN_PROGRESS", "B b-2 CREATE_IN_PROGRESS Resource creation Initiated", "B b-2 CREATE_COMPLETE",
		"C - CREATE_IN_PROGRESS", "C c-3 CREATE_IN_PROGRESS Resource creation Initiated", "C c-3 CREATE_COMPLETE",
		"stack CREATE_COMPLETE",
	}
	if diff := cmp.Diff(want, w.events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	w.must(w.deployment("").Delete(t.Context()))
	w.want(stack.DeleteComplete, map[string]string{})
	if diff := cmp.Diff([]string{"delete C", "delete B", "delete A"}, w.calls[3:]); diff != "" {
		t.Errorf("deletions (-want +got):\n%s", diff)
	}
}

func TestIndependentResourcesRunTogether(t *testing.T) {
	w := newWorld(t)
	meet := make(chan struct{})
	w.block["create A"], w.block["create B"] = meet, meet
	go func() {
		for {
			w.mu.Lock()
			n := len(w.calls)
			w.mu.Unlock()
			if n == 2 { // both are waiting
				close(meet)
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	w.must(w.apply("Resources:\n  A: {Type: AWS::SNS::Topic}\n  B: {Type: AWS::SNS::Topic}\n"))
}

func TestFailedCreateIsRolledBack(t *testing.T) {
	w := newWorld(t)
	w.fail["create C"] = errors.New("no room")
	err := w.apply(chain("", ""))
	var failed *stack.FailedError
	if !errors.As(err, &failed) || failed.Status != stack.RollbackComplete || failed.Causes["C"] != "no room" {
		t.Fatalf("Apply = %v; want a FailedError that ends in ROLLBACK_COMPLETE", err)
	}
	w.want(stack.RollbackComplete, map[string]string{})
	for _, e := range []string{
		"C - CREATE_FAILED no room",
		"stack ROLLBACK_IN_PROGRESS The following resource(s) failed to create: [C]. Rollback requested by user.",
		"B b-2 DELETE_COMPLETE",
	} {
		if !slices.Contains(w.events, e) {
			t.Errorf("no event %q in\n%s", e, strings.Join(w.events, "\n"))
		}
	}
	if len(w.resources) != 0 {
		t.Errorf("resources are left: %v", w.resources)
	}
}

func TestSiblingsOfAFailureAreCancelled(t *testing.T) {
	w := newWorld(t)
	w.fail["create A"] = errors.New("no")
	w.block["create B"] = make(chan struct{})
	err := w.apply("Resources:\n  B: {Type: AWS::SNS::Topic}\n  A: {Type: AWS::SNS::Topic}\n")
	var failed *stack.FailedError
	if !errors.As(err, &failed) {
		t.Fatal(err)
	}
	want := map[string]string{"A": "no", "B": "Resource creation cancelled"}
	if slices.Contains(w.calls, "create B") { // else it had not started
		if diff := cmp.Diff(want, failed.Causes); diff != "" {
			t.Errorf("causes (-want +got):\n%s", diff)
		}
	}
}

func TestUpdateTouchesOnlyWhatChanged(t *testing.T) {
	w := newWorld(t)
	w.must(w.apply(chain("", "")))
	w.must(w.apply(chain("", ", Colour: red")))
	w.want(stack.UpdateComplete, map[string]string{
		"a-1": `{"Size":1}`, "b-2": `{"From":"a-1"}`, "c-3": `{"From":"arn:b-2","Colour":"red"}`,
	})
	if diff := cmp.Diff([]string{"update C"}, w.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestReplacementRepointsAndThenDeletes(t *testing.T) {
	w := newWorld(t)
	w.must(w.apply(chain("", "")))
	w.must(w.apply(chain(", Key: new", "")))
	w.want(stack.UpdateComplete, map[string]string{
		"a-4": `{"Size":1,"Key":"new"}`, "b-2": `{"From":"a-4"}`, "c-3": `{"From":"arn:b-2"}`,
	})
	if diff := cmp.Diff([]string{"create A", "update B", "delete A"}, w.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	want := []string{
		"stack UPDATE_IN_PROGRESS User Initiated",
		"A a-1 UPDATE_IN_PROGRESS Requested update requires the creation of a new physical resource; hence creating one.",
		"A a-4 UPDATE_IN_PROGRESS Resource creation Initiated", "A a-4 UPDATE_COMPLETE",
		"B b-2 UPDATE_IN_PROGRESS", "B b-2 UPDATE_COMPLETE",
		"stack UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "A a-1 DELETE_IN_PROGRESS", "A a-1 DELETE_COMPLETE", "stack UPDATE_COMPLETE",
	}
	if diff := cmp.Diff(want, w.events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if w.resources["A"].Status != stack.UpdateComplete {
		t.Errorf("A is %s", w.resources["A"].Status)
	}
}

func TestFailedUpdateIsTakenBack(t *testing.T) {
	w := newWorld(t)
	w.must(w.apply(chain("", "")))
	before := map[string]string{"a-1": `{"Size":1}`, "b-2": `{"From":"a-1"}`, "c-3": `{"From":"arn:b-2"}`}
	w.fail["update C"] = errors.New("no")
	text := chain(", Key: new", ", Colour: red, Also: !Ref D") + "  D: {Type: AWS::SNS::Topic}\n"
	err := w.apply(text)
	var failed *stack.FailedError
	if !errors.As(err, &failed) || failed.Status != stack.UpdateRollbackComplete {
		t.Fatalf("Apply = %v; want a FailedError that ends in UPDATE_ROLLBACK_COMPLETE", err)
	}
	w.want(stack.UpdateRollbackComplete, before)
	if w.resources["C"].Status != stack.UpdateComplete || w.resources["D"] != nil || len(w.resources) != 3 {
		t.Errorf("after the rollback: %v", w.resources)
	}
	delete(w.fail, "update C")
	w.must(w.apply(text))
	if w.status != stack.UpdateComplete || len(w.things) != 4 {
		t.Errorf("a later update: %s, %v", w.status, w.things)
	}
}

func TestFailedRollbackIsToldAndCanBeTriedAgain(t *testing.T) {
	w := newWorld(t)
	w.must(w.apply(chain("", "")))
	w.fail["update C"] = errors.New("no")
	w.fail["update B"] = nil
	d := w.deployment(chain(", Key: new", ", Colour: red"))
	inner := d.Types["AWS::SNS::Topic"]
	inner.Handler = &secondUpdateFails{world: w, id: "B"}
	d.Types["AWS::SNS::Topic"] = inner
	err := d.Apply(t.Context(), false)
	var failed *stack.FailedError
	if !errors.As(err, &failed) || failed.Status != stack.UpdateRollbackFailed {
		t.Fatalf("Apply = %v; want a FailedError that ends in UPDATE_ROLLBACK_FAILED", err)
	}
	again := w.deployment("")
	again.ID = d.ID
	if err := again.Resume(t.Context(), stack.UpdateRollbackFailed); !errors.As(err, &failed) || failed.Status != stack.UpdateRollbackComplete {
		t.Fatalf("Resume = %v", err)
	}
	w.want(stack.UpdateRollbackComplete, map[string]string{"a-1": `{"Size":1}`, "b-2": `{"From":"a-1"}`, "c-3": `{"From":"arn:b-2"}`})
}

type secondUpdateFails struct {
	*world
	id   string
	seen bool
}

func (s *secondUpdateFails) Update(ctx context.Context, r *stack.Request, old *template.Node) (stack.Result, error) {
	if r.LogicalID == s.id {
		if s.seen {
			return stack.Result{}, errors.New("still no")
		}
		s.seen = true
	}
	return s.world.Update(ctx, r, old)
}

func TestDeletionPoliciesAreKept(t *testing.T) {
	w := newWorld(t)
	w.must(w.apply(`Resources:
  A: {Type: AWS::SNS::Topic, DeletionPolicy: Retain}
  B: {Type: AWS::SNS::Topic, UpdateReplacePolicy: Retain, Properties: {Key: 1}}
  C: {Type: AWS::SNS::Topic, DeletionPolicy: Retain}
`))
	kept := map[string]bool{w.resources["A"].Now.PhysicalID: true, w.resources["B"].Now.PhysicalID: true, w.resources["C"].Now.PhysicalID: true}
	w.must(w.apply(`Resources:
  A: {Type: AWS::SNS::Topic, DeletionPolicy: Retain}
  B: {Type: AWS::SNS::Topic, UpdateReplacePolicy: Retain, Properties: {Key: 2}}
`))
	w.must(w.deployment("").Delete(t.Context()))
	got := map[string]bool{}
	for id := range w.things {
		got[id] = true
	}
	if diff := cmp.Diff(kept, got); diff != "" {
		t.Errorf("what is left (-want +got):\n%s", diff)
	}
}

func TestUndeletableResourceIsNamed(t *testing.T) {
	w := newWorld(t)
	w.must(w.apply(chain("", "")))
	w.fail["delete B"] = errors.New("in use")
	err := w.deployment("").Delete(t.Context())
	var failed *stack.FailedError
	if !errors.As(err, &failed) || failed.Reason != "The following resource(s) failed to delete: [B]. " {
		t.Fatalf("Delete = %v", err)
	}
	w.want(stack.DeleteFailed, map[string]string{"a-1": `{"Size":1}`, "b-2": `{"From":"a-1"}`})
}

func TestRefusedProperties(t *testing.T) {
	w := newWorld(t)
	err := w.apply("Resources:\n  Q: {Type: AWS::SQS::Queue}\n")
	if err == nil || !strings.Contains(err.Error(), "Q: Property validation failure: [The property {/Must} is required]") {
		t.Errorf("without a required property: %v", err)
	}
	w = newWorld(t)
	if err := w.apply("Resources:\n  Q: {Type: AWS::SQS::Queue, Properties: {Must: 1, Alarm: [x]}}\n"); err == nil || !strings.Contains(err.Error(), "Q: hakone does not support Alarm: there are no alarms") {
		t.Errorf("with a property that nothing acts on: %v", err)
	}
	w = newWorld(t)
	w.must(w.apply(chain(", Name: mine", "")))
	err = w.apply(chain(", Name: mine, Key: new", ""))
	if err == nil || !strings.Contains(err.Error(), "custom-named resource requires replacing. Rename mine and update the stack again.") {
		t.Errorf("replacement of a custom-named resource: %v", err)
	}
	if w.status != stack.UpdateRollbackComplete {
		t.Errorf("status is %s", w.status)
	}
}

func TestPanickingHandlerFailsItsResource(t *testing.T) {
	w := newWorld(t)
	d := w.deployment("Resources:\n  A: {Type: AWS::SNS::Topic}\n")
	d.Types["AWS::SNS::Topic"] = stack.Type{Name: "AWS::SNS::Topic", Handler: nil}
	if err := d.Apply(t.Context(), true); err == nil || w.status != stack.RollbackComplete {
		t.Errorf("Apply = %v, status %s", err, w.status)
	}
}
