package stack

import "context"

// Restore asks the handlers that can lose resources for each one of the stack, and
// tells what came of it.
func (d *Deployment) Restore(ctx context.Context, tell func(logicalID string, made bool, err error)) {
	d.begin()
	for _, id := range d.order() {
		r := d.get(id)
		if r.Now == nil {
			continue
		}
		restorer, ok := d.typeOf(r.Now.Type).Handler.(Restorer)
		if !ok {
			continue
		}
		request, err := d.request(id, r.Now)
		made := false
		if err == nil {
			made, err = restorer.Restore(ctx, request)
		}
		tell(id, made, err)
	}
}
