package httpapi

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
)

// A Route is one route key in a [Table].
type Route struct {
	Key   string
	Index int      // position in the list that was compiled
	Names []string // of the path variables, in the order of the path

	apigatewayv2.RouteKey
}

// A Table selects the route of a request. It is immutable. A look-up costs one
// map access for each segment of the path, however many routes there are.
//
// The order is that of "Create routes for HTTP APIs": a full match of method
// and path, then a greedy one, then $default. Among full matches, and among
// greedy ones, the segments are compared from the left: literal text comes
// before a variable, a variable before a greedy one; for the same path a
// method comes before ANY. A route whose path fits but whose method does not
// is passed over.
type Table struct {
	root     node
	fallback *Route
}

// node is a place in the tree of path segments.
type node struct {
	literal  map[string]*node
	variable *node
	here     methods // routes that end here
	greedy   methods // routes whose last segment takes all that follows
}

// methods holds one route for each method, and the one for ANY at the end.
type methods [8]*Route

// methodIndex returns the place of a method; ANY's for methods that no route
// key can name.
func methodIndex(method string) int {
	if i := slices.Index(apigatewayv2.Methods, method); i >= 0 {
		return i
	}
	return len(methods{}) - 1
}

func (m *methods) pick(method int) *Route {
	if r := m[method]; r != nil {
		return r
	}
	return m[len(m)-1]
}

// Compile makes the table of the given route keys. Where two keys differ only
// in the names of their variables, the first one counts.
func Compile(keys []string) (*Table, error) {
	t := &Table{}
	for i, key := range keys {
		parsed, err := apigatewayv2.ParseRouteKey(key)
		if err != nil {
			return nil, fmt.Errorf("compile routes: %w", err)
		}
		t.add(&Route{Key: key, Index: i, RouteKey: parsed})
	}
	return t, nil
}

func (t *Table) add(r *Route) {
	if r.IsDefault() {
		t.fallback = r
		return
	}
	n, ends := &t.root, &t.root.here
	for _, s := range r.Segments {
		switch s.Kind {
		case apigatewayv2.Greedy:
			r.Names = append(r.Names, s.Text)
			ends = &n.greedy
		case apigatewayv2.Variable:
			r.Names = append(r.Names, s.Text)
			if n.variable == nil {
				n.variable = &node{}
			}
			n = n.variable
			ends = &n.here
		default:
			child := n.literal[s.Text]
			if child == nil {
				child = &node{}
				if n.literal == nil {
					n.literal = map[string]*node{}
				}
				n.literal[s.Text] = child
			}
			n = child
			ends = &n.here
		}
	}
	if i := methodIndex(r.Method); ends[i] == nil {
		ends[i] = r
	}
}

// Match returns the route for a method and a decoded path, or nil. It appends
// the values of the route's path variables to values.
func (t *Table) Match(method, path string, values []string) (*Route, []string) {
	m := methodIndex(method)
	path = strings.TrimPrefix(path, "/")
	if r, v := t.root.full(m, path, values); r != nil {
		return r, v
	}
	if r, v := t.root.rest(m, path, values); r != nil {
		return r, v
	}
	return t.fallback, values
}

// full finds a route that fits all of path, segment by segment.
func (n *node) full(method int, path string, values []string) (*Route, []string) {
	segment, path, more := strings.Cut(path, "/")
	if child := n.literal[segment]; child != nil {
		if r, v := child.fullBelow(method, path, more, values); r != nil {
			return r, v
		}
	}
	if n.variable != nil {
		return n.variable.fullBelow(method, path, more, append(values, segment))
	}
	return nil, values
}

func (n *node) fullBelow(method int, path string, more bool, values []string) (*Route, []string) {
	if more {
		return n.full(method, path, values)
	}
	return n.here.pick(method), values
}

// rest finds the most specific route with a greedy variable at its end.
func (n *node) rest(method int, path string, values []string) (*Route, []string) {
	if segment, below, more := strings.Cut(path, "/"); more {
		if child := n.literal[segment]; child != nil {
			if r, v := child.rest(method, below, values); r != nil {
				return r, v
			}
		}
		if n.variable != nil {
			if r, v := n.variable.rest(method, below, append(values, segment)); r != nil {
				return r, v
			}
		}
	}
	return n.greedy.pick(method), append(values, path)
}
