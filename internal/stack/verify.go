package stack

import (
	"fmt"
	"slices"

	"github.com/hakonegate/hakone/internal/template"
)

// PropertyNames is a [Type.Properties] of which only the names are known.
type PropertyNames []string

// Verify checks the properties of every resource that exists before anything is
// created: those that must be there, names, kinds of values, and the values of
// enumerations, as far as they are known. All faults are in one error; each names
// its resource.
func (t Types) Verify(b *template.Bound) error {
	var found []error
	for _, r := range b.Resources() {
		typ, ok := t[r.Type]
		if !ok {
			continue
		}
		properties := known(b, r)
		found = append(found, of(r, typ.missing(properties)), of(r, typ.shape(properties)))
		if typ.Check != nil {
			found = append(found, of(r, typ.Check(properties)))
		}
	}
	return template.Join(found...)
}

// known returns the properties as far as they are known: what a function gives
// that cannot be computed, maybe because of a fault that Check tells, is unknown.
func known(b *template.Bound, r *template.Resource) *template.Node {
	if !r.Properties.IsMap() {
		return template.Map().At(r.Position)
	}
	properties := template.Map().At(r.Properties.Position)
	for _, p := range r.Properties.Pairs {
		value, err := b.Resolve(p.Value, template.NothingCreated)
		switch {
		case err != nil:
			p.Value = &template.Node{Kind: template.Unknown, Position: p.Value.Position}
		case value == nil: // AWS::NoValue
			continue
		default:
			p.Value = value
		}
		properties.Pairs = append(properties.Pairs, p)
	}
	return properties
}

// missing names the required properties that are not there.
func (t *Type) missing(properties *template.Node) error {
	var found []error
	for _, name := range t.Required {
		if properties.Get(name).IsNull() {
			found = append(found, &template.Error{
				Message: fmt.Sprintf("Property validation failure: [The property {/%s} is required]", name), Notes: []template.Note{{Position: properties.Position}},
			})
		}
	}
	return template.Join(found...)
}

// shape checks the properties against what the handler will read.
func (t *Type) shape(properties *template.Node) error {
	switch shape := t.Properties.(type) {
	case nil:
		return nil
	case PropertyNames:
		var found []error
		for _, p := range properties.Pairs {
			if !slices.Contains(shape, p.Key) {
				found = append(found, template.UnsupportedProperty(p, shape))
			}
		}
		return template.Join(found...)
	default:
		return properties.Verify(shape)
	}
}

// of says of which resource the faults are. A required property is told once.
func of(r *template.Resource, err error) error {
	e, ok := err.(*template.Error) //nolint:errorlint // as Join and Verify return it
	if !ok {
		return err
	}
	named := *e
	named.More = nil
	for i := range named.Notes {
		if named.Notes[i].Text == "" {
			named.Notes = slices.Clone(named.Notes)
			named.Notes[i].Text = fmt.Sprintf("%s is of type %s", r.ID, r.Type)
		}
	}
	out := []error{&named}
	for _, more := range e.More {
		out = append(out, of(r, more))
	}
	return template.Join(out...)
}
