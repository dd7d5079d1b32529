package template

import (
	"slices"
	"strings"
)

// checkRules refuses when an assertion of a rule whose condition holds does
// not hold.
func (b *Bound) checkRules() error {
	var f faults
	for _, rule := range b.Template.Rules {
		r := ruleReader{b: b, resolver: b.resolver(NothingCreated)}
		r.resolver.block = "Rules"
		if rule.Condition != nil {
			v, err := r.truth(rule.Condition)
			if err != nil {
				f.addError(err)
				continue
			}
			if v != yes {
				continue
			}
		}
		for _, a := range rule.Assertions {
			v, err := r.truth(a.Assert)
			if err != nil {
				f.addError(err)
				break
			}
			if v == no {
				text := a.Description
				if text == "" {
					text = "the assertion of rule " + rule.Name + " does not hold"
				}
				f.add(errorf(a.Assert.position(), "%s", text))
			}
		}
	}
	return f.err()
}

// A ruleReader computes the functions of the Rules section.
type ruleReader struct {
	b        *Bound
	resolver *resolver
}

func (r *ruleReader) truth(n *Node) (tri, error) {
	name, arg := n.Function()
	if n.IsMap() && len(n.Pairs) == 1 && n.Pairs[0].Key == "Condition" {
		return no, errorf(n.Position, "Template error: rules cannot use conditions")
	}
	switch name {
	case "Fn::And", "Fn::Or":
		decider := known(name == "Fn::Or")
		if !arg.IsList() || len(arg.Items) < 2 || len(arg.Items) > 10 {
			return no, errorf(n.Position, "Template error: every %s object requires a list of at least 2 and at most 10 boolean parameters.", name)
		}
		result := not(decider)
		for _, item := range arg.Items {
			v, err := r.truth(item)
			if err != nil {
				return no, err
			}
			if v == decider || v == maybe && result != decider {
				result = v
			}
		}
		return result, nil
	case "Fn::Not":
		if !arg.IsList() || len(arg.Items) != 1 {
			return no, errorf(n.Position, "Template error: every Fn::Not object requires a list of one boolean parameter.")
		}
		v, err := r.truth(arg.Items[0])
		return not(v), err
	case "Fn::If":
		if !arg.IsList() || len(arg.Items) != 3 {
			return no, errorf(n.Position, "Template error: Fn::If requires a list argument with three elements")
		}
		v, err := r.truth(arg.Items[0])
		if err != nil || v == maybe {
			return v, err
		}
		if v == yes {
			return r.truth(arg.Items[1])
		}
		return r.truth(arg.Items[2])
	case "Fn::Equals", "Fn::Contains", "Fn::EachMemberEquals", "Fn::EachMemberIn":
		return r.compare(name, n, arg)
	}
	if n.IsBool() {
		return known(lowerBool(n.Value) == "true"), nil
	}
	return no, errorf(n.position(), "Template error: a rule needs one of Fn::And, Fn::Contains, Fn::EachMemberEquals, Fn::EachMemberIn, Fn::Equals, Fn::Not, Fn::Or")
}

func (r *ruleReader) compare(name string, n, arg *Node) (tri, error) {
	if !arg.IsList() || len(arg.Items) != 2 {
		return no, errorf(n.Position, "Template error: every %s object requires a list of 2 parameters.", name)
	}
	left, okLeft, err := r.values(arg.Items[0])
	if err != nil {
		return no, err
	}
	right, okRight, err := r.values(arg.Items[1])
	if err != nil {
		return no, err
	}
	if !okLeft || !okRight {
		return maybe, nil
	}
	each := func(holds func(string) bool) tri {
		return known(!slices.ContainsFunc(left, func(s string) bool { return !holds(s) }))
	}
	switch name {
	case "Fn::Equals":
		return known(slices.Equal(left, right)), nil
	case "Fn::Contains":
		return known(len(right) == 1 && slices.Contains(left, right[0])), nil
	case "Fn::EachMemberEquals":
		return each(func(s string) bool { return len(right) == 1 && s == right[0] }), nil
	default:
		return each(func(s string) bool { return slices.Contains(right, s) }), nil
	}
}

// values returns the strings that n stands for; ok is false when they are not
// known.
func (r *ruleReader) values(n *Node) (values []string, ok bool, err error) {
	name, arg := n.Function()
	switch name {
	case "Fn::RefAll":
		return r.all(func(p *Parameter) bool { return p.Type == arg.Str() })
	case "Fn::ValueOf", "Fn::ValueOfAll":
		// The attributes of VPCs and subnets are not known here: such an
		// assertion cannot be judged, and deploys as if it held.
		r.b.warn(n.Position, "%s is not evaluated: the attributes of existing resources are not known here", name)
		return nil, false, nil
	}
	if n.IsList() {
		for _, item := range n.Items {
			v, ok, err := r.values(item)
			if err != nil || !ok {
				return nil, ok, err
			}
			values = append(values, v...)
		}
		return values, true, nil
	}
	v, err := r.resolver.resolve(n)
	if err != nil {
		return nil, false, err
	}
	switch v.kind() {
	case Scalar:
		return []string{scalarText(v)}, true, nil
	case Sequence:
		for _, item := range v.Items {
			if item.kind() != Scalar {
				return nil, false, nil
			}
			values = append(values, scalarText(item))
		}
		return values, true, nil
	case Unknown:
		return nil, false, nil
	default:
		return nil, false, errorf(n.position(), "Template error: a string or a list of strings is expected here")
	}
}

func (r *ruleReader) all(of func(*Parameter) bool) (values []string, ok bool, err error) {
	for _, p := range r.b.Parameters {
		if of(p.Parameter) {
			values = append(values, strings.TrimSpace(p.Given))
		}
	}
	return values, true, nil
}
