package template

import (
	"fmt"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// A Position is a place in a template's source. Its zero value is nowhere:
// the node was made, not read. Nodes that a transform makes carry the
// position of the node that they came from.
type Position struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`   // from 1
	Column int    `json:"column,omitempty"` // from 1, in characters

	source *source
}

// IsZero reports whether p is nowhere.
func (p Position) IsZero() bool { return p.Line == 0 }

// Equal reports whether p and q are the same place.
func (p Position) Equal(q Position) bool {
	return p.File == q.File && p.Line == q.Line && p.Column == q.Column
}

// String returns "file:line:column", the form that editors follow.
func (p Position) String() string {
	switch {
	case p.IsZero():
		return p.File
	case p.File == "":
		return fmt.Sprintf("%d:%d", p.Line, p.Column)
	default:
		return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	}
}

// SourceLine returns the line of text that p is in, without its end, and ""
// when the text is not known.
func (p Position) SourceLine() string {
	if p.source == nil {
		return ""
	}
	return p.source.line(p.Line)
}

// A source is the text of one file.
type source struct {
	file string
	text string

	once   sync.Once
	starts []int // byte offsets at which lines begin
}

func (s *source) at(line, column int) Position {
	return Position{File: s.file, Line: line, Column: column, source: s}
}

// line returns the nth line, from 1, without its end.
func (s *source) line(n int) string {
	s.once.Do(func() {
		s.starts = []int{0}
		for i := range len(s.text) {
			if s.text[i] == '\n' {
				s.starts = append(s.starts, i+1)
			}
		}
	})
	if n < 1 || n > len(s.starts) {
		return ""
	}
	text, _, _ := strings.Cut(s.text[s.starts[n-1]:], "\n")
	return strings.TrimSuffix(text, "\r")
}

// find returns the place of the nth (from 0) occurrence of s in the source
// text of the scalar n, or n's place when it is written otherwise there.
func (n *Node) find(s string, nth int) Position {
	if n == nil || n.source == nil || n.IsZero() || s == "" {
		return n.position()
	}
	// A block scalar begins on the line after its mark; no scalar has many
	// more lines than its value: line ends double in quotes, and fold.
	last := n.Line + 2 + 2*strings.Count(n.Value, "\n") + len(n.Value)/20
	for line, skip := n.Line, n.Column-1; line <= last; line, skip = line+1, 0 {
		text := n.source.line(line)
		if len(text) > 10_000 { // minified; an editor finds the value itself
			return n.Position
		}
		column := 0 // in characters, of text's start
		for ; skip > 0 && text != ""; skip-- {
			_, size := utf8.DecodeRuneInString(text)
			text = text[size:]
			column++
		}
		for {
			before, after, found := strings.Cut(text, s)
			if !found {
				break
			}
			column += utf8.RuneCountInString(before)
			if nth == 0 {
				return n.source.at(line, column+1)
			}
			nth--
			column += utf8.RuneCountInString(s)
			text = after
		}
	}
	return n.Position
}

// caret returns the line of p and below it a caret under p's column. A long
// line is cut around the column. It returns "" when the text is not known.
func (p Position) caret() string {
	line := strings.TrimRight(p.SourceLine(), " \t")
	if line == "" {
		return ""
	}
	const before, width = 60, 120
	column := max(p.Column, 1) - 1 // in runes
	runes := []rune(strings.Map(printable, strings.ToValidUTF8(line, string(utf8.RuneError))))
	column = min(column, len(runes))
	if start := column - before; len(runes) > width && start > 0 {
		runes, column = runes[start:], before
	}
	runes = runes[:min(len(runes), width)]
	column = min(column, len(runes))
	var pad strings.Builder
	for _, r := range runes[:column] {
		switch {
		case r == '\t':
			pad.WriteByte('\t')
		case wide(r):
			pad.WriteString("  ")
		default:
			pad.WriteByte(' ')
		}
	}
	return string(runes) + "\n" + pad.String() + "^"
}

// printable keeps control characters of a template away from the terminal.
func printable(r rune) rune {
	if r != '\t' && !unicode.IsPrint(r) {
		return utf8.RuneError
	}
	return r
}

// wide reports whether terminals give r two cells (East Asian scripts), so
// that the caret stands under what it means.
func wide(r rune) bool {
	return r >= 0x1100 && (r <= 0x115f || r >= 0x2e80 && r <= 0xa4cf || r >= 0xac00 && r <= 0xd7a3 ||
		r >= 0xf900 && r <= 0xfaff || r >= 0xfe30 && r <= 0xfe6f || r >= 0xff00 && r <= 0xff60 || r >= 0xffe0 && r <= 0xffe6 ||
		r >= 0x1f300 && r <= 0x1faff)
}
