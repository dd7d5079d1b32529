package cloudformation

import (
	"errors"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/template"
	"github.com/hakonegate/hakone/internal/wire"
	"github.com/hakonegate/hakone/policy"
)

// api is the service as AWS clients see it.
type api struct{ s *Service }

// API returns CloudFormation's surface (AWS: "Actions, resources, and condition
// keys for AWS CloudFormation"). Operations that change stacks need [Service.Run].
func (s *Service) API() wire.Service {
	a := api{s}
	return wire.Service{
		Name:      "cloudformation",
		Protocol:  wire.Query,
		Version:   "2010-05-15",
		Namespace: "http://cloudformation.amazonaws.com/doc/2010-05-15/",
		Facts:     a.facts,
		Strict:    true,
		Operations: []wire.Operation{
			wire.Op("CreateStack", a.createStack, func(in *createStackInput) string { return a.stackARN(in.StackName) }),
			wire.Op("UpdateStack", a.updateStack, func(in *updateStackInput) string { return a.stackARN(in.StackName) }),
			wire.Op("DeleteStack", a.deleteStack, func(in *deleteStackInput) string { return a.stackARN(in.StackName) }),
			wire.Op("ContinueUpdateRollback", a.continueUpdateRollback, func(in *continueInput) string { return a.stackARN(in.StackName) }),

			wire.Op("UpdateTerminationProtection", a.updateTerminationProtection, func(in *protectionInput) string { return a.stackARN(in.StackName) }),
			wire.Op("GetStackPolicy", a.getStackPolicy, func(in *stackInput) string { return a.stackARN(in.StackName) }),
			wire.Op("SetStackPolicy", a.setStackPolicy, func(in *setStackPolicyInput) string { return a.stackARN(in.StackName) }),

			wire.Op("CreateChangeSet", a.createChangeSet, func(in *createChangeSetInput) string { return a.stackARN(in.StackName) }),
			wire.Op("DescribeChangeSet", a.describeChangeSet, func(in *describeChangeSetInput) string { return a.changeSetStackARN(&in.changeSetInput) }),
			wire.Op("ExecuteChangeSet", a.executeChangeSet, func(in *executeChangeSetInput) string { return a.changeSetStackARN(&in.changeSetInput) }),
			wire.Op("DeleteChangeSet", a.deleteChangeSet, a.changeSetStackARN),
			wire.Op("ListChangeSets", a.listChangeSets, func(in *stackPageInput) string { return a.stackARN(in.StackName) }),

			wire.Op("DescribeStacks", a.describeStacks, func(in *anyStackInput) string { return a.stackARN(in.StackName) }),
			wire.Op("DescribeStackEvents", a.describeStackEvents, func(in *stackPageInput) string { return a.stackARN(in.StackName) }),
			wire.Op("DescribeStackResource", a.describeStackResource, func(in *stackResourceInput) string { return a.stackARN(in.StackName) }),
			wire.Op("DescribeStackResources", a.describeStackResources, func(in *stackResourcesInput) string { return a.stackARN(a.stackOf(in)) }),
			wire.Op("ListStackResources", a.listStackResources, func(in *stackPageInput) string { return a.stackARN(in.StackName) }),
			wire.Op("ListStacks", a.listStacks, nil),
			wire.Op("ListExports", a.listExports, nil),
			wire.Op("ListImports", a.listImports, nil),

			wire.Op("GetTemplate", a.getTemplate, func(in *getTemplateInput) string { return a.stackARN(in.StackName) }),
			wire.Op("GetTemplateSummary", a.getTemplateSummary, func(in *templateSummaryInput) string { return a.stackARN(in.StackName) }),
			wire.Op("ValidateTemplate", a.validateTemplate, nil),
		},
	}
}

// stackARN returns what policies must allow for a call on a stack, named by its
// name or id: the stack's id if there is one. "" stands for all stacks.
func (a api) stackARN(nameOrID string) string {
	if nameOrID == "" {
		return a.s.arn("stack/*/*")
	}
	if k, err := a.s.Describe(nameOrID); err == nil {
		return k.StackID
	}
	if strings.HasPrefix(nameOrID, "arn:") {
		return nameOrID
	}
	return a.s.arn("stack/" + nameOrID + "/*")
}

// changeSetStackARN returns the stack of a change set: its own name may say it.
func (a api) changeSetStackARN(in *changeSetInput) string {
	if c, ok := a.s.sets.Get(in.ChangeSetName); ok {
		return c.StackID
	}
	return a.stackARN(in.StackName)
}

type tag struct{ Key, Value string }

func tagMap(tags []tag) map[string]string {
	if tags == nil {
		return nil
	}
	m := map[string]string{}
	for _, t := range tags {
		m[t.Key] = t.Value
	}
	return m
}

// facts tells policies the tags of the call, and the names that it mentions.
func (a api) facts(_ string, in any) wire.Facts {
	f := wire.Facts{Keys: policy.Map{}}
	switch in := in.(type) {
	case *createStackInput:
		f.RequestTags = tagMap(in.Tags)
		setKey(f.Keys, "cloudformation:templateurl", in.TemplateURL)
		setKey(f.Keys, "cloudformation:rolearn", in.RoleARN)
	case *updateStackInput:
		f.RequestTags = tagMap(in.Tags)
		setKey(f.Keys, "cloudformation:templateurl", in.TemplateURL)
		setKey(f.Keys, "cloudformation:rolearn", in.RoleARN)
	case *createChangeSetInput:
		f.RequestTags = tagMap(in.Tags)
		setKey(f.Keys, "cloudformation:templateurl", in.TemplateURL)
		setKey(f.Keys, "cloudformation:rolearn", in.RoleARN)
		setKey(f.Keys, "cloudformation:changesetname", in.ChangeSetName)
	case *changeSetInput:
		setKey(f.Keys, "cloudformation:changesetname", in.ChangeSetName)
	case *describeChangeSetInput:
		setKey(f.Keys, "cloudformation:changesetname", in.ChangeSetName)
	case *executeChangeSetInput:
		setKey(f.Keys, "cloudformation:changesetname", in.ChangeSetName)
	case *deleteStackInput:
		setKey(f.Keys, "cloudformation:rolearn", in.RoleARN)
	default:
	}
	if k := a.target(in); k != nil {
		f.ResourceTags = k.Tags
	}
	return f
}

func setKey(keys policy.Map, key, value string) {
	if value != "" {
		keys[key] = policy.One(value)
	}
}

// target returns the stack that a call is about, or nil.
func (a api) target(in any) *Stack {
	var name string
	switch in := in.(type) {
	case *createStackInput:
		name = in.StackName
	case *updateStackInput:
		name = in.StackName
	case *deleteStackInput:
		name = in.StackName
	case *stackInput:
		name = in.StackName
	case *stackPageInput:
		name = in.StackName
	case *continueInput:
		name = in.StackName
	case *protectionInput:
		name = in.StackName
	case *anyStackInput:
		name = in.StackName
	case *createChangeSetInput:
		name = in.StackName
	case *changeSetInput:
		name = a.changeSetStackARN(in)
	case *describeChangeSetInput:
		name = a.changeSetStackARN(&in.changeSetInput)
	case *executeChangeSetInput:
		name = a.changeSetStackARN(&in.changeSetInput)
	case *stackResourceInput:
		name = in.StackName
	case *stackResourcesInput:
		name = a.stackOf(in)
	case *getTemplateInput:
		name = in.StackName
	case *templateSummaryInput:
		name = in.StackName
	default:
	}
	if name == "" {
		return nil
	}
	k, err := a.s.Describe(name)
	if err != nil {
		return nil
	}
	return k
}

// refusal returns an error as clients see it: a template that is refused is a
// ValidationError.
func refusal(err error) error {
	if t, ok := errors.AsType[*template.Error](err); ok {
		refused := awserr.Validation("%s", t.Message)
		refused.Err = err
		return refused
	}
	return err
}

// timestamp returns a time as CloudFormation writes it; none is "".
func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}
