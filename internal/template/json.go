package template

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// parseJSON reads JSON with positions. YAML's reader will not do: JSON has
// tabs and escapes that YAML refuses, and encoding/json knows no lines.
func parseJSON(src *source) (*Node, []Warning, error) {
	r := &jsonReader{src: src, text: src.text, line: 1}
	n, err := r.document()
	if err != nil {
		return nil, r.warnings, err
	}
	return n, r.warnings, nil
}

// A jsonReader reads one JSON text from left to right.
type jsonReader struct {
	src      *source
	text     string
	pos      int // byte offset
	line     int
	begin    int // byte offset of the line's first character
	marked   int // byte offset that column counts from, in this line
	column   int // characters between begin and marked
	count    int
	warnings []Warning
}

func (r *jsonReader) document() (*Node, *Error) {
	n, err := r.value(0)
	if err != nil {
		return nil, err
	}
	if r.blank(); r.pos < len(r.text) {
		return nil, r.refuse("unexpected text after the end of the value")
	}
	return n, nil
}

// here returns the position of the next character. Positions are asked for in
// order, so that a long line is counted once.
func (r *jsonReader) here() Position {
	if r.marked < r.begin {
		r.marked, r.column = r.begin, 0
	}
	r.column += utf8.RuneCountInString(r.text[r.marked:r.pos])
	r.marked = r.pos
	return r.src.at(r.line, r.column+1)
}

func (r *jsonReader) refuse(format string, args ...any) *Error {
	p := r.here()
	return &Error{
		Message: fmt.Sprintf(jsonNotWellFormed, p.Line, p.Column),
		Notes:   []Note{{Position: p, Text: fmt.Sprintf(format, args...)}},
	}
}

func (r *jsonReader) blank() {
	for r.pos < len(r.text) {
		switch r.text[r.pos] {
		case '\n':
			r.line++
			r.begin = r.pos + 1
		case ' ', '\t', '\r':
		default:
			return
		}
		r.pos++
	}
}

// peek returns the next character that is not blank, 0 at the end.
func (r *jsonReader) peek() byte {
	if r.blank(); r.pos < len(r.text) {
		return r.text[r.pos]
	}
	return 0
}

func (r *jsonReader) value(depth int) (*Node, *Error) {
	c := r.peek()
	if r.count++; r.count > maxNodes {
		return nil, r.refuse("the template has more than %d values", maxNodes)
	}
	if depth > maxDepth {
		return nil, r.refuse("values are nested more than %d deep", maxDepth)
	}
	n := &Node{Position: r.here()}
	switch {
	case c == '{':
		n.Kind = Mapping
		return n, r.object(n, depth)
	case c == '[':
		n.Kind = Sequence
		return n, r.array(n, depth)
	case c == '"':
		s, err := r.string()
		n.Kind, n.Value, n.Quoted = Scalar, s, true
		return n, err
	case c == 0 && r.pos >= len(r.text):
		return nil, r.refuse("the text ends where a value is expected")
	}
	end := r.pos
	for end < len(r.text) && !strings.ContainsRune(" \t\r\n,:]}[{\"", rune(r.text[end])) {
		end++
	}
	switch word := r.text[r.pos:end]; {
	case word == "null":
	case word == "true", word == "false", isJSONNumber(word):
		n.Kind, n.Value = Scalar, word
	default:
		return nil, r.refuse("a value is expected here")
	}
	r.pos = end
	return n, nil
}

func (r *jsonReader) object(n *Node, depth int) *Error {
	r.pos++
	m := mapBuilder{node: n}
	if r.peek() == '}' {
		r.pos++
		return nil
	}
	for {
		if r.peek() != '"' {
			return r.refuse("a key in double quotes is expected here")
		}
		pair := Pair{KeyPosition: r.here()}
		var err *Error
		if pair.Key, err = r.string(); err != nil {
			return err
		}
		if r.peek() != ':' {
			return r.refuse("a colon is expected after the key %q", pair.Key)
		}
		r.pos++
		if pair.Value, err = r.value(depth + 1); err != nil {
			return err
		}
		if old := m.put(pair); old != nil {
			r.warnings = append(r.warnings, duplicate(pair, *old))
		}
		switch r.peek() {
		case ',':
			r.pos++
		case '}':
			r.pos++
			return nil
		default:
			return r.refuse("a comma or } is expected here")
		}
	}
}

func (r *jsonReader) array(n *Node, depth int) *Error {
	r.pos++
	if r.peek() == ']' {
		r.pos++
		return nil
	}
	for {
		item, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		n.Items = append(n.Items, item)
		switch r.peek() {
		case ',':
			r.pos++
		case ']':
			r.pos++
			return nil
		default:
			return r.refuse("a comma or ] is expected here")
		}
	}
}

// string reads a string in double quotes.
func (r *jsonReader) string() (string, *Error) {
	start := r.pos
	r.here() // so that the start can be found again
	r.pos++
	var b strings.Builder
	for r.pos < len(r.text) {
		switch c := r.text[r.pos]; {
		case c == '"':
			r.pos++
			return strings.ToValidUTF8(b.String(), "\uFFFD"), nil
		case c == '\\':
			if !r.escape(&b) {
				return "", r.refuse("unknown escape")
			}
		case c < ' ':
			return "", r.refuse("control characters must be escaped")
		default:
			b.WriteByte(c)
			r.pos++
		}
	}
	r.pos = start
	return "", r.refuse("the string has no closing quote")
}

// escape reads one escape sequence.
func (r *jsonReader) escape(b *strings.Builder) bool {
	if r.pos+1 >= len(r.text) {
		return false
	}
	c := r.text[r.pos+1]
	if i := strings.IndexByte(`"\/bfnrt`, c); i >= 0 {
		b.WriteByte("\"\\/\b\f\n\r\t"[i])
		r.pos += 2
		return true
	}
	if c != 'u' {
		return false
	}
	first, ok := r.hex4(r.pos + 2)
	if !ok {
		return false
	}
	r.pos += 6
	if utf16.IsSurrogate(first) {
		second, ok := rune(0), false
		if strings.HasPrefix(r.text[r.pos:], `\u`) {
			second, ok = r.hex4(r.pos + 2)
		}
		pair := utf16.DecodeRune(first, second)
		if ok && pair != utf8.RuneError {
			r.pos += 6
		}
		first = pair
	}
	b.WriteRune(first)
	return true
}

func (r *jsonReader) hex4(at int) (rune, bool) {
	if at+4 > len(r.text) {
		return 0, false
	}
	var v rune
	for _, c := range []byte(r.text[at : at+4]) {
		digit := strings.IndexByte("0123456789abcdef", c|0x20)
		if digit < 0 || c < '0' || c > '9' && c < 'A' {
			return 0, false
		}
		v = v<<4 | rune(digit) //nolint:gosec // below 16
	}
	return v, true
}
