package template

import (
	"bytes"
	"fmt"
	"strings"
)

// Bounds of what Parse reads. CloudFormation takes 1 MB; a tree that deep or
// that large is no template but an attack on its reader.
const (
	maxText  = 2 << 20
	maxDepth = 200
	maxNodes = 200_000
	maxBytes = 16 << 20 // of all strings, after aliases and loops are unrolled
)

// Texts of CloudFormation about templates that cannot be read.
const (
	unsupportedStructure = "Template format error: unsupported structure."
	jsonNotWellFormed    = "Template format error: JSON not well-formed. (line %d, column %d)"
	yamlNotWellFormed    = "Template format error: YAML not well-formed. (line %d, column %d)"
)

// Parse reads a template. It is JSON if its first character that is not blank
// is "{", else YAML. file names it in positions and is not opened. The root is
// a mapping; short tags are in long form, anchors and merge keys are unrolled.
// The warnings include those of [Lint]. A refusal is an [*Error].
func Parse(file string, text []byte) (*Node, []Warning, error) {
	root, warnings, err := ParseValue(file, text)
	if err != nil {
		return nil, warnings, err
	}
	if len(text) > 1<<20 {
		warnings = append(warnings, Warning{Position: Position{File: file}, Text: fmt.Sprintf(
			"the template has %d bytes; CloudFormation takes 1 MB from S3 and 51,200 bytes in a request", len(text))})
	}
	if root.Kind != Mapping {
		e := errorf(root.Position, unsupportedStructure)
		if s := strings.TrimSpace(root.Str()); s != "" && !strings.Contains(s, "\n") && len(s) < 256 {
			e.Hint = fmt.Sprintf("the text is only %q: was the file's name passed instead of its contents?", s)
		}
		return nil, warnings, e
	}
	return root, append(warnings, Lint(root)...), nil
}

// ParseValue is [Parse] for any value, such as a list in an included file; it
// does not look for what surprises in a template.
func ParseValue(file string, text []byte) (*Node, []Warning, error) {
	if len(text) > maxText {
		return nil, nil, &Error{
			Message: fmt.Sprintf("Template may not exceed %d bytes in size.", 1<<20),
			Notes:   []Note{{Position: Position{File: file}, Text: fmt.Sprintf("%d bytes", len(text))}},
		}
	}
	src := &source{file: file, text: string(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")))}
	if strings.HasPrefix(strings.TrimLeft(src.text, " \t\r\n"), "{") {
		return parseJSON(src)
	}
	return parseYAML(src)
}

// FromJSON reads a JSON value. Nodes have positions in an unnamed file.
func FromJSON(text []byte) (*Node, error) {
	n, _, err := parseJSON(&source{text: string(text)})
	return n, err
}

// UnmarshalJSON makes n the JSON value in text.
func (n *Node) UnmarshalJSON(text []byte) error {
	v, err := FromJSON(text)
	if err != nil {
		return err
	}
	*n = *v
	return nil
}

// A mapBuilder collects the entries of one mapping. The last of duplicate
// keys wins, as in the service, and takes the place of the first.
type mapBuilder struct {
	node  *Node
	index map[string]int
}

func (m *mapBuilder) put(p Pair) (previous *Pair) {
	if m.index == nil {
		m.index = map[string]int{}
	}
	if i, ok := m.index[p.Key]; ok {
		old := m.node.Pairs[i]
		m.node.Pairs[i] = p
		return &old
	}
	m.index[p.Key] = len(m.node.Pairs)
	m.node.Pairs = append(m.node.Pairs, p)
	return nil
}

func (m *mapBuilder) has(key string) bool {
	_, ok := m.index[key]
	return ok
}

// duplicate warns about a key that is written twice.
func duplicate(now, before Pair) Warning {
	return Warning{Position: now.KeyPosition, Text: fmt.Sprintf(
		"duplicate key %s: the last one wins, the value at line %d is ignored", now.Key, before.KeyPosition.Line)}
}
