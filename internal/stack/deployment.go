package stack

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/template"
)

// A Deployment is one change of one stack: its creation, an update, its deletion,
// or the end of one that was interrupted. Types and Journal are required, Bound
// for [Deployment.Plan] and [Deployment.Apply]. It is used for one operation.
type Deployment struct {
	Account, Region, Partition string
	StackName, StackID         string
	ID                         string // of this deployment; kept with what it touches

	Types       Types
	Bound       *template.Bound
	Env         template.Env         // for dynamic references when there is no Bound
	Have        map[string]*Resource // what the stack has, by logical id; owned by the deployment from now on
	Journal     Journal
	Placeholder func(typeName string) bool                              // types that the operator accepts without anything behind them; nil: none
	Finish      func(ctx context.Context, lookup template.Lookup) error // before an update counts as done: outputs; nil: nothing
	Now         func() time.Time                                        // nil means time.Now

	KeepOnFailure bool // no rollback of a creation: the stack stays CREATE_FAILED

	mu   sync.Mutex
	have map[string]*Resource // guarded by mu; the resources themselves belong to whoever visits them
}

// A Journal keeps the progress of a deployment, so that it can be finished after
// the process died. Its methods are called concurrently, for different resources.
type Journal interface {
	// Status says that the stack as a whole goes on to a status.
	Status(ctx context.Context, status Status, reason string) error
	// Save keeps a resource as it is now, and events, together.
	Save(ctx context.Context, r *Resource, events ...Event) error
	// Remove forgets a resource and keeps events, together.
	Remove(ctx context.Context, logicalID string, events ...Event) error
	// Calling returns a context for a handler call on behalf of a resource. What
	// is written under it is final with the next Save or Remove of that resource.
	Calling(ctx context.Context, logicalID string) context.Context
	// Undo takes back what was written under Calling and is not final yet.
	Undo(ctx context.Context, logicalID string) error
}

// errStopped is why the visits under way are cancelled.
var errStopped = errors.New("another resource failed")

// A FailedError says that a deployment did not reach its end. Status is where it
// left the stack.
type FailedError struct {
	Status Status
	Reason string            // of the stack's failure, as in its events
	Causes map[string]string // logical id → reason
	Errors map[string]error  // logical id → what the handler returned
}

// Error names the resources and their reasons.
func (e *FailedError) Error() string {
	var b strings.Builder
	b.WriteString(strings.TrimSpace(e.Reason))
	ids := make([]string, 0, len(e.Causes))
	for id := range e.Causes {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		fmt.Fprintf(&b, "\n%s: %s", id, e.Causes[id])
	}
	return b.String()
}

// Unwrap returns the errors of the handlers.
func (e *FailedError) Unwrap() []error {
	var out []error
	for _, err := range e.Errors {
		out = append(out, err)
	}
	return out
}

func (d *Deployment) now() time.Time {
	if d.Now != nil {
		return d.Now()
	}
	return time.Now()
}

func (d *Deployment) begin() {
	d.have = d.Have
	if d.have == nil {
		d.have = map[string]*Resource{}
	}
	for _, r := range d.have {
		if r.Deployment != d.ID {
			r.settle()
		}
	}
}

func (d *Deployment) get(id string) *Resource {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.have[id]
}

func (d *Deployment) set(r *Resource) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.have[r.LogicalID] = r
}

func (d *Deployment) remove(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.have, id)
}

// typeOf returns the type that serves a resource; for a type that is not served,
// a placeholder: the deployment has been checked before it started, and what an
// earlier one accepted must be deletable.
func (d *Deployment) typeOf(name string) Type {
	if t, ok := d.Types.Find(name); ok {
		return t
	}
	return Type{Name: name, Level: Placeholder, Replace: []string{}, Handler: placeholder{}}
}

// request fills in what a handler is told about a version.
func (d *Deployment) request(id string, v *Version) (*Request, error) {
	properties, err := d.dynamic(v.Properties)
	if err != nil {
		return nil, err
	}
	return &Request{
		Account: d.Account, Region: d.Region, Partition: d.Partition, StackName: d.StackName, StackID: d.StackID,
		LogicalID: id, Type: v.Type, PhysicalID: v.PhysicalID, Properties: properties, Metadata: v.Metadata,
		ProposedName: v.Name, ClientToken: v.Token,
	}, nil
}

// dynamic resolves dynamic references, for a handler's eyes only.
func (d *Deployment) dynamic(n *template.Node) (*template.Node, error) {
	b := d.Bound
	if b == nil {
		b = &template.Bound{Template: &template.Template{}, Env: d.Env}
	}
	n, err := b.ResolveDynamic(n)
	if err != nil {
		return nil, err
	}
	if n.IsNull() {
		n = template.Map()
	}
	return n, nil
}

// call runs one handler call and turns a panic into an error: one broken handler
// must not end the server with a deployment half done.
func (d *Deployment) call(ctx context.Context, id string, f func(ctx context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("internal failure in the handler of this resource: %v", p)
		}
		if err != nil {
			if undo := d.Journal.Undo(context.WithoutCancel(ctx), id); undo != nil {
				err = errors.Join(err, undo)
			}
		}
	}()
	return f(d.Journal.Calling(ctx, id))
}

// reasonOf returns the text for the events of a failure.
func reasonOf(err error) string {
	if aws, ok := errors.AsType[*awserr.Error](err); ok {
		return aws.Message
	}
	return err.Error()
}

// lookup gives functions the values of resources that exist.
type lookup struct{ d *Deployment }

// Ref implements [template.Lookup].
func (l lookup) Ref(id string) (string, error) {
	v, err := l.version(id)
	if err != nil {
		return "", err
	}
	if v.Ref != "" {
		return v.Ref, nil
	}
	return v.PhysicalID, nil
}

// GetAtt implements [template.Lookup].
func (l lookup) GetAtt(id, attribute string) (*template.Node, error) {
	v, err := l.version(id)
	if err != nil {
		return nil, err
	}
	if value, ok := v.Attributes[attribute]; ok {
		return template.Text(value), nil
	}
	if list, ok := v.Lists[attribute]; ok {
		return template.Texts(list...), nil
	}
	if v.Level == Placeholder {
		return template.Text(fmt.Sprintf("hakone-placeholder-%s-%s", id, attribute)), nil
	}
	return nil, noAttribute(id, attribute, v.Type)
}

func (l lookup) version(id string) (*Version, error) {
	r := l.d.get(id)
	if r == nil || r.Now == nil {
		return nil, template.ErrUnknown
	}
	return r.Now, nil
}

// noAttribute is the refusal of an attribute that a resource does not have. Of a
// custom resource it is the answer of its function that lacks it.
func noAttribute(id, attribute, typeName string) error {
	e := &template.Error{Message: fmt.Sprintf(noAttributeText+"%s does not exist in schema for %s", attribute, typeName), Hint: "the resource is " + id}
	if isCustom(typeName) {
		e.Message = fmt.Sprintf("CustomResource attribute error: Vendor response doesn't contain %s attribute in object %s", attribute, id)
	}
	return e
}

const noAttributeText = "Requested attribute "

// Lookup returns the values of the resources that the stack has.
func (d *Deployment) Lookup() template.Lookup {
	d.begin()
	return lookup{d}
}
