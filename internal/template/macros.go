package template

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Macros runs the transforms of CloudFormation itself: every AWS::Include
// where it stands, then AWS::LanguageExtensions if the Transform section names
// it. The SAM transform stays in the section for the caller to run. root is not
// changed. params are the parameters' values; defaults stand in.
func Macros(root *Node, params map[string]string, env Env) (*Node, []Warning, error) {
	list, err := Transforms(root)
	if err != nil {
		return nil, nil, err
	}
	m := macros{env: env, params: params}
	out := root.Clone()
	extensions := false
	for _, t := range list {
		switch t.Name {
		case SAMTransform:
		case languageExtensions:
			extensions = true
		case includeTransform:
			if err := m.includeTop(out, t); err != nil {
				if err := m.leaveInclude(t.Parameters, err); err != nil {
					return nil, m.warnings, err
				}
			}
		default:
			if err := m.leave(noSuchTransform(t.Name, env.AccountID, t.Position)); err != nil {
				return nil, m.warnings, err
			}
		}
	}
	m.early = NewEarly(out, params, env)
	m.early.Pseudo = true
	if out, err = m.includes(out, 0); err != nil {
		return nil, m.warnings, err
	}
	if !extensions && !env.Partial {
		if e := needsExtensions(out); e != nil {
			return nil, m.warnings, e
		}
		for _, p := range out.Get("Resources").pairs() {
			for _, name := range policyNames {
				if v := p.Value.Get(name); v.IsMap() {
					return nil, m.warnings, errorf(v.Position, "Template format error: Every %s member must be a string.", name).
						withHint("a function here needs Transform: %s", languageExtensions)
				}
			}
		}
	} else if extensions {
		if out, err = extend(out, params, env); err != nil {
			return nil, m.warnings, err
		}
	}
	keepTransform(out, SAMTransform)
	return out, m.warnings, nil
}

// noSuchTransform is AWS's text for a macro that the account does not have.
func noSuchTransform(name, account string, at Position) *Error {
	whole := name
	if !strings.Contains(name, "::") && account != "" {
		whole = account + "::" + name
	}
	e := errorf(at, "No transform named %s found.", whole)
	if e.Hint = didYouMean(name, []string{SAMTransform, languageExtensions, includeTransform}); e.Hint == "" {
		e.Hint = "macros run in an AWS account; here are " + strings.Join([]string{SAMTransform, languageExtensions, includeTransform}, ", ")
	}
	return e
}

// keepTransform reduces the Transform section to one transform, or none.
func keepTransform(root *Node, name string) {
	section := root.Get("Transform")
	is := func(n *Node) bool { return n.Str() == name || n.Get("Name").Str() == name }
	switch {
	case section.IsList():
		section.Items = slices.DeleteFunc(section.Items, func(n *Node) bool { return !is(n) })
		if len(section.Items) == 0 {
			root.Delete("Transform")
		}
	case !is(section):
		root.Delete("Transform")
	}
}

// needsExtensions finds a function that only AWS::LanguageExtensions has.
func needsExtensions(n *Node) *Error {
	if n == nil {
		return nil
	}
	for _, item := range n.Items {
		if e := needsExtensions(item); e != nil {
			return e
		}
	}
	for _, p := range n.Pairs {
		if p.Key == "Fn::Length" || p.Key == "Fn::ToJsonString" || strings.HasPrefix(p.Key, "Fn::ForEach::") {
			return unsupportedFunction(p.KeyPosition, p.Key).
				withHint("%s needs Transform: %s", p.Key, languageExtensions)
		}
		if e := needsExtensions(p.Value); e != nil {
			return e
		}
	}
	return nil
}

// macros reads included files into a tree.
type macros struct {
	env      Env
	params   map[string]string
	early    *Early
	warnings []Warning
	files    int
	nodes    int
}

// Bounds of inclusion: files that include each other must end.
const (
	maxIncludes     = 100
	maxIncludeDepth = 5
)

// includeTop merges the file of a Transform section's entry into the root.
func (m *macros) includeTop(root *Node, t Transform) error {
	m.early = NewEarly(root, m.params, m.env)
	m.early.Pseudo = true
	content, err := m.read(t.Parameters, t.Position)
	if err != nil {
		return err
	}
	return merge(root, content, t.Position)
}

// merge adds the entries of content that into does not have; sections that
// both have are merged one level down.
func merge(into, content *Node, at Position) error {
	if !content.IsMap() {
		return errorf(at, "Transform AWS::Include failed with: The specified S3 object's content should be valid Yaml/JSON")
	}
	for _, p := range content.Pairs {
		switch have := into.Get(p.Key); {
		case have == nil:
			into.Pairs = append(into.Pairs, p)
		case have.IsMap() && p.Value.IsMap():
			for _, inner := range p.Value.Pairs {
				if !have.Has(inner.Key) {
					have.Pairs = append(have.Pairs, inner)
				}
			}
		}
	}
	return nil
}

// includes replaces every Fn::Transform of AWS::Include below n.
func (m *macros) includes(n *Node, depth int) (*Node, error) {
	if n == nil {
		return nil, nil
	}
	if m.nodes++; m.nodes > maxNodes {
		return nil, errorf(n.Position, "Template error: the template has more than %d values with its included files", maxNodes)
	}
	for i, item := range n.Items {
		v, err := m.includes(item, depth)
		if err != nil {
			return nil, err
		}
		n.Items[i] = v
	}
	for i, p := range n.Pairs {
		if p.Key == "Fn::Transform" {
			continue
		}
		v, err := m.includes(p.Value, depth)
		if err != nil {
			return nil, err
		}
		n.Pairs[i].Value = v
	}
	p := n.Pair("Fn::Transform")
	if p == nil {
		return n, nil
	}
	at := p.KeyPosition
	name := p.Value.Get("Name")
	if !name.IsScalar() {
		return n, m.leave(errorf(at, "Key Name of transform definition must be a string."))
	}
	if name.Value != includeTransform {
		return n, m.leave(noSuchTransform(name.Value, m.env.AccountID, at))
	}
	if depth >= maxIncludeDepth {
		return nil, errorf(at, "Transform AWS::Include failed with: included files include each other more than %d deep", maxIncludeDepth)
	}
	content, err := m.read(p.Value.Get("Parameters"), at)
	if err != nil {
		return n, m.leaveInclude(p.Value.Get("Parameters"), err)
	}
	if content, err = m.includes(content, depth+1); err != nil {
		return nil, err
	}
	if len(n.Pairs) == 1 {
		return content, nil
	}
	n.Delete("Fn::Transform")
	return n, merge(n, content, at)
}

// leave makes a warning of a refusal when what is refused may stay in the
// template, and returns it otherwise.
func (m *macros) leave(e *Error) error {
	if !m.env.Partial {
		return e
	}
	w := Warning{Text: e.Message}
	if len(e.Notes) > 0 {
		w.Position = e.Notes[0].Position
	}
	m.warnings = append(m.warnings, w)
	return nil
}

// leaveInclude is leave for a file that could not be read: one that lies in S3,
// or nobody knows where, may stay; a missing local file is a mistake.
func (m *macros) leaveInclude(params *Node, err error) error {
	e, ok := errors.AsType[*Error](err)
	location, known := m.early.Text(params.Get("Location"))
	if ok && (!known || strings.HasPrefix(location, "s3://") || strings.HasPrefix(location, "https://")) {
		return m.leave(e)
	}
	return err
}

func (m *macros) read(params *Node, at Position) (*Node, error) {
	location, ok := m.early.Text(params.Get("Location"))
	if !ok {
		return nil, errorf(at, "Transform AWS::Include failed with: The location parameter is not a valid S3 uri.")
	}
	if m.files++; m.files > maxIncludes {
		return nil, errorf(at, "Transform AWS::Include failed with: more than %d files are included", maxIncludes)
	}
	if bucket, isS3 := strings.CutPrefix(location, "s3://"); isS3 && m.env.Include == nil {
		bucket, _, _ = strings.Cut(bucket, "/")
		return nil, errorf(at, "Transform AWS::Include failed with: S3 bucket [%s] does not exist.", bucket)
	}
	if m.env.Include == nil {
		return nil, errorf(at, "Transform AWS::Include failed with: The location parameter is not a valid S3 uri.").
			withHint("%s: no files can be included here", location)
	}
	name, text, err := m.env.Include(at, location)
	if err != nil {
		if bucket, isS3 := strings.CutPrefix(location, "s3://"); isS3 {
			bucket, _, _ = strings.Cut(bucket, "/")
			return nil, errorf(at, "Transform AWS::Include failed with: S3 bucket [%s] does not exist.", bucket).withHint("%v", err)
		}
		return nil, errorf(at, "Transform AWS::Include failed with: %v", err)
	}
	content, warnings, err := ParseValue(name, text)
	m.warnings = append(m.warnings, warnings...)
	if err != nil {
		return nil, fmt.Errorf("include %s: %w", location, err)
	}
	return content, nil
}
