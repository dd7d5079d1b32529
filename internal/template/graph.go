package template

import (
	"fmt"
	"slices"
	"strings"
)

// A Dependency says that one resource needs another to exist first.
type Dependency struct {
	From, To string
	How      string // as it is written: "Ref X", "Fn::GetAtt X.Arn", "Fn::Sub ${X}", "DependsOn X"
	Path     string // where in the resource, such as /Properties/Role; "" for DependsOn
	Position
}

// A Graph has the dependencies between the resources that exist. It is read
// only.
type Graph struct {
	ids  []string
	from map[string][]Dependency
}

// Dependencies returns the graph of the resources whose condition is true.
func (b *Bound) Dependencies() *Graph {
	g := &Graph{from: map[string][]Dependency{}}
	for _, res := range b.Template.Resources {
		if !b.has(res.ID) {
			continue
		}
		g.ids = append(g.ids, res.ID)
		seen := map[string]bool{}
		w := walker{branch: b.taken, visit: func(r reference) {
			if r.how != "Ref" && r.how != "Fn::Sub" && r.how != "Fn::GetAtt" || !b.has(r.name) || seen[r.name] {
				return
			}
			if r.attribute == "" && b.Template.parameters[r.name] != nil {
				return
			}
			seen[r.name] = true
			g.from[res.ID] = append(g.from[res.ID], Dependency{From: res.ID, To: r.name, How: r.String(), Path: r.path, Position: r.position()})
		}}
		w.walkResource(res.Node, false)
		for _, d := range res.DependsOn {
			// A dependency on a resource that does not exist is dropped.
			if b.has(d.Value) && !seen[d.Value] {
				seen[d.Value] = true
				g.from[res.ID] = append(g.from[res.ID], Dependency{From: res.ID, To: d.Value, How: "DependsOn " + d.Value, Position: d.Position})
			}
		}
	}
	return g
}

// IDs returns the resources that exist, in source order.
func (g *Graph) IDs() []string { return slices.Clone(g.ids) }

// Of returns what id depends on directly, one Dependency for each resource.
func (g *Graph) Of(id string) []Dependency { return slices.Clone(g.from[id]) }

// Order returns the resources so that each comes after what it depends on, in
// source order otherwise. Members of a cycle come last.
func (g *Graph) Order() []string {
	order, _ := g.sort()
	return order
}

// sort is Kahn's algorithm; rest has what is in or behind a cycle.
func (g *Graph) sort() (order, rest []string) {
	needs := map[string]int{}
	users := map[string][]string{}
	for _, id := range g.ids {
		needs[id] = len(g.from[id])
		for _, d := range g.from[id] {
			users[d.To] = append(users[d.To], id)
		}
	}
	var ready []string
	for _, id := range g.ids {
		if needs[id] == 0 {
			ready = append(ready, id)
		}
	}
	for len(ready) > 0 {
		id := ready[0]
		ready = ready[1:]
		order = append(order, id)
		for _, user := range users[id] {
			if needs[user]--; needs[user] == 0 {
				ready = append(ready, user)
			}
		}
	}
	for _, id := range g.ids {
		if needs[id] > 0 {
			rest = append(rest, id)
		}
	}
	return append(order, rest...), rest
}

// cycle returns the error of a graph that has one: AWS's list of all that is
// in cycles, then one cycle edge by edge.
func (g *Graph) cycle() *Error {
	_, rest := g.sort()
	if rest == nil {
		return nil
	}
	edges := g.shortest(rest)
	members := g.members(rest)
	e := &Error{Message: fmt.Sprintf("Circular dependency between resources: [%s]", strings.Join(members, ", "))}
	for _, d := range edges {
		text := fmt.Sprintf("%s needs %s", d.From, d.To)
		if d.Path != "" {
			text += fmt.Sprintf(" in %s: %s", strings.TrimPrefix(d.Path, "/"), d.How)
		} else {
			text += ": " + d.How
		}
		e.Notes = append(e.Notes, Note{Position: d.Position, Text: text})
	}
	e.Hint = "the circle closes here; one of these edges must go: write a name or ARN with Fn::Sub and pseudo parameters instead of a reference"
	return e
}

// members returns those of rest that are in a cycle or between two, not those
// that only wait for one.
func (g *Graph) members(rest []string) []string {
	// Drop, until nothing changes, what nobody in the rest needs.
	in, users := map[string]bool{}, map[string]int{}
	for _, id := range rest {
		in[id] = true
		for _, d := range g.from[id] {
			users[d.To]++
		}
	}
	queue := slices.DeleteFunc(slices.Clone(rest), func(id string) bool { return users[id] > 0 })
	for len(queue) > 0 {
		id := queue[0]
		queue = queue[1:]
		delete(in, id)
		for _, d := range g.from[id] {
			if users[d.To]--; users[d.To] == 0 && in[d.To] {
				queue = append(queue, d.To)
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(rest), func(id string) bool { return !in[id] })
}

// shortest returns the edges of a shortest cycle among ids.
func (g *Graph) shortest(ids []string) []Dependency {
	var best []Dependency
	for i, start := range ids {
		if i >= maxFaults {
			break
		}
		via := map[string]Dependency{}
		queue := []string{start}
		for len(queue) > 0 && via[start].From == "" {
			id := queue[0]
			queue = queue[1:]
			for _, d := range g.from[id] {
				if _, seen := via[d.To]; !seen {
					via[d.To] = d
					queue = append(queue, d.To)
				}
			}
		}
		if via[start].From == "" {
			continue
		}
		path := []Dependency{via[start]}
		for path[len(path)-1].From != start {
			path = append(path, via[path[len(path)-1].From])
		}
		slices.Reverse(path)
		if best == nil || len(path) < len(best) {
			best = path
		}
	}
	return best
}
