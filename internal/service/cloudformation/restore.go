package cloudformation

import (
	"context"
)

// Restore makes again what stacks have and what was lost behind their back: an
// emulator that keeps its tables in memory has none after its restart. What
// cannot be made is logged; the stacks stay as they are.
func (s *Service) Restore(ctx context.Context) {
	for _, k := range s.Stacks() {
		if k.underWay() {
			continue
		}
		d := s.deployment(k, nil)
		d.Restore(ctx, func(id string, made bool, err error) {
			switch {
			case err != nil:
				s.cfg.Log.WarnContext(ctx, "a resource of a stack may be lost", "stack", k.StackName, "resource", id, "error", err)
			case made:
				s.cfg.Log.InfoContext(ctx, "a resource of a stack was lost and is made again", "stack", k.StackName, "resource", id)
			}
		})
	}
}
