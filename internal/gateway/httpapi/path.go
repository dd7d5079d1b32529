package httpapi

import (
	"errors"
	"strings"
)

// ErrEscape reports a percent sign that no two hexadecimal digits follow.
var ErrEscape = errors.New("invalid percent-encoding")

// DecodePath decodes a raw path once, as routes see it: "%2F" becomes a slash
// like any other.
func DecodePath(raw string) (string, error) { return decode(raw, false) }

// A Parameter is a name and a value.
type Parameter struct{ Name, Value string }

// ParseQuery decodes a raw query string; "+" is a blank. Pairs are split at "&"
// only, as Signature Version 4 splits them, so that what was signed is what is
// handed on.
func ParseQuery(raw string) ([]Parameter, error) {
	if raw == "" {
		return nil, nil
	}
	out := make([]Parameter, 0, strings.Count(raw, "&")+1)
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := decode(name, true)
		if err != nil {
			return nil, err
		}
		if value, err = decode(value, true); err != nil {
			return nil, err
		}
		out = append(out, Parameter{name, value})
	}
	return out, nil
}

func decode(s string, plusIsBlank bool) (string, error) {
	if !strings.Contains(s, "%") && (!plusIsBlank || !strings.Contains(s, "+")) {
		return s, nil
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '%':
			if i+2 >= len(s) || unhex[s[i+1]] > 15 || unhex[s[i+2]] > 15 {
				return "", ErrEscape
			}
			b = append(b, unhex[s[i+1]]<<4|unhex[s[i+2]])
			i += 2
		case c == '+' && plusIsBlank:
			b = append(b, ' ')
		default:
			b = append(b, c)
		}
	}
	return string(b), nil
}

// unhex gives the value of a hexadecimal digit, 255 for other bytes.
var unhex = func() (t [256]byte) {
	for i := range t {
		t[i] = 255
	}
	for i := range byte(10) {
		t['0'+i] = i
	}
	for i := range byte(6) {
		t['a'+i], t['A'+i] = 10+i, 10+i
	}
	return t
}()

// IsNormal reports whether a path has neither empty nor dot segments. A
// signature does not tell such paths apart, so a signed route refuses them.
func IsNormal(path string) bool {
	path = strings.TrimPrefix(path, "/")
	for path != "" {
		segment, rest, more := strings.Cut(path, "/")
		if segment == "." || segment == ".." || segment == "" && more {
			return false
		}
		path = rest
	}
	return true
}
