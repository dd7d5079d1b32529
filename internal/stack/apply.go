package stack

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/template"
)

// Apply brings the stack to what d.Bound says: it creates the stack when d.Have is
// empty and creating says so, else it updates it. On failure it takes back what it
// did and returns a [*FailedError]. Any other error means that progress could not
// be kept; [Deployment.Resume] finishes such a deployment.
//
// When ctx ends, the handlers under way are cancelled and the rollback follows.
func (d *Deployment) Apply(ctx context.Context, creating bool) error {
	d.begin()
	progress := context.WithoutCancel(ctx) // what happened is kept, whatever ends ctx
	status := UpdateInProgress
	if creating {
		status = CreateInProgress
	}
	if err := d.Journal.Status(progress, status, "User Initiated"); err != nil {
		return err
	}
	resources := map[string]*template.Resource{}
	for _, r := range d.Bound.Resources() {
		resources[r.ID] = r
	}
	graph := d.Bound.Dependencies()
	f := newFailure()
	walk(ctx, graph.Order(), func(id string) []string { return needsOf(graph, id) }, true, func(ctx context.Context, id string) error {
		return d.visit(ctx, f, resources[id], needsOf(graph, id))
	})
	if f.journal != nil {
		return f.journal
	}
	reason := f.reason()
	if reason == "" && ctx.Err() != nil {
		reason = "Deployment cancelled."
	}
	if reason == "" && d.Finish != nil {
		if err := d.Finish(ctx, lookup{d}); err != nil {
			reason = reasonOf(err)
			f.errs[""] = err
		}
	}
	if reason != "" {
		return d.fail(progress, creating, reason, f)
	}
	return d.complete(progress, creating, resources)
}

func needsOf(g *template.Graph, id string) []string {
	var needs []string
	for _, dep := range g.Of(id) {
		needs = append(needs, dep.To)
	}
	return needs
}

// complete ends a deployment that reached its goal.
func (d *Deployment) complete(ctx context.Context, creating bool, resources map[string]*template.Resource) error {
	if creating {
		return d.Journal.Status(ctx, CreateComplete, "")
	}
	for _, id := range sorted(d.have) {
		if r := d.have[id]; resources[id] == nil && r.Operation != Delete {
			r.Deployment, r.Operation = d.ID, Delete
			if err := d.Journal.Save(ctx, r); err != nil {
				return err
			}
		}
	}
	if err := d.Journal.Status(ctx, UpdateCompleteCleanupInProgress, ""); err != nil {
		return err
	}
	if err := d.cleanUp(ctx); err != nil {
		return err
	}
	return d.Journal.Status(ctx, UpdateComplete, "")
}

// fail takes back what was done.
func (d *Deployment) fail(ctx context.Context, creating bool, reason string, f *failure) error {
	failed := &FailedError{Reason: reason, Causes: f.causes, Errors: f.errs}
	var err error
	switch {
	case creating && d.KeepOnFailure:
		failed.Status, err = CreateFailed, d.Journal.Status(ctx, CreateFailed, reason)
	case creating:
		failed.Status, err = d.rollBackCreate(ctx, strings.TrimSuffix(reason, ".")+". Rollback requested by user.")
	default:
		failed.Status, err = d.rollBackUpdate(ctx, reason)
	}
	if err != nil {
		return errors.Join(failed, err)
	}
	return failed
}

// visit brings one resource to what the template says.
func (d *Deployment) visit(ctx context.Context, f *failure, res *template.Resource, needs []string) error {
	next, err := d.version(res, needs, lookup{d})
	r := d.get(res.ID)
	if r == nil {
		r = &Resource{LogicalID: res.ID}
	}
	operation, keys := Create, []string(nil)
	if err == nil {
		operation, keys = d.decide(r, next)
	} else if r.Now != nil {
		operation = Update
	}
	typ := d.typeOf(res.Type)
	switch {
	case err != nil:
		return d.refuse(ctx, f, r, next, operation, err)
	case operation == None:
		return f.keep(d.adopt(ctx, r, next))
	case operation == Update:
		return d.update(ctx, f, r, next, &typ)
	case operation == Replace && d.collides(&typ, r, next, keys):
		return d.refuse(ctx, f, r, next, Update, awserr.Validation(
			"CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename %s and update the stack again.",
			r.Now.Properties.Get(typ.NameProperty).Str()))
	default:
		return d.create(ctx, f, r, next, &typ, operation)
	}
}

// decide compares what there is with what is wanted.
func (d *Deployment) decide(r *Resource, next *Version) (operation Operation, keys []string) {
	if r.Now == nil {
		return Create, nil
	}
	if r.Now.Type != next.Type || r.Now.Level == Placeholder && next.Level != Placeholder {
		return Replace, nil
	}
	keys = changed(r.Now.Properties, next.Properties)
	typ := d.typeOf(next.Type)
	switch {
	case typ.replaces(keys):
		return Replace, keys
	case len(keys) > 0:
		return Update, keys
	default:
		return None, nil
	}
}

// collides reports whether a replacement would have the name of what it replaces.
func (d *Deployment) collides(t *Type, r *Resource, next *Version, keys []string) bool {
	if t.NameProperty == "" || r.Now.Type != next.Type || slices.Contains(keys, t.NameProperty) {
		return false
	}
	return r.Now.Properties.Get(t.NameProperty).Str() != ""
}

// version resolves a resource of the template. On failure it still says what the
// resource is.
func (d *Deployment) version(res *template.Resource, needs []string, l template.Lookup) (*Version, error) {
	typ := d.typeOf(res.Type)
	v := &Version{
		Type: res.Type, Level: typ.Level, DependsOn: needs, Properties: template.Map(),
		DeletionPolicy: d.Bound.Policy(res, "DeletionPolicy"), UpdateReplacePolicy: d.Bound.Policy(res, "UpdateReplacePolicy"),
	}
	properties, err := d.Bound.Resolve(res.Properties, l)
	if err != nil {
		return v, err
	}
	if !properties.IsNull() {
		v.Properties = properties
	}
	v.Metadata, err = d.Bound.Resolve(res.Get("Metadata"), l)
	if err != nil {
		return v, err
	}
	return v, nil
}

// adopt keeps what changes nothing for the handler: policies, metadata, order.
func (d *Deployment) adopt(ctx context.Context, r *Resource, next *Version) error {
	now := *r.Now
	now.DependsOn, now.Metadata, now.Level = next.DependsOn, next.Metadata, next.Level
	now.DeletionPolicy, now.UpdateReplacePolicy = next.DeletionPolicy, next.UpdateReplacePolicy
	if slices.Equal(now.DependsOn, r.Now.DependsOn) && equal(now.Metadata, r.Now.Metadata) && now.Level == r.Now.Level &&
		now.DeletionPolicy == r.Now.DeletionPolicy && now.UpdateReplacePolicy == r.Now.UpdateReplacePolicy {
		return nil
	}
	r.settle()
	r.Deployment, r.Operation, r.Before = d.ID, Update, r.Now
	r.Now = &now
	return d.Journal.Save(context.WithoutCancel(ctx), r)
}

// refuse reports a resource that does not get as far as its handler.
func (d *Deployment) refuse(ctx context.Context, f *failure, r *Resource, v *Version, operation Operation, cause error) error {
	progress, failed := CreateInProgress, CreateFailed
	if operation == Update {
		progress, failed = UpdateInProgress, UpdateFailed
	}
	if r.Now != nil {
		v = r.Now
	}
	r.settle()
	r.Deployment, r.Operation = d.ID, operation
	if r.Now == nil {
		r.Next = v
	}
	d.set(r)
	events := []Event{d.event(r, v, progress, ""), d.event(r, v, failed, reasonOf(cause))}
	if err := d.Journal.Save(context.WithoutCancel(ctx), r, events...); err != nil {
		return f.keep(err)
	}
	f.add(r.LogicalID, operation, reasonOf(cause), cause)
	return cause
}

func (d *Deployment) create(ctx context.Context, f *failure, r *Resource, next *Version, typ *Type, operation Operation) error {
	keep := context.WithoutCancel(ctx)
	next.Name, next.Token = typ.ProposeName(d.StackName, r.LogicalID), uuid.NewString()
	progress, complete, failed, stopped := CreateInProgress, CreateComplete, CreateFailed, reasonCreateStop
	r.settle()
	r.Deployment, r.Operation, r.Next, r.Calling = d.ID, operation, next, true
	var begin Event
	if operation == Replace {
		progress, complete, failed, stopped = UpdateInProgress, UpdateComplete, UpdateFailed, reasonUpdateStop
		r.Before = r.Now
		begin = d.event(r, r.Now, progress, reasonReplacement)
	} else {
		begin = d.event(r, next, progress, "")
	}
	d.set(r)
	if err := d.Journal.Save(keep, r, begin); err != nil {
		return f.keep(err)
	}
	var result Result
	err := d.required(typ, next)
	if err == nil {
		err = d.call(ctx, r.LogicalID, func(ctx context.Context) (err error) {
			req, err := d.request(r.LogicalID, next)
			if err != nil {
				return err
			}
			result, err = typ.Handler.Create(ctx, req)
			return err
		})
	}
	r.Calling = false
	if err != nil {
		reason := stopReason(ctx, err, stopped)
		v := r.Now
		next.PhysicalID = result.PhysicalID
		switch {
		case operation == Create:
			v = next
		case result.PhysicalID != "": // the rollback deletes what is left of it
			r.Now, r.Next = next, nil
		default:
			r.Operation, r.Next, r.Before = None, nil, nil
		}
		if err := d.Journal.Save(keep, r, d.event(r, v, failed, reason)); err != nil {
			return f.keep(err)
		}
		f.add(r.LogicalID, operation, reason, err)
		return err
	}
	next.take(&result)
	if next.PhysicalID == "" {
		next.PhysicalID = next.Name
	}
	if operation == Replace && next.PhysicalID == r.Now.PhysicalID { // it took the old one's place: clean-up must not delete it
		r.Operation = Update
	}
	r.Now, r.Next = next, nil
	return f.keep(d.Journal.Save(keep, r, d.event(r, next, progress, reasonInitiated), d.event(r, next, complete, "")))
}

func (d *Deployment) update(ctx context.Context, f *failure, r *Resource, next *Version, typ *Type) error {
	keep := context.WithoutCancel(ctx)
	r.settle()
	r.Deployment, r.Operation, r.Before, r.Calling = d.ID, Update, r.Now, true
	next.follow(r.Now)
	if typ.Outside {
		r.Next = next
	}
	if err := d.Journal.Save(keep, r, d.event(r, r.Now, UpdateInProgress, "")); err != nil {
		return f.keep(err)
	}
	begun := false
	err := d.required(typ, next)
	if err == nil {
		begun, err = d.change(ctx, r.LogicalID, typ, r.Now, next)
	}
	r.Calling = false
	if err != nil {
		reason := stopReason(ctx, err, reasonUpdateStop)
		if !typ.Outside || !begun { // there is nothing to take back: what it wrote was undone
			r.Operation, r.Before, r.Next = None, nil, nil
		}
		if err := d.Journal.Save(keep, r, d.event(r, r.Now, UpdateFailed, reason)); err != nil {
			return f.keep(err)
		}
		f.add(r.LogicalID, Update, reason, err)
		return err
	}
	if next.PhysicalID != r.Now.PhysicalID { // the handler made another one
		r.Operation = Replace
	}
	r.Now, r.Next = next, nil
	return f.keep(d.Journal.Save(keep, r, d.event(r, next, UpdateComplete, "")))
}

// change calls the handler to turn one version into another, and fills in what
// became of it. begun says that an error came when something was changed already,
// which only handlers of types outside the store tell.
func (d *Deployment) change(ctx context.Context, id string, typ *Type, from, to *Version) (begun bool, err error) {
	to.follow(from)
	err = d.call(ctx, id, func(ctx context.Context) error {
		req, err := d.request(id, to)
		if err != nil {
			return err
		}
		old, err := d.dynamic(from.Properties)
		if err != nil {
			return err
		}
		result, err := typ.Handler.Update(ctx, req, old)
		begun = result.PhysicalID != ""
		if err != nil {
			return err
		}
		if result.PhysicalID == "" {
			result.PhysicalID, result.Ref = to.PhysicalID, to.Ref
		}
		if result.Attributes == nil {
			result.Attributes, result.Lists, result.NoEcho = to.Attributes, to.Lists, to.NoEcho
		}
		to.take(&result)
		return nil
	})
	return begun, err
}

// take notes what a handler made.
func (v *Version) take(r *Result) {
	v.PhysicalID, v.Ref, v.Attributes, v.Lists, v.NoEcho = r.PhysicalID, r.Ref, r.Attributes, r.Lists, r.NoEcho
}

// follow makes v the same physical resource as before.
func (v *Version) follow(before *Version) {
	v.PhysicalID, v.Ref, v.Attributes, v.Lists, v.NoEcho = before.PhysicalID, before.Ref, before.Attributes, before.Lists, before.NoEcho
	v.Name, v.Token = before.Name, before.Token
}

// required checks what the type cannot do without, and what it refuses.
func (d *Deployment) required(typ *Type, v *Version) error {
	var missing []string
	for _, p := range typ.Required {
		if v.Properties.Get(p).IsNull() {
			missing = append(missing, fmt.Sprintf("The property {/%s} is required", p))
		}
	}
	if len(missing) == 0 {
		return typ.refused(v.Properties)
	}
	return awserr.Validation("Property validation failure: [%s]", strings.Join(missing, ", "))
}

// stopReason returns the reason of a failure: one that only followed another
// resource's says so.
func stopReason(ctx context.Context, err error, stopped string) string {
	if errors.Is(context.Cause(ctx), errStopped) {
		return stopped
	}
	return reasonOf(err)
}
