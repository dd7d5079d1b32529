package stack

import (
	"slices"

	"github.com/hakonegate/hakone/internal/template"
)

// equal reports whether two resolved values are the same to a handler. The order
// of keys does not matter, nor whether a number is written in quotes: types are
// decided late, by the handler. A value that is not known yet equals nothing.
func equal(a, b *template.Node) bool {
	if a.IsNull() || b.IsNull() {
		return a.IsNull() && b.IsNull()
	}
	if a.Kind != b.Kind {
		return false
	}
	switch a.Kind {
	case template.Scalar:
		return scalar(a) == scalar(b)
	case template.Sequence:
		return slices.EqualFunc(a.Items, b.Items, equal)
	case template.Mapping:
		return len(changed(a, b)) == 0
	default:
		return false
	}
}

// scalar returns the text to compare: YAML's spellings of a boolean are one.
func scalar(n *template.Node) string {
	if n.IsBool() {
		switch n.Value {
		case "True", "TRUE":
			return "true"
		case "False", "FALSE":
			return "false"
		}
	}
	return n.Value
}

// changed returns the keys whose values differ between two mappings: those of the
// old one, then the new ones. A null value counts as a missing key.
func changed(before, after *template.Node) []string {
	var keys []string
	for _, k := range before.Keys() {
		if !equal(before.Get(k), after.Get(k)) {
			keys = append(keys, k)
		}
	}
	for _, k := range after.Keys() {
		if !before.Has(k) && !after.Get(k).IsNull() {
			keys = append(keys, k)
		}
	}
	return keys
}

// replaces reports whether a change of the given properties makes a new physical
// resource.
func (t *Type) replaces(keys []string) bool {
	return slices.ContainsFunc(keys, t.replacesOn)
}

func (t *Type) replacesOn(key string) bool {
	return slices.Contains(t.Replace, key) || slices.Contains(t.Replace, "*")
}
