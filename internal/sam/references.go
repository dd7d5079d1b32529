package sam

import (
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

// rewriteReferences follows the resources that have new logical ids, and
// resolves references to generated ones: Ref Fn.Alias, GetAtt Api.Stage.X,
// ${Fn.Version}.
func (t *translator) rewriteReferences() {
	t.rewrite(t.root)
	if resources := t.root.Get("Resources"); resources != nil {
		for _, p := range resources.Pairs {
			t.rewriteDependsOn(p.Value.Get("DependsOn"))
		}
	}
}

func (t *translator) rewriteDependsOn(n *template.Node) {
	switch {
	case n.IsScalar():
		if id, ok := t.renamed[n.Value]; ok {
			n.Value = id
		}
	case n.IsList():
		for _, item := range n.Items {
			t.rewriteDependsOn(item)
		}
	}
}

func (t *translator) rewrite(n *template.Node) {
	if n == nil {
		return
	}
	switch name, arg := n.Function(); name {
	case "Ref":
		if arg.IsScalar() {
			arg.Value = t.follow(arg.Value, "")
		}
	case "Fn::GetAtt":
		t.rewriteGetAtt(arg)
	case "Fn::Sub":
		switch {
		case arg.IsScalar():
			arg.Value = t.rewriteSub(arg.Value)
		case arg.IsList() && len(arg.Items) > 0 && arg.Items[0].IsScalar():
			arg.Items[0].Value = t.rewriteSub(arg.Items[0].Value)
		}
	}
	for _, item := range n.Items {
		t.rewrite(item)
	}
	for _, p := range n.Pairs {
		t.rewrite(p.Value)
	}
}

// follow returns what a reference to a resource, or to a generated one by
// its property, names after the transform; text itself when it is neither.
func (t *translator) follow(text, fallback string) string {
	id, property, dotted := strings.Cut(text, ".")
	if dotted {
		property, rest, more := strings.Cut(property, ".")
		if generated := t.referable[id][property]; generated != "" && (!more || fallback != "") {
			if more {
				return generated + "." + rest
			}
			return generated
		}
		if renamed, ok := t.renamed[id]; ok && fallback != "" {
			return renamed + text[len(id):]
		}
		return text
	}
	if renamed, ok := t.renamed[id]; ok {
		return renamed
	}
	return text
}

func (t *translator) rewriteGetAtt(arg *template.Node) {
	if arg.IsScalar() {
		arg.Value = t.follow(arg.Value, "GetAtt")
		return
	}
	if !arg.IsList() || len(arg.Items) == 0 {
		return
	}
	var parts []string
	for _, item := range arg.Items {
		if !item.IsScalar() {
			parts = nil
			break
		}
		parts = append(parts, item.Value)
	}
	if first := arg.Items[0]; first.IsScalar() {
		if renamed, ok := t.renamed[first.Value]; ok {
			first.Value = renamed
			return
		}
	}
	if len(parts) == 0 {
		return
	}
	parts = strings.Split(strings.Join(parts, "."), ".")
	if len(parts) < 2 {
		return
	}
	if generated := t.referable[parts[0]][parts[1]]; generated != "" {
		at := arg.Position
		*arg = *template.Texts(append([]string{generated}, parts[2:]...)...).At(at)
	}
}

// rewriteSub rewrites the variables of a Fn::Sub, also those to which the function
// itself gives a value, as AWS's transform does.
func (t *translator) rewriteSub(text string) string {
	return subVariable.ReplaceAllStringFunc(text, func(variable string) string {
		return "${" + t.follow(variable[2:len(variable)-1], "Sub") + "}"
	})
}
