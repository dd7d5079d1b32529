package cloudformation

import (
	"context"

	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

// OwnTypes returns the resource types that CloudFormation itself serves.
func (s *Service) OwnTypes() []stack.Type {
	types := []stack.Type{
		{
			Name: "AWS::CloudFormation::Stack", Level: stack.Real, Attributes: []string{"Outputs.*"}, Required: []string{"TemplateURL"},
			MaxName: 128, Handler: nested{s}, Properties: nestedProperties{},
		},
		{
			Name: "AWS::ECR::Repository", Level: stack.Record, Replace: []string{"RepositoryName", "EncryptionConfiguration"}, Attributes: []string{"Arn", "RepositoryUri"},
			NameProperty: "RepositoryName", MaxName: 256, LowerName: true, Handler: ecrRepository{s}, Properties: ecrProperties{},
		},
		{Name: "AWS::CDK::Metadata", Level: stack.Record, Handler: recorded{}},
		{
			Name: customTypeName, Level: stack.Real, Required: []string{"ServiceToken"}, Handler: custom{s}, Outside: true, MaxName: 128,
		},
		{Name: "AWS::CloudFormation::WaitConditionHandle", Level: stack.Record, Attributes: []string{}, Handler: waitHandle{s}, Properties: struct{}{}},
		{Name: "AWS::CloudFormation::WaitCondition", Level: stack.Record, Attributes: []string{"Data"}, Handler: waitCondition{s}, Properties: waitProperties{}},
	}
	for _, t := range paperTypes() {
		types = append(types, t.table())
	}
	return types
}

// recorded serves types that have no effect here.
type recorded struct{}

// Create gives the resource its proposed name.
func (recorded) Create(_ context.Context, r *stack.Request) (stack.Result, error) {
	return stack.Result{PhysicalID: r.ProposedName}, nil
}

// Update changes nothing.
func (recorded) Update(_ context.Context, r *stack.Request, _ *template.Node) (stack.Result, error) {
	return stack.Result{PhysicalID: r.PhysicalID}, nil
}

// Delete has nothing to delete.
func (recorded) Delete(context.Context, *stack.Request) error { return nil }
