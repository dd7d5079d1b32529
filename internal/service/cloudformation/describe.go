package cloudformation

import (
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/stack"
)

// Describe returns a stack by its name or id. A deleted stack is found by its id.
func (s *Service) Describe(nameOrID string) (*Stack, error) {
	if strings.HasPrefix(nameOrID, "arn:") {
		if k, ok := s.stacks.Get(nameOrID); ok {
			return &k, nil
		}
	} else if k := s.current(nameOrID); k != nil {
		return k, nil
	}
	return nil, awserr.Validation("Stack with id %s does not exist", nameOrID)
}

// Stacks returns all stacks that are not deleted, the newest first.
func (s *Service) Stacks() []*Stack {
	return slices.DeleteFunc(s.AllStacks(), func(k *Stack) bool { return k.Status == stack.DeleteComplete })
}

// AllStacks returns all stacks, also those deleted in the last 90 days, the newest
// first.
func (s *Service) AllStacks() []*Stack {
	var out []*Stack
	for _, k := range s.stacks.All() {
		out = append(out, &k)
	}
	slices.SortStableFunc(out, func(a, b *Stack) int { return b.Created.Compare(a.Created) })
	return out
}

// Resources returns the resources of a stack, by logical id.
func (s *Service) Resources(nameOrID string) ([]*stack.Resource, error) {
	k, err := s.Describe(nameOrID)
	if err != nil {
		return nil, err
	}
	var out []*stack.Resource
	for _, r := range s.resources(k.StackID).All() {
		out = append(out, &r)
	}
	return out, nil
}

// Resource returns one resource of a stack by its logical id.
func (s *Service) Resource(nameOrID, logicalID string) (*stack.Resource, error) {
	k, err := s.Describe(nameOrID)
	if err != nil {
		return nil, awserr.Validation("Stack '%s' does not exist", nameOrID)
	}
	r, ok := s.resources(k.StackID).Get(logicalID)
	if !ok {
		return nil, awserr.Validation("Resource %s does not exist for stack %s", logicalID, k.StackName)
	}
	return &r, nil
}

// Events returns the events of a stack, the newest first.
func (s *Service) Events(nameOrID string) ([]stack.Event, error) {
	k, err := s.Describe(nameOrID)
	if err != nil {
		return nil, awserr.Validation("Stack [%s] does not exist", nameOrID)
	}
	var stored []storedEvent
	for _, e := range s.events(k.StackID).All() {
		stored = append(stored, e)
	}
	slices.SortFunc(stored, func(a, b storedEvent) int { return b.Sequence - a.Sequence })
	out := make([]stack.Event, len(stored))
	for i, e := range stored {
		out[i] = e.Event
	}
	return out, nil
}

// GetTemplate returns the template of a stack as it was given, and as it was
// after its transforms, which is empty if there were none.
func (s *Service) GetTemplate(nameOrID string) (original, processed string, err error) {
	k, err := s.Describe(nameOrID)
	if err != nil {
		return "", "", err
	}
	id := k.Template
	if id == "" {
		id = k.Deployment
	}
	t, _ := s.texts.Get(id)
	return t.Original, t.Processed, nil
}

// FindResource returns the stack resource with the given type whose logical id or
// physical id is name, in any stack.
func (s *Service) FindResource(typeName, name string) (*Stack, *stack.Resource) {
	for _, k := range s.Stacks() {
		for _, r := range s.resources(k.StackID).All() {
			if r.Type() == typeName && (r.LogicalID == name || r.PhysicalID() == name) {
				return k, &r
			}
		}
	}
	return nil, nil
}
