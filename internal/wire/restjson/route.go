package restjson

import (
	"net/url"
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/wire"
)

// A Router finds operations by method and path. It does not change and is safe
// for concurrent use.
type Router struct{ routes []route }

type route struct {
	method, operation string
	segments          []segment
}

// A segment is a literal, or a label; a greedy one takes the rest.
type segment struct {
	text          string
	label, greedy bool
}

// NewRouter returns the router of a table. Where two paths fit, that with the
// earlier literal wins.
func NewRouter(operations []wire.Operation) *Router {
	r := &Router{}
	for _, o := range operations {
		added := route{method: o.Method, operation: o.Name}
		for _, text := range split(o.Path) {
			s := segment{text: text}
			if inner, ok := strings.CutPrefix(text, "{"); ok {
				s.label = true
				s.text, s.greedy = strings.CutSuffix(strings.TrimSuffix(inner, "}"), "+")
			}
			added.segments = append(added.segments, s)
		}
		r.routes = append(r.routes, added)
	}
	slices.SortStableFunc(r.routes, func(a, b route) int {
		return slices.CompareFunc(a.segments, b.segments, func(a, b segment) int { return a.rank() - b.rank() })
	})
	return r
}

func (s segment) rank() int {
	switch {
	case s.greedy:
		return 2
	case s.label:
		return 1
	default:
		return 0
	}
}

// split returns the segments of a path as written; one slash at its end says
// nothing.
func split(path string) []string {
	return strings.Split(strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/"), "/")
}

// Find returns the operation that a request asks for, and the texts of its
// labels. The path is that of the request target, still encoded.
func (r *Router) Find(method, rawPath string) (operation string, labels map[string]string, ok bool) {
	parts := split(rawPath)
	for _, candidate := range r.routes {
		if candidate.method != method {
			continue
		}
		if labels, ok := candidate.match(parts); ok {
			return candidate.operation, labels, true
		}
	}
	return "", nil, false
}

func (r *route) match(parts []string) (map[string]string, bool) {
	labels := map[string]string{}
	for i, s := range r.segments {
		if i >= len(parts) {
			return nil, false
		}
		part := parts[i]
		if s.greedy {
			part = strings.Join(parts[i:], "/")
		}
		text, err := url.PathUnescape(part)
		switch {
		case err != nil || text == "":
			return nil, false
		case !s.label && s.text != text:
			return nil, false
		case s.label:
			labels[s.text] = text
		}
		if s.greedy {
			return labels, true
		}
	}
	return labels, len(parts) == len(r.segments)
}
