package sqs

import (
	"context"
	"slices"

	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

// queuePolicies is AWS::SQS::QueuePolicy: one policy for some queues.
type queuePolicies struct{ s *Service }

type policyProperties struct {
	PolicyDocument *template.Node `required:"true"`
	Queues         []string       `required:"true"` // URLs
}

func (q queuePolicies) set(ctx context.Context, queues []string, policy string) error {
	for _, address := range queues {
		in := map[string]any{"QueueUrl": address, "Attributes": map[string]string{"Policy": policy}}
		if err := q.s.call(ctx, "SetQueueAttributes", in, nil); err != nil {
			return err
		}
	}
	return nil
}

// Create gives the queues the policy.
func (q queuePolicies) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	var p policyProperties
	if err := r.Properties.Decode(&p); err != nil {
		return stack.Result{}, err
	}
	result := stack.Result{PhysicalID: r.ProposedName, Attributes: map[string]string{"Id": r.ProposedName}}
	return result, q.set(ctx, p.Queues, string(p.PolicyDocument.JSON("")))
}

// Update gives the queues the new policy, and takes it from those that are no
// longer named.
func (q queuePolicies) Update(ctx context.Context, r *stack.Request, old *template.Node) (stack.Result, error) {
	var p, before policyProperties
	if err := r.Properties.Decode(&p); err != nil {
		return stack.Result{}, err
	}
	if err := old.Decode(&before); err != nil {
		return stack.Result{}, err
	}
	begun := stack.Result{PhysicalID: r.PhysicalID}
	if err := q.set(ctx, p.Queues, string(p.PolicyDocument.JSON(""))); err != nil {
		return begun, err
	}
	dropped := slices.DeleteFunc(before.Queues, func(a string) bool { return slices.Contains(p.Queues, a) })
	return begun, q.forget(ctx, dropped)
}

// Delete takes the policy from the queues.
func (q queuePolicies) Delete(ctx context.Context, r *stack.Request) error {
	var p policyProperties
	if err := r.Properties.Decode(&p); err != nil {
		return err
	}
	return q.forget(ctx, p.Queues)
}

// forget takes the policy from queues that may be gone.
func (q queuePolicies) forget(ctx context.Context, queues []string) error {
	for _, address := range queues {
		if err := q.set(ctx, []string{address}, ""); err != nil && !notFound(err) {
			return err
		}
	}
	return nil
}
