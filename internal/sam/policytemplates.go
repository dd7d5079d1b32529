package sam

import (
	_ "embed" // for the policy templates
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/hakonegate/hakone/internal/template"
)

// policyTemplateText describes SAM's policy templates. A line without
// indentation is a template's name and its parameters. Below it each statement
// has a line of actions ("action" for a single value, "actions" for a list), a
// line of resources ("one" or "list"), and perhaps a line "when" with a
// condition in JSON. @sqs: stands for the beginning of an ARN of SQS in the
// stack's account, ${x} for the value of the parameter called X.
//
//go:embed policytemplates.txt
var policyTemplateText string

// A policyTmpl is one of SAM's policy templates.
type policyTmpl struct {
	parameters []string
	statements []policyTmplStatement
}

type policyTmplStatement struct {
	actions   []string
	oneAction bool // Action is one value rather than a list
	resources []string
	single    bool // Resource is one value rather than a list
	condition *template.Node
}

var policyTemplates = sync.OnceValue(func() map[string]*policyTmpl {
	all := map[string]*policyTmpl{}
	var current *policyTmpl
	abbreviation := regexp.MustCompile(`@([a-z0-9]+):`)
	for line := range strings.Lines(abbreviation.ReplaceAllString(policyTemplateText, "arn:$${AWS::Partition}:$1:$${AWS::Region}:$${AWS::AccountId}:")) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if line[0] != ' ' {
			current = &policyTmpl{parameters: fields[1:]}
			all[fields[0]] = current
			continue
		}
		last := len(current.statements) - 1
		switch fields[0] {
		case "action", "actions":
			current.statements = append(current.statements, policyTmplStatement{actions: fields[1:], oneAction: fields[0] == "action"})
		case "one", "list":
			current.statements[last].resources, current.statements[last].single = fields[1:], fields[0] == "one"
		case "when":
			condition, err := template.FromJSON([]byte(strings.TrimPrefix(strings.TrimSpace(line), "when")))
			if err == nil {
				current.statements[last].condition = condition
			}
		}
	}
	return all
})

// expandPolicyTemplates replaces the policy templates in Policies with the
// statements that they stand for.
func (m *macro) expandPolicyTemplates() error {
	policies := m.get("Policies")
	entries := policyEntries(policies)
	if len(entries) == 0 {
		return nil
	}
	expanded := template.List()
	expanded.Position = policies.Position
	for _, entry := range entries {
		n, err := m.expandPolicyTemplate(entry)
		if err != nil {
			return err
		}
		expanded.Append(n)
	}
	m.props.Set("Policies", expanded)
	return nil
}

func (m *macro) expandPolicyTemplate(entry *template.Node) (*template.Node, error) {
	kind, err := kindOfPolicy(entry)
	if err != nil {
		return nil, invalidTemplate(entry, "%s", err)
	}
	if kind != policyTemplate || entry.IsNoValue() {
		return entry, nil
	}
	if isIf(entry) {
		arg := entry.Get("Fn::If")
		then, err := m.expandPolicyTemplate(arg.Items[1])
		if err != nil {
			return nil, err
		}
		otherwise, err := m.expandPolicyTemplate(arg.Items[2])
		if err != nil {
			return nil, err
		}
		return template.Map(template.P("Fn::If", template.List(arg.Items[0], then, otherwise))).At(entry.Position), nil
	}
	name, values := entry.Pairs[0].Key, entry.Pairs[0].Value
	if !values.IsMap() {
		return nil, invalidResource(m.id, entry, "Must specify valid parameter values for policy template '%s'", name)
	}
	document, err := policyTemplates()[name].statementsWith(name, values)
	if err != nil {
		return nil, invalidResource(m.id, entry, "%s", err)
	}
	return document.At(entry.Position), nil
}

func (p *policyTmpl) statementsWith(name string, values *template.Node) (*template.Node, error) {
	var missing []string
	for _, parameter := range p.parameters {
		if !values.Has(parameter) {
			missing = append(missing, parameter)
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("Following required parameters of template '%s' don't have values: %s", name, quoted(missing)) //nolint:staticcheck // AWS's text
	}
	statements := template.List()
	for _, s := range p.statements {
		resources := template.List()
		for _, r := range s.resources {
			resources.Append(p.resource(r, values))
		}
		statement := template.Map(template.P("Effect", template.Text("Allow")), template.P("Action", template.Texts(s.actions...)))
		if s.oneAction {
			statement.Set("Action", template.Text(s.actions[0]))
		}
		if s.single {
			statement.Set("Resource", resources.Items[0])
		} else {
			statement.Set("Resource", resources)
		}
		if s.condition != nil {
			statement.Set("Condition", p.fill(s.condition, values))
		}
		statements.Append(statement)
	}
	return template.Map(template.P("Statement", statements)), nil
}

var templateVariable = regexp.MustCompile(`\$\{([A-Za-z][A-Za-z0-9]*)\}`)

// resource returns a resource with its ${variables}: the values of the
// parameters of the same names, whatever their case.
func (p *policyTmpl) resource(text string, values *template.Node) *template.Node {
	variables := template.Map()
	for _, m := range templateVariable.FindAllStringSubmatch(text, -1) {
		for _, parameter := range p.parameters {
			if strings.EqualFold(parameter, m[1]) {
				variables.Set(m[1], values.Get(parameter))
			}
		}
	}
	switch {
	case len(variables.Pairs) > 0:
		return sub(text, variables.Pairs...)
	case strings.Contains(text, "${"):
		return template.Sub(text)
	default:
		return template.Text(text)
	}
}

// fill replaces the texts of a condition as resource does.
func (p *policyTmpl) fill(n, values *template.Node) *template.Node {
	if n.IsScalar() {
		return p.resource(n.Value, values)
	}
	c := template.Node{Kind: n.Kind}
	for _, item := range n.Items {
		c.Items = append(c.Items, p.fill(item, values))
	}
	for _, pair := range n.Pairs {
		c.Pairs = append(c.Pairs, template.P(pair.Key, p.fill(pair.Value, values)))
	}
	return &c
}
