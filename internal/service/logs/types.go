package logs

import (
	"context"
	"errors"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

// Types returns the resource types of CloudFormation that the service makes.
func (s *Service) Types() []stack.Type {
	return []stack.Type{{
		Name: "AWS::Logs::LogGroup", Level: stack.Real, Handler: logGroups{s}, Properties: logGroupProperties{},
		Replace: []string{"LogGroupName"}, Attributes: []string{"Arn"}, NameProperty: "LogGroupName", MaxName: 512,
	}}
}

// logGroups is AWS::Logs::LogGroup.
type logGroups struct{ s *Service }

type logGroupProperties struct {
	LogGroupName, KmsKeyId string
	LogGroupClass          string `oneof:"STANDARD,INFREQUENT_ACCESS,DELIVERY"`
	RetentionInDays        int    `oneof:"1,3,5,7,14,30,60,90,120,150,180,365,400,545,731,1096,1827,2192,2557,2922,3288,3653"`
	Tags                   []struct{ Key, Value string }

	DataProtectionPolicy       *template.Node `refuse:"events are kept as they come"`
	FieldIndexPolicies         *template.Node `refuse:"events are not indexed"`
	ResourcePolicyDocument     *template.Node `refuse:"there are no resource policies of logs"`
	DeletionProtectionEnabled  bool           `refuse:"groups can be deleted"`
	BearerTokenAuthenticationE bool           `json:"BearerTokenAuthenticationEnabled" refuse:"callers sign their requests"`
}

func (p *logGroupProperties) into(g *LogGroup) {
	g.RetentionInDays, g.KmsKeyId, g.LogGroupClass = p.RetentionInDays, p.KmsKeyId, p.LogGroupClass
	g.Tags = make(map[string]string, len(p.Tags))
	for _, t := range p.Tags {
		g.Tags[t.Key] = t.Value
	}
}

// Create records the group.
func (h logGroups) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	var p logGroupProperties
	if err := r.Properties.Decode(&p); err != nil {
		return stack.Result{}, err
	}
	g := LogGroup{LogGroupName: p.LogGroupName}
	if g.LogGroupName == "" {
		g.LogGroupName = r.ProposedName
	}
	p.into(&g)
	made, err := h.s.CreateLogGroup(ctx, g)
	if err != nil {
		return stack.Result{}, err
	}
	return h.result(made.LogGroupName), nil
}

// Update changes the group.
func (h logGroups) Update(ctx context.Context, r *stack.Request, _ *template.Node) (stack.Result, error) {
	var p logGroupProperties
	if err := r.Properties.Decode(&p); err != nil {
		return stack.Result{}, err
	}
	if err := h.s.UpdateLogGroup(ctx, r.PhysicalID, p.into); err != nil {
		return stack.Result{}, err
	}
	return h.result(r.PhysicalID), nil
}

// Delete removes the group with its events.
func (h logGroups) Delete(ctx context.Context, r *stack.Request) error {
	err := h.s.DeleteLogGroup(ctx, r.PhysicalID)
	var no *awserr.Error
	if errors.As(err, &no) && no.Code == "ResourceNotFoundException" {
		return nil
	}
	return err
}

func (h logGroups) result(name string) stack.Result {
	return stack.Result{PhysicalID: name, Attributes: map[string]string{"Arn": h.s.arn(name)}}
}
