package cli

import (
	"fmt"
	"strings"

	"github.com/hakonegate/hakone/internal/template"
	"github.com/hakonegate/hakone/policy"
)

// policyWarnings tells what IAM accepts in the policies of a template though it
// can never match, such as a misspelt action. What functions give is not looked at.
func policyWarnings(resources []*template.Resource) []template.Warning {
	var out []template.Warning
	add := func(kind policy.Kind, n *template.Node, what string) {
		if !n.IsMap() {
			return
		}
		d, err := policy.Parse(kind, literal(n).JSON(""))
		if err != nil {
			return // it may be a function's value; the deployment tells
		}
		for _, w := range d.Warnings() {
			if !strings.Contains(w.Element, "Action") {
				continue
			}
			text := fmt.Sprintf("%s: %s: %s", what, w.Element, w.Message)
			if w.Likely != "" {
				text += fmt.Sprintf("; did you mean %q?", w.Likely)
			}
			out = append(out, template.Warning{Position: n.Position, Text: text})
		}
	}
	for _, r := range resources {
		if !strings.HasPrefix(r.Type, "AWS::IAM::") {
			continue
		}
		add(policy.Trust, r.Properties.Get("AssumeRolePolicyDocument"), r.ID+": AssumeRolePolicyDocument")
		add(policy.Identity, r.Properties.Get("PolicyDocument"), r.ID+": PolicyDocument")
		if policies := r.Properties.Get("Policies"); policies.IsList() {
			for _, p := range policies.Items {
				add(policy.Identity, p.Get("PolicyDocument"), r.ID+": Policies")
			}
		}
	}
	return out
}

// literal returns n with everything that functions give replaced by what matches
// everything.
func literal(n *template.Node) *template.Node {
	n = n.Clone()
	var walk func(n *template.Node)
	walk = func(n *template.Node) {
		if len(n.Pairs) == 1 && (n.Pairs[0].Key == "Ref" || strings.HasPrefix(n.Pairs[0].Key, "Fn::")) {
			*n = *template.Text("*")
		}
		for _, item := range n.Items {
			walk(item)
		}
		for _, p := range n.Pairs {
			walk(p.Value)
		}
	}
	walk(n)
	return n
}
