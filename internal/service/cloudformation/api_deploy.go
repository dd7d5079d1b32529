package cloudformation

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/wire"
)

type parameter struct {
	ParameterKey, ParameterValue string
	UsePreviousValue             *bool
	ResolvedValue                string
}

// deploymentInput is what the calls that bring a template have in common.
type deploymentInput struct {
	StackName             string `wire:"required"`
	TemplateBody          string
	TemplateURL           string
	UsePreviousTemplate   bool
	Parameters            []parameter
	Capabilities          []string
	Tags                  []tag
	RoleARN               string
	ResourceTypes         []string
	NotificationARNs      []string
	RollbackConfiguration rollbackConfiguration
	DeploymentConfig      deploymentConfig
}

type rollbackConfiguration struct {
	RollbackTriggers        []struct{ Arn, Type string }
	MonitoringTimeInMinutes int
}

type createStackInput struct {
	deploymentInput
	ClientRequestToken          string
	StackPolicyBody             string
	StackPolicyURL              string
	DisableRollback             bool
	OnFailure                   string
	TimeoutInMinutes            int
	EnableTerminationProtection bool
	RetainExceptOnCreate        bool
}

type updateStackInput struct {
	deploymentInput
	ClientRequestToken          string
	StackPolicyBody             string
	StackPolicyURL              string
	DisableRollback             bool
	RetainExceptOnCreate        bool
	StackPolicyDuringUpdateBody string
	StackPolicyDuringUpdateURL  string
}

type stackIDOutput struct{ StackId string }

// input returns what to deploy. k is the stack that there is, or nil.
func (a api) input(ctx context.Context, in *deploymentInput, k *Stack) (*DeployInput, error) {
	if err := errors.Join(in.check(), in.DeploymentConfig.check()); err != nil {
		return nil, err
	}
	role, err := a.role(ctx, in.RoleARN, k)
	if err != nil {
		return nil, err
	}
	text, err := a.template(ctx, in, k)
	if err != nil {
		return nil, err
	}
	d := &DeployInput{
		StackName: in.StackName, Text: text, File: "template", Parameters: map[string]string{}, Capabilities: in.Capabilities,
		Tags: tagMap(in.Tags), ResourceTypes: in.ResourceTypes, RoleARN: role, permit: a.permission(ctx, role),
	}
	if k != nil {
		d.StackName = k.StackName
	}
	for _, p := range in.Parameters {
		previous := p.UsePreviousValue != nil && *p.UsePreviousValue
		if previous && p.ParameterValue != "" {
			return nil, awserr.Validation("Invalid input for parameter key %s. Cannot specify usePreviousValue as true and non empty value for a parameter", p.ParameterKey)
		}
		if previous {
			d.UsePrevious = append(d.UsePrevious, p.ParameterKey)
		} else {
			d.Parameters[p.ParameterKey] = p.ParameterValue
		}
	}
	return d, nil
}

// capabilities are what a caller can acknowledge.
var capabilities = []string{"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"}

// check refuses what has no meaning here.
func (in *deploymentInput) check() error {
	for i, c := range in.Capabilities {
		if !slices.Contains(capabilities, c) {
			return awserr.Validation("1 validation error detected: Value '[%s]' at 'capabilities' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [%s]]", in.Capabilities[i], strings.Join(capabilities, ", "))
		}
	}
	r := in.RollbackConfiguration
	switch {
	case len(in.NotificationARNs) > 0:
		return unsupported("NotificationARNs: there are no topics to notify")
	case len(r.RollbackTriggers) > 0 || r.MonitoringTimeInMinutes != 0:
		return unsupported("RollbackConfiguration: there are no alarms to watch")
	case len(in.Tags) > maxTags:
		return awserr.Validation("Tags can not be more than %d", maxTags)
	}
	return checkTagKeys(in.Tags)
}

// maxTags is how many tags a stack may have.
const maxTags = 50

func checkTagKeys(tags []tag) error {
	seen := map[string]bool{}
	for _, t := range tags {
		switch {
		case strings.HasPrefix(t.Key, "aws:"):
			return awserr.Validation("aws: prefixed tag key names are not allowed for external use.")
		case t.Key == "" || seen[t.Key]:
			return awserr.Validation("Tag keys must be given, and each only once: '%s'", t.Key)
		}
		seen[t.Key] = true
	}
	return nil
}

// refuseStackPolicy refuses policies of updates: none is ever enforced here.
func refuseStackPolicy(texts ...string) error {
	for _, t := range texts {
		if t != "" {
			return unsupported("stack policies")
		}
	}
	return nil
}

func unsupported(what string) error {
	return awserr.Validation("hakone does not support %s", what)
}

const maxTemplate = 1_000_000

func (a api) template(ctx context.Context, in *deploymentInput, k *Stack) (string, error) {
	if in.UsePreviousTemplate {
		if in.TemplateBody != "" || in.TemplateURL != "" {
			return "", unsupported("UsePreviousTemplate with a TemplateBody or a TemplateURL: give one of them")
		}
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
	return a.s.fetch(ctx, url)
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
	if err := errors.Join(refuseStackPolicy(in.StackPolicyBody, in.StackPolicyURL), refuseRetain(in.RetainExceptOnCreate)); err != nil {
		return nil, err
	}
	switch in.OnFailure {
	case "", "ROLLBACK", "DO_NOTHING", "DELETE":
	default:
		return nil, awserr.Validation("1 validation error detected: Value '%s' at 'onFailure' failed to satisfy constraint: Member must satisfy enum value set: [ROLLBACK, DO_NOTHING, DELETE]", in.OnFailure)
	}
	if in.TimeoutInMinutes < 0 {
		return nil, awserr.Validation("1 validation error detected: Value '%d' at 'timeoutInMinutes' failed to satisfy constraint: Member must have value greater than or equal to 1", in.TimeoutInMinutes)
	}
	if in.OnFailure != "" && in.DisableRollback {
		return nil, awserr.Validation("You can specify either OnFailure or DisableRollback, but not both.")
	}
	d, err := a.input(ctx, &in.deploymentInput, nil)
	if err != nil {
		return nil, err
	}
	d.kind, d.direct = "CREATE", true
	d.DisableRollback, d.DeleteOnFailure = in.DisableRollback || in.OnFailure == "DO_NOTHING", in.OnFailure == "DELETE"
	d.Protect, d.Timeout = in.EnableTerminationProtection, time.Duration(in.TimeoutInMinutes)*time.Minute
	return a.deploy(ctx, d, in.ClientRequestToken)
}

func (a api) updateStack(ctx context.Context, in *updateStackInput) (*stackIDOutput, error) {
	err := errors.Join(refuseStackPolicy(in.StackPolicyBody, in.StackPolicyURL, in.StackPolicyDuringUpdateBody, in.StackPolicyDuringUpdateURL), refuseRetain(in.RetainExceptOnCreate))
	if err == nil && in.DisableRollback {
		err = unsupported("DisableRollback of an update: a failed update is always taken back")
	}
	if err != nil {
		return nil, err
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
	return a.deploy(ctx, d, in.ClientRequestToken)
}

func refuseRetain(asked bool) error {
	if asked {
		return unsupported("RetainExceptOnCreate: set the DeletionPolicy RetainExceptOnCreate")
	}
	return nil
}

// deploy starts a deployment and returns the stack's id.
func (a api) deploy(ctx context.Context, d *DeployInput, token string) (*stackIDOutput, error) {
	id, err := a.once(ctx, d.StackName, d.kind, token, func() (string, error) {
		var id atomic.Pointer[string] // a stack may be gone again when its deployment is over
		err := a.s.start(ctx, func(ctx context.Context, event func(stack.Event)) error {
			d.Event = func(e stack.Event) {
				id.CompareAndSwap(nil, &e.StackID)
				event(e)
			}
			_, err := a.s.Deploy(ctx, d)
			return err
		})
		if p := id.Load(); p != nil && err == nil {
			return *p, nil
		}
		return "", err
	})
	if err != nil {
		return nil, refusal(err)
	}
	return &stackIDOutput{id}, nil
}

type deleteStackInput struct {
	StackName          string `wire:"required"`
	ClientRequestToken string
	RetainResources    []string
	RoleARN            string
	DeletionMode       string
	DeploymentConfig   deploymentConfig
}

func (a api) deleteStack(ctx context.Context, in *deleteStackInput) (*wire.Nothing, error) {
	if len(in.RetainResources) > 0 || in.DeletionMode != "" && in.DeletionMode != "STANDARD" {
		return nil, unsupported("keeping resources of a stack that is deleted: set their DeletionPolicy")
	}
	if err := in.DeploymentConfig.checkDeletion(); err != nil {
		return nil, err
	}
	k := a.existing(in.StackName)
	if k == nil {
		return &wire.Nothing{}, nil // as AWS does
	}
	if _, err := a.role(ctx, in.RoleARN, nil); err != nil {
		return nil, err
	}
	_, err := a.once(ctx, k.StackName, "DELETE", in.ClientRequestToken, func() (string, error) {
		return k.StackID, a.s.start(ctx, func(ctx context.Context, event func(stack.Event)) error {
			return a.s.Delete(ctx, k.StackID, event)
		})
	})
	if err != nil {
		return nil, refusal(err)
	}
	return &wire.Nothing{}, nil
}

type emptyOutput struct {
	Empty string `query:"-"` // makes a result element
}

type continueInput struct {
	StackName          string `wire:"required"`
	ClientRequestToken string
}

func (a api) continueUpdateRollback(ctx context.Context, in *continueInput) (*emptyOutput, error) {
	k := a.existing(in.StackName)
	if k == nil {
		return nil, awserr.Validation("Stack [%s] does not exist", in.StackName)
	}
	_, err := a.once(ctx, k.StackName, "CONTINUE", in.ClientRequestToken, func() (string, error) {
		return k.StackID, a.s.start(ctx, func(ctx context.Context, event func(stack.Event)) error {
			return a.s.ContinueUpdateRollback(ctx, k.StackID, event)
		})
	})
	if err != nil {
		return nil, refusal(err)
	}
	return &emptyOutput{}, nil
}

type protectionInput struct {
	StackName                   string `wire:"required"`
	EnableTerminationProtection bool
}

func (a api) updateTerminationProtection(ctx context.Context, in *protectionInput) (*stackIDOutput, error) {
	k := a.existing(in.StackName)
	if k == nil {
		return nil, awserr.Validation("Stack [%s] does not exist", in.StackName)
	}
	if k.ParentID != "" {
		return nil, awserr.Validation("TerminationProtection can not be set on nested stack [%s]", k.StackName)
	}
	err := a.s.stacks.Update(ctx, k.StackID, func(k *Stack) error {
		k.Protected = in.EnableTerminationProtection
		return nil
	})
	return &stackIDOutput{k.StackID}, err
}

type stackPolicyOutput struct{ StackPolicyBody string }

// getStackPolicy tells that there is none: a stack without one allows all updates.
func (a api) getStackPolicy(_ context.Context, in *stackInput) (*stackPolicyOutput, error) {
	if a.existing(in.StackName) == nil {
		return nil, awserr.Validation("Stack with id %s does not exist", in.StackName)
	}
	return &stackPolicyOutput{}, nil
}

type setStackPolicyInput struct {
	StackName                       string `wire:"required"`
	StackPolicyBody, StackPolicyURL string
}

func (a api) setStackPolicy(context.Context, *setStackPolicyInput) (*wire.Nothing, error) {
	return nil, unsupported("stack policies")
}
