package stack

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

// A Class says how much of a resource of a template exists locally.
type Class struct {
	LogicalID, Type string
	Level           Level
	template.Position
}

// Classify returns the class of every resource whose condition is true, in
// source order. placeholder may be nil.
func (t Types) Classify(b *template.Bound, placeholder func(typeName string) bool) []Class {
	var out []Class
	for _, r := range b.Resources() {
		c := Class{LogicalID: r.ID, Type: r.Type, Position: r.Get("Type").Position}
		if typ, ok := t.Find(r.Type); ok {
			c.Level = typ.Level
		} else if placeholder != nil && placeholder(r.Type) && KnownType(r.Type) {
			c.Level = Placeholder
		}
		out = append(out, c)
	}
	return out
}

// Check refuses a template with resources that cannot be served, all of them at
// once, before anything starts: first those of types that AWS does not have
// either, in AWS's words, then those of types that are not served here.
func (t Types) Check(b *template.Bound, placeholder func(typeName string) bool) error {
	var invalid, missing []Class
	for _, c := range t.Classify(b, placeholder) {
		switch {
		case c.Level != Unknown:
		case KnownType(c.Type):
			missing = append(missing, c)
		default:
			invalid = append(invalid, c)
		}
	}
	if len(invalid) > 0 {
		e := &template.Error{Message: fmt.Sprintf("Template format error: Unrecognized resource types: [%s]", strings.Join(typesOf(invalid), ", "))}
		e.Notes = notes(invalid)
		if hint := t.suggest(invalid[0].Type); hint != "" {
			e.Hint = fmt.Sprintf("did you mean %s?", hint)
		}
		if len(missing) > 0 {
			e.More = []*template.Error{t.unserved(missing)}
		}
		return e
	}
	if len(missing) > 0 {
		return t.unserved(missing)
	}
	return nil
}

// unserved lists resources whose type has no local meaning yet, and how to go on.
func (t Types) unserved(missing []Class) *template.Error {
	types := typesOf(missing)
	flags := make([]string, len(types))
	for i, t := range types {
		flags[i] = "--placeholder " + t
	}
	return &template.Error{
		Message: fmt.Sprintf("These resource types are not served here: [%s]", strings.Join(types, ", ")),
		Notes:   notes(missing),
		Hint: t.needs(types) + fmt.Sprintf("to deploy without them (their Ref and GetAtt give made-up values, and nothing acts): %s\nor --placeholder all",
			strings.Join(flags, " ")),
	}
}

// needs says what would make the types served, each thing once.
func (t Types) needs(names []string) string {
	var lines []string
	for _, name := range names {
		if n := t[name].Needs; n != "" && !slices.Contains(lines, n) {
			lines = append(lines, n)
		}
	}
	if lines == nil {
		return ""
	}
	return strings.Join(lines, "\n") + "\n"
}

func notes(classes []Class) []template.Note {
	out := make([]template.Note, len(classes))
	for i, c := range classes {
		out[i] = template.Note{Position: c.Position, Text: fmt.Sprintf("%s is of type %s", c.LogicalID, c.Type)}
	}
	return out
}

func typesOf(classes []Class) []string {
	var out []string
	for _, c := range classes {
		if !slices.Contains(out, c.Type) {
			out = append(out, c.Type)
		}
	}
	return out
}

// suggest returns the served type that differs only in case, if there is one.
func (t Types) suggest(name string) string {
	for have := range t {
		if strings.EqualFold(have, name) {
			return have
		}
	}
	return ""
}

// hasAttribute reports whether Fn::GetAtt may ask for an attribute. A type that
// lists none leaves the answer to what its handler returns.
func (t *Type) hasAttribute(name string) bool {
	if t.Attributes == nil {
		return true
	}
	return slices.ContainsFunc(t.Attributes, func(a string) bool {
		prefix, any := strings.CutSuffix(a, "*")
		return a == name || any && strings.HasPrefix(name, prefix)
	})
}
