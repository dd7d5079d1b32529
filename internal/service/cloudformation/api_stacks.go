package cloudformation

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/stack"
)

type stackInput struct {
	StackName string `wire:"required"`
}

type stackPageInput struct {
	stackInput
	pages
}

type anyStackInput struct {
	StackName string
	pages
}

type stackOutput struct {
	StackId, StackName                          string
	ChangeSetId                                 string
	Description                                 string
	Parameters                                  []parameter
	CreationTime, LastUpdatedTime, DeletionTime string
	RollbackConfiguration                       *struct{}
	StackStatus, StackStatusReason              string
	DisableRollback                             bool
	NotificationARNs                            []string
	Capabilities                                []string
	Outputs                                     []output
	Tags                                        []tag
	EnableTerminationProtection                 bool
	RoleARN                                     string
	ParentId, RootId                            string
	DriftInformation                            drift
}

type drift struct{ StackDriftStatus string }

type resourceDrift struct{ StackResourceDriftStatus string }

type output struct {
	OutputKey, OutputValue string
	Description            string
	ExportName             string
}

type describeStacksOutput struct {
	Stacks    []*stackOutput
	NextToken string
}

func (a api) describeStacks(ctx context.Context, in *anyStackInput) (*describeStacksOutput, error) {
	stacks := a.s.Stacks()
	if in.StackName != "" {
		k, err := a.s.Describe(in.StackName)
		if err != nil {
			return nil, err
		}
		stacks = []*Stack{k}
	}
	if a.s.cfg.Served != nil {
		if err := a.s.cfg.Served(ctx); err != nil {
			return nil, err
		}
	}
	stacks, next, err := page(stacks, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &describeStacksOutput{Stacks: []*stackOutput{}, NextToken: next}
	for _, k := range stacks {
		out.Stacks = append(out.Stacks, a.stack(k))
	}
	return out, nil
}

func (a api) stack(k *Stack) *stackOutput {
	o := &stackOutput{
		StackId: k.StackID, StackName: k.StackName, ChangeSetId: k.ChangeSetID, Description: k.Description, Parameters: parametersOf(k.Parameters),
		CreationTime: timestamp(k.Created), LastUpdatedTime: timestamp(k.Updated), DeletionTime: timestamp(k.Deleted),
		RollbackConfiguration: &struct{}{}, StackStatus: string(k.Status), StackStatusReason: k.StatusReason, NotificationARNs: []string{},
		Capabilities: k.Capabilities, Tags: tagsOf(k.Tags), DriftInformation: drift{"NOT_CHECKED"}, ParentId: k.ParentID,
		RoleARN: k.RoleARN, DisableRollback: k.DisableRollback, EnableTerminationProtection: k.Protected,
	}
	for parent := k.ParentID; parent != ""; {
		o.RootId = parent
		above, _ := a.s.stacks.Get(parent)
		parent = above.ParentID
	}
	for _, v := range k.Outputs {
		o.Outputs = append(o.Outputs, output{v.Key, v.Value, v.Description, v.ExportName})
	}
	return o
}

func parametersOf(parameters []Parameter) []parameter {
	var out []parameter
	for _, p := range parameters {
		o := parameter{ParameterKey: p.Key, ParameterValue: p.Shown()}
		if !p.NoEcho {
			o.ResolvedValue = p.ResolvedValue
		}
		out = append(out, o)
	}
	return out
}

func tagsOf(tags map[string]string) []tag {
	out := []tag{}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, tag{key, tags[key]})
	}
	return out
}

type stackEvent struct {
	StackId, EventId, StackName           string
	LogicalResourceId, PhysicalResourceId string
	ResourceType                          string
	Timestamp                             string
	ResourceStatus, ResourceStatusReason  string
}

type describeStackEventsOutput struct {
	StackEvents []stackEvent
	NextToken   string
}

func (a api) describeStackEvents(_ context.Context, in *stackPageInput) (*describeStackEventsOutput, error) {
	events, err := a.s.Events(in.StackName)
	if err != nil {
		return nil, err
	}
	events, next, err := page(events, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &describeStackEventsOutput{StackEvents: []stackEvent{}, NextToken: next}
	for i := range events {
		e := &events[i]
		out.StackEvents = append(out.StackEvents, stackEvent{
			StackId: e.StackID, EventId: e.ID, StackName: e.StackName, LogicalResourceId: e.LogicalID, PhysicalResourceId: e.PhysicalID,
			ResourceType: e.Type, Timestamp: timestamp(e.Time), ResourceStatus: string(e.Status), ResourceStatusReason: e.Reason,
		})
	}
	return out, nil
}

type stackResource struct {
	StackName, StackId                    string
	LogicalResourceId, PhysicalResourceId string
	ResourceType                          string
	Timestamp                             string
	LastUpdatedTimestamp                  string
	ResourceStatus, ResourceStatusReason  string
	Metadata                              string
	DriftInformation                      resourceDrift
}

// resource returns a resource; detail chooses the name of its time, and its
// metadata.
func resourceOf(k *Stack, r *stack.Resource, detail bool) stackResource {
	o := stackResource{
		StackName: k.StackName, StackId: k.StackID, LogicalResourceId: r.LogicalID, PhysicalResourceId: r.PhysicalID(), ResourceType: r.Type(),
		ResourceStatus: string(r.Status), ResourceStatusReason: r.Reason, DriftInformation: resourceDrift{"NOT_CHECKED"},
	}
	if !detail {
		o.Timestamp = timestamp(r.Updated)
		return o
	}
	o.LastUpdatedTimestamp = timestamp(r.Updated)
	if r.Now != nil && r.Now.Metadata != nil {
		o.Metadata = string(r.Now.Metadata.JSON(""))
	}
	return o
}

type stackResourceInput struct {
	StackName         string `wire:"required"`
	LogicalResourceId string `wire:"required"`
}

type describeStackResourceOutput struct{ StackResourceDetail stackResource }

func (a api) describeStackResource(_ context.Context, in *stackResourceInput) (*describeStackResourceOutput, error) {
	r, err := a.s.Resource(in.StackName, in.LogicalResourceId)
	if err != nil {
		return nil, err
	}
	k, err := a.s.Describe(in.StackName)
	if err != nil {
		return nil, err
	}
	return &describeStackResourceOutput{resourceOf(k, r, true)}, nil
}

type stackResourcesInput struct {
	StackName, LogicalResourceId, PhysicalResourceId string
}

// stackOf returns the stack that a call asks about, perhaps by what is in it.
func (a api) stackOf(in *stackResourcesInput) string {
	if in.StackName != "" || in.PhysicalResourceId == "" {
		return in.StackName
	}
	for _, k := range a.s.Stacks() {
		for _, r := range a.s.resources(k.StackID).All() {
			if r.PhysicalID() == in.PhysicalResourceId {
				return k.StackID
			}
		}
	}
	return ""
}

type describeStackResourcesOutput struct{ StackResources []stackResource }

func (a api) describeStackResources(_ context.Context, in *stackResourcesInput) (*describeStackResourcesOutput, error) {
	name := a.stackOf(in)
	switch {
	case in.StackName == "" && in.PhysicalResourceId == "":
		return nil, awserr.Validation("Either StackName or PhysicalResourceId must be specified.")
	case name == "":
		return nil, awserr.Validation("Stack for %s does not exist", in.PhysicalResourceId)
	}
	k, err := a.s.Describe(name)
	if err != nil {
		return nil, err
	}
	resources, err := a.s.Resources(k.StackID)
	if err != nil {
		return nil, err
	}
	out := &describeStackResourcesOutput{StackResources: []stackResource{}}
	for _, r := range resources {
		if in.LogicalResourceId == "" || r.LogicalID == in.LogicalResourceId {
			out.StackResources = append(out.StackResources, resourceOf(k, r, false))
		}
	}
	return out, nil
}

type listStackResourcesOutput struct {
	StackResourceSummaries []stackResource
	NextToken              string
}

func (a api) listStackResources(_ context.Context, in *stackPageInput) (*listStackResourcesOutput, error) {
	k, err := a.s.Describe(in.StackName)
	if err != nil {
		return nil, err
	}
	resources, err := a.s.Resources(k.StackID)
	if err != nil {
		return nil, err
	}
	resources, next, err := page(resources, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &listStackResourcesOutput{StackResourceSummaries: []stackResource{}, NextToken: next}
	for _, r := range resources {
		out.StackResourceSummaries = append(out.StackResourceSummaries, resourceOf(k, r, true))
	}
	return out, nil
}

type listStacksInput struct {
	StackStatusFilter []string
	pages
}

type listStacksOutput struct {
	StackSummaries []stackSummary
	NextToken      string
}

type stackSummary struct {
	StackId, StackName                          string
	TemplateDescription                         string
	CreationTime, LastUpdatedTime, DeletionTime string
	StackStatus, StackStatusReason              string
	ParentId, RootId                            string
	DriftInformation                            drift
}

func (a api) listStacks(_ context.Context, in *listStacksInput) (*listStacksOutput, error) {
	out := &listStacksOutput{StackSummaries: []stackSummary{}}
	for _, k := range a.s.AllStacks() {
		if len(in.StackStatusFilter) > 0 && !slices.Contains(in.StackStatusFilter, string(k.Status)) {
			continue
		}
		o := a.stack(k)
		out.StackSummaries = append(out.StackSummaries, stackSummary{
			o.StackId, o.StackName, o.Description, o.CreationTime, o.LastUpdatedTime, o.DeletionTime,
			o.StackStatus, o.StackStatusReason, o.ParentId, o.RootId, o.DriftInformation,
		})
	}
	var err error
	out.StackSummaries, out.NextToken, err = page(out.StackSummaries, in.NextToken)
	return out, err
}

type exportOutput struct{ ExportingStackId, Name, Value string }

type listExportsOutput struct {
	Exports   []exportOutput
	NextToken string
}

func (a api) listExports(_ context.Context, in *pages) (*listExportsOutput, error) {
	out := &listExportsOutput{Exports: []exportOutput{}}
	for _, e := range a.s.ListExports() {
		out.Exports = append(out.Exports, exportOutput{e.ExportingStackID, e.Name, e.Value})
	}
	var err error
	out.Exports, out.NextToken, err = page(out.Exports, in.NextToken)
	return out, err
}

type listImportsInput struct {
	ExportName string `wire:"required"`
	pages
}

type listImportsOutput struct {
	Imports   []string
	NextToken string
}

func (a api) listImports(_ context.Context, in *listImportsInput) (*listImportsOutput, error) {
	names, err := a.s.ListImports(strings.TrimSpace(in.ExportName))
	if err != nil {
		return nil, err
	}
	names, next, err := page(names, in.NextToken)
	return &listImportsOutput{names, next}, err
}
