package stack

import (
	"context"

	"github.com/hakonegate/hakone/internal/template"
)

// placeholder stands in for a type that is not served. There is nothing behind
// it but a name; the stack shows its level.
type placeholder struct{}

// Create gives the resource the name that it would propose.
func (placeholder) Create(_ context.Context, r *Request) (Result, error) {
	return Result{PhysicalID: r.ProposedName}, nil
}

// Update changes nothing.
func (placeholder) Update(_ context.Context, r *Request, _ *template.Node) (Result, error) {
	return Result{PhysicalID: r.PhysicalID}, nil
}

// Delete has nothing to delete.
func (placeholder) Delete(context.Context, *Request) error { return nil }
