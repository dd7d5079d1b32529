package apigatewayv2

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/hakonegate/hakone/internal/wire"
	"github.com/hakonegate/hakone/policy"
)

// A ruleList is one page of a domain name's routing rules.
type ruleList struct {
	NextToken    string `json:",omitempty"`
	RoutingRules []RoutingRule
}

// routingRuleOperations are those of routing rules. Policies know them by their
// own names, and the rules by ARNs that have the account.
func (s *Service) routingRuleOperations() []wire.Operation {
	list := ruleOp(s, "ListRoutingRules", get, rulesPath, func(_ context.Context, in *request) (*ruleList, error) {
		rules, err := s.ListRoutingRules(in.DomainName)
		if err != nil {
			return nil, err
		}
		page, err := paged(rules, in)
		if err != nil {
			return nil, err
		}
		return &ruleList{page.NextToken, page.Items}, nil
	})
	change := ruleOp(s, "PutRoutingRule", put, rulePath, func(ctx context.Context, in *request) (*RoutingRule, error) {
		r, err := readRule(in)
		if err != nil {
			return nil, err
		}
		return s.PutRoutingRule(ctx, in.DomainName, r)
	})
	change.Status, change.Action = http.StatusOK, "apigateway:UpdateRoutingRule"
	return []wire.Operation{
		list,
		ruleOp(s, "CreateRoutingRule", post, rulesPath, func(ctx context.Context, in *request) (*RoutingRule, error) {
			r, err := readRule(in)
			if err != nil {
				return nil, err
			}
			return s.CreateRoutingRule(ctx, in.DomainName, r)
		}),
		ruleOp(s, "GetRoutingRule", get, rulePath, func(_ context.Context, in *request) (*RoutingRule, error) {
			return s.GetRoutingRule(in.DomainName, in.RoutingRuleId)
		}),
		change,
		ruleOp(s, "DeleteRoutingRule", remove, rulePath, nothing(func(ctx context.Context, in *request) error {
			return s.DeleteRoutingRule(ctx, in.DomainName, in.RoutingRuleId)
		})),
	}
}

func ruleOp[O any](s *Service, name, method, path string, run func(context.Context, *request) (*O, error)) wire.Operation {
	checked := func(ctx context.Context, in *request) (*O, error) {
		if in.DomainNameId != "" {
			return nil, badRequest("Private custom domain names are not served by this gateway, and only they have a domainNameId")
		}
		return run(ctx, in)
	}
	o := op(s, name, method, path, checked)
	resource := func(in *request) string { return s.ruleARN(in.DomainName, in.RoutingRuleId) }
	return wire.Op(name, checked, resource).Called("apigateway:"+name).At(method, path, o.Status)
}

// ruleARN returns the ARN of a rule; without an identifier, of all of a domain
// name's rules.
func (s *Service) ruleARN(domainName, id string) string {
	if id == "" {
		id = "*"
	}
	return "arn:" + s.config.Partition + ":apigateway:" + s.config.Region + ":" + s.config.Account + ":/domainnames/" + domainName + "/routingrules/" + id
}

// readRule reads a whole rule: what the body leaves out is missing.
func readRule(in *request) (RoutingRule, error) {
	var said struct {
		Actions    []RoutingRuleAction
		Conditions *[]RoutingRuleCondition
		Priority   *int
	}
	if err := in.read(&said); err != nil {
		return RoutingRule{}, err
	}
	if said.Conditions == nil || said.Priority == nil {
		return RoutingRule{}, badRequest("Actions, conditions and priority are required")
	}
	return RoutingRule{Actions: said.Actions, Conditions: *said.Conditions, Priority: *said.Priority, RoutingRuleId: in.RoutingRuleId}, nil
}

// ruleFacts are what conditions of policies may ask of a call about routing
// rules.
func (s *Service) ruleFacts(operation string, in *request, keys policy.Map) {
	if !strings.HasSuffix(operation, "RoutingRule") {
		return
	}
	note := func(of string, r *RoutingRule) {
		if r.Priority != 0 {
			keys["apigateway:"+of+"/priority"] = policy.One(strconv.Itoa(r.Priority))
		}
		var paths []string
		for _, c := range r.Conditions {
			if c.MatchBasePaths != nil {
				paths = append(paths, c.MatchBasePaths.AnyOf...)
			}
		}
		if len(paths) > 0 {
			keys["apigateway:"+of+"/conditionbasepaths"] = policy.Many(paths...)
		}
	}
	var said RoutingRule
	if json.Unmarshal(in.Body, &said) == nil {
		note("request", &said)
	}
	if d, ok := s.domains.Get(strings.ToLower(in.DomainName)); ok {
		r := d.Rules[in.RoutingRuleId]
		note("resource", &r)
	}
}
