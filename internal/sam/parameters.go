package sam

import (
	"regexp"
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

// bindParameters gathers the values that a Ref may be resolved to while
// transforming.
func (t *translator) bindParameters() {
	t.parameters = map[string]*template.Node{
		"AWS::Region":    template.Text(t.region()),
		"AWS::Partition": template.Text(t.partition()),
	}
	if declared := t.root.Get("Parameters"); declared.IsMap() {
		for _, p := range declared.Pairs {
			if d := present(p.Value.Get("Default")); d != nil {
				t.parameters[p.Key] = d
			}
		}
	}
	for name, value := range t.opts.Parameters {
		t.parameters[name] = template.Text(value)
	}
}

func (t *translator) region() string {
	if t.opts.Region == "" {
		return "us-east-1"
	}
	return t.opts.Region
}

func (t *translator) partition() string {
	switch region := t.region(); {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	default:
		return "aws"
	}
}

var subVariable = regexp.MustCompile(`\$\{([A-Za-z0-9:.]+)\}`)

// resolve returns n with references to parameters replaced by their values,
// also those inside Fn::Sub. Everything else stays. It never changes n.
func (t *translator) resolve(n *template.Node) *template.Node {
	if n == nil {
		return nil
	}
	switch name, arg := n.Function(); {
	case name == "Ref" && arg.IsScalar():
		if value, ok := t.parameters[arg.Value]; ok {
			value = value.Clone()
			value.Position = n.Position
			return value
		}
		return n
	case name == "Fn::Sub":
		return t.resolveSub(n)
	}
	c := *n
	c.Items, c.Pairs = nil, nil
	for _, item := range n.Items {
		c.Items = append(c.Items, t.resolve(item))
	}
	for _, p := range n.Pairs {
		p.Value = t.resolve(p.Value)
		c.Pairs = append(c.Pairs, p)
	}
	return &c
}

func (t *translator) resolveSub(n *template.Node) *template.Node {
	c := n.Clone()
	text := c.Pairs[0].Value
	if text.IsList() && len(text.Items) > 0 {
		text = text.Items[0]
	}
	if text.IsScalar() {
		text.Value = subVariable.ReplaceAllStringFunc(text.Value, func(variable string) string {
			if value, ok := t.parameters[variable[2:len(variable)-1]]; ok && value.IsScalar() {
				return value.Value
			}
			return variable
		})
	}
	return c
}

// resolveMapped is resolve, and Fn::FindInMap too.
func (t *translator) resolveMapped(n *template.Node) *template.Node {
	n = t.resolve(n)
	if name, arg := n.Function(); name == "Fn::FindInMap" && arg.IsList() && len(arg.Items) == 3 {
		if value := t.mappings.Path(arg.Items[0].Str(), arg.Items[1].Str(), arg.Items[2].Str()); value != nil {
			return value
		}
	}
	return n
}
