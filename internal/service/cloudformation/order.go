package cloudformation

import (
	"fmt"
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

// Order returns templates so that each comes after those whose exports it
// imports, in the given order otherwise. Imports that none of them exports are
// taken to exist already. Export names that depend on a resource are not known
// before it exists; only literal and computed ones count.
func Order(list []*Loaded) ([]*Loaded, error) {
	exporter := map[string]int{}
	for i, l := range list {
		for _, n := range l.Bound.Exports() {
			if j, ok := exporter[n.Name]; ok && j != i {
				return nil, &template.Error{
					Message: fmt.Sprintf("Export with name %s is already exported by stack %s", n.Name, list[j].Input.StackName),
					Notes:   []template.Note{{Position: n.Position, Text: "and here by stack " + l.Input.StackName}},
				}
			}
			exporter[n.Name] = i
		}
	}
	const (
		fresh = iota
		open
		done
	)
	state := make([]int, len(list))
	var out []*Loaded
	var path []string
	var visit func(i int) error
	visit = func(i int) error {
		if state[i] == done {
			return nil
		}
		if state[i] == open {
			return fmt.Errorf("these templates import from each other: %s", strings.Join(append(path, list[i].Input.File), " → "))
		}
		state[i] = open
		path = append(path, list[i].Input.File)
		for _, n := range list[i].Bound.Imports() {
			if j, ok := exporter[n.Name]; ok && j != i {
				if err := visit(j); err != nil {
					return err
				}
			}
		}
		path = path[:len(path)-1]
		state[i] = done
		out = append(out, list[i])
		return nil
	}
	for i := range list {
		if err := visit(i); err != nil {
			return nil, err
		}
	}
	return out, nil
}
