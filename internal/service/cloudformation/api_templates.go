package cloudformation

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/template"
)

type getTemplateInput struct {
	StackName, ChangeSetName, TemplateStage string
}

type getTemplateOutput struct {
	TemplateBody    string
	StagesAvailable []string
}

func (a api) getTemplate(_ context.Context, in *getTemplateInput) (*getTemplateOutput, error) {
	var original, processed string
	switch {
	case in.ChangeSetName != "":
		c, err := a.s.DescribeChangeSet(in.StackName, in.ChangeSetName)
		if err != nil {
			return nil, err
		}
		if k := a.existing(in.StackName); in.StackName != "" && (k == nil || k.StackID != c.StackID) {
			return nil, awserr.New("ChangeSetNotFound", 404, "ChangeSet [%s] does not exist", in.ChangeSetName)
		}
		original = c.Input.Text
	case in.StackName == "":
		return nil, awserr.Validation("Either StackName or ChangeSetName must be specified.")
	default:
		var err error
		if original, processed, err = a.s.GetTemplate(in.StackName); err != nil {
			return nil, err
		}
	}
	out := &getTemplateOutput{TemplateBody: original, StagesAvailable: []string{"Original", "Processed"}}
	if in.TemplateStage == "Processed" && processed != "" {
		out.TemplateBody = processed
	}
	return out, nil
}

// read loads a template without values for its parameters.
func (a api) read(ctx context.Context, body, url string) (*template.Template, []template.Transform, error) {
	text, err := a.text(ctx, body, url)
	if err != nil {
		return nil, nil, err
	}
	root, _, err := template.Parse("template", []byte(text))
	if err != nil {
		return nil, nil, refusal(err)
	}
	transforms, err := template.Transforms(root)
	if err != nil {
		return nil, nil, refusal(err)
	}
	t, err := template.Load(root)
	if err != nil {
		return nil, nil, refusal(err)
	}
	if len(transforms) > 0 { // what they make of it is not known yet
		return t, transforms, nil
	}
	env := a.s.env("validate", a.s.arn("stack/validate/00000000-0000-4000-8000-000000000000"))
	env.Assume = true
	b, err := t.Bind(nil, env)
	if err == nil {
		err = b.Check()
	}
	return t, nil, refusal(err)
}

type validateTemplateInput struct{ TemplateBody, TemplateURL string }

type templateParameter struct {
	ParameterKey, DefaultValue string
	NoEcho                     bool
	Description                string
}

type validateTemplateOutput struct {
	Parameters         []templateParameter
	Description        string
	Capabilities       []string
	CapabilitiesReason string
	DeclaredTransforms []string
}

func (a api) validateTemplate(ctx context.Context, in *validateTemplateInput) (*validateTemplateOutput, error) {
	t, transforms, err := a.read(ctx, in.TemplateBody, in.TemplateURL)
	if err != nil {
		return nil, err
	}
	out := &validateTemplateOutput{Parameters: []templateParameter{}, Description: t.Description}
	for _, p := range t.Parameters {
		o := templateParameter{ParameterKey: p.Name, NoEcho: p.NoEcho, Description: p.Description}
		if p.Default != nil {
			o.DefaultValue = *p.Default
		}
		out.Parameters = append(out.Parameters, o)
	}
	out.Capabilities, out.CapabilitiesReason, out.DeclaredTransforms = needsOf(t, transforms)
	return out, nil
}

// needsOf returns the capabilities that a template needs, why, and its transforms.
func needsOf(t *template.Template, transforms []template.Transform) (capabilities []string, reason string, names []string) {
	need, types := capability(t.Resources)
	if need != "" {
		capabilities = append(capabilities, need)
		reason = fmt.Sprintf("The following resource(s) require capabilities: [%s]", strings.Join(types, ", "))
	}
	for _, tr := range transforms {
		names = append(names, tr.Name)
	}
	if len(names) > 0 {
		capabilities = append(capabilities, "CAPABILITY_AUTO_EXPAND")
		if reason == "" {
			reason = fmt.Sprintf("The following transform(s) require capabilities: [%s]", strings.Join(names, ", "))
		}
	}
	return capabilities, reason, names
}

type templateSummaryInput struct{ StackName, TemplateBody, TemplateURL string }

type parameterDeclaration struct {
	ParameterKey, DefaultValue string
	ParameterType              string
	NoEcho                     bool
	Description                string
	ParameterConstraints       *parameterConstraints
}

type parameterConstraints struct{ AllowedValues []string }

type templateSummaryOutput struct {
	Parameters         []parameterDeclaration
	Description        string
	Capabilities       []string
	CapabilitiesReason string
	ResourceTypes      []string
	Version            string
	Metadata           string
	DeclaredTransforms []string
}

func (a api) getTemplateSummary(ctx context.Context, in *templateSummaryInput) (*templateSummaryOutput, error) {
	body := in.TemplateBody
	if in.StackName != "" {
		original, _, err := a.s.GetTemplate(in.StackName)
		if err != nil {
			return nil, err
		}
		body = original
	}
	t, transforms, err := a.read(ctx, body, in.TemplateURL)
	if err != nil {
		return nil, err
	}
	out := &templateSummaryOutput{
		Parameters: []parameterDeclaration{}, Description: t.Description, ResourceTypes: []string{}, Version: t.Root.Get("AWSTemplateFormatVersion").Str(),
	}
	if m := t.Root.Get("Metadata"); !m.IsNull() {
		out.Metadata = string(m.JSON(""))
	}
	for _, p := range t.Parameters {
		o := parameterDeclaration{ParameterKey: p.Name, ParameterType: p.Type, NoEcho: p.NoEcho, Description: p.Description}
		if p.Default != nil {
			o.DefaultValue = *p.Default
		}
		o.ParameterConstraints = &parameterConstraints{p.AllowedValues}
		out.Parameters = append(out.Parameters, o)
	}
	for _, r := range t.Resources {
		if !slices.Contains(out.ResourceTypes, r.Type) {
			out.ResourceTypes = append(out.ResourceTypes, r.Type)
		}
	}
	out.Capabilities, out.CapabilitiesReason, out.DeclaredTransforms = needsOf(t, transforms)
	return out, nil
}
