package template

import (
	"slices"
	"strconv"
	"strings"
)

// A Parameter is one member of the Parameters section.
type Parameter struct {
	Name                  string
	Type                  string
	Default               *string // nil when there is none
	AllowedValues         []string
	AllowedPattern        string
	ConstraintDescription string
	Description           string
	NoEcho                bool
	Node                  *Node // the whole member
	Position                    // of the name

	minLength, maxLength, minValue, maxValue *float64
}

// IsList reports whether Ref gives a list.
func (p *Parameter) IsList() bool {
	t := p.Type
	if inner, ok := cutType(t, "AWS::SSM::Parameter::Value<"); ok {
		t = inner
	}
	return t == "CommaDelimitedList" || strings.HasPrefix(t, "List<")
}

// IsSSM reports whether the value is the name of a parameter of the parameter
// store, whose value Ref gives.
func (p *Parameter) IsSSM() bool { return strings.HasPrefix(p.Type, "AWS::SSM::Parameter::Value<") }

// element returns the type of the parameter's value, of its items for a list.
func (p *Parameter) element() string {
	t := p.Type
	if inner, ok := cutType(t, "AWS::SSM::Parameter::Value<"); ok {
		t = inner
	}
	if inner, ok := cutType(t, "List<"); ok {
		return inner
	}
	if t == "CommaDelimitedList" {
		return "String"
	}
	return t
}

// cutType returns T of "prefix" + T + ">".
func cutType(t, prefix string) (string, bool) {
	if inner, ok := strings.CutPrefix(t, prefix); ok && strings.HasSuffix(inner, ">") {
		return inner[:len(inner)-1], true
	}
	return "", false
}

// awsTypes are the parameter types that name things of the account.
var awsTypes = []string{
	"AWS::EC2::AvailabilityZone::Name", "AWS::EC2::Image::Id", "AWS::EC2::Instance::Id", "AWS::EC2::KeyPair::KeyName",
	"AWS::EC2::SecurityGroup::GroupName", "AWS::EC2::SecurityGroup::Id", "AWS::EC2::Subnet::Id", "AWS::EC2::Volume::Id", "AWS::EC2::VPC::Id",
	"AWS::Route53::HostedZone::Id",
}

func knownParameterType(t string) bool {
	if inner, ok := cutType(t, "AWS::SSM::Parameter::Value<"); ok {
		if list, ok := cutType(inner, "List<"); ok {
			inner = list
		}
		return inner == "String" || inner == "CommaDelimitedList" || slices.Contains(awsTypes, inner)
	}
	if inner, ok := cutType(t, "List<"); ok {
		return inner == "Number" || inner == "String" || slices.Contains(awsTypes, inner)
	}
	return t == "String" || t == "Number" || t == "CommaDelimitedList" || t == "AWS::SSM::Parameter::Name" || slices.Contains(awsTypes, t)
}

func parameterTypes() []string {
	names := []string{"String", "Number", "List<Number>", "CommaDelimitedList", "AWS::SSM::Parameter::Name", "AWS::SSM::Parameter::Value<String>"}
	for _, t := range awsTypes {
		names = append(names, t, "List<"+t+">", "AWS::SSM::Parameter::Value<"+t+">")
	}
	return names
}

var parameterKeys = []string{
	"Type", "Default", "AllowedValues", "AllowedPattern", "ConstraintDescription", "Description", "MinLength", "MaxLength", "MinValue", "MaxValue", "NoEcho",
}

func (l *loader) parameters(n *Node) {
	for _, pair := range l.section(n, "Parameters", "Parameter") {
		if !pair.Value.IsMap() {
			l.fault(pair.KeyPosition, "Template format error: Any Parameters member must be an object.")
			continue
		}
		p := l.parameter(pair)
		l.t.Parameters = append(l.t.Parameters, p)
		l.t.parameters[p.Name] = p
	}
	if len(l.t.Parameters) > 200 {
		l.warn(n.Position, "the template has %d parameters; CloudFormation takes 200", len(l.t.Parameters))
	}
}

func (l *loader) parameter(pair Pair) *Parameter {
	v := pair.Value
	p := &Parameter{Name: pair.Key, Position: pair.KeyPosition, Node: v}
	for _, a := range v.Pairs {
		if !slices.Contains(parameterKeys, a.Key) {
			e := errorf(a.KeyPosition, "Invalid template parameter property '%s'", a.Key)
			e.Hint = didYouMean(a.Key, parameterKeys)
			l.faults.add(e)
		}
	}
	p.Type = v.Get("Type").Str()
	switch {
	case p.Type == "":
		e := errorf(pair.KeyPosition, "Template format error: Every Parameters object must contain a Type member.")
		e.Hint = didYouMean("Type", v.Keys())
		l.faults.add(e)
	case !knownParameterType(p.Type):
		e := errorf(v.Get("Type").Position, "Template format error: Unrecognized parameter type: %s", p.Type)
		e.Hint = didYouMean(p.Type, parameterTypes())
		l.faults.add(e)
	}
	if d := v.Get("Default"); d != nil {
		if d.IsScalar() {
			text := scalarText(d)
			p.Default = &text
		} else {
			l.fault(d.Position, "Template format error: Every Default member must be a string.")
		}
	}
	if a := v.Get("AllowedValues"); a != nil {
		if !a.IsList() {
			l.fault(a.Position, "Template format error: Every AllowedValues member must be a list.")
		}
		for _, item := range a.Items {
			p.AllowedValues = append(p.AllowedValues, scalarText(item))
		}
	}
	p.AllowedPattern = v.Get("AllowedPattern").Str()
	p.ConstraintDescription = v.Get("ConstraintDescription").Str()
	p.Description = v.Get("Description").Str()
	p.NoEcho = truth(v.Get("NoEcho"))
	for key, to := range map[string]**float64{
		"MinLength": &p.minLength, "MaxLength": &p.maxLength, "MinValue": &p.minValue, "MaxValue": &p.maxValue,
	} {
		if c := v.Get(key); c != nil {
			f, err := strconv.ParseFloat(c.Str(), 64)
			if err != nil {
				l.fault(c.Position, "Template format error: Every %s member must be a number.", key)
				continue
			}
			*to = &f
		}
	}
	return p
}

// scalarText returns a scalar's text as a string property sees it: a boolean
// in lower case, everything else as written.
func scalarText(n *Node) string {
	if n.IsBool() {
		return lowerBool(n.Value)
	}
	return n.Str()
}

// truth reports whether n says yes.
func truth(n *Node) bool {
	b, ok := parseBool(n.Str())
	return ok && b
}

// parseBool reads a boolean as YAML 1.1 and people write it.
func parseBool(s string) (value, ok bool) {
	switch strings.ToLower(s) {
	case "true", "yes", "on":
		return true, true
	case "false", "no", "off":
		return false, true
	default:
		return false, false
	}
}
