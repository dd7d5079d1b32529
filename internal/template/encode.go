package template

import (
	"bytes"
	"encoding/json"
	"strings"
)

// MarshalJSON returns compact JSON with keys in source order. An unquoted
// true, false or JSON number becomes one, written as in the source; every
// other scalar becomes a string.
func (n Node) MarshalJSON() ([]byte, error) { return n.appendJSON(nil), nil }

// JSON returns n as JSON indented by indent, or compact when indent is "".
func (n *Node) JSON(indent string) []byte {
	text := n.appendJSON(nil)
	if indent == "" {
		return text
	}
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", indent); err != nil {
		return text
	}
	return b.Bytes()
}

func (n *Node) appendJSON(b []byte) []byte {
	if n == nil {
		return append(b, "null"...)
	}
	switch n.Kind {
	case Scalar:
		switch {
		case n.IsBool():
			return append(b, lowerBool(n.Value)...)
		case n.IsNumber():
			return append(b, n.Value...)
		default:
			return appendJSONString(b, n.Value)
		}
	case Sequence:
		b = append(b, '[')
		for i, item := range n.Items {
			if i > 0 {
				b = append(b, ',')
			}
			b = item.appendJSON(b)
		}
		return append(b, ']')
	case Mapping:
		b = append(b, '{')
		for i, p := range n.Pairs {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendJSONString(b, p.Key), ':')
			b = p.Value.appendJSON(b)
		}
		return append(b, '}')
	case Unknown:
		return append(b, `"(known after apply)"`...)
	default:
		return append(b, "null"...)
	}
}

// appendJSONString appends s as a JSON string, without the HTML escapes that
// encoding/json makes by default: policies and URLs stay readable.
func appendJSONString(b []byte, s string) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return append(b, `""`...)
	}
	return append(b, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...)
}

// lowerBool returns "true" or "false" when s is one of YAML's core spellings
// of a boolean, else "".
func lowerBool(s string) string {
	switch s {
	case "true", "True", "TRUE":
		return "true"
	case "false", "False", "FALSE":
		return "false"
	default:
		return ""
	}
}

// isJSONNumber reports whether s is a number in JSON's grammar.
func isJSONNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	digits := func() int {
		n := 0
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		return n
	}
	n := digits()
	if n == 0 || n > 1 && s[0] == '0' {
		return false
	}
	s = s[n:]
	if strings.HasPrefix(s, ".") {
		s = s[1:]
		if n = digits(); n == 0 {
			return false
		}
		s = s[n:]
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		s = s[1:]
		if s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		if n = digits(); n == 0 {
			return false
		}
		s = s[n:]
	}
	return s == ""
}
