package stack

import (
	"slices"

	"github.com/hakonegate/hakone/internal/template"
)

// A Plan is what a deployment would do, in the order of its dependencies; what is
// deleted comes last, in reverse order.
type Plan struct {
	Changes   []Change
	Unchanged []string // logical ids
	NoEcho    bool     // a resource gives values that must not be shown
}

// A Change is what would happen to one resource.
type Change struct {
	LogicalID, PhysicalID, Type string
	Level                       Level
	Operation                   Operation
	Properties                  []string // top-level properties that differ
	Replacing                   []string // of those, the ones that force a replacement
	Attributes                  []string // resource attributes that differ: Metadata, DeletionPolicy, UpdateReplacePolicy
	Conditional                 bool     // the replacement hangs on a value that is not known yet
	Before, After               string   // the resource's attributes as JSON, what is not known left out; "" if it does not exist
	template.Position
}

// Plan compares the template with what the stack has. Nothing is called or kept.
func (d *Deployment) Plan() (*Plan, error) {
	d.begin()
	p := &Plan{}
	l := &planned{d: d, fate: map[string]Operation{}, types: map[string]string{}}
	resources := map[string]*template.Resource{}
	for _, r := range d.Bound.Resources() {
		resources[r.ID] = r
		l.types[r.ID] = r.Type
	}
	for _, r := range d.have {
		p.NoEcho = p.NoEcho || r.Now != nil && r.Now.NoEcho
	}
	graph := d.Bound.Dependencies()
	for _, id := range graph.Order() {
		c, err := d.planOne(resources[id], needsOf(graph, id), l)
		if err != nil {
			return nil, err
		}
		l.fate[id] = c.Operation
		if c.Operation == None {
			p.Unchanged = append(p.Unchanged, id)
		} else {
			p.Changes = append(p.Changes, c)
		}
	}
	for _, id := range slices.Backward(d.order()) {
		if r := d.have[id]; resources[id] == nil {
			v := r.current()
			p.Changes = append(p.Changes, Change{LogicalID: id, PhysicalID: v.PhysicalID, Type: v.Type, Level: v.Level, Operation: Delete, Before: contextOf(&v)})
		}
	}
	return p, nil
}

func (d *Deployment) planOne(res *template.Resource, needs []string, l template.Lookup) (Change, error) {
	next, err := d.version(res, needs, l)
	if err != nil {
		return Change{}, err
	}
	c := Change{LogicalID: res.ID, Type: res.Type, Level: next.Level, Operation: Create, Position: res.Position, After: contextOf(next)}
	r := d.have[res.ID]
	if r == nil || r.Now == nil {
		return c, nil
	}
	c.PhysicalID, c.Before = r.Now.PhysicalID, contextOf(r.Now)
	c.Operation, c.Properties = d.decide(r, next)
	typ := d.typeOf(res.Type)
	c.Conditional = c.Operation == Replace && len(c.Properties) > 0
	for _, k := range c.Properties {
		if typ.replacesOn(k) {
			c.Replacing = append(c.Replacing, k)
			c.Conditional = c.Conditional && next.Properties.Get(k).HasUnknown()
		}
	}
	for _, a := range []struct {
		name string
		same bool
	}{
		{"Metadata", equal(r.Now.Metadata, next.Metadata)},
		{"DeletionPolicy", r.Now.DeletionPolicy == next.DeletionPolicy},
		{"UpdateReplacePolicy", r.Now.UpdateReplacePolicy == next.UpdateReplacePolicy},
	} {
		if !a.same {
			c.Attributes = append(c.Attributes, a.name)
		}
	}
	if c.Operation == None && len(c.Attributes) > 0 {
		c.Operation = Update
	}
	return c, nil
}

// order returns what the stack has so that each comes after what it needed.
func (d *Deployment) order() []string {
	var out []string
	done := map[string]bool{}
	var add func(id string)
	add = func(id string) {
		r := d.have[id]
		if r == nil || done[id] {
			return
		}
		done[id] = true
		v := r.current()
		for _, n := range v.DependsOn {
			add(n)
		}
		out = append(out, id)
	}
	for _, id := range sorted(d.have) {
		add(id)
	}
	return out
}

// planned gives the values of what stays, and knows what is not known yet.
type planned struct {
	d     *Deployment
	fate  map[string]Operation
	types map[string]string
}

// Ref implements [template.Lookup].
func (p *planned) Ref(id string) (string, error) {
	if p.stays(id) {
		return lookup{p.d}.Ref(id)
	}
	return "", template.ErrUnknown
}

// GetAtt implements [template.Lookup]. An attribute that the type does not have
// is refused before anything starts.
func (p *planned) GetAtt(id, attribute string) (*template.Node, error) {
	if p.stays(id) {
		return lookup{p.d}.GetAtt(id, attribute)
	}
	if t, ok := p.d.Types.Find(p.types[id]); ok && !t.hasAttribute(attribute) {
		return nil, noAttribute(id, attribute, t.Name)
	}
	return nil, template.ErrUnknown
}

func (p *planned) stays(id string) bool {
	op, ok := p.fate[id]
	return ok && (op == None || op == Update)
}
