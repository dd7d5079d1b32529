package cloudformation

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/template"
)

// nested serves AWS::CloudFormation::Stack: a stack that another one holds. It is
// deployed like any stack and recovers by itself, so its changes are not in the
// log of the stack that holds it.
type nested struct{ s *Service }

// nestedProperties are what AWS::CloudFormation::Stack takes.
type nestedProperties struct {
	TemplateURL      string
	Parameters       map[string]*template.Node
	Tags             []nestedTag
	TimeoutInMinutes int      // of its creation
	NotificationARNs []string `refuse:"there are no topics to notify"`
}

type nestedTag struct{ Key, Value string }

// placeholdersKey carries the types that the operator accepts without anything
// behind them to nested stacks.
type placeholdersKey struct{}

// Create deploys a new stack. One that fails leaves nothing.
func (n nested) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	k, err := n.deploy(ctx, r, r.ProposedName)
	if err != nil {
		if left := n.s.current(r.ProposedName); left != nil {
			err = errors.Join(err, n.s.Delete(store.WithoutUndo(context.WithoutCancel(ctx)), left.StackID, nil))
		}
		return stack.Result{}, err
	}
	return n.result(k), nil
}

// Update updates the stack.
func (n nested) Update(ctx context.Context, r *stack.Request, _ *template.Node) (stack.Result, error) {
	k, err := n.s.Describe(r.PhysicalID)
	if err != nil {
		return stack.Result{}, err
	}
	k, err = n.deploy(ctx, r, k.StackName)
	if err != nil {
		return stack.Result{}, err
	}
	return n.result(k), nil
}

// Delete deletes the stack.
func (n nested) Delete(ctx context.Context, r *stack.Request) error {
	return n.s.Delete(store.WithoutUndo(ctx), r.PhysicalID, nil)
}

func (n nested) deploy(ctx context.Context, r *stack.Request, name string) (*Stack, error) {
	var p nestedProperties
	if err := r.Properties.Decode(&p); err != nil {
		return nil, err
	}
	text, err := n.s.fetch(ctx, p.TemplateURL)
	if err != nil {
		return nil, err
	}
	if p.TimeoutInMinutes < 0 {
		return nil, awserr.Validation("Value of property TimeoutInMinutes must be at least 1")
	}
	placeholders, _ := ctx.Value(placeholdersKey{}).([]string)
	in := &DeployInput{
		StackName: name, Text: text, Parameters: map[string]string{}, GrantAll: true, Placeholders: placeholders, Tags: map[string]string{},
		ReplaceFailed: true, parentID: r.StackID, Timeout: time.Duration(p.TimeoutInMinutes) * time.Minute,
	}
	for key, value := range p.Parameters {
		in.Parameters[key] = joined(value)
	}
	for _, t := range p.Tags {
		in.Tags[t.Key] = t.Value
	}
	k, err := n.s.Deploy(store.WithoutUndo(ctx), in)
	switch {
	case err == nil, errors.Is(err, ErrNoChanges):
		return k, nil
	case k == nil:
		return nil, err
	default:
		return nil, awserr.Validation("Embedded stack %s was not successfully created: %v", k.StackID, err)
	}
}

// joined returns a parameter's value; lists are joined by commas.
func joined(n *template.Node) string {
	if !n.IsList() {
		return n.Str()
	}
	parts := make([]string, len(n.Items))
	for i, item := range n.Items {
		parts[i] = item.Str()
	}
	return strings.Join(parts, ",")
}

func (n nested) result(k *Stack) stack.Result {
	r := stack.Result{PhysicalID: k.StackID, Attributes: map[string]string{}}
	for _, o := range k.Outputs {
		r.Attributes["Outputs."+o.Key] = o.Value
	}
	return r
}

// deleteOrphans deletes nested stacks that the stack which asked for them does
// not know: the process died before it could.
func (s *Service) deleteOrphans(ctx context.Context) error {
	var errs []error
	for _, k := range s.Stacks() {
		if k.ParentID == "" || s.holds(k.ParentID, k.StackID) || s.isActive(k.ParentID) {
			continue
		}
		errs = append(errs, s.Delete(ctx, k.StackID, nil))
	}
	return errors.Join(errs...)
}

func (s *Service) holds(stackID, physicalID string) bool {
	for _, r := range s.resources(stackID).All() {
		if r.PhysicalID() == physicalID {
			return true
		}
	}
	return false
}
