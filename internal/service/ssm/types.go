package ssm

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

// Types returns the CloudFormation resource types that the parameter store
// serves.
func (s *Service) Types() []stack.Type {
	return []stack.Type{{
		Name: "AWS::SSM::Parameter", Level: stack.Real, Handler: parameterType{s}, Properties: parameterProperties{},
		Replace: []string{"Name"}, Attributes: []string{"Type", "Value", "Arn"}, Required: []string{"Type", "Value"},
		NameProperty: "Name", MaxName: 512,
	}}
}

type parameterType struct{ s *Service }

type parameterProperties struct {
	Name           string
	Type           string `required:"true" oneof:"String,StringList"`
	Value          string `required:"true"`
	Description    string
	AllowedPattern string
	DataType       string `oneof:"text,aws:ec2:image"`
	Tier           string `oneof:"Standard,Advanced,Intelligent-Tiering"`
	Policies       string // refused, as on the wire, unless empty
	Tags           map[string]string
}

func (t parameterType) put(ctx context.Context, name string, n *template.Node, overwrite bool) (stack.Result, error) {
	var p parameterProperties
	if err := n.Decode(&p); err != nil {
		return stack.Result{}, err
	}
	if p.Type == typeSecure {
		return stack.Result{}, validation("AWS::SSM::Parameter does not create parameters of the type SecureString")
	}
	_, err := t.s.PutParameter(ctx, &PutParameterInput{
		Name: cmp.Or(p.Name, name), Value: p.Value, Type: p.Type, Description: p.Description, AllowedPattern: p.AllowedPattern,
		DataType: p.DataType, Tier: p.Tier, Policies: p.Policies, Overwrite: overwrite,
	})
	if err != nil {
		return stack.Result{}, err
	}
	name = cmp.Or(p.Name, name)
	err = t.s.parameters.Update(ctx, name, func(record *parameter) error {
		record.Tags = nil
		for _, k := range slices.Sorted(maps.Keys(p.Tags)) {
			record.Tags = append(record.Tags, Tag{k, p.Tags[k]})
		}
		return nil
	})
	return stack.Result{PhysicalID: name, Attributes: map[string]string{"Type": p.Type, "Value": p.Value, "Arn": t.s.arn(name)}}, err
}

// Create implements [stack.Handler].
func (t parameterType) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	return t.put(ctx, r.ProposedName, r.Properties, false)
}

// Update implements [stack.Handler].
func (t parameterType) Update(ctx context.Context, r *stack.Request, _ *template.Node) (stack.Result, error) {
	return t.put(ctx, r.PhysicalID, r.Properties, true)
}

// Delete implements [stack.Handler].
func (t parameterType) Delete(ctx context.Context, r *stack.Request) error {
	_, err := t.s.DeleteParameter(ctx, &DeleteParameterInput{Name: r.PhysicalID})
	return gone(err)
}

// gone turns the refusal of something that is not there into success.
func gone(err error) error {
	var e *awserr.Error
	if errors.As(err, &e) && e.Code == "ParameterNotFound" {
		return nil
	}
	return err
}
