package cloudformation

import (
	"context"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/stack"
)

type createChangeSetInput struct {
	deploymentInput
	ChangeSetName           string `wire:"required"`
	ChangeSetType           string
	Description             string
	OnStackFailure          string
	ImportExistingResources bool
	IncludeNestedStacks     bool
	ClientToken             string
	ResourcesToImport       []struct{ ResourceType string }
}

type createChangeSetOutput struct{ Id, StackId string }

func (a api) createChangeSet(ctx context.Context, in *createChangeSetInput) (*createChangeSetOutput, error) {
	// ImportExistingResources, which CDK's bootstrap sends, is about resources that are there already: here the
	// deployment fails at those, as it does without.
	if len(in.ResourcesToImport) > 0 {
		return nil, unsupported("the import of existing resources")
	}
	switch in.OnStackFailure {
	case "", "ROLLBACK", "DO_NOTHING", "DELETE":
	default:
		return nil, awserr.Validation("1 validation error detected: Value '%s' at 'onStackFailure' failed to satisfy constraint: Member must satisfy enum value set: [DO_NOTHING, ROLLBACK, DELETE]", in.OnStackFailure)
	}
	if k := a.existing(in.StackName); k != nil && in.ClientToken != "" {
		if c, err := a.s.DescribeChangeSet(k.StackID, in.ChangeSetName); err == nil && c.Token == in.ClientToken {
			return &createChangeSetOutput{c.ID, c.StackID}, nil // the same call again
		}
	}
	d, err := a.input(ctx, &in.deploymentInput, a.existing(in.StackName))
	if err != nil {
		return nil, err
	}
	d.DisableRollback, d.DeleteOnFailure = in.OnStackFailure == "DO_NOTHING", in.OnStackFailure == "DELETE"
	d.token, d.wholeTree = in.ClientToken, in.IncludeNestedStacks
	c, err := a.s.CreateChangeSet(ctx, in.ChangeSetName, in.ChangeSetType, in.Description, d)
	if err != nil {
		return nil, refusal(err)
	}
	return &createChangeSetOutput{c.ID, c.StackID}, nil
}

type changeSetInput struct {
	ChangeSetName string `wire:"required"`
	StackName     string
}

type changeSetSummary struct {
	StackId, StackName         string
	ChangeSetId, ChangeSetName string
	ExecutionStatus            string
	Status, StatusReason       string
	CreationTime               string
	Description                string
	IncludeNestedStacks        bool
	ImportExistingResources    bool
}

type describeChangeSetInput struct {
	changeSetInput
	pages
	IncludePropertyValues bool
}

type describeChangeSetOutput struct {
	changeSetSummary
	Parameters            []parameter
	NotificationARNs      []string
	RollbackConfiguration *struct{}
	Capabilities          []string
	Tags                  []tag
	Changes               []change
	NextToken             string
}

type change struct {
	Type           string
	ResourceChange *resourceChange
}

type resourceChange struct {
	Action                                string
	LogicalResourceId, PhysicalResourceId string
	ResourceType                          string
	Replacement                           string
	Scope                                 []string
	Details                               []changeDetail
	BeforeContext, AfterContext           string
}

type changeDetail struct {
	Target       changeTarget
	Evaluation   string
	ChangeSource string
}

type changeTarget struct {
	Attribute, Name, RequiresRecreation string
}

func summaryOf(c *ChangeSet) changeSetSummary {
	return changeSetSummary{
		StackId: c.StackID, StackName: c.StackName, ChangeSetId: c.ID, ChangeSetName: c.Name, ExecutionStatus: c.ExecutionStatus,
		Status: c.Status, StatusReason: c.StatusReason, CreationTime: timestamp(c.Created), Description: c.Description,
	}
}

func (a api) describeChangeSet(_ context.Context, in *describeChangeSetInput) (*describeChangeSetOutput, error) {
	c, err := a.s.DescribeChangeSet(in.StackName, in.ChangeSetName)
	if err != nil {
		return nil, err
	}
	out := &describeChangeSetOutput{
		changeSetSummary: summaryOf(c), Parameters: parametersOf(c.Parameters), NotificationARNs: []string{}, RollbackConfiguration: &struct{}{},
		Capabilities: c.Capabilities, Tags: tagsOf(c.Tags), Changes: []change{},
	}
	changes, next, err := page(c.Changes, in.NextToken)
	if err != nil {
		return nil, err
	}
	out.NextToken = next
	for i := range changes {
		r := changeOf(&changes[i])
		if in.IncludePropertyValues {
			r.BeforeContext, r.AfterContext = changes[i].Before, changes[i].After
		}
		out.Changes = append(out.Changes, change{"Resource", r})
	}
	return out, nil
}

func changeOf(c *stack.Change) *resourceChange {
	r := &resourceChange{LogicalResourceId: c.LogicalID, PhysicalResourceId: c.PhysicalID, ResourceType: c.Type, Scope: []string{}, Details: []changeDetail{}}
	switch c.Operation {
	case stack.Create:
		r.Action = "Add"
	case stack.Delete:
		r.Action = "Remove"
	case stack.Update:
		r.Action, r.Replacement = "Modify", "False"
	case stack.Replace:
		r.Action, r.Replacement = "Modify", "True"
		if c.Conditional {
			r.Replacement = "Conditional"
		}
	case stack.None:
	}
	if len(c.Properties) > 0 {
		r.Scope = append(r.Scope, "Properties")
	}
	replacing := map[string]bool{}
	for _, name := range c.Replacing {
		replacing[name] = true
	}
	for _, name := range c.Properties {
		recreation := "Never"
		switch {
		case replacing[name] && c.Conditional:
			recreation = "Conditionally"
		case replacing[name]:
			recreation = "Always"
		}
		r.Details = append(r.Details, changeDetail{changeTarget{"Properties", name, recreation}, "Static", "DirectModification"})
	}
	for _, name := range c.Attributes {
		r.Scope = append(r.Scope, name)
		r.Details = append(r.Details, changeDetail{changeTarget{name, "", "Never"}, "Static", "DirectModification"})
	}
	return r
}

type executeChangeSetInput struct {
	changeSetInput
	ClientRequestToken   string
	DisableRollback      bool
	RetainExceptOnCreate bool
}

func (a api) executeChangeSet(ctx context.Context, in *executeChangeSetInput) (*emptyOutput, error) {
	if err := refuseRetain(in.RetainExceptOnCreate); err != nil {
		return nil, err
	}
	c, err := a.s.DescribeChangeSet(in.StackName, in.ChangeSetName)
	if err != nil {
		return nil, err
	}
	if in.DisableRollback && c.Input.DeleteOnFailure {
		return nil, awserr.Validation("DisableRollback cannot be combined with the OnStackFailure DELETE of the change set")
	}
	if in.DisableRollback && c.Type == "UPDATE" {
		return nil, unsupported("DisableRollback of an update: a failed update is always taken back")
	}
	permit := a.permission(ctx, c.Input.RoleARN)
	_, err = a.once(ctx, c.StackName, "EXECUTE", in.ClientRequestToken, func() (string, error) {
		return c.StackID, a.s.start(ctx, func(ctx context.Context, event func(stack.Event)) error {
			_, err := a.s.executeChangeSet(ctx, in.StackName, in.ChangeSetName, func(d *DeployInput) {
				d.Event, d.permit = event, permit
				d.DisableRollback = d.DisableRollback || in.DisableRollback
			})
			return err
		})
	})
	if err != nil {
		return nil, refusal(err)
	}
	return &emptyOutput{}, nil
}

func (a api) deleteChangeSet(ctx context.Context, in *changeSetInput) (*emptyOutput, error) {
	if err := a.s.DeleteChangeSet(ctx, in.StackName, in.ChangeSetName); err != nil {
		return nil, err
	}
	return &emptyOutput{}, nil
}

type listChangeSetsOutput struct {
	Summaries []changeSetSummary
	NextToken string
}

func (a api) listChangeSets(_ context.Context, in *stackPageInput) (*listChangeSetsOutput, error) {
	sets, err := a.s.ListChangeSets(in.StackName)
	if err != nil {
		return nil, err
	}
	sets, next, err := page(sets, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &listChangeSetsOutput{Summaries: []changeSetSummary{}, NextToken: next}
	for _, c := range sets {
		out.Summaries = append(out.Summaries, summaryOf(c))
	}
	return out, nil
}
