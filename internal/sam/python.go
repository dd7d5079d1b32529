package sam

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

// AWS's transform is a Python program, and some of its texts show values as
// that language prints them.

// pythonText prints a value as str does: text as it is, the rest as repr.
func pythonText(n *template.Node) string {
	if n.IsText() {
		return n.Value
	}
	return pythonRepr(n)
}

// python2Text prints a value as Python 2 did, which AWS's transform imitates for
// what stands in API definitions.
func python2Text(n *template.Node) string {
	text := pythonText(n)
	if n.IsMap() || n.IsList() {
		text = pythonString.ReplaceAllString(text, "u$0")
	}
	return text
}

var pythonString = regexp.MustCompile(`'[^']*'`)

// pythonRepr prints a value as a literal of Python.
func pythonRepr(n *template.Node) string {
	switch {
	case n.IsNull():
		return "None"
	case n.IsMap():
		all := make([]string, 0, len(n.Pairs))
		for _, p := range n.Pairs {
			all = append(all, pythonQuote(p.Key)+": "+pythonRepr(p.Value))
		}
		return "{" + strings.Join(all, ", ") + "}"
	case n.IsList():
		all := make([]string, 0, len(n.Items))
		for _, item := range n.Items {
			all = append(all, pythonRepr(item))
		}
		return "[" + strings.Join(all, ", ") + "]"
	case n.IsBool():
		if isTrue(n) {
			return "True"
		}
		return "False"
	case n.IsNumber():
		return pythonNumber(n.Value)
	default:
		return pythonQuote(n.Value)
	}
}

// pythonQuote quotes text: in single quotes unless it has only those.
func pythonQuote(s string) string {
	quote := "'"
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = `"`
	}
	body := strconv.Quote(s)
	body = strings.ReplaceAll(body[1:len(body)-1], `\"`, `"`)
	if quote == "'" {
		body = strings.ReplaceAll(body, "'", `\'`)
	}
	return quote + body + quote
}

// pythonType names a value's type.
func pythonType(n *template.Node) string {
	switch {
	case n.IsNull():
		return "NoneType"
	case n.IsMap():
		return "dict"
	case n.IsList():
		return "list"
	case n.IsBool():
		return "bool"
	case n.IsNumber() && strings.ContainsAny(n.Value, ".eE"):
		return "float"
	case n.IsNumber():
		return "int"
	default:
		return "str"
	}
}

// python2Type names the type of a value that stands in an API definition.
func python2Type(n *template.Node) string {
	switch typ := pythonType(n); typ {
	case "str":
		return "Py27UniStr"
	case "dict":
		return "Py27Dict"
	default:
		return typ
	}
}

// pythonNumber writes a number as Python does: a fraction in its shortest form.
func pythonNumber(s string) string {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !strings.ContainsAny(s, ".eE") {
		return s
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	if s = strconv.FormatFloat(f, 'f', -1, 64); !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}
