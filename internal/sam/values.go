package sam

import (
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

// present returns n, or nil when it is absent or null.
func present(n *template.Node) *template.Node {
	if n.IsNull() {
		return nil
	}
	return n
}

// orNull returns n, or null when it is absent.
func orNull(n *template.Node) *template.Node {
	if n == nil {
		return &template.Node{}
	}
	return n
}

// truthy reports whether n counts as set: the transform takes empty text,
// zero, false and empty collections for absent in many places.
func truthy(n *template.Node) bool {
	switch {
	case n.IsNull():
		return false
	case n.IsMap():
		return len(n.Pairs) > 0
	case n.IsList():
		return len(n.Items) > 0
	case n.IsBool():
		return isTrue(n)
	case n.IsNumber():
		return strings.Trim(n.Value, "-0.") != ""
	default:
		return n.Str() != ""
	}
}

// isTrue reports whether n is the boolean true.
func isTrue(n *template.Node) bool { return n.IsBool() && strings.EqualFold(n.Value, "true") }

// isFalse reports whether n is the boolean false.
func isFalse(n *template.Node) bool { return n.IsBool() && strings.EqualFold(n.Value, "false") }

// meansTrue and meansFalse read a setting that may be a boolean or the text of
// one; a parameter's value always is text.
func meansTrue(n *template.Node) bool {
	return isTrue(n) || n.Str() == "1" || n.Str() == "true" || n.Str() == "True"
}

func meansFalse(n *template.Node) bool {
	return isFalse(n) || n.Str() == "0" || n.Str() == "false" || n.Str() == "False"
}

// isIntrinsic reports whether n is a mapping of one entry that is named like
// an intrinsic function.
func isIntrinsic(n *template.Node) bool {
	return n.IsFunction() || n.IsMap() && len(n.Pairs) == 1 && n.Pairs[0].Key == "Condition"
}

// isIf reports whether n is a whole {"Fn::If": [condition, then, else]}.
func isIf(n *template.Node) bool {
	name, arg := n.Function()
	return name == "Fn::If" && arg.IsList() && len(arg.Items) == 3
}

func noValue() *template.Node { return template.Ref("AWS::NoValue") }

// orNothing returns {"Fn::If": [condition, value, NoValue]}.
func orNothing(condition string, value *template.Node) *template.Node {
	return choose(condition, value, noValue())
}

func choose(condition string, then, otherwise *template.Node) *template.Node {
	return chooseBy(template.Text(condition), then, otherwise)
}

func chooseBy(condition, then, otherwise *template.Node) *template.Node {
	return template.Map(template.P("Fn::If", template.List(condition, then, otherwise)))
}

// branches returns the values that n may have: itself, or those of a Fn::If
// that are not NoValue.
func branches(n *template.Node) []*template.Node {
	arg := n.Get("Fn::If")
	if arg == nil {
		if n == nil || n.IsNoValue() {
			return nil
		}
		return []*template.Node{n}
	}
	var values []*template.Node
	for i, item := range arg.Items {
		if i > 0 && !item.IsNoValue() {
			values = append(values, item)
		}
	}
	return values
}

// sub returns {"Fn::Sub": [text, variables]}.
func sub(text string, variables ...template.Pair) *template.Node {
	return template.Map(template.P("Fn::Sub", template.List(template.Text(text), template.Map(variables...))))
}

// pairs collects properties, leaving out absent ones.
func pairs(all ...template.Pair) *template.Node {
	n := template.Map()
	for _, p := range all {
		if present(p.Value) != nil {
			n.Set(p.Key, p.Value)
		}
	}
	return n
}

func isAlphanumeric(s string) bool {
	for _, r := range s {
		if (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return s != ""
}

// alphanumeric returns s without its other characters.
func alphanumeric(s string) string {
	return strings.Map(func(r rune) rune {
		if isAlphanumeric(string(r)) {
			return r
		}
		return -1
	}, s)
}

// equal reports whether two values are the same, whatever the order of keys.
func equal(a, b *template.Node) bool { return canonical(a) == canonical(b) }

// quoted writes a list of names as AWS's texts do: ['a', 'b'].
func quoted(names []string) string { return "['" + strings.Join(names, "', '") + "']" }

// items returns the items of a list, and none for anything else.
func items(n *template.Node) []*template.Node {
	if n.IsList() {
		return n.Items
	}
	return nil
}
