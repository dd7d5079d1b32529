package cloudformation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/sam"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

// A DeployInput says what to deploy. StackName and Text are required.
type DeployInput struct {
	StackName  string
	Text       string            // the template, YAML or JSON
	File       string            // its name, for positions
	Dir        string            // folder of local code and included files; "": the template may name none
	Parameters map[string]string // by name

	// UsePrevious lists parameters that keep the value they have; with
	// UsePreviousAll all that are not given do.
	UsePrevious    []string
	UsePreviousAll bool

	Capabilities []string // granted; GrantAll grants what is needed
	GrantAll     bool
	Placeholders []string // types that may have nothing behind them; "all"
	Tags         map[string]string

	DisableRollback bool          // a failed creation stays as it is
	DeleteOnFailure bool          // a stack whose creation failed is deleted
	RoleARN         string        // the stack's deployments have its permissions from now on; "": as before
	Protect         bool          // a new stack cannot be deleted until that is lifted
	Timeout         time.Duration // a creation that takes longer failed; 0: it may take its time
	ResourceTypes   []string      // what the template may have, such as AWS::EC2::*; none: everything
	ReplaceFailed   bool          // a stack whose creation failed is deleted first: nothing else can be done with it
	Early           bool          // what handlers would refuse is refused before anything is created, too

	Planned func(*Loaded, *stack.Plan) `json:"-"` // called when all is checked, before anything starts; may be nil
	Event   func(stack.Event)          `json:"-"` // called for each event, one at a time; may be nil

	token       string // of a change set's creation
	wholeTree   bool   // a change set is asked to tell of nested stacks, too
	parentID    string // of a nested stack
	changeSetID string
	kind        string              // CREATE or UPDATE: the other one is refused; "" takes both
	direct      bool                // not by way of a change set: transforms must be granted
	permit      func(*Loaded) error // refuses what the caller may not do; nil: everything is permitted
}

// A Loaded is a template that has been read, transformed, bound and checked.
type Loaded struct {
	Input        *DeployInput
	Original     *template.Node
	Processed    *template.Node // after transforms
	Template     *template.Template
	Bound        *template.Bound
	Warnings     []template.Warning
	Transforms   []string
	Capabilities []string // that a caller must grant
	Classes      []stack.Class
}

const stackNamePattern = "[a-zA-Z][-a-zA-Z0-9]*"

var validStackName = regexp.MustCompile("^" + stackNamePattern + "$")

// CheckStackName refuses what CloudFormation refuses as the name of a new stack.
func CheckStackName(name string) error {
	switch {
	case name == "":
		return awserr.Validation("1 validation error detected: Value '' at 'stackName' failed to satisfy constraint: Member must have length greater than or equal to 1")
	case len(name) > 128:
		return awserr.Validation("1 validation error detected: Value '%s' at 'stackName' failed to satisfy constraint: Member must have length less than or equal to 128", name)
	case !validStackName.MatchString(name):
		return awserr.Validation("1 validation error detected: Value '%s' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: %s|arn:[-a-zA-Z0-9:/._+]*", name, stackNamePattern)
	default:
		return nil
	}
}

// Load does everything of a deployment that can be refused before it starts:
// nothing is stored. Exports that do not exist yet are no error.
func (s *Service) Load(in *DeployInput) (*Loaded, error) {
	return s.load(in, s.current(in.StackName), hashOnly)
}

// store returns the put that keeps local code.
func (s *Service) store(ctx context.Context) put {
	if s.cfg.Blobs == nil {
		return hashOnly
	}
	return func(content []byte) (string, error) { return s.cfg.Blobs.Put(ctx, content) }
}

// current returns the stack of that name that is not deleted, or nil.
func (s *Service) current(name string) *Stack {
	id, ok := s.names.Get(name)
	if !ok {
		return nil
	}
	k, ok := s.stacks.Get(id)
	if !ok {
		return nil
	}
	return &k
}

// load returns what it has also with an error that the template is refused.
func (s *Service) load(in *DeployInput, k *Stack, put put) (*Loaded, error) {
	id := s.arn("stack/" + in.StackName + "/00000000-0000-4000-8000-000000000000")
	if k != nil {
		id = k.StackID
	}
	return (&loading{in: in, k: k, put: put, types: s.types, env: s.env(in.StackName, id)}).load()
}

// Validate is [Service.Load] without a service: of a template that is served with
// these types, in that environment. Local code that is not there is a warning.
func Validate(in *DeployInput, types stack.Types, env template.Env) (*Loaded, error) {
	return (&loading{in: in, put: hashOnly, types: types, env: env, offline: true}).load()
}

// A loading is what a template is read with.
type loading struct {
	in      *DeployInput
	k       *Stack // that there is; nil: none
	put     put
	types   stack.Types
	env     template.Env
	offline bool // nothing of what is not in the template is known
}

func (g *loading) load() (*Loaded, error) {
	in := g.in
	if err := CheckStackName(in.StackName); err != nil {
		return nil, err
	}
	if strings.TrimSpace(in.Text) == "" {
		return nil, awserr.Validation("Either Template URL or Template Body must be specified.")
	}
	l := &Loaded{Input: in}
	var err error
	if l.Original, l.Warnings, err = template.Parse(in.File, []byte(in.Text)); err != nil {
		return nil, err
	}
	if _, err := template.Load(l.Original); err != nil {
		return nil, err
	}
	params, err := in.parameters(g.k)
	if err != nil {
		return nil, err
	}
	packed, missing := pack(l.Original, in.Dir, g.put, 0)
	if g.offline {
		l.Warnings, missing = append(l.Warnings, asWarnings(missing)...), nil
	}
	if err := l.transform(packed, params, g.env); err != nil {
		if missing != nil || in.Early {
			err = template.Join(missing, err, g.untransformed(packed, params))
		}
		return l, err
	}
	if err := g.bind(l, params); err != nil {
		if missing != nil {
			err = template.Join(missing, err)
		}
		return l, err
	}
	return l, g.check(l, missing)
}

// bind gives the transformed template its parameters.
func (g *loading) bind(l *Loaded, params map[string]string) (err error) {
	tags := g.in.Tags
	if tags == nil && g.k != nil {
		tags = g.k.Tags
	}
	if l.Template, err = template.Load(withTags(l.Processed, tags)); err != nil {
		return err
	}
	if err := l.bind(params, g.env, g.k); err != nil {
		return err
	}
	l.Warnings = append(l.Warnings, l.Template.Warnings...)
	l.Warnings = append(l.Warnings, l.Bound.Warnings...)
	return nil
}

// check refuses what can be known before anything starts. All that is wrong with
// the template is one error; what the caller lacks comes after that.
func (g *loading) check(l *Loaded, missing error) error {
	in := g.in
	l.Classes = g.types.Classify(l.Bound, in.placeholder)
	found := []error{missing, l.Bound.Check()}
	if found[1] != nil || in.Early {
		found = append(found, g.types.Check(l.Bound, in.placeholder))
	}
	if in.Early {
		found = append(found, g.types.Verify(l.Bound))
	}
	if err := template.Join(found...); err != nil {
		return err
	}
	if err := l.checkCapabilities(); err != nil {
		return err
	}
	if in.permit != nil {
		if err := in.permit(l); err != nil {
			return err
		}
	}
	if err := l.checkTypes(); err != nil {
		return err
	}
	return g.types.Check(l.Bound, in.placeholder)
}

// untransformed returns what can be said of a template that its transform
// refuses: names that refer to nothing, types, properties of what SAM leaves as it
// is.
func (g *loading) untransformed(root *template.Node, params map[string]string) error {
	t, err := template.Load(root)
	if err != nil {
		return nil //nolint:nilerr // told before
	}
	env := g.env
	env.Assume = true
	bound, err := t.Bind(params, env)
	if err != nil {
		return err
	}
	types := maps.Clone(g.types)
	var serverless []string
	for _, r := range t.Resources {
		if strings.HasPrefix(r.Type, "AWS::Serverless::") { // the transform has told of these
			serverless = append(serverless, r.ID)
			types[r.Type] = stack.Type{Name: r.Type, Level: stack.Real}
		}
	}
	made := func(name string) bool {
		return strings.HasPrefix(name, "Serverless") || slices.ContainsFunc(serverless, func(id string) bool { return strings.HasPrefix(name, id) })
	}
	return template.Join(bound.CheckBefore(made), types.Check(bound, g.in.placeholder), types.Verify(bound))
}

func asWarnings(err error) (out []template.Warning) {
	e, ok := errors.AsType[*template.Error](err)
	if !ok {
		return nil
	}
	for _, f := range append([]*template.Error{e}, e.More...) {
		w := template.Warning{Text: strings.ReplaceAll(f.Message, "\n", " ")}
		if len(f.Notes) > 0 {
			w.Position = f.Notes[0].Position
		}
		out = append(out, w)
	}
	return out
}

// placeholder reports whether a type may have nothing behind it.
func (in *DeployInput) placeholder(typeName string) bool {
	return slices.Contains(in.Placeholders, "all") || slices.Contains(in.Placeholders, typeName)
}

// parameters returns the values to bind: those given, and those that stay.
func (in *DeployInput) parameters(k *Stack) (map[string]string, error) {
	params := map[string]string{}
	previous := map[string]string{}
	if k != nil {
		for _, p := range k.Parameters {
			previous[p.Key] = p.Value
		}
	}
	for _, name := range in.UsePrevious {
		value, ok := previous[name]
		if !ok {
			return nil, awserr.Validation("Invalid input for parameter key %s. Cannot specify usePreviousValue as true for a parameter key not in the previous template", name)
		}
		params[name] = value
	}
	maps.Copy(params, in.Parameters)
	return params, nil
}

// transform runs the template's transforms: CloudFormation's own first, so that
// SAM sees what they computed.
func (l *Loaded) transform(root *template.Node, params map[string]string, env template.Env) error {
	env.Include = l.Input.include()
	list, err := template.Transforms(root)
	if err != nil {
		return err
	}
	for _, t := range list {
		l.Transforms = append(l.Transforms, t.Name)
	}
	root, warnings, err := template.Macros(root, params, env)
	l.Warnings = append(l.Warnings, warnings...)
	if err != nil {
		return err
	}
	if template.HasTransform(root, template.SAMTransform) {
		root, warnings, err = sam.Transform(root, sam.Options{Region: env.Region, Parameters: params})
		l.Warnings = append(l.Warnings, warnings...)
		if err != nil {
			if t, ok := errors.AsType[*template.Error](err); ok {
				c := *t
				c.Message = "Transform " + template.SAMTransform + " failed with: " + t.Message
				return &c
			}
			return err
		}
	}
	l.Processed = root
	return nil
}

// bind gives the parameters their values. Parameters that the template no longer
// has are dropped when they come from the stack.
func (l *Loaded) bind(params map[string]string, env template.Env, k *Stack) error {
	if l.Input.UsePreviousAll && k != nil {
		for _, p := range k.Parameters {
			declared := slices.ContainsFunc(l.Template.Parameters, func(q *template.Parameter) bool { return q.Name == p.Key })
			if _, given := params[p.Key]; declared && !given {
				params[p.Key] = p.Value
			}
		}
	}
	var err error
	l.Bound, err = l.Template.Bind(params, env)
	return err
}

// include reads files that AWS::Include names, if the template may have any.
func (in *DeployInput) include() func(template.Position, string) (string, []byte, error) {
	if in.Dir == "" {
		return nil
	}
	return func(from template.Position, location string) (string, []byte, error) {
		if strings.Contains(location, "://") {
			return "", nil, fmt.Errorf("%s is not a local file", location)
		}
		dir := filepath.Dir(from.File)
		if from.File == in.File || from.File == "" {
			dir = in.Dir
		}
		path := location
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, location)
		}
		content, err := os.ReadFile(path) //nolint:gosec // the template is the user's, and so is the file
		return path, content, err
	}
}

// iamTypes need a capability; the value is the property that names the resource,
// for which a stronger one is needed.
var iamTypes = map[string]string{
	"AWS::IAM::Role": "RoleName", "AWS::IAM::User": "UserName", "AWS::IAM::Group": "GroupName",
	"AWS::IAM::ManagedPolicy": "ManagedPolicyName", "AWS::IAM::InstanceProfile": "InstanceProfileName",
	"AWS::IAM::Policy": "", "AWS::IAM::AccessKey": "", "AWS::IAM::UserToGroupAddition": "",
	"AWS::IAM::RolePolicy": "", "AWS::IAM::UserPolicy": "", "AWS::IAM::GroupPolicy": "",
}

// capability returns the capability that resources need, or "", and their types.
func capability(resources []*template.Resource) (need string, types []string) {
	for _, r := range resources {
		name, ok := iamTypes[r.Type]
		switch {
		case !ok:
			continue
		case name != "" && !r.Properties.Get(name).IsNull():
			need = "CAPABILITY_NAMED_IAM"
		case need == "":
			need = "CAPABILITY_IAM"
		}
		if !slices.Contains(types, r.Type) {
			types = append(types, r.Type)
		}
	}
	return need, types
}

// checkCapabilities computes what the caller must acknowledge. A template with
// transforms is acknowledged by looking at its change set.
func (l *Loaded) checkCapabilities() error {
	in := l.Input
	need, _ := capability(l.Bound.Resources())
	if need != "" {
		l.Capabilities = []string{need}
		if !in.GrantAll && !slices.Contains(in.Capabilities, need) && !slices.Contains(in.Capabilities, "CAPABILITY_NAMED_IAM") {
			return insufficient(need)
		}
	}
	const expand = "CAPABILITY_AUTO_EXPAND"
	if in.direct && len(l.Transforms) > 0 && !in.GrantAll && !slices.Contains(in.Capabilities, expand) {
		return insufficient(expand)
	}
	return nil
}

// checkTypes refuses resources of types that the caller did not list.
func (l *Loaded) checkTypes() error {
	allowed := l.Input.ResourceTypes
	if len(allowed) == 0 {
		return nil
	}
	for _, r := range l.Bound.Resources() {
		if !slices.ContainsFunc(allowed, func(pattern string) bool {
			prefix, wild := strings.CutSuffix(pattern, "*")
			return pattern == r.Type || wild && strings.HasSuffix(prefix, "::") && strings.HasPrefix(r.Type, prefix)
		}) {
			return awserr.Validation("Resource type %s of %s is not among the ResourceTypes of the request", r.Type, r.ID)
		}
	}
	return nil
}

func insufficient(need string) error {
	return awserr.New("InsufficientCapabilitiesException", 400, "Requires capabilities : [%s]", need)
}
