package template

import (
	"fmt"
	"slices"
	"strings"
)

// SAMTransform is the name of the SAM transform.
const SAMTransform = "AWS::Serverless-2016-10-31"

const (
	languageExtensions = "AWS::LanguageExtensions"
	includeTransform   = "AWS::Include"
)

var sections = []string{
	"AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Mappings", "Conditions", "Rules", "Resources", "Outputs",
	"Transform", "Globals", "Hooks",
}

var resourceKeys = []string{
	"Type", "Properties", "DependsOn", "Condition", "Metadata", "CreationPolicy", "DeletionPolicy", "UpdatePolicy", "UpdateReplacePolicy",
}

// maxMembers is how many resources CloudFormation takes. Here that is a
// warning, and ten times as many are refused.
const maxMembers = 500

// A loader checks one tree and fills one template.
type loader struct {
	t      *Template
	sam    bool // the SAM transform is still to run
	faults faults
}

func (l *loader) fault(p Position, format string, args ...any) {
	l.faults.add(errorf(p, format, args...))
}

func (l *loader) warn(p Position, format string, args ...any) {
	l.t.Warnings = append(l.t.Warnings, Warning{Position: p, Text: fmt.Sprintf(format, args...)})
}

func (l *loader) load(root *Node) {
	if !root.IsMap() {
		l.fault(root.position(), unsupportedStructure)
		return
	}
	l.sam = HasTransform(root, SAMTransform)
	l.top(root)
	l.parameters(root.Get("Parameters"))
	l.mappings(root.Get("Mappings"))
	l.conditions(root.Get("Conditions"))
	l.rules(root.Get("Rules"))
	l.resources(root)
	l.outputs(root.Get("Outputs"))
}

func (l *loader) top(root *Node) {
	var unknown []string
	var at []Note
	for _, p := range root.Pairs {
		if !slices.Contains(sections, p.Key) || p.Key == "Globals" && !l.sam {
			unknown = append(unknown, p.Key)
			at = append(at, Note{Position: p.KeyPosition})
		}
		if p.Key == "Hooks" {
			l.warn(p.KeyPosition, "Hooks are accepted and ignored")
		}
	}
	if unknown != nil {
		e := &Error{Message: fmt.Sprintf("Invalid template property or properties [%s]", strings.Join(unknown, ", ")), Notes: at}
		e.Hint = didYouMean(unknown[0], sections)
		if unknown[0] == "Globals" {
			e.Hint = "Globals belongs to SAM: add Transform: " + SAMTransform
		}
		l.faults.add(e)
	}
	if v := root.Get("AWSTemplateFormatVersion"); v != nil && v.Str() != "2010-09-09" {
		l.faults.add(errorf(v.Position, "Template format error: invalid template version").withHint("the only version is 2010-09-09"))
	}
	switch d := root.Get("Description"); {
	case d == nil || d.IsNull():
	case !d.IsScalar():
		l.fault(d.Position, "Template format error: Description must be a string.")
	default:
		l.t.Description = d.Value
		if len(d.Value) > 1024 {
			l.warn(d.Position, "the description has %d bytes; CloudFormation takes 1024", len(d.Value))
		}
	}
	if _, err := Transforms(root); err != nil {
		l.faults.addError(err)
	}
}

// section returns the pairs of one section. Functions that a transform
// replaces by members are passed over.
func (l *loader) section(n *Node, name, member string) []Pair {
	if n == nil {
		return nil
	}
	if n.IsNull() {
		l.fault(n.Position, "[/%s] 'null' values are not allowed in templates", name)
		return nil
	}
	if len(n.Pairs) > 10*maxMembers {
		l.fault(n.Position, "Template format error: Number of %s, %d, is greater than maximum allowed, %d", strings.ToLower(name), len(n.Pairs), maxMembers)
		return nil
	}
	if !n.IsMap() {
		l.fault(n.Position, "Template format error: Any %s member must be an object.", name)
		return nil
	}
	var pairs []Pair
	for _, p := range n.Pairs {
		if p.Key == "Fn::Transform" || strings.HasPrefix(p.Key, "Fn::ForEach::") {
			continue
		}
		if !alphanumeric(p.Key) {
			l.fault(p.KeyPosition, "Template format error: %s name %s is non alphanumeric.", member, p.Key)
			continue
		}
		pairs = append(pairs, p)
	}
	return pairs
}

func (l *loader) conditions(n *Node) {
	for _, p := range l.section(n, "Conditions", "Condition") {
		l.t.Conditions = append(l.t.Conditions, p)
		l.t.conditions[p.Key] = p.Value
	}
}

func (l *loader) rules(n *Node) {
	for _, p := range l.section(n, "Rules", "Rule") {
		r := &Rule{Name: p.Key, Position: p.KeyPosition, Condition: p.Value.Get("RuleCondition")}
		assertions := p.Value.Get("Assertions")
		if !assertions.IsList() || len(assertions.Items) == 0 {
			l.fault(p.KeyPosition, "Template format error: Every Rules member must contain a list of Assertions.")
			continue
		}
		for _, a := range assertions.Items {
			if a.Get("Assert") == nil {
				l.fault(a.position(), "Template format error: Every Assertions member must contain an Assert.")
				continue
			}
			r.Assertions = append(r.Assertions, Assertion{Assert: a.Get("Assert"), Description: a.Get("AssertDescription").Str()})
		}
		l.t.Rules = append(l.t.Rules, r)
	}
}

func (l *loader) resources(root *Node) {
	n := root.Get("Resources")
	if n == nil || n.IsNull() || n.IsMap() && len(n.Pairs) == 0 {
		p := root.Position
		if n != nil {
			p = n.Position
		}
		l.fault(p, "Template format error: At least one Resources member must be defined.")
		return
	}
	for _, p := range l.section(n, "Resources", "Resource") {
		if !p.Value.IsMap() {
			l.fault(p.KeyPosition, "Template format error: Any Resources member must be an object.")
			continue
		}
		l.resource(p)
	}
	if len(l.t.Resources) > maxMembers {
		l.warn(n.Position, "the template has %d resources; CloudFormation takes 500", len(l.t.Resources))
	}
}

func (l *loader) resource(p Pair) {
	r := &Resource{ID: p.Key, Node: p.Value, Position: p.KeyPosition}
	l.t.Resources = append(l.t.Resources, r)
	l.t.resources[r.ID] = r
	typ := p.Value.Get("Type")
	if typ == nil || typ.IsNull() {
		e := errorf(p.KeyPosition, "Template format error: [/Resources/%s] Every Resources object must contain a Type member.", r.ID)
		e.Hint = didYouMean("Type", p.Value.Keys())
		l.faults.add(e)
		return
	}
	if !typ.IsScalar() {
		l.fault(typ.Position, "Template format error: [/Resources/%s/Type] Type must be a string.", r.ID)
		return
	}
	r.Type = typ.Value
	r.Condition = p.Value.Get("Condition").Str()
	serverless := l.sam && strings.HasPrefix(r.Type, "AWS::Serverless::")
	for _, a := range p.Value.Pairs {
		ofSAM := l.sam && (a.Key == "Connectors" || a.Key == "IgnoreGlobals")
		if !slices.Contains(resourceKeys, a.Key) && !ofSAM {
			e := errorf(a.KeyPosition, "Invalid template resource property '%s'", a.Key)
			if e.Hint = didYouMean(a.Key, resourceKeys); e.Hint == "" {
				e.Hint = "properties of the resource go under Properties"
			}
			l.faults.add(e)
		}
	}
	if c := p.Value.Get("Condition"); c != nil && !c.IsScalar() {
		l.fault(c.Position, "Template format error: [/Resources/%s/Condition] Condition must be a string.", r.ID)
	}
	switch props := p.Value.Get("Properties"); {
	case props.IsMap():
		r.Properties = props
	case props == nil || props.IsNull() && serverless:
	case !props.IsNull():
		l.fault(props.Position, "Template format error: [/Resources/%s] resource definition is malformed", r.ID)
	}
	switch d := p.Value.Get("DependsOn"); {
	case d.IsScalar():
		r.DependsOn = []*Node{d}
	case d.IsList():
		for _, item := range d.Items {
			if item.IsScalar() {
				r.DependsOn = append(r.DependsOn, item)
			} else {
				l.fault(item.position(), "Template format error: [/Resources/%s] DependsOn must be a string or a list of strings.", r.ID)
			}
		}
	case d != nil && !d.IsNull():
		l.fault(d.Position, "Template format error: [/Resources/%s] DependsOn must be a string or a list of strings.", r.ID)
	}
	l.policies(r)
	for _, a := range p.Value.Pairs {
		if a.Key == "Properties" && a.Value.IsNull() && serverless {
			continue
		}
		l.nulls(a.Value, "/Resources/"+r.ID+"/"+a.Key)
	}
}

var (
	policyNames  = []string{"DeletionPolicy", "UpdateReplacePolicy"}
	policyValues = []string{"Delete", "Retain", "RetainExceptOnCreate", "Snapshot"}
)

func (l *loader) policies(r *Resource) {
	for _, name := range policyNames {
		if v := r.Get(name); v != nil && !v.IsNull() && !v.IsMap() {
			l.faults.add(policyFault(r, name, v))
		}
	}
}

// policyFault refuses a value that is none of a policy's.
func policyFault(r *Resource, name string, v *Node) *Error {
	if slices.Contains(policyValues, v.Str()) {
		return nil
	}
	e := errorf(v.position(), "Template format error: Unrecognized %s %s for resource %s", name, v.Str(), r.ID)
	e.Hint = didYouMean(v.Str(), policyValues)
	return e
}

func (l *loader) outputs(n *Node) {
	for _, p := range l.section(n, "Outputs", "Output") {
		o := &Output{Name: p.Key, Position: p.KeyPosition, Value: p.Value.Get("Value")}
		if o.Value == nil {
			e := errorf(p.KeyPosition, "Template format error: Every Outputs member must contain a Value object")
			e.Hint = didYouMean("Value", p.Value.Keys())
			l.faults.add(e)
			continue
		}
		o.Description = p.Value.Get("Description").Str()
		o.Condition = p.Value.Get("Condition").Str()
		o.ExportName = p.Value.Path("Export", "Name")
		for _, a := range p.Value.Pairs {
			if !slices.Contains([]string{"Value", "Description", "Condition", "Export"}, a.Key) {
				l.fault(a.KeyPosition, "Invalid template output property '%s'", a.Key)
			}
		}
		if e := p.Value.Get("Export"); e != nil && o.ExportName == nil {
			l.fault(e.Position, "Template format error: Output %s is malformed. The Name field of every Export member must be specified.", o.Name)
		}
		l.nulls(p.Value, "/Outputs/"+o.Name)
		l.t.Outputs = append(l.t.Outputs, o)
	}
}

// nulls refuses null anywhere in n.
func (l *loader) nulls(n *Node, path string) {
	switch n.kind() {
	case Null:
		l.fault(n.position(), "[%s] 'null' values are not allowed in templates", path)
	case Sequence:
		for i, item := range n.Items {
			l.nulls(item, fmt.Sprintf("%s/%d", path, i))
		}
	case Mapping:
		for _, p := range n.Pairs {
			l.nulls(p.Value, path+"/"+p.Key)
		}
	default:
	}
}

func (n *Node) position() Position {
	if n == nil {
		return Position{}
	}
	return n.Position
}

func (n *Node) kind() Kind {
	if n == nil {
		return Null
	}
	return n.Kind
}

func alphanumeric(s string) bool {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return s != ""
}

// A Transform is one entry of the Transform section.
type Transform struct {
	Name       string
	Parameters *Node
	Position
}

// Transforms returns the entries of root's Transform section, in order.
func Transforms(root *Node) ([]Transform, error) {
	n := root.Get("Transform")
	if n == nil || n.IsNull() {
		return nil, nil
	}
	items := []*Node{n}
	if n.IsList() {
		items = n.Items
	}
	list := make([]Transform, 0, len(items))
	for _, item := range items {
		t := Transform{Name: item.Str(), Position: item.position()}
		if item.IsMap() {
			name := item.Get("Name")
			if !name.IsScalar() {
				return nil, errorf(item.Position, "Key Name of transform definition must be a string.")
			}
			t.Name, t.Parameters = name.Value, item.Get("Parameters")
		} else if !item.IsScalar() {
			return nil, errorf(item.position(), "Key Name of transform definition must be a string.")
		}
		list = append(list, t)
	}
	return list, nil
}

// HasTransform reports whether root's Transform section has name.
func HasTransform(root *Node, name string) bool {
	list, _ := Transforms(root)
	return slices.ContainsFunc(list, func(t Transform) bool { return t.Name == name })
}
