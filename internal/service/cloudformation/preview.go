package cloudformation

import (
	"slices"

	"github.com/hakonegate/hakone/internal/stack"
)

// Preview returns what deploying a loaded template would do. Nothing is kept.
func (s *Service) Preview(l *Loaded) (*stack.Plan, error) {
	k := s.current(l.Input.StackName)
	if k == nil {
		k = &Stack{StackName: l.Input.StackName, StackID: l.Bound.Env.StackID}
	}
	plan, err := s.plan(k, l)
	if err != nil {
		return nil, err
	}
	hideValues(plan, k.Parameters, k.next(l.Input, l).Parameters)
	return plan, nil
}

// hideValues drops the values of changes if one of them may come from a parameter
// or a custom resource that must not be shown.
func hideValues(plan *stack.Plan, parameters ...[]Parameter) {
	if !plan.NoEcho && !slices.ContainsFunc(slices.Concat(parameters...), func(p Parameter) bool { return p.NoEcho }) {
		return
	}
	for i := range plan.Changes {
		plan.Changes[i].Before, plan.Changes[i].After = "", ""
	}
}
