package template

import (
	"errors"
	"fmt"
	"strings"
)

// Resolve returns n with its intrinsic functions computed; nil when n itself
// is AWS::NoValue. lookup gives the values of resources. What depends on a
// value that is not known yet is a node of kind [Unknown]. Dynamic references
// ({{resolve:…}}) stay: see [Bound.ResolveDynamic]. The result shares nothing
// with the template.
func (b *Bound) Resolve(n *Node, lookup Lookup) (*Node, error) {
	return b.resolver(lookup).resolve(n)
}

// A resolver computes functions.
type resolver struct {
	b      *Bound
	lookup Lookup
	block  string // the section named in errors about unresolved names

	dry     bool // a rehearsal: exports that are missing count as unknown
	partial bool // only parameters and mappings are known: see Early
	pseudo  bool // under partial: pseudo parameters are known, too
	early   func(parameter string) bool

	conditions *evaluator // in the Conditions section, whose members wait for each other

	spent int // nodes and bytes made, against functions that multiply text
}

func (b *Bound) resolver(lookup Lookup) *resolver {
	if lookup == nil {
		lookup = NothingCreated
	}
	return &resolver{b: b, lookup: lookup, block: "Resources"}
}

// maxResult bounds, in bytes, what the functions of one value may make.
const maxResult = 16 << 20

func (r *resolver) spend(n *Node, bytes int) error {
	if r.spent += bytes + 1; r.spent > maxResult {
		return errorf(n.position(), "Template error: the functions of this template produce more than %d bytes", maxResult)
	}
	return nil
}

// resolve computes n: nil without error is AWS::NoValue.
func (r *resolver) resolve(n *Node) (*Node, error) {
	if n == nil {
		return nil, nil
	}
	if err := r.spend(n, len(n.Value)); err != nil {
		return nil, err
	}
	if name, arg := n.Function(); name != "" {
		return r.call(name, n, arg)
	}
	c := *n
	switch n.Kind {
	case Sequence:
		c.Items = make([]*Node, 0, len(n.Items))
		for _, item := range n.Items {
			v, err := r.resolve(item)
			if err != nil {
				return nil, err
			}
			if v != nil {
				c.Items = append(c.Items, v)
			}
		}
	case Mapping:
		c.Pairs = make([]Pair, 0, len(n.Pairs))
		for _, p := range n.Pairs {
			v, err := r.resolve(p.Value)
			if err != nil {
				return nil, err
			}
			if v != nil {
				c.Pairs = append(c.Pairs, Pair{Key: p.Key, KeyPosition: p.KeyPosition, Value: v})
			}
		}
	default:
	}
	return &c, nil
}

func (r *resolver) call(name string, n, arg *Node) (*Node, error) {
	switch name {
	case "Ref":
		return r.ref(n, arg)
	case "Fn::GetAtt":
		return r.getAtt(n, arg)
	case "Fn::Sub":
		return r.sub(n, arg)
	case "Fn::If":
		return r.fnIf(n, arg)
	case "Fn::Join":
		return r.join(n, arg)
	case "Fn::Split":
		return r.split(n, arg)
	case "Fn::Select":
		return r.selectItem(n, arg)
	case "Fn::FindInMap":
		return r.findInMap(n, arg)
	case "Fn::ImportValue":
		return r.importValue(n, arg)
	case "Fn::Base64":
		return r.base64(n, arg)
	case "Fn::Cidr":
		return r.cidr(n, arg)
	case "Fn::GetAZs":
		return r.getAZs(n, arg)
	case "Fn::Length":
		return r.length(n, arg)
	case "Fn::ToJsonString":
		return r.toJSONString(n, arg)
	default:
		return nil, misplaced(name, n)
	}
}

// supportedFunctions are those that CloudFormation lists to whoever asks for
// another one, in its order; the functions of transforms are not among them.
const supportedFunctions = "Fn::Base64, Fn::GetAtt, Fn::GetAZs, Fn::ImportValue, Fn::Join, Fn::Split, Fn::FindInMap, Fn::Select, Ref, " +
	"Fn::Equals, Fn::If, Fn::Not, Condition, Fn::And, Fn::Or, Fn::Contains, Fn::EachMemberEquals, Fn::EachMemberIn, Fn::ValueOf, " +
	"Fn::ValueOfAll, Fn::RefAll, Fn::Sub, Fn::Cidr"

func unsupportedFunction(at Position, name string) *Error {
	e := errorf(at, "Template error: Encountered unsupported function: %s Supported functions are: [%s]", name, supportedFunctions)
	for i := range e.Notes {
		e.Notes[i].Text = "unknown function " + name
	}
	return e
}

// misplaced words the refusal of a function that has no value here.
func misplaced(name string, n *Node) *Error {
	switch name {
	case "Fn::And", "Fn::Or", "Fn::Not", "Fn::Equals":
		return errorf(n.Position, "Template error: %s is only allowed in Conditions and Rules, or as the condition of Fn::If", name)
	case "Fn::Contains", "Fn::EachMemberEquals", "Fn::EachMemberIn", "Fn::RefAll", "Fn::ValueOf", "Fn::ValueOfAll":
		return errorf(n.Position, "Template error: %s is only allowed in Rules", name)
	case "Fn::Transform":
		return noSuchTransform(n.Pairs[0].Value.Get("Name").Str(), "", n.Position)
	case "Fn::GetStackOutput":
		return errorf(n.Position, "Template error: Fn::GetStackOutput is not supported here").withHint("export the output and use Fn::ImportValue")
	}
	e := unsupportedFunction(n.Position, name)
	if len(name) > 4 {
		if near := nearest(name[4:], tagNames()); near != "" {
			e.Hint = fmt.Sprintf("did you mean %s?", shortTags[near])
		}
	}
	return e
}

func (r *resolver) ref(n, arg *Node) (*Node, error) {
	if !arg.IsScalar() || arg.Value == "" {
		return nil, errorf(n.Position, "Template error: every Ref object must have a single String value.")
	}
	return r.name(arg.Value, n, func() Position { return arg.Position })
}

// name returns the value that Ref gives for a name.
func (r *resolver) name(name string, n *Node, at func() Position) (*Node, error) {
	if name == noValue {
		return nil, nil
	}
	if v := r.b.values[name]; v != nil {
		if r.partial && !r.early(name) {
			return r.unknown(n), nil
		}
		return r.copyOf(v, n)
	}
	if v := r.b.Env.pseudo(name); v != nil {
		if r.partial && (!r.pseudo || v.Value == "") {
			return r.unknown(n), nil
		}
		return v.At(n.Position), nil
	}
	if r.partial {
		return r.unknown(n), nil
	}
	if r.block == "Conditions" || r.block == "Rules" || !r.b.has(name) {
		return nil, r.unresolved(name, at())
	}
	v, err := r.lookup.Ref(name)
	if errors.Is(err, ErrUnknown) {
		return r.unknown(n), nil
	}
	if err != nil {
		return nil, errorf(n.Position, "%s", err)
	}
	return Text(v).At(n.Position), r.spend(n, len(v))
}

// copyOf returns a copy of a parameter's or mapping's value with n's
// position: that is where a reader looks for the fault.
func (r *resolver) copyOf(v, n *Node) (*Node, error) {
	c := v.Clone()
	size := len(c.Value)
	c.Position = n.Position
	for _, item := range c.Items {
		item.Position = n.Position
		size += len(item.Value) + 1
	}
	return c, r.spend(n, size)
}

func (r *resolver) unknown(n *Node) *Node { return &Node{Kind: Unknown, Position: n.Position} }

// unresolved words a reference to nothing.
func (r *resolver) unresolved(name string, at Position) *Error {
	if r.block == "Conditions" || r.block == "Rules" {
		e := errorf(at, "Template error: Unresolved dependencies [%s]. Cannot reference resources in the %s block of the template", name, r.block)
		e.Hint = didYouMean(name, r.b.Template.parameterNames())
		return e
	}
	e := errorf(at, unresolvedText, name, r.block)
	e.Hint = r.b.suggest(name)
	return e
}

const unresolvedText = "Template format error: Unresolved resource dependencies [%s] in the %s block of the template"

// has reports whether a resource exists: it is declared and its condition is
// not false.
func (b *Bound) has(id string) bool {
	res := b.Template.resources[id]
	return res != nil && (res.Condition == "" || b.Condition(res.Condition))
}

func (t *Template) parameterNames() []string {
	var names []string
	for _, p := range t.Parameters {
		names = append(names, p.Name)
	}
	return append(names, pseudoNames...)
}

// suggest returns the hint for a name that Ref does not know.
func (b *Bound) suggest(name string) string {
	names := b.Template.parameterNames()
	for _, res := range b.Template.Resources {
		names = append(names, res.ID)
	}
	return didYouMean(name, names)
}

func (r *resolver) getAtt(n, arg *Node) (*Node, error) {
	resource, attribute, err := r.getAttParts(n, arg)
	if err != nil {
		return nil, err
	}
	if r.partial || attribute.Kind == Unknown {
		return r.unknown(n), nil
	}
	if !r.b.has(resource) || r.block == "Conditions" || r.block == "Rules" {
		if r.b.Template.resources[resource] == nil {
			return nil, undefinedResource(resource, n.Position, r.b)
		}
		return nil, r.unresolved(resource, n.Position)
	}
	return r.attribute(resource, scalarText(attribute), n)
}

func undefinedResource(id string, at Position, b *Bound) *Error {
	e := errorf(at, "Template error: instance of Fn::GetAtt references undefined resource %s", id)
	var ids []string
	for _, res := range b.Template.Resources {
		ids = append(ids, res.ID)
	}
	e.Hint = didYouMean(id, ids)
	return e
}

func (r *resolver) attribute(id, attribute string, n *Node) (*Node, error) {
	v, err := r.lookup.GetAtt(id, attribute)
	switch {
	case errors.Is(err, ErrUnknown):
		return r.unknown(n), nil
	case err != nil:
		return nil, errorf(n.Position, "%s", err)
	default:
		return v.Clone(), r.spend(n, len(v.Str()))
	}
}

const getAttShape = "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute"

// getAttParts reads the argument of Fn::GetAtt, a list of two or "A.B"; the
// attribute may be a function.
func (r *resolver) getAttParts(n, arg *Node) (resource string, attribute *Node, err error) {
	if arg.IsScalar() {
		arg = getAttArgument(arg)
	}
	if !arg.IsList() || len(arg.Items) < 2 || arg.Items[0].Str() == "" {
		return "", nil, errorf(n.Position, getAttShape)
	}
	attribute = arg.Items[1]
	if len(arg.Items) > 2 { // [Nested, Outputs, X]: the long form of three
		var parts []string
		for _, item := range arg.Items[1:] {
			if !item.IsScalar() {
				return "", nil, errorf(n.Position, getAttShape)
			}
			parts = append(parts, item.Value)
		}
		attribute = Text(strings.Join(parts, ".")).At(arg.Items[1].Position)
	}
	if attribute, err = r.resolve(attribute); err != nil {
		return "", nil, err
	}
	if attribute.kind() != Unknown && (attribute.kind() != Scalar || attribute.Value == "") {
		return "", nil, errorf(n.Position, getAttShape)
	}
	return arg.Items[0].Value, attribute, nil
}
