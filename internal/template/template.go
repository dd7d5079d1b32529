// Package template reads and resolves AWS CloudFormation templates.
//
// [Parse] turns YAML or JSON text into a tree of [Node], each of which knows
// where it was written. The transforms work on that tree: [Macros] runs
// AWS::Include and AWS::LanguageExtensions, the SAM transform is another
// package. [Load] checks a tree's structure and gives a [Template];
// [Template.Bind] gives it parameter values and evaluates its conditions;
// [Bound.Check] checks every reference; [Bound.Resolve] computes the intrinsic
// functions of one value. A refusal is an [*Error]: CloudFormation's own text
// first, then the places in the source.
//
// The package does no I/O: what lies outside the template (SSM parameters,
// exports, secrets, included files) is asked of an [Env].
package template

import "slices"

// A Template is a tree whose structure has been checked. It is read only and
// safe for concurrent use.
type Template struct {
	Root        *Node
	Description string
	Parameters  []*Parameter // this and the following in source order
	Conditions  []Pair
	Rules       []*Rule
	Resources   []*Resource
	Outputs     []*Output
	Warnings    []Warning

	parameters map[string]*Parameter
	conditions map[string]*Node
	resources  map[string]*Resource
	mappings   map[string]*mapping
}

// A Resource is one member of the Resources section.
type Resource struct {
	ID         string
	Type       string
	Properties *Node // nil when there are none; functions are not resolved
	DependsOn  []*Node
	Condition  string // name of the condition, "" when there is none
	Node       *Node  // the whole member
	Position          // of the logical id
}

// An Output is one member of the Outputs section.
type Output struct {
	Name        string
	Description string
	Condition   string
	Value       *Node
	ExportName  *Node // nil when it is not exported
	Position          // of the name
}

// A Rule is one member of the Rules section: assertions about parameters.
type Rule struct {
	Name       string
	Condition  *Node // nil: always
	Assertions []Assertion
	Position
}

// An Assertion is one thing that a rule demands.
type Assertion struct {
	Assert      *Node
	Description string
}

// Load checks what CloudFormation checks before anything is transformed:
// sections, members, names and nulls. It accepts a tree before and after the
// transforms. A refusal is an [*Error] whose More has the further faults.
func Load(root *Node) (*Template, error) {
	l := loader{t: &Template{
		Root: root, parameters: map[string]*Parameter{}, conditions: map[string]*Node{}, resources: map[string]*Resource{}, mappings: map[string]*mapping{},
	}}
	l.load(root)
	if err := l.faults.err(); err != nil {
		return nil, err
	}
	return l.t, nil
}

// Parameter returns the declared parameter, or nil.
func (t *Template) Parameter(name string) *Parameter { return t.parameters[name] }

// Resource returns the declared resource, or nil.
func (t *Template) Resource(id string) *Resource { return t.resources[id] }

// Get returns the value of a resource attribute such as DeletionPolicy, or
// nil.
func (r *Resource) Get(attribute string) *Node { return r.Node.Get(attribute) }

// faults collects errors in the order in which AWS would find them.
type faults struct{ list []*Error }

func (f *faults) add(e *Error) {
	if e != nil && len(f.list) < maxFaults {
		f.list = append(f.list, e)
	}
}

// addError adds an error of any type.
func (f *faults) addError(err error) {
	switch e := err.(type) { //nolint:errorlint // resolvers return *Error unwrapped
	case nil:
	case *Error:
		f.add(e)
	default:
		f.add(&Error{Message: err.Error()})
	}
}

func (f *faults) err() error {
	if len(f.list) == 0 {
		return nil
	}
	first := *f.list[0]
	first.More = append(slices.Clip(first.More), f.list[1:]...)
	return &first
}

// maxFaults bounds how much is said about one template.
const maxFaults = 50
