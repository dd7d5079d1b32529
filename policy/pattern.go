package policy

import (
	"math"
	"strings"
	"unicode/utf8"
)

// A pattern is a text of a policy, ready to be matched: its wildcards and
// variables are found when the document is compiled.
type pattern struct {
	text    string // as written
	shape   shape
	program *program // for shapeProgram
}

// A shape is the cheapest way to match a pattern.
type shape uint8

const (
	shapeNever   shape = iota // matches nothing
	shapeAll                  // "*"
	shapeExact                // no wildcard
	shapePrefix               // one "*", at the end
	shapeProgram              // anything else
)

// A program is a pattern in steps.
type program struct {
	tokens    []token
	variables []variable
}

type token struct {
	kind  tokenKind
	index uint32 // of a variable
	text  string // of a literal
}

type tokenKind uint8

const (
	tokenLiteral  tokenKind = iota
	tokenOne                // "?": one character
	tokenAny                // "*": any run of characters
	tokenVariable           // the literal text of a condition key
)

// A syntax says what is special in a pattern.
type syntax struct {
	wildcards bool
	variables bool
}

// compilePattern prepares text. It never fails: what is not a variable is text.
func compilePattern(text string, sx syntax) pattern {
	if !sx.variables || !strings.Contains(text, "${") {
		switch i := strings.IndexAny(text, "*?"); {
		case !sx.wildcards || i < 0:
			return pattern{text: text, shape: shapeExact}
		case text == "*":
			return pattern{text: text, shape: shapeAll}
		case i == len(text)-1 && text[i] == '*':
			return pattern{text: text, shape: shapePrefix}
		}
	}
	return pattern{text: text, shape: shapeProgram, program: compileProgram(text, sx)}
}

// lead returns how many bytes of p.text whatever matches must begin with, case
// included. A pattern with variables has none: without their values it is
// meaningless, which is no mismatch.
func (p *pattern) lead() uint16 {
	if p.shape == shapeProgram && len(p.program.variables) > 0 {
		return 0
	}
	n := strings.IndexAny(p.text, "*?$")
	if n < 0 {
		n = len(p.text)
	}
	return uint16(min(n, math.MaxUint16))
}

func compileProgram(text string, sx syntax) *program {
	p := &program{}
	var literal strings.Builder
	add := func(t token) {
		if literal.Len() > 0 {
			p.tokens = append(p.tokens, token{kind: tokenLiteral, text: literal.String()})
			literal.Reset()
		}
		if n := len(p.tokens); t.kind == tokenAny && n > 0 && p.tokens[n-1].kind == tokenAny || t.kind == tokenLiteral {
			return
		}
		p.tokens = append(p.tokens, t)
	}
	for rest := text; rest != ""; {
		switch c := rest[0]; {
		case c == '*' && sx.wildcards:
			add(token{kind: tokenAny})
			rest = rest[1:]
			continue
		case c == '?' && sx.wildcards:
			add(token{kind: tokenOne})
			rest = rest[1:]
			continue
		case sx.variables && strings.HasPrefix(rest, "${"):
			v, after, ok := cutVariable(rest)
			if !ok {
				sx.variables = false // nothing that follows is closed either
				break
			}
			rest = after
			if v.escape != "" {
				literal.WriteString(v.escape)
				continue
			}
			add(token{kind: tokenVariable, index: uint32(len(p.variables))}) //nolint:gosec // maxDocumentBytes leaves room for far fewer
			p.variables = append(p.variables, v)
			continue
		}
		literal.WriteByte(rest[0])
		rest = rest[1:]
	}
	add(token{kind: tokenLiteral})
	return p
}

// A match is the result of comparing a pattern.
type match uint8

const (
	noMatch match = iota
	matched
	meaningless // what is compared has no value or is of another type: true in neither polarity
)

// matchFold compares the whole of p with s without regard to case. Case folding
// can change lengths, so the text is put together first.
func (p *pattern) matchFold(s string, e *env) match {
	if p.shape != shapeProgram {
		return matchOf(strings.EqualFold(p.text, s))
	}
	text, ok := p.program.expand(e)
	if !ok {
		return meaningless
	}
	return matchOf(strings.EqualFold(text, s))
}

// expand returns the text of a program without wildcards.
func (p *program) expand(e *env) (string, bool) {
	var room [8]string
	values, ok := p.resolve(e, room[:0])
	if !ok {
		return "", false
	}
	if len(p.tokens) == 1 {
		return p.tokens[0].literal(values), true
	}
	var b strings.Builder
	for i := range p.tokens {
		b.WriteString(p.tokens[i].literal(values))
	}
	return b.String(), true
}

func matchOf(ok bool) match {
	if ok {
		return matched
	}
	return noMatch
}

// match compares p with s. The time grows with len(s), or for patterns that
// have a "?" after a "*" with len(s)·len(p): no input makes it exponential.
func (p *pattern) match(s string, e *env, fold bool) match {
	switch p.shape {
	case shapeAll:
		return matched
	case shapeExact:
		return matchOf(len(p.text) == len(s) && equalText(p.text, s, fold))
	case shapePrefix:
		n := len(p.text) - 1
		return matchOf(len(s) >= n && equalText(p.text[:n], s[:n], fold))
	case shapeProgram:
		if len(p.program.variables) == 0 {
			return matchOf(run(p.program.tokens, nil, s, fold))
		}
		return p.program.match(s, e, fold)
	default:
		return noMatch
	}
}

// match is [pattern.match] with the values of variables.
func (p *program) match(s string, e *env, fold bool) match {
	var room [8]string
	values, ok := p.resolve(e, room[:0])
	if !ok {
		return meaningless
	}
	return matchOf(run(p.tokens, values, s, fold))
}

// resolve appends the values of the program's variables to values.
func (p *program) resolve(e *env, values []string) ([]string, bool) {
	for i := range p.variables {
		v, ok := p.variables[i].resolve(e)
		if !ok {
			return values, false
		}
		values = append(values, v)
	}
	return values, true
}

// run matches s against tokens. The tokens before the first "*" must begin s,
// those after the last must end it, and what stands between two stars may be
// taken where it first occurs: a later place leaves less for the rest.
func run(tokens []token, values []string, s string, fold bool) bool {
	head, rest, star := cutStar(tokens)
	n := segmentAt(head, values, s, fold)
	if n < 0 {
		return false
	}
	if !star {
		return n == len(s)
	}
	s = s[n:]
	for {
		var segment []token
		segment, rest, star = cutStar(rest)
		if !star {
			return segmentEnds(segment, values, s, fold)
		}
		n := segmentIn(segment, values, s, fold)
		if n < 0 {
			return false
		}
		s = s[n:]
	}
}

func cutStar(tokens []token) (before, after []token, found bool) {
	for i := range tokens {
		if tokens[i].kind == tokenAny {
			return tokens[:i], tokens[i+1:], true
		}
	}
	return tokens, nil, false
}

func (t *token) literal(values []string) string {
	if t.kind == tokenVariable {
		return values[t.index]
	}
	return t.text
}

// segmentAt returns how much of s the segment takes from its start, or -1.
func segmentAt(segment []token, values []string, s string, fold bool) int {
	n := 0
	for i := range segment {
		t := &segment[i]
		if t.kind == tokenOne {
			if n == len(s) {
				return -1
			}
			_, size := utf8.DecodeRuneInString(s[n:])
			n += size
			continue
		}
		lit := t.literal(values)
		if len(s)-n < len(lit) || !equalText(lit, s[n:n+len(lit)], fold) {
			return -1
		}
		n += len(lit)
	}
	return n
}

// segmentEnds reports whether the segment can be the end of s.
func segmentEnds(segment []token, values []string, s string, fold bool) bool {
	for i := len(segment) - 1; i >= 0; i-- {
		t := &segment[i]
		if t.kind == tokenOne {
			if s == "" {
				return false
			}
			_, size := utf8.DecodeLastRuneInString(s)
			s = s[:len(s)-size]
			continue
		}
		lit := t.literal(values)
		n := len(s) - len(lit)
		if n < 0 || !equalText(lit, s[n:], fold) {
			return false
		}
		s = s[:n]
	}
	return true
}

// segmentIn returns the end of the segment's first place in s, or -1.
func segmentIn(segment []token, values []string, s string, fold bool) int {
	if len(segment) == 1 && segment[0].kind != tokenOne && !fold {
		lit := segment[0].literal(values)
		if i := strings.Index(s, lit); i >= 0 {
			return i + len(lit)
		}
		return -1
	}
	for i := 0; i <= len(s); {
		if n := segmentAt(segment, values, s[i:], fold); n >= 0 {
			return i + n
		}
		if i == len(s) {
			break
		}
		_, size := utf8.DecodeRuneInString(s[i:])
		i += size
	}
	return -1
}

// equalText compares two texts of the same length.
func equalText(a, b string, fold bool) bool {
	if !fold || a == b {
		return a == b
	}
	for i := range len(a) {
		if a[i] != b[i] && lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
