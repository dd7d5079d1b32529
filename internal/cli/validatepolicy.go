package cli

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/template"
	"github.com/hakonegate/hakone/policy"
)

// policyFindings tells what IAM would refuse in the policies of a template, and what
// it accepts though it can never match, such as a misspelt action. What functions
// give is not looked at.
func policyFindings(resources []*template.Resource) ([]template.Warning, []*template.Error) {
	var out []template.Warning
	var refused []*template.Error
	add := func(kind policy.Kind, n *template.Node, what string) {
		if !n.IsMap() {
			return
		}
		text := literal(n).JSON("")
		d, err := policy.Parse(kind, text)
		if malformed, ok := errors.AsType[*policy.MalformedError](err); ok && bytes.Equal(text, n.JSON("")) {
			refused = append(refused, &template.Error{
				Message: malformed.Message,
				Notes:   []template.Note{{Position: n.Position, Text: strings.TrimSuffix(what+": "+malformed.Element, ": ")}},
				Hint:    malformed.Detail,
			})
		}
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
	return out, refused
}

// withFaults returns err and the faults as one error.
func withFaults(err error, faults []*template.Error) error {
	if len(faults) == 0 {
		return err
	}
	if err == nil {
		first := *faults[0]
		first.More = faults[1:]
		return &first
	}
	first, ok := errors.AsType[*template.Error](err)
	if !ok {
		return err
	}
	all := *first
	all.More = slices.Concat(first.More, faults)
	return &all
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
