package cloudformation

import (
	"strings"

	"github.com/hakonegate/hakone/internal/awserr"
)

// sameTypes refuses a template that gives a resource of the stack another type.
func (s *Service) sameTypes(k *Stack, l *Loaded) error {
	have := s.resources(k.StackID)
	var other []string
	for _, next := range l.Bound.Resources() {
		if r, ok := have.Get(next.ID); ok && r.Now != nil && r.Now.Type != next.Type {
			other = append(other, next.ID)
		}
	}
	if len(other) > 0 {
		return awserr.Validation("Update of resource type is not permitted. The new template modifies resource type of the following resources: [%s]", strings.Join(other, ", "))
	}
	return nil
}
