package template

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// parseYAML reads YAML into nodes, never into Go values: those would turn the
// date 2012-10-17, the number 0123 and the word yes into something else.
func parseYAML(src *source) (*Node, []Warning, error) {
	var doc yaml.Node
	limits := loaderlimits.New(loaderlimits.DepthValue(2 * maxDepth))
	if err := yaml.Load([]byte(src.text), &doc, yaml.WithPlugin(limits), yaml.WithUniqueKeys(false)); err != nil {
		return nil, nil, yamlSyntax(src, err)
	}
	if len(doc.Content) == 0 {
		return nil, nil, errorf(src.at(1, 1), unsupportedStructure)
	}
	r := &yamlReader{src: src, open: map[*yaml.Node]bool{}}
	n, err := r.node(doc.Content[0], 0)
	if err != nil {
		return nil, r.warnings, err
	}
	return n, r.warnings, nil
}

// yamlSyntax words a syntax error as the service does.
func yamlSyntax(src *source, err error) *Error {
	line, column, why := 1, 1, err.Error()
	if load, ok := errors.AsType[*yaml.LoadError](err); ok {
		why = load.Message
		if load.ContextMsg != "" {
			why = load.ContextMsg + ": " + why
		}
		switch {
		case load.Mark.Line > 0:
			line, column = load.Mark.Line, max(load.Mark.Column, 1)
		case strings.Contains(why, "no documents"):
			return errorf(src.at(1, 1), unsupportedStructure).withHint("the file is empty")
		case strings.Contains(why, "found multiple"):
			line, column, why = secondDocument(src.text), 1, "a template is one YAML document, here a second one begins"
		default:
			line, column = firstUnreadable(src.text)
		}
	}
	return &Error{
		Message: fmt.Sprintf(yamlNotWellFormed, line, column),
		Notes:   []Note{{Position: src.at(line, column), Text: why}},
	}
}

func secondDocument(text string) int {
	begun := false
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\r\n")
		marker := line == "---" || strings.HasPrefix(line, "--- ")
		if marker && begun {
			return n
		}
		if trimmed := strings.TrimSpace(line); trimmed != "" && trimmed[0] != '#' && trimmed[0] != '%' {
			begun = true
		}
	}
	return 1
}

// firstUnreadable finds the first character that YAML does not allow.
func firstUnreadable(text string) (line, column int) {
	line, column = 1, 1
	for i, r := range text {
		bad := r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f
		if r == utf8.RuneError {
			_, size := utf8.DecodeRuneInString(text[i:])
			bad = size == 1
		}
		switch {
		case bad:
			return line, column
		case r == '\n':
			line, column = line+1, 1
		default:
			column++
		}
	}
	return 1, 1
}

// A yamlReader turns YAML nodes into ours.
type yamlReader struct {
	src      *source
	warnings []Warning
	open     map[*yaml.Node]bool // anchored nodes being read: an alias to one would never end
	count    int
	bytes    int
	aliased  bool // the warning about anchors was given
}

func (r *yamlReader) at(n *yaml.Node) Position { return r.src.at(n.Line, n.Column) }

func (r *yamlReader) refuse(n *yaml.Node, format string, args ...any) *Error {
	return &Error{
		Message: fmt.Sprintf(yamlNotWellFormed, n.Line, n.Column),
		Notes:   []Note{{Position: r.at(n), Text: fmt.Sprintf(format, args...)}},
	}
}

// node reads n. Every node that an alias repeats is counted again, which
// bounds the memory of a document of aliases to aliases.
func (r *yamlReader) node(n *yaml.Node, depth int) (*Node, error) {
	if r.count++; r.count > maxNodes {
		return nil, r.refuse(n, "the template has more than %d values after its aliases are unrolled", maxNodes)
	}
	if r.bytes += len(n.Value); r.bytes > maxBytes {
		return nil, r.refuse(n, "the template has more than %d bytes after its aliases are unrolled", maxBytes)
	}
	if depth > maxDepth {
		return nil, r.refuse(n, "values are nested more than %d deep", maxDepth)
	}
	if n.Kind == yaml.AliasNode {
		r.warnAlias(n, "the alias *"+n.Value)
		if r.open[n.Alias] {
			return nil, r.refuse(n, "the alias *%s is inside the value that it repeats", n.Value)
		}
		return r.node(n.Alias, depth+1)
	}
	if n.Anchor != "" {
		r.open[n] = true
		defer delete(r.open, n)
	}
	tag, err := r.tag(n)
	if err != nil {
		return nil, err
	}
	value, err := r.untagged(n, tag, depth)
	if err != nil || tag == "" {
		return value, err
	}
	return longForm(tag, value), nil
}

func (r *yamlReader) untagged(n *yaml.Node, tag string, depth int) (*Node, error) {
	switch n.Kind {
	case yaml.ScalarNode:
		return r.scalar(n, tag), nil
	case yaml.SequenceNode:
		list := &Node{Kind: Sequence, Position: r.at(n)}
		for _, c := range n.Content {
			item, err := r.node(c, depth+1)
			if err != nil {
				return nil, err
			}
			list.Items = append(list.Items, item)
		}
		return list, nil
	case yaml.MappingNode:
		return r.mapping(n, depth)
	default:
		return nil, r.refuse(n, "unexpected YAML node")
	}
}

const quotedStyles = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle

func (r *yamlReader) scalar(n *yaml.Node, tag string) *Node {
	if tag == "" && n.Tag == "!!null" && n.Style&quotedStyles == 0 {
		return &Node{Kind: Null, Position: r.at(n)}
	}
	s := &Node{Kind: Scalar, Value: n.Value, Position: r.at(n)}
	// A short tag's scalar is a string whatever it looks like. So is 12e5, to
	// YAML 1.1: a commit's hash must not become a number.
	s.Quoted = tag != "" || n.Style&quotedStyles != 0 || n.Tag == "!" || n.Tag == "!!str" && n.Style&yaml.TaggedStyle != 0 ||
		strings.ContainsAny(n.Value, "eE") && !strings.Contains(n.Value, ".") && isJSONNumber(n.Value)
	return s
}

func (r *yamlReader) mapping(n *yaml.Node, depth int) (*Node, error) {
	m := mapBuilder{node: &Node{Kind: Mapping, Position: r.at(n)}}
	var merges []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Tag == "!!merge" && k.Style&quotedStyles == 0 {
			r.warnAlias(k, "the merge key <<")
			merges = append(merges, v)
			continue
		}
		if k.Kind == yaml.AliasNode {
			r.warnAlias(k, "the alias *"+k.Value)
			k = k.Alias
		}
		if k.Kind != yaml.ScalarNode || strings.HasPrefix(k.Tag, "!") && !strings.HasPrefix(k.Tag, "!!") && k.Tag != "!" {
			return nil, r.refuse(k, "a key must be a string")
		}
		value, err := r.node(v, depth+1)
		if err != nil {
			return nil, err
		}
		pair := Pair{Key: k.Value, KeyPosition: r.at(n.Content[i]), Value: value}
		if old := m.put(pair); old != nil {
			r.warnings = append(r.warnings, duplicate(pair, *old))
		}
	}
	for _, v := range merges {
		if err := r.merge(&m, v, depth); err != nil {
			return nil, err
		}
	}
	return m.node, nil
}

// merge adds the entries of "<<: value" that m does not have: its own keys
// win over merged ones, earlier maps of a list over later ones.
func (r *yamlReader) merge(m *mapBuilder, v *yaml.Node, depth int) error {
	value, err := r.node(v, depth+1)
	if err != nil {
		return err
	}
	maps := []*Node{value}
	if value.IsList() {
		maps = value.Items
	}
	for _, from := range maps {
		if !from.IsMap() {
			return r.refuse(v, "a merge key needs a map or a list of maps")
		}
		for _, p := range from.Pairs {
			if !m.has(p.Key) {
				m.put(p)
			}
		}
	}
	return nil
}

func (r *yamlReader) warnAlias(n *yaml.Node, what string) {
	if !r.aliased {
		r.aliased = true
		r.warnings = append(r.warnings, Warning{Position: r.at(n), Text: what +
			": CloudFormation itself refuses YAML aliases and merge keys; only tools that rewrite the template, as sam deploy does, accept them"})
	}
}

// tag returns the function of a short tag, such as "Fn::Sub", and "" when n
// has none.
func (r *yamlReader) tag(n *yaml.Node) (string, error) {
	if n.Style&yaml.TaggedStyle == 0 || n.Tag == "!" {
		return "", nil
	}
	switch n.Tag {
	case "!!str", "!!int", "!!float", "!!bool", "!!null", "!!seq", "!!map", "!!merge", "":
		return "", nil
	}
	name := strings.TrimPrefix(n.Tag, "!")
	if function, ok := shortTags[name]; ok && n.Tag != name {
		return function, nil
	}
	e := r.refuse(n, "unknown tag %s", n.Tag)
	if strings.HasPrefix(n.Tag, "!!") {
		e.Notes[0].Text = fmt.Sprintf("CloudFormation does not support the YAML tag %s", n.Tag)
	}
	if near := nearest(name, tagNames()); near != "" {
		e.Hint = fmt.Sprintf("did you mean !%s?", near)
	}
	return "", e
}
