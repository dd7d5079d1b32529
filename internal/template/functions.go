package template

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
)

// text resolves n to a string. ok is false, without error, when it is not
// known; shape is the error of anything that is no string.
func (r *resolver) text(n *Node, shape string) (s string, ok bool, err error) {
	v, err := r.resolve(n)
	if err != nil {
		return "", false, err
	}
	switch v.kind() {
	case Scalar:
		return scalarText(v), true, nil
	case Unknown:
		return "", false, nil
	default:
		return "", false, errorf(n.position(), "%s", shape)
	}
}

// made returns a string that a function made.
func (r *resolver) made(n *Node, s string) (*Node, error) {
	return &Node{Kind: Scalar, Value: s, Quoted: true, Position: n.Position}, r.spend(n, len(s))
}

func (r *resolver) fnIf(n, arg *Node) (*Node, error) {
	if !arg.IsList() || len(arg.Items) != 3 {
		return nil, errorf(n.Position, "Template error: Fn::If requires a list argument with three elements")
	}
	v, err := r.b.decide(arg.Items[0], r)
	switch {
	case err != nil:
		return nil, err
	case v == maybe:
		return r.unknown(n), nil
	case v == yes:
		return r.resolve(arg.Items[1])
	default:
		return r.resolve(arg.Items[2])
	}
}

// decide evaluates the first argument of Fn::If: a condition's name, or a
// condition function.
func (b *Bound) decide(n *Node, r *resolver) (tri, error) {
	if !n.IsScalar() {
		if n.IsMap() {
			inner := *r
			e := evaluator{b: b, resolver: &inner, open: map[string]bool{}}
			return e.condition(n)
		}
		return no, errorf(n.position(), "Template error: Fn::If requires a list argument with the first element being a condition")
	}
	if r.partial {
		return maybe, nil
	}
	if r.conditions != nil {
		return r.conditions.named(n.Value, n.Position)
	}
	v, ok := b.conditions[n.Value]
	if !ok {
		e := errorf(n.Position, "Template error: unresolved condition dependency %s in Fn::If", n.Value)
		e.Hint = didYouMean(n.Value, b.Template.conditionNames())
		return no, e
	}
	return v, nil
}

const joinShape = "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined."

func (r *resolver) join(n, arg *Node) (*Node, error) {
	if !arg.IsList() || len(arg.Items) != 2 || !arg.Items[0].IsScalar() && !arg.Items[0].IsFunction() {
		return nil, errorf(n.Position, joinShape)
	}
	delimiter, knownDelimiter, err := r.text(arg.Items[0], joinShape)
	if err != nil {
		return nil, err
	}
	list, err := r.resolve(arg.Items[1])
	if err != nil {
		return nil, err
	}
	if list.kind() == Unknown || !knownDelimiter {
		return r.unknown(n), nil
	}
	if !list.IsList() {
		return nil, errorf(n.Position, joinShape)
	}
	parts, size := make([]string, len(list.Items)), 0
	for i, item := range list.Items {
		switch item.Kind {
		case Unknown:
			return r.unknown(n), nil
		case Scalar:
			parts[i] = scalarText(item)
			if size += len(parts[i]) + len(delimiter); size > maxResult {
				return nil, r.spend(n, size)
			}
		default:
			return nil, errorf(n.Position, joinShape)
		}
	}
	return r.made(n, strings.Join(parts, delimiter))
}

const splitShape = "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a function that returns a string to be split."

func (r *resolver) split(n, arg *Node) (*Node, error) {
	if !arg.IsList() || len(arg.Items) != 2 || arg.Items[0].Str() == "" && !arg.Items[0].IsFunction() {
		return nil, errorf(n.Position, splitShape)
	}
	delimiter, knownDelimiter, err := r.text(arg.Items[0], splitShape)
	if err != nil {
		return nil, err
	}
	s, ok, err := r.text(arg.Items[1], splitShape)
	if err != nil {
		return nil, err
	}
	if !ok || !knownDelimiter {
		return r.unknown(n), nil
	}
	if delimiter == "" {
		return nil, errorf(n.Position, splitShape)
	}
	list := &Node{Kind: Sequence, Position: n.Position}
	for part := range strings.SplitSeq(s, delimiter) {
		item, err := r.made(n, part)
		if err != nil {
			return nil, err
		}
		list.Items = append(list.Items, item)
	}
	return list, nil
}

const selectShape = "Template error: Fn::Select requires a list argument with two elements: an integer index and a list"

func (r *resolver) selectItem(n, arg *Node) (*Node, error) {
	if !arg.IsList() || len(arg.Items) != 2 {
		return nil, errorf(n.Position, selectShape)
	}
	text, ok, err := r.text(arg.Items[0], selectShape)
	if err != nil {
		return nil, err
	}
	given := arg.Items[1]
	list, err := r.resolve(given)
	if err != nil {
		return nil, err
	}
	index, bad := strconv.Atoi(strings.TrimSpace(text))
	switch {
	case ok && bad != nil, list.kind() != Unknown && !list.IsList():
		return nil, errorf(n.Position, selectShape)
	case given.IsList() && len(given.Items) != len(list.Items):
		return nil, errorf(n.Position, selectShape).withHint("the list has an item that is AWS::NoValue")
	case !ok || list.Kind == Unknown:
		return r.unknown(n), nil
	case index < 0 || index >= len(list.Items):
		return nil, errorf(n.Position, "Template error: Fn::Select cannot select nonexistent value at index %d", index).
			withHint("the list has %d items, counted from 0", len(list.Items))
	default:
		item := list.Items[index]
		item.Position = n.Position
		return item, nil
	}
}

const findShape = "Template error: every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value"

func (r *resolver) findInMap(n, arg *Node) (*Node, error) {
	if !arg.IsList() || len(arg.Items) != 3 && len(arg.Items) != 4 {
		return nil, errorf(n.Position, findShape)
	}
	var path [3]string
	for i := range path {
		s, ok, err := r.lookupKey(arg.Items[i])
		if err != nil {
			return nil, err
		}
		if !ok {
			return r.unknown(n), nil
		}
		path[i] = s
	}
	found := r.b.Template.mappings[path[0]]
	if found != nil {
		if v := found.values[[2]string{path[1], path[2]}]; v != nil {
			return r.copyOf(v, n)
		}
	}
	if len(arg.Items) == 4 {
		if fallback := arg.Items[3].Get("DefaultValue"); fallback != nil {
			return r.resolve(fallback)
		}
		return nil, errorf(n.Position, findShape).withHint("the fourth parameter is a map {DefaultValue: value}")
	}
	e := errorf(n.Position, "Template error: Unable to get mapping for %s", strings.Join(path[:], "::"))
	switch {
	case found == nil:
		var names []string
		for name := range r.b.Template.mappings {
			names = append(names, name)
		}
		e.Hint = didYouMean(path[0], names)
	case !found.node.Has(path[1]):
		e.Hint = didYouMean(path[1], found.node.Keys())
	default:
		e.Hint = didYouMean(path[2], found.node.Get(path[1]).Keys())
	}
	return nil, e
}

// lookupKey resolves an argument of Fn::FindInMap. Pseudo parameters choose
// mappings even where a transform leaves them alone elsewhere.
func (r *resolver) lookupKey(n *Node) (string, bool, error) {
	if _, name := n.Function(); r.partial && name != nil {
		if v := r.b.Env.pseudo(name.Str()); v != nil && v.Value != "" {
			return v.Value, true, nil
		}
	}
	return r.text(n, findShape)
}

const importedNameText = "Template error: the attribute in Fn::ImportValue must not depend on any resources, imported values, or Fn::GetAZs"

func (r *resolver) importValue(n, arg *Node) (*Node, error) {
	name, ok, err := r.text(arg, "Template error: the attribute in Fn::ImportValue must be a string")
	switch {
	case err != nil:
		return nil, err
	case r.partial:
		return r.unknown(n), nil
	case !ok && !r.b.Env.Assume:
		return nil, errorf(n.Position, importedNameText)
	case !ok:
		return r.unknown(n), nil
	}
	if r.b.Env.Export != nil {
		if v, ok := r.b.Env.Export(name); ok {
			return r.made(n, v)
		}
	}
	if r.dry {
		return r.unknown(n), nil
	}
	return nil, errorf(n.Position, "No export named %s found", name)
}

func (r *resolver) base64(n, arg *Node) (*Node, error) {
	s, ok, err := r.text(arg, "Template error: every Fn::Base64 object must have a String-typed value.")
	if err != nil {
		return nil, err
	}
	if !ok {
		return r.unknown(n), nil
	}
	return r.made(n, base64.StdEncoding.EncodeToString([]byte(s)))
}

func (r *resolver) getAZs(n, arg *Node) (*Node, error) {
	region, ok, err := r.text(arg, "Template error: every Fn::GetAZs object must have a String-typed value.")
	if err != nil {
		return nil, err
	}
	if !ok || r.partial {
		return r.unknown(n), nil
	}
	if region == "" {
		region = r.b.Env.Region
	}
	return Texts(region+"a", region+"b", region+"c").At(n.Position), nil
}

func (r *resolver) length(n, arg *Node) (*Node, error) {
	list, err := r.resolve(arg)
	switch {
	case err != nil:
		return nil, err
	case arg.IsList():
		return Number(len(list.Items)).At(n.Position), nil
	case list.kind() == Unknown:
		return r.unknown(n), nil
	case !list.IsList():
		return nil, errorf(n.Position, "Template error: Fn::Length requires a list, or a function that returns one")
	default:
		return Number(len(list.Items)).At(n.Position), nil
	}
}

func (r *resolver) toJSONString(n, arg *Node) (*Node, error) {
	v, err := r.resolve(arg)
	switch {
	case err != nil:
		return nil, err
	case v.kind() != Sequence && v.kind() != Mapping && v.kind() != Unknown:
		return nil, errorf(n.Position, "Template error: Fn::ToJsonString requires a map or a list")
	case hasUnknown(v):
		return r.unknown(n), nil
	default:
		return r.made(n, string(v.JSON("")))
	}
}

// hasUnknown reports whether a value in n is not known.
func hasUnknown(n *Node) bool {
	if n == nil {
		return false
	}
	return n.Kind == Unknown || slices.ContainsFunc(n.Items, hasUnknown) ||
		slices.ContainsFunc(n.Pairs, func(p Pair) bool { return hasUnknown(p.Value) })
}

// HasUnknown reports whether n or a value in it is not known before a resource
// is created.
func (n *Node) HasUnknown() bool { return hasUnknown(n) }
