package template

import (
	"fmt"
	"slices"
	"strings"
)

// A tri is a truth value that may be unknown: under Env.Assume, and for
// conditions on values that a transform cannot know yet.
type tri uint8

const (
	no tri = iota
	yes
	maybe
)

func known(b bool) tri {
	if b {
		return yes
	}
	return no
}

func (b *Bound) evaluateConditions() error {
	var f faults
	e := evaluator{b: b, resolver: b.resolver(NothingCreated), open: map[string]bool{}}
	e.resolver.block, e.resolver.conditions = "Conditions", &e
	for _, p := range b.Template.Conditions {
		e.path = nil
		if _, err := e.named(p.Key, p.KeyPosition); err != nil {
			f.addError(err)
		}
	}
	return f.err()
}

// An evaluator computes conditions: each named one once.
type evaluator struct {
	b        *Bound
	resolver *resolver
	open     map[string]bool
	path     []string
}

func (e *evaluator) named(name string, at Position) (tri, error) {
	if v, ok := e.b.conditions[name]; ok {
		return v, nil
	}
	n, ok := e.b.Template.conditions[name]
	if !ok {
		return no, unresolvedCondition(name, "Conditions", at, e.b.Template)
	}
	if e.open[name] {
		i := max(slices.Index(e.path, name), 0)
		return no, errorf(at, "Template format error: Found circular condition dependency between conditions: [%s]", strings.Join(e.path[i:], ", "))
	}
	e.open[name] = true
	e.path = append(e.path, name)
	v, err := e.condition(n)
	e.path = e.path[:len(e.path)-1]
	delete(e.open, name)
	if err != nil {
		return no, err
	}
	e.b.conditions[name] = v
	return v, nil
}

func unresolvedCondition(name, block string, at Position, t *Template) *Error {
	err := errorf(at, "Template format error: Unresolved condition dependency %s in the %s block of the template", name, block)
	err.Hint = didYouMean(name, t.conditionNames())
	return err
}

func (t *Template) conditionNames() []string {
	var names []string
	for _, p := range t.Conditions {
		names = append(names, p.Key)
	}
	return names
}

// condition computes one condition function. {"Condition": x} is a function
// here, though nowhere in a resource's properties.
func (e *evaluator) condition(n *Node) (tri, error) {
	if n.IsMap() && len(n.Pairs) == 1 {
		arg := n.Pairs[0].Value
		switch n.Pairs[0].Key {
		case "Condition":
			if arg.IsScalar() {
				return e.named(arg.Value, arg.Position)
			}
		case "Fn::Equals":
			return e.equals(n, arg)
		case "Fn::And":
			return e.all(n, arg, no)
		case "Fn::Or":
			return e.all(n, arg, yes)
		case "Fn::Not":
			if !arg.IsList() || len(arg.Items) != 1 {
				return no, errorf(n.Position, "Template error: every Fn::Not object requires a list of one boolean parameter.")
			}
			v, err := e.condition(arg.Items[0])
			return not(v), err
		}
	}
	err := errorf(n.position(), "Template format error: Conditions can only be boolean operations on parameters and other conditions")
	if s := n.Str(); e.b.Template.conditions[s] != nil {
		err.Hint = fmt.Sprintf("to use the condition %s write !Condition %s", s, s)
	}
	return no, err
}

func not(v tri) tri {
	switch v {
	case yes:
		return no
	case no:
		return yes
	default:
		return maybe
	}
}

// all computes And, whose decider is no, and Or, whose decider is yes: one
// such operand decides. Every operand is looked at, for its errors.
func (e *evaluator) all(n, arg *Node, decider tri) (tri, error) {
	if !arg.IsList() || len(arg.Items) < 2 || len(arg.Items) > 10 {
		return no, errorf(n.Position, "Template error: every %s object requires a list of at least 2 and at most 10 boolean parameters.", n.Pairs[0].Key)
	}
	result := not(decider)
	for _, item := range arg.Items {
		v, err := e.condition(item)
		if err != nil {
			return no, err
		}
		if v == decider || v == maybe && result != decider {
			result = v
		}
	}
	return result, nil
}

func (e *evaluator) equals(n, arg *Node) (tri, error) {
	const text = "Template error: every Fn::Equals object requires a list of 2 string parameters."
	if !arg.IsList() || len(arg.Items) != 2 {
		return no, errorf(n.Position, text)
	}
	var sides [2]*Node
	for i, item := range arg.Items {
		v, err := e.resolver.resolve(item)
		if err != nil {
			return no, err
		}
		if v.kind() != Scalar && v.kind() != Unknown {
			return no, errorf(item.position(), text)
		}
		sides[i] = v
	}
	if sides[0].Kind == Unknown || sides[1].Kind == Unknown {
		return maybe, nil
	}
	return known(scalarText(sides[0]) == scalarText(sides[1])), nil
}
