package cloudformation_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/service/cloudformation"
	"github.com/hakonegate/hakone/internal/stack"
)

// The first template, and one that replaces A, changes B, adds D and drops C.
const (
	first = `
Resources:
  A: {Type: AWS::SNS::Topic, Properties: {Key: 1}}
  B: {Type: AWS::SNS::Topic, Properties: {Needs: A, Size: 1}, DependsOn: A}
  C: {Type: AWS::SNS::Topic, Properties: {Size: 1}}
Outputs: {O: {Value: 1, Export: {Name: one}}}
`
	second = `
Resources:
  A: {Type: AWS::SNS::Topic, Properties: {Key: 2}}
  B: {Type: AWS::SNS::Topic, Properties: {Needs: A, Size: 2}, DependsOn: A}
  D: {Type: AWS::SNS::Topic, Properties: {Size: 1}, DependsOn: B}
Outputs: {O: {Value: 2, Export: {Name: two}}}
`
)

var (
	firstThings  = map[string]string{"A": `{"Key":1}`, "B": `{"Needs":"A","Size":1}`, "C": `{"Size":1}`}
	secondThings = map[string]string{"A": `{"Key":2}`, "B": `{"Needs":"A","Size":2}`, "D": `{"Size":1}`}
)

// live is the life of a stack.
func live(w *world) {
	w.must("s", first)
	w.must("s", second)
	if err := w.Delete(w.t.Context(), "s", nil); err != nil {
		w.t.Fatal(err)
	}
}

// TestKilledDeploymentsAreFinished kills the process at 50 moments of a stack's
// life, and looks whether the next start leaves what the stack's status says.
func TestKilledDeploymentsAreFinished(t *testing.T) {
	if dir := os.Getenv("CFN_TEST_DIR"); dir != "" {
		liveAndDie(t, dir)
	}
	w := open(t, t.TempDir())
	before := w.revision()
	live(w)
	changes := int(w.revision() - before)
	w.shut()
	moments := 50
	if testing.Short() {
		moments = 10
	}
	var mu sync.Mutex
	seen := map[stack.Status]int{}
	t.Run("moments", func(t *testing.T) {
		for i := range moments {
			at := 1 + i*changes/moments
			t.Run(fmt.Sprint(at), func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledDeploymentsAreFinished$")
				cmd.Env = append(os.Environ(), "CFN_TEST_DIR="+dir, fmt.Sprint("CFN_TEST_AT=", at))
				out, err := cmd.CombinedOutput()
				if err == nil || !strings.Contains(err.Error(), "killed") {
					t.Fatalf("the process was not killed: %v\n%s", err, out)
				}
				status := survivor(t, dir)
				mu.Lock()
				defer mu.Unlock()
				seen[status]++
			})
		}
	})
	t.Logf("%d changes; after the next start: %v", changes, seen)
}

func liveAndDie(t *testing.T, dir string) {
	t.Helper()
	at, err := strconv.ParseUint(os.Getenv("CFN_TEST_AT"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	w := open(t, dir)
	last := w.revision() + at
	changes, stop := w.store.Changes()
	defer stop()
	go func() {
		for range changes {
			if w.revision() >= last {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			}
		}
	}()
	live(w)
	select {} // the last change is the end of the deletion
}

// survivor starts again after a kill and returns the status of the stack.
func survivor(t *testing.T, dir string) stack.Status {
	t.Helper()
	w := open(t, dir)
	defer w.shut()
	if err := w.Recover(t.Context()); err != nil {
		t.Fatalf("Recover: %v", err)
	}
	want := map[string]string{}
	exports := ""
	status := stack.DeleteComplete
	if k, err := w.Describe("s"); err == nil {
		status = k.Status
	}
	switch status {
	case stack.CreateComplete, stack.UpdateRollbackComplete:
		want, exports = firstThings, "one"
	case stack.UpdateComplete:
		want, exports = secondThings, "two"
	case stack.RollbackComplete, stack.DeleteComplete, stack.ReviewInProgress:
	default:
		t.Errorf("the stack is in %s", status)
	}
	if diff := cmp.Diff(want, w.things.left()); diff != "" {
		t.Errorf("stack %s, but what exists is (-want +got):\n%s", status, diff)
	}
	if all, more := w.things.all.Len(), w.things.more.Len(); all != more {
		t.Errorf("%d things have %d second records", all, more)
	}
	got := ""
	for _, e := range w.ListExports() {
		got += e.Name
	}
	if got != exports {
		t.Errorf("stack %s exports %q, want %q", status, got, exports)
	}
	// The stack can be worked with.
	_, err := w.Deploy(t.Context(), &cloudformation.DeployInput{StackName: "s", Text: second, ReplaceFailed: true})
	if err != nil && !errors.Is(err, cloudformation.ErrNoChanges) {
		t.Errorf("deploy again: %v", err)
	}
	if diff := cmp.Diff(secondThings, w.things.left()); diff != "" {
		t.Errorf("deployed again (-want +got):\n%s", diff)
	}
	if err := w.Delete(t.Context(), "s", nil); err != nil || len(w.things.left()) != 0 {
		t.Errorf("delete: %v, left %v", err, w.things.left())
	}
	return status
}

func (w *world) revision() uint64 { return w.store.Revision() }
