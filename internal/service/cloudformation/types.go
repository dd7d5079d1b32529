package cloudformation

import (
	"context"

	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

func (s *Service) ownTypes() []stack.Type {
	return []stack.Type{
		{
			Name: "AWS::CloudFormation::Stack", Level: stack.Real, Attributes: []string{"Outputs.*"}, Required: []string{"TemplateURL"},
			MaxName: 128, Handler: nested{s},
		},
		{Name: "AWS::CDK::Metadata", Level: stack.Record, Handler: recorded{}},
		{Name: "AWS::CloudFormation::WaitConditionHandle", Level: stack.Record, Replace: []string{}, Attributes: []string{}, Handler: recorded{}},
		{Name: "AWS::CloudFormation::WaitCondition", Level: stack.Record, Attributes: []string{"Data"}, Handler: recorded{}},
	}
}

// recorded serves types that have no effect here. A wait condition is satisfied at
// once: nothing runs on an instance that could signal it.
type recorded struct{}

// Create gives the resource its proposed name.
func (recorded) Create(_ context.Context, r *stack.Request) (stack.Result, error) {
	return stack.Result{PhysicalID: r.ProposedName, Attributes: map[string]string{"Data": "{}"}}, nil
}

// Update changes nothing.
func (recorded) Update(_ context.Context, r *stack.Request, _ *template.Node) (stack.Result, error) {
	return stack.Result{PhysicalID: r.PhysicalID}, nil
}

// Delete has nothing to delete.
func (recorded) Delete(context.Context, *stack.Request) error { return nil }
