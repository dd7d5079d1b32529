package template

import (
	"slices"
	"strings"
)

// extend runs AWS::LanguageExtensions: it unrolls every Fn::ForEach, then
// computes the functions that hang on parameters and mappings alone.
func extend(root *Node, params map[string]string, env Env) (*Node, error) {
	x := expander{early: NewEarly(root, params, env), root: root, names: map[string]Position{}}
	x.early.Pseudo = true
	for _, section := range []string{"Conditions", "Resources", "Outputs"} {
		n := root.Get(section)
		if n == nil {
			continue
		}
		if err := x.loopNames(n); err != nil {
			return nil, err
		}
		v, err := x.expand(n, 0)
		if err != nil {
			return nil, err
		}
		root.Set(section, v)
	}
	early := NewEarly(root, params, env)
	for _, section := range []string{"Globals", "Resources", "Outputs"} {
		if n := root.Get(section); n != nil {
			root.Set(section, early.Resolve(n))
		}
	}
	return root, nil
}

const (
	forEach      = "Fn::ForEach::"
	forEachShape = "Transform AWS::LanguageExtensions failed with: Fn::ForEach layout is incorrect"
	maxLoopDepth = 5
)

// An expander unrolls loops. nodes counts what it makes: loops within loops
// multiply.
type expander struct {
	early *Early
	root  *Node
	names map[string]Position
	nodes int
	bytes int
}

// loopNames refuses a loop name that is used twice or is a logical id.
func (x *expander) loopNames(n *Node) error {
	if n == nil {
		return nil
	}
	for _, item := range n.Items {
		if err := x.loopNames(item); err != nil {
			return err
		}
	}
	for _, p := range n.Pairs {
		if name, ok := strings.CutPrefix(p.Key, forEach); ok {
			if !alphanumeric(name) {
				return errorf(p.KeyPosition, forEachShape).withHint("the loop's name must be alphanumeric")
			}
			if before, twice := x.names[name]; twice {
				return errorf(p.KeyPosition, forEachShape).withHint("the loop name %s is already used at line %d", name, before.Line)
			}
			if x.root.Get("Resources").Has(name) {
				return errorf(p.KeyPosition, forEachShape).withHint("the loop name %s is also a resource's logical id", name)
			}
			x.names[name] = p.KeyPosition
		}
		if err := x.loopNames(p.Value); err != nil {
			return err
		}
	}
	return nil
}

func (x *expander) count(n *Node) error {
	x.bytes += len(n.Value)
	if x.nodes++; x.nodes > maxNodes {
		return errorf(n.position(), "Transform AWS::LanguageExtensions failed with: Fn::ForEach makes more than %d values", maxNodes)
	}
	if x.bytes > maxBytes {
		return errorf(n.position(), "Transform AWS::LanguageExtensions failed with: Fn::ForEach makes more than %d bytes", maxBytes)
	}
	return nil
}

// expand returns n with its loops unrolled; n may be changed.
func (x *expander) expand(n *Node, depth int) (*Node, error) {
	if n == nil {
		return nil, nil
	}
	if err := x.count(n); err != nil {
		return nil, err
	}
	for i, item := range n.Items {
		v, err := x.expand(item, depth)
		if err != nil {
			return nil, err
		}
		n.Items[i] = v
	}
	if n.Kind != Mapping {
		return n, nil
	}
	m := mapBuilder{node: &Node{Kind: Mapping, Position: n.Position}}
	for _, p := range n.Pairs {
		pairs := []Pair{p}
		if strings.HasPrefix(p.Key, forEach) {
			var err error
			if pairs, err = x.loop(p, depth+1); err != nil {
				return nil, err
			}
		} else {
			v, err := x.expand(p.Value, depth)
			if err != nil {
				return nil, err
			}
			pairs[0].Value = v
		}
		for _, made := range pairs {
			if old := m.put(made); old != nil {
				return nil, errorf(p.KeyPosition, "Transform AWS::LanguageExtensions failed with: Fn::ForEach makes the key %s twice", made.Key).
					withHint("every round of a loop must make other keys: put ${Identifier} into them")
			}
		}
	}
	return m.node, nil
}

// loop returns the entries that one Fn::ForEach stands for.
func (x *expander) loop(p Pair, depth int) ([]Pair, error) {
	arg := p.Value
	if !arg.IsList() || len(arg.Items) != 3 || !arg.Items[0].IsScalar() || !arg.Items[2].IsMap() {
		return nil, errorf(p.KeyPosition, forEachShape).withHint("it is a list of an identifier, a collection, and a map {key: body}")
	}
	if depth > maxLoopDepth {
		return nil, errorf(p.KeyPosition, "Transform AWS::LanguageExtensions failed with: Fn::ForEach is nested more than %d deep", maxLoopDepth)
	}
	id := arg.Items[0].Value
	if !alphanumeric(id) {
		return nil, errorf(arg.Items[0].Position, forEachShape).withHint("the identifier must be alphanumeric")
	}
	values, ok := x.early.list(arg.Items[1])
	if !ok {
		return nil, errorf(arg.Items[1].position(), "Transform AWS::LanguageExtensions failed with: Fn::ForEach could not resolve the collection of %s", p.Key).
			withHint("a collection is a list of strings, or a function of parameters and mappings that gives one")
	}
	var pairs []Pair
	for i, value := range values {
		if slices.Contains(values[:i], value) {
			continue
		}
		body, err := x.substitute(arg.Items[2], id, value)
		if err != nil {
			return nil, err
		}
		body, err = x.expand(body, depth)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, body.Pairs...)
	}
	return pairs, nil
}

// substitute returns a copy of n in which ${id} and {"Ref": id} are value and
// &{id} is value's letters and digits.
func (x *expander) substitute(n *Node, id, value string) (*Node, error) {
	if n == nil {
		return nil, nil
	}
	if err := x.count(n); err != nil {
		return nil, err
	}
	if name, arg := n.Function(); name == "Ref" && arg.Str() == id {
		return Text(value).At(n.Position), nil
	}
	replace := func(s string) (string, error) {
		if !strings.Contains(s, "{"+id+"}") {
			return s, nil
		}
		s = strings.ReplaceAll(s, "${"+id+"}", value)
		s = strings.ReplaceAll(s, "&{"+id+"}", onlyAlphanumeric(value))
		if x.bytes += len(s); x.bytes > maxBytes {
			return "", x.count(n)
		}
		return s, nil
	}
	c := *n
	c.Items, c.Pairs = nil, nil
	var err error
	if n.Kind == Scalar {
		if c.Value, err = replace(n.Value); err != nil {
			return nil, err
		}
	}
	for _, item := range n.Items {
		v, err := x.substitute(item, id, value)
		if err != nil {
			return nil, err
		}
		c.Items = append(c.Items, v)
	}
	m := mapBuilder{node: &c}
	for _, p := range n.Pairs {
		key, err := replace(p.Key)
		if err != nil {
			return nil, err
		}
		v, err := x.substitute(p.Value, id, value)
		if err != nil {
			return nil, err
		}
		m.put(Pair{Key: key, KeyPosition: p.KeyPosition, Value: v})
	}
	return &c, nil
}
