package stack

import (
	"context"
	"fmt"
)

// Resume finishes a deployment that was interrupted in the given status: a
// creation and an update are rolled back, a clean-up and a deletion go on. It
// also tries again a rollback that failed. A deployment that could only be rolled
// back is a [*FailedError].
func (d *Deployment) Resume(ctx context.Context, status Status) error {
	d.begin()
	for _, id := range sorted(d.have) {
		r := d.have[id]
		if !r.Calling {
			continue
		}
		if err := d.Journal.Undo(ctx, id); err != nil {
			return err
		}
		r.Calling = false
		d.suspect(r)
		if err := d.Journal.Save(ctx, r); err != nil {
			return err
		}
	}
	const interrupted = "The server stopped during the deployment."
	switch status {
	case ReviewInProgress, CreateInProgress, RollbackInProgress, RollbackFailed:
		end, err := d.rollBackCreate(ctx, interrupted)
		return ended(end, interrupted, err)
	case UpdateInProgress, UpdateRollbackInProgress, UpdateRollbackFailed:
		end, err := d.rollBackUpdate(ctx, interrupted)
		return ended(end, interrupted, err)
	case UpdateCompleteCleanupInProgress:
		if err := d.cleanUp(ctx); err != nil {
			return err
		}
		return d.Journal.Status(ctx, UpdateComplete, "")
	case UpdateRollbackCompleteCleanupInProgress:
		if err := d.cleanUp(ctx); err != nil {
			return err
		}
		return ended(UpdateRollbackComplete, interrupted, d.Journal.Status(ctx, UpdateRollbackComplete, ""))
	case DeleteInProgress, DeleteFailed:
		return d.Delete(ctx)
	default:
		return fmt.Errorf("resume a stack in status %s: nothing was under way", status)
	}
}

// suspect notes that a handler which was cut off may have made something outside
// the store.
func (d *Deployment) suspect(r *Resource) {
	if r.Next == nil || r.Operation != Create && r.Operation != Replace {
		return
	}
	if typ := d.typeOf(r.Next.Type); !typ.Outside {
		return
	}
	r.Next.PhysicalID = r.Next.Name
	if r.Operation == Replace {
		r.Now, r.Next = r.Next, nil
	}
}

func ended(status Status, reason string, err error) error {
	if err != nil {
		return err
	}
	return &FailedError{Status: status, Reason: reason}
}

// rollBackCreate deletes what the creation of a stack made.
func (d *Deployment) rollBackCreate(ctx context.Context, reason string) (Status, error) {
	if err := d.Journal.Status(ctx, RollbackInProgress, reason); err != nil {
		return "", err
	}
	f := d.deleteAll(ctx, true)
	switch {
	case f.journal != nil:
		return "", f.journal
	case len(f.causes) > 0:
		return RollbackFailed, d.Journal.Status(ctx, RollbackFailed, f.reason()+" ")
	default:
		return RollbackComplete, d.Journal.Status(ctx, RollbackComplete, "")
	}
}

// rollBackUpdate makes everything what it was: first it turns back what was
// updated and points to what was replaced, in the order of the old dependencies,
// then it deletes what is new.
func (d *Deployment) rollBackUpdate(ctx context.Context, reason string) (Status, error) {
	if err := d.Journal.Status(ctx, UpdateRollbackInProgress, reason); err != nil {
		return "", err
	}
	f := newFailure()
	var touched []string
	for _, id := range sorted(d.have) {
		if r := d.have[id]; !r.TakenBack && (r.Operation != None || r.Status == UpdateFailed) {
			touched = append(touched, id)
		}
	}
	walk(ctx, touched, func(id string) []string { return d.get(id).needs() }, false, func(ctx context.Context, id string) error {
		return d.takeBack(ctx, f, d.get(id))
	})
	switch {
	case f.journal != nil:
		return "", f.journal
	case len(f.causes) > 0:
		return UpdateRollbackFailed, d.Journal.Status(ctx, UpdateRollbackFailed, f.reason()+" ")
	}
	if err := d.Journal.Status(ctx, UpdateRollbackCompleteCleanupInProgress, ""); err != nil {
		return "", err
	}
	if err := d.cleanUp(ctx); err != nil {
		return "", err
	}
	return UpdateRollbackComplete, d.Journal.Status(ctx, UpdateRollbackComplete, "")
}

// needs returns what the resource needed before the deployment under way, or
// needs if it is new.
func (r *Resource) needs() []string {
	if r.Before != nil && !r.TakenBack {
		return r.Before.DependsOn
	}
	v := r.current()
	return v.DependsOn
}

// takeBack undoes what the deployment did to one resource.
func (d *Deployment) takeBack(ctx context.Context, f *failure, r *Resource) error {
	switch {
	case r.Operation == Create: // new: clean-up deletes it
		r.Operation, r.TakenBack = Delete, true
		return f.keep(d.Journal.Save(ctx, r))
	case r.Operation == Delete: // only planned
		r.settle()
		return f.keep(d.Journal.Save(ctx, r))
	case r.Operation == Replace && r.Next == nil && r.Now.PhysicalID != r.Before.PhysicalID:
		r.Now, r.Before, r.TakenBack = r.Before, r.Now, true
		return f.keep(d.Journal.Save(ctx, r, d.event(r, r.Now, UpdateComplete, "")))
	case r.Operation == Update && r.Before != nil && (r.Next != nil || !equal(r.Now.Properties, r.Before.Properties)):
		return d.turnBack(ctx, f, r)
	default:
		if r.Before != nil {
			r.Now = r.Before
		}
		r.settle()
		var events []Event
		if r.Status == UpdateFailed || r.Status == UpdateInProgress {
			events = []Event{d.event(r, r.Now, UpdateComplete, "")}
		}
		return f.keep(d.Journal.Save(ctx, r, events...))
	}
}

// turnBack updates a resource to what it was.
func (d *Deployment) turnBack(ctx context.Context, f *failure, r *Resource) error {
	typ := d.typeOf(r.Now.Type)
	r.Calling = true
	if err := d.Journal.Save(ctx, r, d.event(r, r.Now, UpdateInProgress, "")); err != nil {
		return f.keep(err)
	}
	to, from := *r.Before, r.Now
	if r.Next != nil {
		from = r.Next
	}
	_, err := d.change(ctx, r.LogicalID, &typ, from, &to)
	r.Calling = false
	if err != nil {
		if err := d.Journal.Save(ctx, r, d.event(r, r.Now, UpdateFailed, reasonOf(err))); err != nil {
			return f.keep(err)
		}
		f.add(r.LogicalID, Update, reasonOf(err), err)
		return err
	}
	r.Now = &to
	e := d.event(r, r.Now, UpdateComplete, "")
	r.settle()
	return f.keep(d.Journal.Save(ctx, r, e))
}
