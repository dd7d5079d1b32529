package cloudformation

import (
	"slices"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/stack"
)

// A Stack is one stack, as the service keeps it.
type Stack struct {
	StackID, StackName string
	Description        string
	Status             stack.Status
	StatusReason       string
	Created            time.Time
	Updated            time.Time `json:",omitzero"` // of the last update
	Deleted            time.Time `json:",omitzero"`
	Parameters         []Parameter
	Outputs            []Output
	Imports            []string // names of the exports that it uses
	Capabilities       []string // that its template needed
	Tags               map[string]string
	Transforms         []string
	ParentID           string // of a nested stack
	ChangeSetID        string // the last one executed
	RoleARN            string `json:",omitempty"` // whose permissions its deployments have; "": the caller's
	Protected          bool   `json:",omitempty"` // cannot be deleted
	DisableRollback    bool   `json:",omitempty"` // of the last deployment

	Deployment string  // the last one started
	Template   string  // the deployment whose template is in force
	Pending    *update `json:",omitempty"` // what the deployment under way will make of the stack
}

// An update is what a deployment changes of the stack itself, once it succeeds.
type update struct {
	Description  string
	Parameters   []Parameter
	Outputs      []Output
	Imports      []string
	Capabilities []string
	Tags         map[string]string
	Transforms   []string
}

// A Parameter is the value of a parameter of a stack.
type Parameter struct {
	Key, Value    string
	ResolvedValue string `json:",omitempty"` // of an SSM parameter
	NoEcho        bool   `json:",omitempty"` // its value must not be shown
}

// Shown returns the value for people: hidden ones are asterisks.
func (p Parameter) Shown() string {
	if p.NoEcho {
		return "****"
	}
	return p.Value
}

// An Output is one output of a stack.
type Output struct {
	Key, Value  string
	Description string `json:",omitempty"`
	ExportName  string `json:",omitempty"`
	NoEcho      bool   `json:",omitempty"` // the value comes from a parameter that hides its own
}

// An Export is an output that other stacks may import.
type Export struct {
	Name, Value      string
	ExportingStackID string
}

// text is a template as it was given and as it was deployed.
type text struct {
	Original, Processed string
}

type storedEvent struct {
	Sequence int
	stack.Event
}

// underWay reports whether a deployment is at work, or was when the process died.
func (k *Stack) underWay() bool {
	return strings.HasSuffix(string(k.Status), "_IN_PROGRESS") && (k.Status != stack.ReviewInProgress || k.Pending != nil)
}

// OnlyDeletable reports whether nothing but deleting the stack is left: it was not
// created, or not deleted, for good.
func (k *Stack) OnlyDeletable() bool {
	return slices.Contains([]stack.Status{stack.RollbackComplete, stack.RollbackFailed, stack.CreateFailed, stack.DeleteFailed}, k.Status)
}

// updatable reports whether the stack can be updated in its status.
func (k *Stack) updatable() bool {
	return slices.Contains([]stack.Status{stack.CreateComplete, stack.UpdateComplete, stack.UpdateRollbackComplete, stack.ReviewInProgress}, k.Status)
}

// Transformed reports whether the template in force had a transform.
func (k *Stack) Transformed() bool { return len(k.Transforms) > 0 }

// Output returns the value of an output.
func (k *Stack) Output(key string) (string, bool) {
	for _, o := range k.Outputs {
		if o.Key == key {
			return o.Value, true
		}
	}
	return "", false
}
