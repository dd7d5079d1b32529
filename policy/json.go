package policy

import (
	"errors"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds the nesting of a document. A policy needs five levels.
const maxDepth = 32

// A nodeKind is a JSON type.
type nodeKind uint8

const (
	nodeNull nodeKind = iota
	nodeBool
	nodeNumber
	nodeString
	nodeList
	nodeObject
)

// A node is a JSON value with its place in the text. encoding/json would lose
// the place, keep the last of two equal keys, and change numbers.
type node struct {
	kind    nodeKind
	offset  int
	end     int    // after the last character; of objects only
	text    string // of a scalar; numbers and booleans as written
	items   []*node
	members []member
}

type member struct {
	key    string
	offset int
	value  *node
}

// get returns the value of key in an object, or nil.
func (n *node) get(key string) *node {
	for i := range n.members {
		if n.members[i].key == key {
			return n.members[i].value
		}
	}
	return nil
}

// scalar reports whether n can be a condition value.
func (n *node) scalar() bool {
	return n.kind == nodeString || n.kind == nodeNumber || n.kind == nodeBool
}

// A syntaxError is what is wrong with a text that is not the JSON of a policy.
type syntaxError struct {
	offset int
	err    error
}

func (e *syntaxError) Error() string { return e.err.Error() }

var (
	errUnexpected = errors.New("not JSON")
	errComment    = errors.New("JSON has no comments")
	errEnd        = errors.New("the text ends too early")
	errTrailing   = errors.New("text after the end of the document")
	errComma      = errors.New("a comma before a closing bracket")
	errDuplicate  = errors.New("the same key twice in one object")
	errCharacter  = errors.New("a character that policies may not contain")
	errDepth      = errors.New("nested too deeply")
	errString     = errors.New("a string that is not closed")
	errEscape     = errors.New("an invalid escape in a string")
	errNumber     = errors.New("an invalid number")
	errSize       = errors.New("the document is too large")
)

// parseJSON reads one JSON value. Strings without escapes share text's memory.
// latin refuses the characters that IAM does not accept in a new policy.
func parseJSON(text string, latin bool) (*node, error) {
	if len(text) > maxDocumentBytes {
		return nil, &syntaxError{0, errSize}
	}
	p := &jsonParser{text: text}
	if err := p.characters(latin); err != nil {
		return nil, err
	}
	n, err := p.value(0)
	if err != nil {
		return nil, err
	}
	p.space()
	if p.pos < len(text) {
		return nil, p.fail(errTrailing)
	}
	return n, nil
}

type jsonParser struct {
	text string
	pos  int
}

func (p *jsonParser) fail(err error) error {
	if strings.HasPrefix(p.text[min(p.pos, len(p.text)):], "/") {
		err = errComment
	}
	return &syntaxError{p.pos, err}
}

// characters refuses control characters and what is not UTF-8. What IAM
// documents as a policy's alphabet also ends at U+00FF.
func (p *jsonParser) characters(latin bool) error {
	if !utf8.ValidString(p.text) {
		return &syntaxError{0, errCharacter}
	}
	for i, c := range p.text {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' || latin && c > 0xFF {
			return &syntaxError{i, errCharacter}
		}
	}
	return nil
}

func (p *jsonParser) space() {
	for p.pos < len(p.text) {
		switch p.text[p.pos] {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return
		}
	}
}

// peek returns the next byte after white space; 0 at the end.
func (p *jsonParser) peek() byte {
	p.space()
	if p.pos >= len(p.text) {
		return 0
	}
	return p.text[p.pos]
}

func (p *jsonParser) value(depth int) (*node, error) {
	if depth > maxDepth {
		return nil, p.fail(errDepth)
	}
	switch c := p.peek(); {
	case c == 0:
		return nil, p.fail(errEnd)
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.list(depth)
	case c == '"':
		start := p.pos
		s, err := p.str()
		if err != nil {
			return nil, err
		}
		return &node{kind: nodeString, offset: start, text: s}, nil
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	}
	for _, word := range []struct {
		text string
		kind nodeKind
	}{{"true", nodeBool}, {"false", nodeBool}, {"null", nodeNull}} {
		if strings.HasPrefix(p.text[p.pos:], word.text) {
			n := &node{kind: word.kind, offset: p.pos, text: word.text}
			p.pos += len(word.text)
			return n, nil
		}
	}
	return nil, p.fail(errUnexpected)
}

func (p *jsonParser) object(depth int) (*node, error) {
	n := &node{kind: nodeObject, offset: p.pos}
	p.pos++
	if p.peek() == '}' {
		p.pos++
		n.end = p.pos
		return n, nil
	}
	seen := map[string]bool{}
	for {
		if c := p.peek(); c != '"' {
			if c == '}' {
				return nil, p.fail(errComma)
			}
			return nil, p.fail(errUnexpected)
		}
		start := p.pos
		key, err := p.str()
		if err != nil {
			return nil, err
		}
		if seen[key] {
			return nil, &syntaxError{start, errDuplicate}
		}
		seen[key] = true
		if p.peek() != ':' {
			return nil, p.fail(errUnexpected)
		}
		p.pos++
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		n.members = append(n.members, member{key, start, v})
		switch p.peek() {
		case ',':
			p.pos++
		case '}':
			p.pos++
			n.end = p.pos
			return n, nil
		default:
			return nil, p.fail(errUnexpected)
		}
	}
}

func (p *jsonParser) list(depth int) (*node, error) {
	n := &node{kind: nodeList, offset: p.pos}
	p.pos++
	if p.peek() == ']' {
		p.pos++
		return n, nil
	}
	for {
		if p.peek() == ']' {
			return nil, p.fail(errComma)
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		n.items = append(n.items, v)
		switch p.peek() {
		case ',':
			p.pos++
		case ']':
			p.pos++
			return n, nil
		default:
			return nil, p.fail(errUnexpected)
		}
	}
}

func (p *jsonParser) number() (*node, error) {
	start := p.pos
	digits := func() bool {
		from := p.pos
		for p.pos < len(p.text) && p.text[p.pos] >= '0' && p.text[p.pos] <= '9' {
			p.pos++
		}
		return p.pos > from
	}
	at := func(set string) bool { return p.pos < len(p.text) && strings.IndexByte(set, p.text[p.pos]) >= 0 }
	if at("-") {
		p.pos++
	}
	if at("0") {
		p.pos++
	} else if !digits() {
		return nil, p.fail(errNumber)
	}
	if at(".") {
		p.pos++
		if !digits() {
			return nil, p.fail(errNumber)
		}
	}
	if at("eE") {
		p.pos++
		if at("+-") {
			p.pos++
		}
		if !digits() {
			return nil, p.fail(errNumber)
		}
	}
	return &node{kind: nodeNumber, offset: start, text: p.text[start:p.pos]}, nil
}

// str reads a string whose opening quote is at p.pos.
func (p *jsonParser) str() (string, error) {
	p.pos++
	start := p.pos
	var unescaped strings.Builder
	for p.pos < len(p.text) {
		switch c := p.text[p.pos]; {
		case c == '"':
			s := p.text[start:p.pos]
			p.pos++
			if unescaped.Len() == 0 {
				return s, nil
			}
			unescaped.WriteString(s)
			return unescaped.String(), nil
		case c < ' ':
			return "", p.fail(errString)
		case c == '\\':
			unescaped.WriteString(p.text[start:p.pos])
			r, err := p.escape()
			if err != nil {
				return "", err
			}
			unescaped.WriteRune(r)
			start = p.pos
		default:
			p.pos++
		}
	}
	return "", p.fail(errString)
}

var escapes = map[byte]rune{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escape reads an escape sequence whose backslash is at p.pos.
func (p *jsonParser) escape() (rune, error) {
	if p.pos+1 >= len(p.text) {
		return 0, p.fail(errEscape)
	}
	if r, ok := escapes[p.text[p.pos+1]]; ok {
		p.pos += 2
		return r, nil
	}
	r, ok := p.hex()
	if !ok {
		return 0, p.fail(errEscape)
	}
	p.pos += 6
	if utf16.IsSurrogate(r) {
		low, ok := p.hex()
		if pair := utf16.DecodeRune(r, low); ok && pair != utf8.RuneError {
			p.pos += 6
			return pair, nil
		}
		return 0, p.fail(errEscape)
	}
	return r, nil
}

// hex reads \uXXXX at p.pos without moving.
func (p *jsonParser) hex() (rune, bool) {
	if !strings.HasPrefix(p.text[p.pos:], `\u`) || p.pos+6 > len(p.text) {
		return 0, false
	}
	var r rune
	for _, c := range []byte(p.text[p.pos+2 : p.pos+6]) {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}
