package stack

import (
	"context"
)

// Delete removes all resources, those that others need last. What cannot be
// deleted stays and is named in a [*FailedError].
func (d *Deployment) Delete(ctx context.Context) error {
	d.begin()
	if err := d.Journal.Status(ctx, DeleteInProgress, "User Initiated"); err != nil {
		return err
	}
	f := d.deleteAll(ctx, false)
	if f.journal != nil {
		return f.journal
	}
	if len(f.causes) == 0 {
		return d.Journal.Status(ctx, DeleteComplete, "")
	}
	reason := f.reason() + " "
	if err := d.Journal.Status(context.WithoutCancel(ctx), DeleteFailed, reason); err != nil {
		return err
	}
	return &FailedError{Status: DeleteFailed, Reason: reason, Causes: f.causes, Errors: f.errs}
}

func (d *Deployment) deleteAll(ctx context.Context, creating bool) *failure {
	f := newFailure()
	ids := sorted(d.have)
	needs := func(id string) []string { v := d.get(id).current(); return v.DependsOn }
	walk(ctx, ids, reversed(ids, needs), false, func(ctx context.Context, id string) error {
		return d.delete(ctx, f, d.get(id), creating)
	})
	if ctx.Err() != nil && f.journal == nil {
		f.journal = ctx.Err()
	}
	return f
}

// retained reports whether a deletion policy keeps the physical resource. A
// snapshot cannot be taken here, so what asks for one is kept.
func retained(policy string, creating bool) bool {
	return policy == "Retain" || policy == "Snapshot" || policy == "RetainExceptOnCreate" && !creating
}

// delete removes one resource from the stack.
func (d *Deployment) delete(ctx context.Context, f *failure, r *Resource, creating bool) error {
	keep := context.WithoutCancel(ctx)
	v := r.current()
	if r.Now == nil && !r.remains() { // its creation failed, so there is nothing
		return d.forget(keep, f, r, d.event(r, &v, DeleteComplete, ""))
	}
	if r.Now != nil && retained(v.DeletionPolicy, creating) {
		return d.forget(keep, f, r, d.event(r, &v, DeleteSkipped, ""))
	}
	r.Calling = true
	if err := d.Journal.Save(keep, r, d.event(r, &v, DeleteInProgress, "")); err != nil {
		return f.keep(err)
	}
	err := d.dispose(ctx, r.LogicalID, &v)
	r.Calling = false
	if err != nil {
		if err := d.Journal.Save(keep, r, d.event(r, &v, DeleteFailed, reasonOf(err))); err != nil {
			return f.keep(err)
		}
		f.add(r.LogicalID, Delete, reasonOf(err), err)
		return err
	}
	return d.forget(keep, f, r, d.event(r, &v, DeleteComplete, ""))
}

func (d *Deployment) forget(ctx context.Context, f *failure, r *Resource, e Event) error {
	if err := d.Journal.Remove(ctx, r.LogicalID, e); err != nil {
		return f.keep(err)
	}
	d.remove(r.LogicalID)
	return nil
}

// dispose calls the handler to delete a version.
func (d *Deployment) dispose(ctx context.Context, id string, v *Version) error {
	typ := d.typeOf(v.Type)
	return d.call(ctx, id, func(ctx context.Context) error {
		req, err := d.request(id, v)
		if err != nil {
			return err
		}
		return typ.Handler.Delete(ctx, req)
	})
}

// cleanUp deletes what an update, or its rollback, left behind: what was replaced,
// and what the stack no longer has. Like AWS it goes on when something cannot be
// deleted: the stack has no use for it any more.
func (d *Deployment) cleanUp(ctx context.Context) error {
	f := newFailure()
	var ids []string
	for _, id := range sorted(d.have) {
		if r := d.have[id]; r.Operation == Delete || r.Operation == Replace && r.Before != nil {
			ids = append(ids, id)
		}
	}
	doomed := func(id string) *Version {
		if r := d.get(id); r.Operation == Replace {
			return r.Before
		}
		v := d.get(id).current()
		return &v
	}
	needs := func(id string) []string { return doomed(id).DependsOn }
	// What is behind a failure must go, too: each is visited whatever happens.
	walk(ctx, ids, reversed(ids, needs), false, func(ctx context.Context, id string) error {
		if r := d.get(id); r.Operation == Replace {
			d.discard(ctx, f, r)
		} else if d.delete(ctx, f, r, r.TakenBack) != nil && f.journal == nil {
			_ = d.forget(ctx, f, r, d.event(r, doomed(id), DeleteFailed, "It is no longer part of the stack."))
		}
		return nil
	})
	if f.journal == nil {
		return ctx.Err()
	}
	return f.journal
}

// discard deletes the version that a replacement left behind.
func (d *Deployment) discard(ctx context.Context, f *failure, r *Resource) {
	v := r.Before
	var events []Event
	switch {
	case retained(v.UpdateReplacePolicy, false) && !r.TakenBack:
		events = []Event{d.eventOf(r.LogicalID, v, DeleteSkipped, "")}
	default:
		r.Calling = true
		if err := d.Journal.Save(ctx, r, d.eventOf(r.LogicalID, v, DeleteInProgress, "")); err != nil {
			_ = f.keep(err)
			return
		}
		status, reason := DeleteComplete, ""
		if err := d.dispose(ctx, r.LogicalID, v); err != nil {
			status, reason = DeleteFailed, reasonOf(err)
		}
		events = []Event{d.eventOf(r.LogicalID, v, status, reason)}
	}
	r.settle()
	_ = f.keep(d.Journal.Save(ctx, r, events...))
}
