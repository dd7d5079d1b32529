package template

import "strings"

const outputNotString = "Template format error: The Value field of every Outputs member must evaluate to a String."

// An OutputValue is an output of a stack.
type OutputValue struct {
	Name        string
	Value       string
	Description string
	ExportName  string // "" when it is not exported
	NoEcho      bool   // the value comes from a parameter that hides its own
	Position
}

// Outputs returns the outputs whose condition is true, in source order. Values
// must be known: lookup has every resource.
func (b *Bound) Outputs(lookup Lookup) ([]OutputValue, error) {
	var outputs []OutputValue
	for _, o := range b.Template.Outputs {
		if o.Condition != "" && !b.Condition(o.Condition) {
			continue
		}
		v := OutputValue{Name: o.Name, Description: o.Description, Position: o.Position, NoEcho: b.echoes(o.Value)}
		var err error
		if v.Value, err = b.outputText(o.Value, lookup); err != nil {
			return nil, err
		}
		if o.ExportName != nil {
			if v.ExportName, err = b.outputText(o.ExportName, lookup); err != nil {
				return nil, err
			}
		}
		outputs = append(outputs, v)
	}
	return outputs, nil
}

func (b *Bound) outputText(n *Node, lookup Lookup) (string, error) {
	r := b.resolver(lookup)
	r.block = "Outputs"
	v, err := r.resolve(n)
	switch {
	case err != nil:
		return "", err
	case v.kind() == Unknown:
		return "", errorf(n.Position, "Template error: the value of this output is not known: %v", ErrUnknown)
	case v.kind() != Scalar:
		return "", errorf(n.Position, outputNotString)
	default:
		return scalarText(v), nil
	}
}

// echoes reports whether n refers to a parameter with NoEcho.
func (b *Bound) echoes(n *Node) bool {
	found := false
	w := walker{branch: b.taken, visit: func(r reference) {
		p := b.Template.parameters[r.name]
		found = found || p != nil && p.NoEcho && (r.how == "Ref" || r.how == "Fn::Sub")
	}}
	w.walk(n, "")
	return found
}

// A Name is the name of an export, and where it is written.
type Name struct {
	Name string
	Position
}

// Exports returns the names that the template exports, as far as they are
// known before anything is created; all says that all are.
func (b *Bound) Exports() (names []Name, all bool) {
	all = true
	for _, o := range b.Template.Outputs {
		if o.ExportName == nil || o.Condition != "" && !b.Condition(o.Condition) {
			continue
		}
		if v, err := b.resolver(NothingCreated).resolve(o.ExportName); err == nil && v.IsScalar() {
			names = append(names, Name{Name: scalarText(v), Position: o.ExportName.Position})
		} else {
			all = false
		}
	}
	return names, all
}

// Imports returns the names that Fn::ImportValue asks for in the resources and
// outputs that exist.
func (b *Bound) Imports() []Name {
	var names []Name
	seen := map[string]bool{}
	for _, res := range b.Template.Resources {
		if b.has(res.ID) {
			b.imports(res.Node, seen, &names)
		}
	}
	for _, o := range b.Template.Outputs {
		if o.Condition == "" || b.Condition(o.Condition) {
			b.imports(o.Value, seen, &names)
		}
	}
	return names
}

func (b *Bound) imports(n *Node, seen map[string]bool, names *[]Name) {
	if n == nil {
		return
	}
	switch function, arg := n.Function(); function {
	case "Fn::ImportValue":
		v, err := b.resolver(NothingCreated).resolve(arg)
		if name := v.Str(); err == nil && name != "" && !seen[name] {
			seen[name] = true
			*names = append(*names, Name{Name: name, Position: n.Position})
		}
		return
	case "Fn::If":
		if arg.IsList() && len(arg.Items) == 3 {
			side := b.taken(arg.Items[0])
			if side != no {
				b.imports(arg.Items[1], seen, names)
			}
			if side != yes {
				b.imports(arg.Items[2], seen, names)
			}
			return
		}
	}
	for _, item := range n.Items {
		b.imports(item, seen, names)
	}
	for _, p := range n.Pairs {
		if !strings.EqualFold(p.Key, "Metadata") {
			b.imports(p.Value, seen, names)
		}
	}
}

// Resources returns the resources whose condition is true, in source order.
func (b *Bound) Resources() []*Resource {
	var list []*Resource
	for _, res := range b.Template.Resources {
		if b.has(res.ID) {
			list = append(list, res)
		}
	}
	return list
}

// Policy returns a resource's DeletionPolicy or UpdateReplacePolicy, with its
// default, Delete.
func (b *Bound) Policy(res *Resource, name string) string {
	n := res.Get(name)
	if n == nil {
		return "Delete"
	}
	v, err := b.Resolve(n, NothingCreated)
	if err != nil || v.Str() == "" {
		return "Delete"
	}
	return v.Value
}
