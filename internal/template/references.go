package template

import (
	"fmt"
	"strings"
)

// A reference is one mention of a name in a resource, an output or elsewhere.
type reference struct {
	how       string // "Ref", "Fn::GetAtt", "Fn::Sub", "Fn::If", "Fn::FindInMap", "unknown function"
	name      string
	attribute string // of Fn::GetAtt and ${A.B}
	path      string // where in the member, such as /Properties/Role
	node      *Node  // the function
	text      *Node  // of Fn::Sub: its text
	nth       int    // of Fn::Sub: which occurrence in the text
}

// position returns where the name stands.
func (r *reference) position() Position {
	if r.how == "Fn::Sub" {
		return r.text.find(r.sub(), r.nth)
	}
	return r.node.Position
}

func (r *reference) sub() string {
	if r.attribute != "" {
		return "${" + r.name + "." + r.attribute + "}"
	}
	return "${" + r.name + "}"
}

// String says how the reference is written.
func (r *reference) String() string {
	switch {
	case r.how == "Fn::Sub":
		return "Fn::Sub " + r.sub()
	case r.attribute != "":
		return r.how + " " + r.name + "." + r.attribute
	default:
		return r.how + " " + r.name
	}
}

// A walker visits every reference below a node, in source order.
type walker struct {
	visit func(reference)
	// branch says which sides of an Fn::If to walk; nil walks both.
	branch func(condition *Node) tri
}

func (w *walker) walk(n *Node, path string) {
	if n == nil {
		return
	}
	if name, arg := n.Function(); name != "" {
		w.function(name, n, arg, path)
		return
	}
	for i, item := range n.Items {
		w.walk(item, fmt.Sprintf("%s/%d", path, i))
	}
	for _, p := range n.Pairs {
		w.walk(p.Value, path+"/"+p.Key)
	}
}

func (w *walker) function(name string, n, arg *Node, path string) {
	switch name {
	case "Ref":
		if arg.IsScalar() {
			w.visit(reference{how: name, name: arg.Value, node: n, path: path})
		}
	case "Fn::GetAtt":
		w.getAtt(n, arg, path)
	case "Fn::Sub":
		w.sub(n, arg, path)
	case "Fn::If":
		w.fnIf(arg, path)
	default:
		if _, ok := shortTags[strings.TrimPrefix(name, "Fn::")]; !ok {
			w.visit(reference{how: "unknown function", name: name, node: n, path: path})
		}
		if name == "Fn::FindInMap" && arg.IsList() && len(arg.Items) > 0 && arg.Items[0].IsScalar() {
			w.visit(reference{how: name, name: arg.Items[0].Value, node: n, path: path})
		}
		w.walk(arg, path+"/"+name)
	}
}

func (w *walker) getAtt(n, arg *Node, path string) {
	if arg.IsScalar() {
		arg = getAttArgument(arg)
	}
	if !arg.IsList() || len(arg.Items) < 2 || !arg.Items[0].IsScalar() {
		return
	}
	attribute := make([]string, 0, 1)
	for _, item := range arg.Items[1:] {
		attribute = append(attribute, item.Str())
		w.walk(item, path+"/Fn::GetAtt")
	}
	w.visit(reference{how: "Fn::GetAtt", name: arg.Items[0].Value, attribute: strings.Join(attribute, "."), node: n, path: path})
}

func (w *walker) sub(n, arg *Node, path string) {
	text, variables, parts, err := subArguments(n, arg)
	if err != nil {
		return
	}
	seen, own := map[string]int{}, variables.byKey()
	for _, part := range parts {
		if part.name == "" || own[part.name] != nil {
			continue
		}
		name, attribute, _ := strings.Cut(part.name, ".")
		w.visit(reference{how: "Fn::Sub", name: name, attribute: attribute, node: n, text: text, nth: seen[part.name], path: path})
		seen[part.name]++
	}
	if variables != nil {
		w.walk(variables, path+"/Fn::Sub/1")
	}
}

func (w *walker) fnIf(arg *Node, path string) {
	if !arg.IsList() || len(arg.Items) != 3 {
		return
	}
	if arg.Items[0].IsScalar() {
		w.visit(reference{how: "Fn::If", name: arg.Items[0].Value, node: arg.Items[0], path: path})
	} else {
		w.walk(arg.Items[0], path+"/Fn::If/0")
	}
	side := maybe
	if w.branch != nil {
		side = w.branch(arg.Items[0])
	}
	if side != no {
		w.walk(arg.Items[1], path+"/Fn::If/1")
	}
	if side != yes {
		w.walk(arg.Items[2], path+"/Fn::If/2")
	}
}

// walkResource walks a member of the Resources section. Its metadata may refer
// to what exists, but makes no dependency.
func (w *walker) walkResource(n *Node, metadata bool) {
	for _, p := range n.Pairs {
		switch p.Key {
		case "Type", "DependsOn", "Condition":
		case "Metadata":
			if metadata {
				w.walk(p.Value, "/Metadata")
			}
		default:
			w.walk(p.Value, "/"+p.Key)
		}
	}
}

// taken returns the branch function for what the conditions say.
func (b *Bound) taken(n *Node) tri {
	v, err := b.decide(n, b.resolver(NothingCreated))
	if err != nil {
		return maybe
	}
	return v
}
