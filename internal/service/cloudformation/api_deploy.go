package cloudformation

import (
	"context"
	"slices"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/wire"
)

type parameter struct {
	ParameterKey, ParameterValue string
	UsePreviousValue             *bool
	ResolvedValue                string
}

// deployment is what the calls that bring a template have in common. A role for
// the deployment, notifications and tokens have no meaning here: what a stack may
// do is what its caller may do.
type deploymentInput struct {
	StackName           string `wire:"required"`
	TemplateBody        string
	TemplateURL         string
	UsePreviousTemplate bool
	Parameters          []parameter
	Capabilities        []string
	Tags                []tag
	RoleARN             string
	StackPolicyBody     string
	StackPolicyURL      string
	DisableRollback     bool
}

type createStackInput struct {
	deploymentInput
	OnFailure                   string
	EnableTerminationProtection bool
}

type updateStackInput struct {
	deploymentInput
	StackPolicyDuringUpdateBody string
	StackPolicyDuringUpdateURL  string
}

type stackIDOutput struct{ StackId string }

// input returns what to deploy. k is the stack that there is, or nil.
func (a api) input(ctx context.Context, in *deploymentInput, k *Stack) (*DeployInput, error) {
	if in.StackPolicyBody != "" || in.StackPolicyURL != "" {
		return nil, unsupported("stack policies")
	}
	text, err := a.template(ctx, in, k)
	if err != nil {
		return nil, err
	}
	d := &DeployInput{
		StackName: in.StackName, Text: text, File: "template", Parameters: map[string]string{}, Capabilities: in.Capabilities,
		Tags: tagMap(in.Tags), DisableRollback: in.DisableRollback, permit: a.permission(ctx),
	}
	if k != nil {
		d.StackName = k.StackName
	}
	for _, p := range in.Parameters {
		if p.UsePreviousValue != nil && *p.UsePreviousValue {
			d.UsePrevious = append(d.UsePrevious, p.ParameterKey)
		} else {
			d.Parameters[p.ParameterKey] = p.ParameterValue
		}
	}
	return d, nil
}

func unsupported(what string) error {
	return awserr.Validation("hakone does not support %s", what)
}

const maxTemplate = 1_000_000

func (a api) template(ctx context.Context, in *deploymentInput, k *Stack) (string, error) {
	if in.UsePreviousTemplate {
		if k == nil {
			return "", awserr.Validation("Stack [%s] does not exist", in.StackName)
		}
		original, _, err := a.s.GetTemplate(k.StackID)
		return original, err
	}
	return a.text(ctx, in.TemplateBody, in.TemplateURL)
}

// text returns the template that a call brings.
func (a api) text(ctx context.Context, body, url string) (string, error) {
	switch {
	case body != "" && url != "", body == "" && url == "":
		return "", awserr.Validation("Either Template URL or Template Body must be specified.")
	case len(body) > maxTemplate:
		return "", awserr.Validation("Template may not exceed %d bytes in size.", maxTemplate)
	case body != "":
		return body, nil
	}
	hash, ok := blobOf(url)
	if !ok || a.s.cfg.Blobs == nil {
		return "", unsupported("templates at an address that it does not serve itself: " + url)
	}
	content, err := a.s.cfg.Blobs.Get(ctx, hash)
	if err != nil || len(content) > maxTemplate {
		return "", awserr.Validation("S3 error: The specified key does not exist.")
	}
	return string(content), nil
}

// existing returns the stack of that name or id that is not deleted, or nil.
func (a api) existing(nameOrID string) *Stack {
	k, err := a.s.Describe(nameOrID)
	if err != nil || k.Status == stack.DeleteComplete {
		return nil
	}
	return k
}

func (a api) createStack(ctx context.Context, in *createStackInput) (*stackIDOutput, error) {
	if in.EnableTerminationProtection {
		return nil, unsupported("termination protection")
	}
	if in.OnFailure != "" && in.DisableRollback {
		return nil, awserr.Validation("You can specify either OnFailure or DisableRollback, but not both.")
	}
	d, err := a.input(ctx, &in.deploymentInput, nil)
	if err != nil {
		return nil, err
	}
	d.kind, d.direct = "CREATE", true
	d.DisableRollback = d.DisableRollback || in.OnFailure == "DO_NOTHING"
	return a.deploy(ctx, d, in.OnFailure == "DELETE")
}

func (a api) updateStack(ctx context.Context, in *updateStackInput) (*stackIDOutput, error) {
	if in.StackPolicyDuringUpdateBody != "" || in.StackPolicyDuringUpdateURL != "" {
		return nil, unsupported("stack policies")
	}
	k := a.existing(in.StackName)
	if k == nil {
		return nil, awserr.Validation("Stack [%s] does not exist", in.StackName)
	}
	d, err := a.input(ctx, &in.deploymentInput, k)
	if err != nil {
		return nil, err
	}
	d.kind, d.direct = "UPDATE", true
	return a.deploy(ctx, d, false)
}

// deploy starts a deployment; clean deletes a stack whose creation failed.
func (a api) deploy(ctx context.Context, d *DeployInput, clean bool) (*stackIDOutput, error) {
	err := a.s.start(ctx, func(ctx context.Context, event func(stack.Event)) error {
		d.Event = event
		k, err := a.s.Deploy(ctx, d)
		if failed := []stack.Status{stack.RollbackComplete, stack.RollbackFailed}; clean && k != nil && slices.Contains(failed, k.Status) {
			return a.s.Delete(context.WithoutCancel(ctx), k.StackID, nil)
		}
		return err
	})
	if err != nil {
		return nil, refusal(err)
	}
	k, err := a.s.Describe(d.StackName)
	if err != nil {
		return nil, err
	}
	return &stackIDOutput{k.StackID}, nil
}

type deleteStackInput struct {
	StackName       string `wire:"required"`
	RetainResources []string
	RoleARN         string
	DeletionMode    string
}

func (a api) deleteStack(ctx context.Context, in *deleteStackInput) (*wire.Nothing, error) {
	if len(in.RetainResources) > 0 || in.DeletionMode != "" && in.DeletionMode != "STANDARD" {
		return nil, unsupported("keeping resources of a stack that is deleted: set their DeletionPolicy")
	}
	k := a.existing(in.StackName)
	if k == nil {
		return &wire.Nothing{}, nil // as AWS does
	}
	err := a.s.start(ctx, func(ctx context.Context, event func(stack.Event)) error {
		return a.s.Delete(ctx, k.StackID, event)
	})
	if err != nil {
		return nil, refusal(err)
	}
	return &wire.Nothing{}, nil
}

type emptyOutput struct {
	Empty string `query:"-"` // makes a result element
}

func (a api) continueUpdateRollback(ctx context.Context, in *stackInput) (*emptyOutput, error) {
	k := a.existing(in.StackName)
	if k == nil {
		return nil, awserr.Validation("Stack [%s] does not exist", in.StackName)
	}
	err := a.s.start(ctx, func(ctx context.Context, event func(stack.Event)) error {
		return a.s.ContinueUpdateRollback(ctx, k.StackID, event)
	})
	if err != nil {
		return nil, refusal(err)
	}
	return &emptyOutput{}, nil
}
