package policy

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// A Position is a place in a document's text, counted from 1; columns count
// characters.
type Position struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// String returns the position as line:column.
func (p Position) String() string { return fmt.Sprintf("%d:%d", p.Line, p.Column) }

// A locator turns offsets of a text into positions. It remembers the last, so
// that offsets in ascending order cost one pass over the text together.
type locator struct {
	text   string
	offset int
	last   Position
}

func (l *locator) position(offset int) Position {
	offset = min(offset, len(l.text))
	if l.last.Line == 0 || offset < l.offset {
		l.offset, l.last = 0, Position{1, 1}
	}
	between := l.text[l.offset:offset]
	if i := strings.LastIndexByte(between, '\n'); i >= 0 {
		l.last.Line += strings.Count(between, "\n")
		l.last.Column = 1
		between = between[i+1:]
	}
	l.last.Column += utf8.RuneCountInString(between)
	l.offset = offset
	return l.last
}

// A span is where a statement is, in little room.
type span struct{ line, column, endLine, endColumn int32 }

func makeSpan(start, end Position) span {
	return span{int32(start.Line), int32(start.Column), int32(end.Line), int32(end.Column)} //nolint:gosec // maxDocumentBytes fits
}

func (s span) start() Position { return Position{int(s.line), int(s.column)} }
func (s span) end() Position   { return Position{int(s.endLine), int(s.endColumn)} }
