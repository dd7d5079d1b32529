package policy

import "strings"

// A variable is ${key} or ${key, 'default'} in a pattern.
type variable struct {
	key        string // in lower case
	fallback   string
	hasDefault bool
	escape     string // the character that ${*}, ${?} or ${$} stands for
}

// cutVariable reads the variable that s begins with. It reports false when the
// braces are not closed.
func cutVariable(s string) (v variable, after string, ok bool) {
	body, after, ok := strings.Cut(s[len("${"):], "}")
	if !ok {
		return variable{}, s, false
	}
	if body == "*" || body == "?" || body == "$" {
		return variable{escape: body}, after, true
	}
	// A default may hold a closing brace: it ends with a quote.
	if i := strings.IndexByte(body, ','); i >= 0 {
		quoted := strings.TrimLeft(s[len("${")+i+1:], " ")
		if rest, isQuoted := strings.CutPrefix(quoted, "'"); isQuoted {
			if fallback, tail, closed := strings.Cut(rest, "'"); closed {
				tail = strings.TrimLeft(tail, " ")
				if strings.HasPrefix(tail, "}") {
					v.key = lowerKey(strings.TrimSpace(body[:i]))
					v.fallback, v.hasDefault = fallback, true
					return v, tail[1:], true
				}
			}
		}
	}
	v.key = lowerKey(strings.TrimSpace(body))
	return v, after, true
}

// resolve returns the variable's text. A key with several values never
// resolves, and its default is for absent keys only.
func (v *variable) resolve(e *env) (string, bool) {
	value, ok := e.value(v.key)
	if !ok {
		return v.fallback, v.hasDefault
	}
	return value.Single()
}
