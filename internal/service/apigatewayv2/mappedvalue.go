package apigatewayv2

import (
	"strconv"
	"strings"
)

// A MappedValue is the value of a parameter mapping, taken apart: texts and
// sources, to be put together.
type MappedValue struct {
	Parts    []ValuePart
	Template bool // a source that is not there is empty text; else nothing is changed
}

// constant returns the value if no source is in it.
func (v *MappedValue) constant() (string, bool) {
	if len(v.Parts) == 1 && v.Parts[0].Source == Text {
		return v.Parts[0].Name, true
	}
	return "", false
}

// A ValuePart is a part of a mapped value.
type ValuePart struct {
	Source Source
	Name   string     // within the source; the text itself where the source is Text. Header names are in lower case
	Path   []Selector // into a body; nil: the whole body
}

// A Source says where a part of a mapped value comes from.
type Source uint8

// The sources of parameter mapping.
const (
	Text Source = iota
	RequestHeader
	RequestQuery
	RequestBody
	RequestPath
	RequestPathParameter
	ResponseHeader
	ResponseBody
	Context
	StageVariable
)

// A Selector selects a member of an object by name, or, where Name is empty
// and Item is set, an item of an array.
type Selector struct {
	Name  string
	Index int
	Item  bool
}

// parseValue reads the value of a mapping: a source as $request.header.name, or
// text with sources as ${request.header.name} in it.
func parseValue(text string, response bool) (MappedValue, error) {
	var v MappedValue
	if name, ok := strings.CutPrefix(text, "$"); ok && hasSourcePrefix(name) {
		part, err := parseSource(name, response)
		v.Parts = []ValuePart{part}
		return v, err
	}
	for rest := text; rest != ""; {
		before, after, found := strings.Cut(rest, "${")
		if before != "" {
			v.Parts = append(v.Parts, ValuePart{Source: Text, Name: before})
		}
		if !found {
			break
		}
		name, after, closed := strings.Cut(after, "}")
		if !closed {
			return v, badRequest("Invalid mapping expression specified: %s has a ${ without }", text)
		}
		part, err := parseSource(name, response)
		if err != nil {
			return v, err
		}
		v.Parts = append(v.Parts, part)
		rest = after
	}
	v.Template = len(v.Parts) > 1
	return v, nil
}

func hasSourcePrefix(name string) bool {
	for _, prefix := range []string{"request.", "response.", "context.", "stageVariables."} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// parseSource reads a source, without its $.
func parseSource(source string, response bool) (ValuePart, error) {
	fail := func() (ValuePart, error) {
		return ValuePart{}, badRequest("Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression specified: $%s]", source)
	}
	scope, rest, _ := strings.Cut(source, ".")
	switch scope {
	case "context":
		return namedSource(Context, rest, fail)
	case "stageVariables":
		return namedSource(StageVariable, rest, fail)
	case "request":
		if response {
			return fail()
		}
	case "response":
		if !response {
			return fail()
		}
	default:
		return fail()
	}
	kind, name, named := strings.Cut(rest, ".")
	if after, ok := strings.CutPrefix(rest, "body"); ok {
		path, ok := parsePath(after)
		if !ok {
			return fail()
		}
		if response {
			return ValuePart{Source: ResponseBody, Path: path}, nil
		}
		return ValuePart{Source: RequestBody, Path: path}, nil
	}
	switch {
	case kind == "header" && headerName.MatchString(name):
		if response {
			return ValuePart{Source: ResponseHeader, Name: strings.ToLower(name)}, nil
		}
		return ValuePart{Source: RequestHeader, Name: strings.ToLower(name)}, nil
	case kind == "querystring" && !response:
		return namedSource(RequestQuery, name, fail)
	case kind == "path" && !response && !named:
		return ValuePart{Source: RequestPath}, nil
	case kind == "path" && !response:
		return namedSource(RequestPathParameter, name, fail)
	default:
		return fail()
	}
}

func namedSource(s Source, name string, fail func() (ValuePart, error)) (ValuePart, error) {
	if name == "" {
		return fail()
	}
	return ValuePart{Source: s, Name: name}, nil
}

// parsePath reads the JSONPath behind $request.body: members as .name or
// ['name'], items as [0]. Recursion, filters and wildcards are not read.
func parsePath(path string) (selectors []Selector, ok bool) {
	for path != "" {
		var name string
		switch {
		case strings.HasPrefix(path, "['") || strings.HasPrefix(path, `["`):
			if name, path, ok = strings.Cut(path[2:], path[1:2]+"]"); !ok || name == "" {
				return nil, false
			}
		case path[0] == '[':
			index, after, closed := strings.Cut(path[1:], "]")
			n, err := strconv.ParseUint(index, 10, 31)
			if !closed || err != nil {
				return nil, false
			}
			selectors, path = append(selectors, Selector{Index: int(n), Item: true}), after
			continue
		case path[0] == '.':
			end := strings.IndexAny(path[1:], ".[")
			if end < 0 {
				end = len(path) - 1
			}
			name, path = path[1:1+end], path[1+end:]
			if name == "" || strings.ContainsAny(name, "*?@()") {
				return nil, false
			}
		default:
			return nil, false
		}
		selectors = append(selectors, Selector{Name: name})
	}
	return selectors, true
}
