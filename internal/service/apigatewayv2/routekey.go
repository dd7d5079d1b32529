package apigatewayv2

import (
	"fmt"
	"slices"
	"strings"
)

// Methods are those that a route key may name, besides ANY.
var Methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// AnyMethod in a route key stands for every method.
const AnyMethod = "ANY"

// A RouteKey is a route key taken apart: "GET /pets/{id}" or "$default".
type RouteKey struct {
	Method   string // empty for $default
	Path     string // as written, with its leading slash; "$default" for $default
	Segments []Segment
}

// A Segment is one part of a route's path.
type Segment struct {
	Text   string // the literal, or the variable's name
	Kind   SegmentKind
	Spoken string // as written
}

// A SegmentKind says what a segment matches.
type SegmentKind uint8

// The kinds of segments.
const (
	Literal  SegmentKind = iota // itself
	Variable                    // {name}: one segment, also an empty one
	Greedy                      // {name+}: the rest of the path
)

// IsDefault reports whether k is $default.
func (k RouteKey) IsDefault() bool { return k.Method == "" }

// ParseRouteKey takes a route key apart. Its error says what is wrong with it.
func ParseRouteKey(key string) (RouteKey, error) {
	if key == DefaultRoute {
		return RouteKey{Path: DefaultRoute}, nil
	}
	method, path, ok := strings.Cut(key, " ")
	if !ok || !strings.HasPrefix(path, "/") {
		return RouteKey{}, fmt.Errorf("route key %q is neither $default nor a method, one space and a path", key)
	}
	if method != AnyMethod && !slices.Contains(Methods, method) {
		return RouteKey{}, fmt.Errorf("route key %q: the method is not one of %s, ANY", key, strings.Join(Methods, ", "))
	}
	k := RouteKey{Method: method, Path: path}
	if path == "/" {
		k.Segments = []Segment{{}}
		return k, nil
	}
	parts := strings.Split(path[1:], "/")
	seen := map[string]bool{}
	for i, part := range parts {
		s, err := parseSegment(part)
		switch {
		case err != nil:
			return RouteKey{}, fmt.Errorf("route key %q: %w", key, err)
		case s.Kind == Greedy && i < len(parts)-1:
			return RouteKey{}, fmt.Errorf("route key %q: %s may only be the last segment", key, part)
		case s.Kind != Literal && seen[s.Text]:
			return RouteKey{}, fmt.Errorf("route key %q: the variable %s occurs twice", key, s.Text)
		}
		if s.Kind != Literal {
			seen[s.Text] = true
		}
		k.Segments = append(k.Segments, s)
	}
	return k, nil
}

func parseSegment(part string) (Segment, error) {
	if part == "" {
		return Segment{}, fmt.Errorf("the path has an empty segment")
	}
	if strings.HasPrefix(part, "{") && strings.HasSuffix(part, "}") {
		name, kind := part[1:len(part)-1], Variable
		if n, ok := strings.CutSuffix(name, "+"); ok {
			name, kind = n, Greedy
		}
		if !all(name, ".:_-") {
			return Segment{}, fmt.Errorf("%s is not a valid path variable", part)
		}
		return Segment{name, kind, part}, nil
	}
	if !all(part, ".:_-") {
		return Segment{}, fmt.Errorf("the segment %q has characters that a route key may not have", part)
	}
	return Segment{part, Literal, part}, nil
}

// all reports whether s is not empty and has only ASCII letters, digits and
// the characters in extra.
func all(s, extra string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte(extra, c) < 0 {
			return false
		}
	}
	return s != ""
}
