package cloudformation

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/template"
)

// A ChangeSet is a deployment that was computed and not carried out yet.
type ChangeSet struct {
	ID, Name, StackID, StackName string
	Type                         string // CREATE or UPDATE
	Description                  string
	Token                        string `json:",omitempty"` // of the call that created it
	Status, StatusReason         string // CREATE_COMPLETE or FAILED
	ExecutionStatus              string // AVAILABLE, UNAVAILABLE, EXECUTE_IN_PROGRESS, EXECUTE_COMPLETE, EXECUTE_FAILED
	Created                      time.Time
	Changes                      []stack.Change
	Parameters                   []Parameter
	Capabilities                 []string
	Tags                         map[string]string
	Input                        DeployInput // holds parameter values that must not be shown
}

// NoChangesReason is the reason of a change set without changes. Deployment tools
// look for this text.
const NoChangesReason = "The submitted information didn't contain changes. Submit different information to create a change set."

var validChangeSetName = regexp.MustCompile(`^[a-zA-Z][-a-zA-Z0-9]*$`)

// CreateChangeSet computes what a deployment would do. kind is CREATE or UPDATE;
// "" means UPDATE. A template that is refused after its transforms makes a change
// set that FAILED with the reason, as it does in AWS.
func (s *Service) CreateChangeSet(ctx context.Context, name, kind, description string, in *DeployInput) (*ChangeSet, error) {
	if !validChangeSetName.MatchString(name) || len(name) > 128 {
		return nil, awserr.Validation("1 validation error detected: Value '%s' at 'changeSetName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*", name)
	}
	if err := CheckStackName(in.StackName); err != nil {
		return nil, err
	}
	ctx, leave, err := s.enter(ctx, in.StackName)
	if err != nil {
		return nil, s.refused(err, in.StackName)
	}
	defer leave()
	k := s.current(in.StackName)
	if kind == "" {
		kind = "UPDATE"
	}
	switch {
	case kind == "UPDATE" && (k == nil || k.Status == stack.ReviewInProgress):
		return nil, awserr.Validation("Stack [%s] does not exist", in.StackName)
	case kind == "CREATE" && k != nil && k.Status != stack.ReviewInProgress:
		return nil, awserr.Validation("Stack [%s] already exists and cannot be created again with the changeSet [%s].", in.StackName, name)
	case kind != "CREATE" && kind != "UPDATE":
		return nil, awserr.Validation("Change sets of type %s are not supported here", kind)
	case k != nil && !k.updatable():
		return nil, awserr.Validation("Stack:%s is in %s state and can not be updated.", k.StackID, k.Status)
	}
	if k != nil {
		if err := s.freeName(ctx, k, name); err != nil {
			return nil, err
		}
	}
	l, err := s.load(in, k, s.store(ctx))
	if refused := refusedLate(l, err); err != nil && !refused {
		return nil, err
	}
	if in.wholeTree && l != nil && l.Bound != nil && slices.ContainsFunc(l.Bound.Resources(), func(r *template.Resource) bool { return r.Type == "AWS::CloudFormation::Stack" }) {
		return nil, unsupported("IncludeNestedStacks: a change set tells of a nested stack as one resource")
	}
	if k == nil {
		if k, err = s.review(ctx, in); err != nil {
			return nil, err
		}
	}
	c := &ChangeSet{
		ID: s.arn("changeSet/" + name + "/" + uuid.NewString()), Name: name, StackID: k.StackID, StackName: k.StackName, Type: kind,
		Description: description, Token: in.token, Created: s.cfg.Now(), Capabilities: in.Capabilities, Tags: in.Tags, Input: *in,
	}
	s.compute(c, k, l, err)
	return c, s.sets.Create(ctx, c.ID, *c)
}

// freeName refuses the name of a change set that there is. One that was executed
// gives its name up: tools name them by the second.
func (s *Service) freeName(ctx context.Context, k *Stack, name string) error {
	c, err := s.DescribeChangeSet(k.StackID, name)
	switch {
	case err != nil:
		return nil //nolint:nilerr // there is none
	case c.ExecutionStatus == "EXECUTE_COMPLETE" || c.ExecutionStatus == "EXECUTE_FAILED":
		return s.forgetChangeSet(ctx, c.ID)
	default:
		return awserr.New("AlreadyExistsException", 400, "ChangeSet [%s] already exists", name)
	}
}

// refusedLate reports whether an error is one that AWS finds after the transforms
// of a template, when the change set exists already.
func refusedLate(l *Loaded, err error) bool {
	_, ok := errors.AsType[*template.Error](err)
	return ok && l != nil && len(l.Transforms) > 0
}

// compute fills in what the change set would do, or why it cannot.
func (s *Service) compute(c *ChangeSet, k *Stack, l *Loaded, refused error) {
	var plan *stack.Plan
	if refused == nil {
		plan, refused = s.plan(k, l)
	}
	if refused == nil {
		next := k.next(&c.Input, l)
		c.Parameters, c.Changes = next.Parameters, plan.Changes
		hideValues(plan, k.Parameters, next.Parameters)
		if c.Type == "UPDATE" && len(plan.Changes) == 0 && s.same(k, l, next) {
			refused = awserr.Validation("%s", NoChangesReason)
		}
	}
	c.Status, c.ExecutionStatus = "CREATE_COMPLETE", "AVAILABLE"
	if refused != nil {
		c.Status, c.ExecutionStatus, c.StatusReason = "FAILED", "UNAVAILABLE", refused.Error()
		if aws, ok := errors.AsType[*awserr.Error](refused); ok {
			c.StatusReason = aws.Message
		}
	}
}

// review records a stack that is to be created by a change set.
func (s *Service) review(ctx context.Context, in *DeployInput) (*Stack, error) {
	k := &Stack{
		StackID: s.arn("stack/" + in.StackName + "/" + uuid.NewString()), StackName: in.StackName, Created: s.cfg.Now(),
		Status: stack.ReviewInProgress, Tags: in.Tags,
	}
	err := s.cfg.Store.Atomically(ctx, func(tx *store.Tx) error {
		return errors.Join(s.names.In(tx).Create(k.StackName, k.StackID), s.stacks.In(tx).Create(k.StackID, *k))
	})
	if err != nil {
		return nil, fmt.Errorf("record stack: %w", err)
	}
	return k, s.journal(k, nil).Status(ctx, stack.ReviewInProgress, "User Initiated")
}

// DescribeChangeSet returns a change set by its ARN, or by its name and its stack.
func (s *Service) DescribeChangeSet(stackNameOrID, name string) (*ChangeSet, error) {
	if strings.HasPrefix(name, "arn:") {
		if c, ok := s.sets.Get(name); ok {
			return &c, nil
		}
		return nil, awserr.New("ChangeSetNotFound", 404, "ChangeSet [%s] does not exist", name)
	}
	sets, err := s.ListChangeSets(stackNameOrID)
	if err != nil {
		return nil, err
	}
	for _, c := range sets {
		if c.Name == name {
			return c, nil
		}
	}
	return nil, awserr.New("ChangeSetNotFound", 404, "ChangeSet [%s] does not exist", name)
}

// ListChangeSets returns the change sets of a stack, the newest first.
func (s *Service) ListChangeSets(stackNameOrID string) ([]*ChangeSet, error) {
	k, err := s.Describe(stackNameOrID)
	if err != nil {
		return nil, awserr.Validation("Stack [%s] does not exist", stackNameOrID)
	}
	var out []*ChangeSet
	for _, c := range s.sets.All() {
		if c.StackID == k.StackID {
			out = append(out, &c)
		}
	}
	slices.SortFunc(out, func(a, b *ChangeSet) int { return b.Created.Compare(a.Created) })
	return out, nil
}

// DeleteChangeSet forgets a change set. Forgetting what is gone succeeds.
func (s *Service) DeleteChangeSet(ctx context.Context, stackNameOrID, name string) error {
	c, err := s.DescribeChangeSet(stackNameOrID, name)
	if err != nil {
		return nil //nolint:nilerr // AWS accepts it
	}
	return s.forgetChangeSet(ctx, c.ID)
}

func (s *Service) forgetChangeSet(ctx context.Context, id string) error {
	if err := s.sets.Delete(ctx, id); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return nil
}

// ExecuteChangeSet carries a change set out and waits for the outcome. The other
// change sets of the stack are gone afterwards: they no longer fit.
func (s *Service) ExecuteChangeSet(ctx context.Context, stackNameOrID, name string, disableRollback bool, event func(stack.Event)) (*Stack, error) {
	return s.executeChangeSet(ctx, stackNameOrID, name, func(in *DeployInput) {
		in.Event, in.DisableRollback = event, in.DisableRollback || disableRollback
	})
}

// executeChangeSet deploys the input of a change set after prepare added to it
// what is not kept.
func (s *Service) executeChangeSet(ctx context.Context, stackNameOrID, name string, prepare func(*DeployInput)) (*Stack, error) {
	c, err := s.DescribeChangeSet(stackNameOrID, name)
	if err != nil {
		return nil, err
	}
	if c.ExecutionStatus != "AVAILABLE" {
		return nil, awserr.New("InvalidChangeSetStatus", 400, "ChangeSet [%s] cannot be executed in its current status of [%s]", c.ID, c.Status)
	}
	if err := s.mark(ctx, c.ID, "EXECUTE_IN_PROGRESS"); err != nil {
		return nil, err
	}
	in := c.Input
	in.changeSetID = c.ID
	prepare(&in)
	k, err := s.Deploy(ctx, &in)
	ctx = context.WithoutCancel(ctx)
	if err != nil && k == nil { // refused: it may be tried again
		return nil, errors.Join(err, s.mark(ctx, c.ID, "AVAILABLE"))
	}
	outcome := "EXECUTE_COMPLETE"
	if err != nil && !errors.Is(err, ErrNoChanges) {
		outcome = "EXECUTE_FAILED"
	}
	if err := s.mark(ctx, c.ID, outcome); err != nil {
		return k, err
	}
	sets, _ := s.ListChangeSets(c.StackID)
	for _, other := range sets {
		if other.ID != c.ID {
			if err := s.forgetChangeSet(ctx, other.ID); err != nil {
				return k, err
			}
		}
	}
	return k, err
}

func (s *Service) mark(ctx context.Context, id, status string) error {
	return s.sets.Update(ctx, id, func(c *ChangeSet) error {
		c.ExecutionStatus = status
		return nil
	})
}
