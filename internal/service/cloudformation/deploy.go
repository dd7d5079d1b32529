package cloudformation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/template"
)

// ErrNoChanges says that the stack is what the template says already. Its text
// is AWS's.
var ErrNoChanges = awserr.Validation("No updates are to be performed.")

// Deploy creates or updates a stack and waits for the outcome. The stack is
// returned as it is afterwards, also with an error that leaves one:
// [ErrNoChanges], or a [*stack.FailedError]. A template that is refused is a
// [*template.Error] or an [*awserr.Error], and nothing changes.
//
// When ctx ends, what was done is taken back before Deploy returns.
func (s *Service) Deploy(ctx context.Context, in *DeployInput) (*Stack, error) {
	if err := CheckStackName(in.StackName); err != nil {
		return nil, err
	}
	ctx, leave, err := s.enter(ctx, in.StackName)
	if err != nil {
		return nil, s.refused(err, in.StackName)
	}
	defer leave()
	if err := s.clear(ctx, in); err != nil {
		return nil, err
	}
	k := s.current(in.StackName)
	switch {
	case in.kind == "CREATE" && k != nil:
		return nil, awserr.New("AlreadyExistsException", 400, "Stack [%s] already exists", in.StackName)
	case in.kind == "UPDATE" && (k == nil || k.Status == stack.ReviewInProgress):
		return nil, awserr.Validation("Stack [%s] does not exist", in.StackName)
	case k != nil && !k.updatable():
		return nil, awserr.Validation("Stack:%s is in %s state and can not be updated.", k.StackID, k.Status)
	}
	l, err := s.load(in, k, s.store(ctx))
	if err != nil {
		return nil, err
	}
	return s.apply(ctx, in, l, k)
}

// busy is the refusal of a second operation on a stack.
func (s *Service) busy(name string) error {
	id, status := s.arn("stack/"+name), stack.ReviewInProgress
	if k := s.current(name); k != nil {
		id, status = k.StackID, k.Status
	}
	return awserr.Validation("Stack:%s is in %s state and can not be updated.", id, status)
}

// clear deletes a stack whose creation failed, if the caller wants that.
func (s *Service) clear(ctx context.Context, in *DeployInput) error {
	k := s.current(in.StackName)
	if k == nil || !in.ReplaceFailed || !k.OnlyDeletable() {
		return nil
	}
	return s.delete(ctx, k, in.Event)
}

func (s *Service) apply(ctx context.Context, in *DeployInput, l *Loaded, k *Stack) (*Stack, error) {
	ctx = s.acting(ctx, in.RoleARN)
	creating := k == nil || k.Status == stack.ReviewInProgress
	if k == nil {
		k = &Stack{StackID: s.arn("stack/" + in.StackName + "/" + uuid.NewString()), StackName: in.StackName, Created: s.cfg.Now(), ParentID: in.parentID}
		if err := l.rebind(k.StackID); err != nil {
			return nil, err
		}
	}
	next := k.next(in, l)
	plan, err := s.plan(k, l)
	if err != nil {
		return nil, err
	}
	if !creating && len(plan.Changes) == 0 && s.same(k, l, next) {
		return k, ErrNoChanges
	}
	if in.Planned != nil {
		in.Planned(l, plan)
	}
	if err := s.begin(ctx, k, l, next, in.Event); err != nil {
		return nil, err
	}
	if creating && in.Timeout > 0 {
		limited, cancel := context.WithTimeout(ctx, in.Timeout)
		defer cancel()
		ctx = limited
	}
	d := s.deployment(k, in.Event)
	d.Bound, d.Placeholder, d.KeepOnFailure = l.Bound, in.placeholder, in.DisableRollback
	d.Finish = func(ctx context.Context, lookup template.Lookup) error { return s.finish(ctx, k, l, lookup) }
	err = d.Apply(context.WithValue(ctx, placeholdersKey{}, in.Placeholders), creating)
	if after, ok := s.stacks.Get(k.StackID); ok {
		k = &after
	}
	failed := []stack.Status{stack.RollbackComplete, stack.RollbackFailed}
	if creating && in.DeleteOnFailure && err != nil && slices.Contains(failed, k.Status) {
		return k, errors.Join(err, s.delete(context.WithoutCancel(ctx), k, in.Event))
	}
	return k, err
}

// rebind gives the template the id of a stack that did not exist when it was
// loaded.
func (l *Loaded) rebind(stackID string) error {
	values := map[string]string{}
	for _, p := range l.Bound.Parameters {
		values[p.Name] = p.Given
	}
	env := l.Bound.Env
	env.StackID = stackID
	var err error
	l.Bound, err = l.Template.Bind(values, env)
	return err
}

// plan compares what is loaded with what the stack has.
func (s *Service) plan(k *Stack, l *Loaded) (*stack.Plan, error) {
	if err := s.sameTypes(k, l); err != nil {
		return nil, err
	}
	d := s.deployment(k, nil)
	d.Bound, d.Placeholder = l.Bound, l.Input.placeholder
	return d.Plan()
}

// next returns what the deployment will make of the stack, but for its outputs.
func (k *Stack) next(in *DeployInput, l *Loaded) *update {
	u := &update{
		Description: l.Template.Description, Capabilities: l.Capabilities, Tags: in.Tags, Transforms: l.Transforms,
	}
	if u.Tags == nil {
		u.Tags = k.Tags
	}
	for _, p := range l.Bound.Parameters {
		u.Parameters = append(u.Parameters, Parameter{Key: p.Name, Value: p.Given, ResolvedValue: p.Resolved, NoEcho: p.NoEcho})
	}
	for _, n := range l.Bound.Imports() {
		u.Imports = append(u.Imports, n.Name)
	}
	return u
}

// same reports whether a deployment without changes of resources changes nothing
// of the stack either.
func (s *Service) same(k *Stack, l *Loaded, next *update) bool {
	d := s.deployment(k, nil)
	outputs, err := l.outputs(d.Lookup())
	return err == nil && slices.Equal(outputs, k.Outputs) && slices.Equal(next.Parameters, k.Parameters) &&
		next.Description == k.Description && maps.Equal(next.Tags, k.Tags) && slices.Equal(next.Imports, k.Imports)
}

func (l *Loaded) outputs(lookup template.Lookup) ([]Output, error) {
	values, err := l.Bound.Outputs(lookup)
	if err != nil {
		return nil, err
	}
	var out []Output
	for _, v := range values {
		out = append(out, Output{Key: v.Name, Value: v.Value, Description: v.Description, ExportName: v.ExportName, NoEcho: v.NoEcho})
	}
	return out, nil
}

// begin records the deployment before it starts. A new stack is under review
// until then, as it is for AWS's deployment tools.
func (s *Service) begin(ctx context.Context, k *Stack, l *Loaded, next *update, progress func(stack.Event)) error {
	for _, name := range next.Imports {
		if _, ok := s.exports.Get(name); !ok {
			return awserr.Validation("No export named %s found", name)
		}
	}
	k.Deployment, k.Pending, k.ChangeSetID = uuid.NewString(), next, l.Input.changeSetID
	created := k.Status == ""
	if k.Template == "" {
		k.Protected = k.Protected || l.Input.Protect
	}
	k.DisableRollback = l.Input.DisableRollback
	if l.Input.RoleARN != "" {
		k.RoleARN = l.Input.RoleARN
	}
	if created {
		k.Status = stack.ReviewInProgress
	}
	processed := ""
	if len(l.Transforms) > 0 {
		processed = string(l.Processed.JSON(""))
	}
	err := s.cfg.Store.Atomically(ctx, func(tx *store.Tx) error {
		if created {
			if err := s.names.In(tx).Create(k.StackName, k.StackID); err != nil {
				return err
			}
		}
		err := s.texts.In(tx).Put(k.Deployment, text{Original: l.Input.Text, Processed: processed})
		if err != nil {
			return err
		}
		return s.stacks.In(tx).Put(k.StackID, *k)
	})
	switch {
	case errors.Is(err, store.ErrExists):
		return s.busy(k.StackName)
	case err != nil:
		return fmt.Errorf("record deployment: %w", err)
	case !created || l.Input.direct || l.Input.parentID != "":
		return nil // without a change set nobody has reviewed it
	}
	return s.journal(k, progress).Status(ctx, stack.ReviewInProgress, "User Initiated")
}

// finish computes the outputs once all resources are there, and refuses exports
// that others have or use.
func (s *Service) finish(ctx context.Context, k *Stack, l *Loaded, lookup template.Lookup) error {
	outputs, err := l.outputs(lookup)
	if err != nil {
		return err
	}
	before, ok := s.stacks.Get(k.StackID)
	if !ok {
		return fmt.Errorf("stack %s: %w", k.StackID, store.ErrNotFound)
	}
	if err := s.checkExports(&before, outputs); err != nil {
		return err
	}
	return s.stacks.Update(context.WithoutCancel(ctx), k.StackID, func(k *Stack) error {
		if k.Pending == nil {
			return errors.New("the stack has no deployment under way")
		}
		k.Pending.Outputs = outputs
		return nil
	})
}

// Delete deletes a stack, named by its name or id, and waits for the outcome.
// Deleting a stack that is gone succeeds. What cannot be deleted is named in a
// [*stack.FailedError], and the stack stays.
func (s *Service) Delete(ctx context.Context, nameOrID string, event func(stack.Event)) error {
	k, err := s.Describe(nameOrID)
	if err != nil || k.Status == stack.DeleteComplete {
		return nil //nolint:nilerr // AWS accepts the deletion of what does not exist
	}
	ctx, leave, err := s.enter(ctx, k.StackName)
	if errors.Is(err, errActive) {
		return awserr.Validation("Stack [%s] cannot be deleted while in status %s", k.StackName, k.Status)
	}
	if err != nil {
		return err
	}
	defer leave()
	if k = s.current(k.StackName); k == nil {
		return nil
	}
	return s.delete(ctx, k, event)
}

func (s *Service) delete(ctx context.Context, k *Stack, event func(stack.Event)) error {
	if k.Protected && k.Status != stack.RollbackComplete {
		return awserr.Validation("Stack [%s] cannot be deleted while TerminationProtection is enabled", k.StackName)
	}
	for _, name := range slices.Sorted(maps.Keys(exportsOf(k.Outputs))) {
		if importers := s.importers(name, k.StackID); len(importers) > 0 {
			return awserr.Validation("Export %s cannot be deleted as it is in use by %s", name, importers[0])
		}
	}
	k.Deployment = uuid.NewString()
	d := s.deployment(k, event)
	return d.Delete(ctx)
}

// ContinueUpdateRollback tries again a rollback that failed.
func (s *Service) ContinueUpdateRollback(ctx context.Context, nameOrID string, event func(stack.Event)) error {
	k, err := s.Describe(nameOrID)
	if err != nil {
		return err
	}
	ctx, leave, err := s.enter(ctx, k.StackName)
	if err != nil {
		return s.refused(err, k.StackName)
	}
	defer leave()
	if k, err = s.Describe(k.StackID); err != nil {
		return err
	}
	if k.Status != stack.UpdateRollbackFailed {
		return awserr.Validation("Stack:%s is in %s state and can not continue rollback.", k.StackID, k.Status)
	}
	d := s.deployment(k, event)
	err = d.Resume(ctx, k.Status)
	var failed *stack.FailedError
	if errors.As(err, &failed) && failed.Status == stack.UpdateRollbackComplete {
		return nil
	}
	return err
}
