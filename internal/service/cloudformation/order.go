package cloudformation

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

// Order returns templates so that each comes after those whose exports it
// imports, in the given order otherwise. The name of an export that depends on a
// resource is not known before that exists: an import that nobody is known to
// export comes after the templates that have such names, where it can. Imports
// that none of them exports are taken to exist already.
func Order(list []*Loaded) ([]*Loaded, error) {
	o := &ordering{list: list, exporter: map[string]int{}, state: make([]int, len(list))}
	for i, l := range list {
		names, all := l.Bound.Exports()
		for _, n := range names {
			if j, ok := o.exporter[n.Name]; ok && j != i {
				return nil, &template.Error{
					Message: fmt.Sprintf("Export with name %s is already exported by stack %s", n.Name, list[j].Input.StackName),
					Notes:   []template.Note{{Position: n.Position, Text: "and here by stack " + l.Input.StackName}},
				}
			}
			o.exporter[n.Name] = i
		}
		if !all {
			o.vague = append(o.vague, i)
		}
	}
	for i := range list {
		if err := o.visit(i); err != nil {
			return nil, err
		}
	}
	return o.out, nil
}

// An ordering walks from each template to those that it needs.
type ordering struct {
	list     []*Loaded
	exporter map[string]int // of the names that are known
	vague    []int          // templates with names that are not
	state    []int
	path     []string
	out      []*Loaded
}

// The states of a template.
const (
	fresh = iota
	open
	done
)

func (o *ordering) visit(i int) error {
	switch o.state[i] {
	case done:
		return nil
	case open:
		return fmt.Errorf("these templates import from each other: %s", strings.Join(append(o.path, o.list[i].Input.File), " → "))
	}
	o.state[i] = open
	o.path = append(o.path, o.list[i].Input.File)
	needs, more := o.needs(i)
	for _, j := range more {
		if o.state[j] == fresh && !o.leads(j, i, nil) {
			needs = append(needs, j)
		}
	}
	for _, j := range needs {
		if err := o.visit(j); err != nil {
			return err
		}
	}
	o.path = o.path[:len(o.path)-1]
	o.state[i] = done
	o.out = append(o.out, o.list[i])
	return nil
}

// needs returns the templates whose exports i imports, and those which may export
// the rest.
func (o *ordering) needs(i int) (sure, maybe []int) {
	for _, n := range o.list[i].Bound.Imports() {
		j, ok := o.exporter[n.Name]
		switch {
		case ok && j != i:
			sure = append(sure, j)
		case !ok:
			maybe = o.vague
		}
	}
	return sure, slices.DeleteFunc(slices.Clone(maybe), func(j int) bool { return j == i })
}

// leads reports whether a template surely needs another, maybe by way of others.
func (o *ordering) leads(from, to int, seen []int) bool {
	if slices.Contains(seen, from) {
		return false
	}
	sure, _ := o.needs(from)
	return slices.ContainsFunc(sure, func(j int) bool { return j == to || o.leads(j, to, append(seen, from)) })
}
