package logs

import "strings"

// A pattern is a filter of unstructured messages: every term must be in a
// message, one of those with a question mark if there are any, and none of those
// with a minus (AWS: "Filter pattern syntax for metric filters, subscription
// filters, filter log events").
type pattern struct{ all, any, none []string }

// Matcher returns a function that tells whether a message matches a filter
// pattern, as FilterLogEvents does.
func Matcher(text string) (func(message string) bool, error) {
	p, err := parsePattern(text)
	if err != nil {
		return nil, err
	}
	return p.matches, nil
}

// parsePattern refuses patterns of JSON, of columns and regular expressions.
func parsePattern(text string) (*pattern, error) {
	p := &pattern{}
	rest := strings.TrimSpace(text)
	if strings.HasPrefix(rest, "{") || strings.HasPrefix(rest, "[") || strings.HasPrefix(rest, "%") {
		return nil, invalid("Invalid filter pattern: hakone matches terms; patterns of JSON, of columns and regular expressions are missing: %s", text)
	}
	for rest != "" {
		list := &p.all
		switch rest[0] {
		case '?':
			list, rest = &p.any, rest[1:]
		case '-':
			list, rest = &p.none, rest[1:]
		}
		var term string
		if quoted, ok := strings.CutPrefix(rest, `"`); ok {
			if term, rest, ok = strings.Cut(quoted, `"`); !ok {
				return nil, invalid("Invalid filter pattern: a quotation mark is missing: %s", text)
			}
		} else {
			term, rest, _ = strings.Cut(rest, " ")
		}
		if term != "" {
			*list = append(*list, term)
		}
		rest = strings.TrimLeft(rest, " ")
	}
	return p, nil
}

func (p *pattern) matches(message string) bool {
	found := len(p.any) == 0
	for _, term := range p.any {
		found = found || strings.Contains(message, term)
	}
	for _, term := range p.all {
		found = found && strings.Contains(message, term)
	}
	for _, term := range p.none {
		found = found && !strings.Contains(message, term)
	}
	return found
}
