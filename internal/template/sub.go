package template

import "strings"

const (
	subShape = "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and an optional second argument to specify a mapping of values to replace in the string"
	subNames = "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons"
)

// A subPart is a piece of the text of Fn::Sub: literal text or a variable.
type subPart struct {
	text string
	name string // of a variable; then text is "${Name}" as written
}

// parseSub cuts the text of Fn::Sub. Only ${…} is special; ${!x} stands for
// the literal ${x}. The bad name is returned when one is not allowed.
func parseSub(s string) (parts []subPart, bad string) {
	for s != "" {
		i := strings.Index(s, "${")
		if i < 0 {
			return append(parts, subPart{text: s}), ""
		}
		end := strings.IndexByte(s[i:], '}')
		if end < 0 { // a "${" that nothing closes is text
			return append(parts, subPart{text: s}), ""
		}
		if i > 0 {
			parts = append(parts, subPart{text: s[:i]})
		}
		whole := s[i : i+end+1]
		switch name := whole[2 : len(whole)-1]; {
		case strings.HasPrefix(name, "!"):
			parts = append(parts, subPart{text: "${" + name[1:] + "}"})
		case !subName(name):
			return nil, name
		default:
			parts = append(parts, subPart{text: whole, name: name})
		}
		s = s[i+end+1:]
	}
	return parts, ""
}

func subName(name string) bool {
	for _, c := range []byte(name) {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') && c != '_' && c != '.' && c != ':' {
			return false
		}
	}
	return name != ""
}

// subArguments reads the argument of Fn::Sub.
func subArguments(n, arg *Node) (text, variables *Node, parts []subPart, err *Error) {
	text = arg
	if arg.IsList() {
		if len(arg.Items) != 2 || !arg.Items[1].IsMap() {
			return nil, nil, nil, errorf(n.Position, subShape)
		}
		text, variables = arg.Items[0], arg.Items[1]
	}
	if !text.IsScalar() {
		return nil, nil, nil, errorf(n.Position, subShape)
	}
	parts, bad := parseSub(text.Value)
	if parts == nil && text.Value != "" {
		return nil, nil, nil, errorf(text.find("${"+bad+"}", 0), subNames).withHint("for a literal ${%s} write ${!%s}", bad, bad)
	}
	return text, variables, parts, nil
}

func (r *resolver) sub(n, arg *Node) (*Node, error) {
	text, variables, parts, e := subArguments(n, arg)
	if e != nil {
		return nil, e
	}
	// Each variable is computed once, however often the text names it.
	values, own := map[string]string{}, variables.byKey()
	complete := true
	var b strings.Builder
	for _, part := range parts {
		if part.name == "" {
			b.WriteString(part.text)
			continue
		}
		s, seen := values[part.name]
		if !seen {
			v, err := r.variable(part.name, own, n, text)
			if err != nil {
				return nil, err
			}
			switch v.kind() {
			case Scalar:
				s = scalarText(v)
			case Unknown:
				complete = false
			default:
				return nil, errorf(text.find(part.text, 0), "Template error: variable %s in Fn::Sub expression does not resolve to a string", part.name)
			}
			values[part.name] = s
		}
		b.WriteString(s)
		if b.Len() > maxResult {
			return nil, r.spend(n, b.Len())
		}
	}
	if !complete {
		return r.unknown(n), nil
	}
	return r.made(n, b.String())
}

// variable returns the value of ${name}: the map's, a parameter's, a
// resource's Ref or attribute.
func (r *resolver) variable(name string, own map[string]*Node, n, text *Node) (*Node, error) {
	if v := own[name]; v != nil {
		return r.resolve(v)
	}
	id, attribute, dotted := strings.Cut(name, ".")
	if !dotted {
		return r.name(name, n, func() Position { return text.find("${"+name+"}", 0) })
	}
	if r.partial {
		return r.unknown(n), nil
	}
	if !r.b.has(id) || r.block == "Conditions" || r.block == "Rules" {
		return nil, r.unresolved(id, text.find("${"+name+"}", 0))
	}
	return r.attribute(id, attribute, n)
}
