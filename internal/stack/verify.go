package stack

import (
	"fmt"
	"slices"
	"strings"

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
	l := attributes{t, map[string]string{}}
	for _, r := range b.Resources() {
		l.of[r.ID] = r.Type
	}
	for _, o := range b.Template.Outputs {
		if o.Condition == "" || b.Condition(o.Condition) {
			_, err := b.Resolve(o.Value, l)
			found = append(found, attributeFault(err))
		}
	}
	for _, r := range b.Resources() {
		properties, err := known(b, r, l)
		found = append(found, err)
		typ, ok := t[r.Type]
		if !ok {
			continue
		}
		found = append(found, of(r, typ.missing(properties)), of(r, typ.shape(properties)))
		if typ.Check != nil {
			found = append(found, of(r, typ.Check(properties)))
		}
	}
	return template.Join(found...)
}

// known returns the properties as far as they are known: what a function gives
// that cannot be computed, maybe because of a fault that Check tells, is unknown.
func known(b *template.Bound, r *template.Resource, l attributes) (*template.Node, error) {
	if !r.Properties.IsMap() {
		return template.Map().At(r.Position), nil
	}
	var found []error
	properties := template.Map().At(r.Properties.Position)
	for _, p := range r.Properties.Pairs {
		value, err := b.Resolve(p.Value, l)
		switch {
		case err != nil:
			found = append(found, attributeFault(err))
			p.Value = &template.Node{Kind: template.Unknown, Position: p.Value.Position}
		case value == nil: // AWS::NoValue
			continue
		default:
			p.Value = value
		}
		properties.Pairs = append(properties.Pairs, p)
	}
	return properties, template.Join(found...)
}

// attributes is what is known before anything is created: which attributes there
// will be.
type attributes struct {
	types Types
	of    map[string]string // types by logical id
}

// Ref implements [template.Lookup].
func (attributes) Ref(string) (string, error) { return "", template.ErrUnknown }

// GetAtt implements [template.Lookup].
func (l attributes) GetAtt(id, attribute string) (*template.Node, error) {
	if t, ok := l.types[l.of[id]]; ok && !t.hasAttribute(attribute) {
		return nil, noAttribute(id, attribute, t.Name)
	}
	return nil, template.ErrUnknown
}

// attributeFault keeps what only this check finds: Check tells the rest.
func attributeFault(err error) error {
	if err != nil && strings.HasPrefix(err.Error(), noAttributeText) {
		return err
	}
	return nil
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

// refused names the properties that say what nothing here acts on.
func (t *Type) refused(properties *template.Node) error {
	switch shape := t.Properties.(type) {
	case nil, PropertyNames:
		return nil
	default:
		return properties.Refused(shape)
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
