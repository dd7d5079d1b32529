package ec2

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/template"
)

// A Resource is a record of something that exists only on paper: a network, a
// route, a group of rules.
type Resource struct {
	ID         string
	Type       string // as in templates: "AWS::EC2::VPC"
	Properties *template.Node
	Attributes map[string]string
	StackID    string
	LogicalID  string
}

// text returns a property as text.
func (r *Resource) text(property string) string { return r.Properties.Get(property).Str() }

// items returns the items of a property, none if it is not there.
func (r *Resource) items(property string) []*template.Node {
	if n := r.Properties.Get(property); n.IsList() {
		return n.Items
	}
	return nil
}

// A recordKind describes one resource type whose instances are records.
type recordKind struct {
	name       string // after "AWS::EC2::"
	prefix     string // of ids
	properties string // all that the type has, separated by blanks; Tags is understood
	required   []string
	replace    []string
	ids        map[string]string // properties that are ids, and their prefixes
	attributes []string          // attributes of type "id" or copies of properties
	idAs       []string          // attributes that are the id

	check  func(s *Service, r *Resource) error // nil: nothing more to check
	id     func(r *Resource) string            // nil: a new id with the prefix
	ref    func(r *Resource) string            // nil: the id
	finish func(s *Service, r *Resource)       // sets further attributes; may be nil
}

// recordType is the handler of a recordKind.
type recordType struct {
	s    *Service
	kind recordKind
}

func (t recordType) table() stack.Type {
	return stack.Type{
		Name: "AWS::EC2::" + t.kind.name, Level: stack.Record, Handler: t, Properties: stack.PropertyNames(append(strings.Fields(t.kind.properties), "Tags")),
		Replace: t.kind.replace, Required: t.kind.required, Attributes: slices.Concat(t.kind.idAs, t.kind.attributes),
	}
}

// validate refuses properties that EC2 would.
func (t recordType) validate(n *template.Node) error {
	known := strings.Fields(t.kind.properties)
	for _, key := range n.Keys() {
		if key != "Tags" && !slices.Contains(known, key) {
			return invalid("InvalidParameter", "Encountered unsupported property %s", key)
		}
	}
	for _, key := range t.kind.required {
		if n.Get(key).IsNull() {
			return invalid("MissingParameter", "Property %s cannot be empty.", key)
		}
	}
	for property, prefix := range t.kind.ids {
		if v := n.Get(property); !v.IsNull() {
			if err := checkID(prefix, v.Str()); err != nil {
				return err
			}
		}
	}
	return nil
}

// Create implements [stack.Handler].
func (t recordType) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	if err := t.validate(r.Properties); err != nil {
		return stack.Result{}, err
	}
	record := &Resource{Type: r.Type, Properties: r.Properties, StackID: r.StackID, LogicalID: r.LogicalID}
	if t.kind.id != nil {
		record.ID = t.kind.id(record)
	} else {
		record.ID = newID(t.kind.prefix)
	}
	return t.save(ctx, record)
}

func (t recordType) save(ctx context.Context, record *Resource) (stack.Result, error) {
	if t.kind.check != nil {
		if err := t.kind.check(t.s, record); err != nil {
			return stack.Result{}, err
		}
	}
	if record.Attributes == nil {
		record.Attributes = map[string]string{}
	}
	for _, name := range t.kind.idAs {
		record.Attributes[name] = record.ID
	}
	for _, name := range t.kind.attributes {
		if v := record.Properties.Get(name); v.IsScalar() {
			record.Attributes[name] = v.Str()
		}
	}
	if t.kind.finish != nil {
		t.kind.finish(t.s, record)
	}
	if err := t.s.resources.Put(ctx, record.ID, *record); err != nil {
		return stack.Result{}, fmt.Errorf("record %s: %w", record.Type, err)
	}
	result := stack.Result{PhysicalID: record.ID, Attributes: record.Attributes}
	if t.kind.ref != nil {
		result.Ref = t.kind.ref(record)
	}
	return result, nil
}

// Update implements [stack.Handler].
func (t recordType) Update(ctx context.Context, r *stack.Request, _ *template.Node) (stack.Result, error) {
	if err := t.validate(r.Properties); err != nil {
		return stack.Result{}, err
	}
	record, ok := t.s.resources.Get(r.PhysicalID)
	if !ok {
		return stack.Result{}, invalid("InvalidParameterValue", "The ID '%s' does not exist", r.PhysicalID)
	}
	record.Properties = r.Properties
	return t.save(ctx, &record)
}

// Delete implements [stack.Handler].
func (t recordType) Delete(ctx context.Context, r *stack.Request) error {
	err := t.s.resources.Delete(ctx, r.PhysicalID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
