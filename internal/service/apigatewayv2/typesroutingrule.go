package apigatewayv2

import (
	"context"
	"strings"

	"github.com/hakonegate/hakone/internal/stack"
)

// routingRuleType is AWS::ApiGatewayV2::RoutingRule. Ref is the ARN.
func (s *Service) routingRuleType() stack.Type {
	return stack.Type{
		Name: "AWS::ApiGatewayV2::RoutingRule", Level: stack.Real, Replace: []string{"DomainNameArn"},
		Required: []string{"Actions", "Conditions", "DomainNameArn", "Priority"}, Attributes: []string{"RoutingRuleArn", "RoutingRuleId"},
		Handler: handler[routingRuleProperties]{
			create: func(ctx context.Context, r *stack.Request, p *routingRuleProperties) (stack.Result, error) {
				name, err := s.domainOf(p.DomainNameArn)
				if err != nil {
					return stack.Result{}, err
				}
				return ruleResult(s.createRoutingRule(ctx, name, p.rule(""), r.ClientToken))
			},
			update: func(ctx context.Context, r *stack.Request, p *routingRuleProperties) (stack.Result, error) {
				name, err := s.domainOf(p.DomainNameArn)
				if err != nil {
					return stack.Result{}, err
				}
				return ruleResult(s.PutRoutingRule(ctx, name, p.rule(r.PhysicalID)))
			},
			remove: func(ctx context.Context, r *stack.Request, p *routingRuleProperties) error {
				name, err := s.domainOf(p.DomainNameArn)
				if err != nil {
					return err
				}
				return s.DeleteRoutingRule(ctx, name, ruleID(r.PhysicalID))
			},
		},
	}
}

// routingRuleProperties are those of AWS::ApiGatewayV2::RoutingRule.
type routingRuleProperties struct {
	Actions       []RoutingRuleAction
	Conditions    []RoutingRuleCondition
	DomainNameArn string
	Priority      int
}

func (p *routingRuleProperties) rule(arn string) RoutingRule {
	return RoutingRule{Actions: p.Actions, Conditions: p.Conditions, Priority: p.Priority, RoutingRuleId: ruleID(arn)}
}

// ruleID returns the identifier at the end of a rule's ARN.
func ruleID(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// domainOf returns the domain name that an ARN names.
func (s *Service) domainOf(arn string) (string, error) {
	name, ok := strings.CutPrefix(arn, s.arnPrefix()+"/domainnames/")
	if !ok || name == "" {
		return "", badRequest("Invalid domain name ARN %s. It looks like %s/domainnames/api.example.com", arn, s.arnPrefix())
	}
	return name, nil
}

func ruleResult(r *RoutingRule, err error) (stack.Result, error) {
	if err != nil {
		return stack.Result{}, err
	}
	return stack.Result{PhysicalID: r.RoutingRuleArn, Attributes: map[string]string{
		"RoutingRuleArn": r.RoutingRuleArn, "RoutingRuleId": r.RoutingRuleId,
	}}, nil
}
