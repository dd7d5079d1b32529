package apigatewayv2

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/store"
)

// A RoutingRule serves a stage to the requests of a domain name that meet all
// its conditions; one without conditions takes every request. Of the rules that
// take a request, the one with the lowest priority serves it.
type RoutingRule struct {
	Actions        []RoutingRuleAction
	Conditions     []RoutingRuleCondition
	Priority       int
	RoutingRuleArn string
	RoutingRuleId  string
}

// A RoutingRuleAction says what a rule does. There is only one kind.
type RoutingRuleAction struct{ InvokeApi *InvokeApi }

// InvokeApi serves a stage; StripBasePath cuts off the path of the rule's
// condition before.
type InvokeApi struct {
	ApiId         string
	Stage         string
	StripBasePath bool
}

// A RoutingRuleCondition has one of its members.
type RoutingRuleCondition struct {
	MatchBasePaths *MatchBasePaths `json:",omitempty"`
	MatchHeaders   *MatchHeaders   `json:",omitempty"`
}

// MatchBasePaths wants a path that starts with a text, by whole segments.
type MatchBasePaths struct{ AnyOf []string }

// MatchHeaders wants a header.
type MatchHeaders struct{ AnyOf []HeaderGlob }

// A HeaderGlob is a header's name, in any case, and its value, which may start
// and end with "*".
type HeaderGlob struct{ Header, ValueGlob string }

// The routing modes of domain names.
const (
	routingByMappings     = "API_MAPPING_ONLY"
	routingByRules        = "ROUTING_RULE_ONLY"
	routingByRulesAndThen = "ROUTING_RULE_THEN_API_MAPPING"
)

// CreateRoutingRule makes a rule of a domain name.
func (s *Service) CreateRoutingRule(ctx context.Context, domainName string, r RoutingRule) (*RoutingRule, error) {
	return s.createRoutingRule(ctx, domainName, r, "")
}

func (s *Service) createRoutingRule(ctx context.Context, domainName string, r RoutingRule, token string) (*RoutingRule, error) {
	r.RoutingRuleId = idOf(token, partLength)
	return s.putRoutingRule(ctx, domainName, r, true)
}

// PutRoutingRule replaces the rule that has r's identifier.
func (s *Service) PutRoutingRule(ctx context.Context, domainName string, r RoutingRule) (*RoutingRule, error) {
	return s.putRoutingRule(ctx, domainName, r, false)
}

func (s *Service) putRoutingRule(ctx context.Context, domainName string, r RoutingRule, isNew bool) (*RoutingRule, error) {
	err := s.changeDomain(ctx, domainName, func(tx *store.Tx, d *domainDocument) error {
		switch _, known := d.Rules[r.RoutingRuleId]; {
		case !known && !isNew:
			return noRoutingRule()
		case isNew && d.DomainName.RoutingMode == routingByMappings:
			return badRequest("Routing rules are not supported for the routing mode %s of this domain name", routingByMappings)
		}
		if err := s.checkRoutingRule(tx, d, &r); err != nil {
			return err
		}
		r.RoutingRuleArn = s.ruleARN(d.DomainName.DomainName, r.RoutingRuleId)
		set(&d.Rules, r.RoutingRuleId, r)
		return nil
	})
	return &r, err
}

// maxPriority is the last that a rule can be.
const maxPriority = 1_000_000

func (s *Service) checkRoutingRule(tx *store.Tx, d *domainDocument, r *RoutingRule) error {
	if r.Priority < 1 || r.Priority > maxPriority {
		return badRequest("Invalid priority %d. It must be between 1 and %d", r.Priority, maxPriority)
	}
	for id, other := range d.Rules {
		if id != r.RoutingRuleId && other.Priority == r.Priority {
			return conflict("A routing rule with the priority %d already exists for this domain name", r.Priority)
		}
	}
	if err := checkConditions(r); err != nil {
		return err
	}
	if len(r.Actions) != 1 || r.Actions[0].InvokeApi == nil {
		return badRequest("A routing rule has exactly one action, invokeApi")
	}
	return s.checkStageIn(tx, r.Actions[0].InvokeApi.ApiId, r.Actions[0].InvokeApi.Stage)
}

// What AWS's restrictions say of texts in conditions (AWS: "Routing rules to
// connect API stages to a custom domain name"). Values may have any visible
// character, as AWS's own examples have.
var (
	conditionHeader = regexp.MustCompile(`^[A-Za-z0-9!#$%&'.^_|~` + "`" + `-]{1,39}$`)
	conditionGlob   = regexp.MustCompile(`^[!-~]{1,127}$`)
	conditionPath   = regexp.MustCompile(`^[A-Za-z0-9$\-_.+!*'()]+(/[A-Za-z0-9$\-_.+!*'()]+)*$`)
)

// unconditionalHeaders cannot be conditions; "*" stands for any ending.
var unconditionalHeaders = []string{
	"access-control-*", "apigw-*", "authorization", "connection", "content-encoding", "content-length", "content-location", "forwarded",
	"keep-alive", "origin", "proxy-authenticate", "proxy-authorization", "te", "trailers", "transfer-encoding", "upgrade", "via", "x-amz-*",
	"x-amzn-*", "x-apigw-api-id", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-restapi",
}

func checkConditions(r *RoutingRule) error {
	headers, paths := 0, 0
	for _, c := range r.Conditions {
		switch {
		case (c.MatchBasePaths == nil) == (c.MatchHeaders == nil):
			return badRequest("A condition has either matchBasePaths or matchHeaders")
		case c.MatchHeaders != nil:
			headers++
			if err := checkHeaderCondition(c.MatchHeaders.AnyOf); err != nil {
				return err
			}
		default:
			paths++
			if anyOf := c.MatchBasePaths.AnyOf; len(anyOf) != 1 || len(anyOf[0]) > 127 || !conditionPath.MatchString(anyOf[0]) {
				return badRequest("A base path condition has exactly one path, of less than 128 letters, numbers and $-_.+!*'()/, without a slash at either end")
			}
		}
	}
	if headers > 2 || paths > 1 {
		return badRequest("A routing rule has at most two header conditions and one base path condition")
	}
	if r.Conditions == nil {
		r.Conditions = []RoutingRuleCondition{}
	}
	return nil
}

func checkHeaderCondition(anyOf []HeaderGlob) error {
	if len(anyOf) != 1 {
		return badRequest("A header condition has exactly one header")
	}
	c := anyOf[0]
	name := strings.ToLower(c.Header)
	inner := strings.TrimSuffix(strings.TrimPrefix(c.ValueGlob, "*"), "*")
	switch {
	case !conditionHeader.MatchString(c.Header):
		return badRequest("Invalid header name %q in a condition: it has less than 40 letters, numbers and !#$%%&'.^_`|~-", c.Header)
	case slices.ContainsFunc(unconditionalHeaders, func(reserved string) bool {
		prefix, ok := strings.CutSuffix(reserved, "*")
		return name == reserved || ok && strings.HasPrefix(name, prefix)
	}):
		return badRequest("The header %s is not supported in conditions", c.Header)
	case !conditionGlob.MatchString(c.ValueGlob):
		return badRequest("Invalid header value %q in a condition: it has less than 128 visible characters", c.ValueGlob)
	case strings.Contains(inner, "*"):
		return badRequest("Invalid header value %q in a condition: a wildcard stands at the start, at the end, or at both", c.ValueGlob)
	case strings.HasPrefix(c.ValueGlob, "*") && strings.HasSuffix(c.ValueGlob, "*") && len(c.ValueGlob) >= 40:
		return badRequest("Invalid header value %q in a condition: between two wildcards it has less than 40 characters", c.ValueGlob)
	}
	return nil
}

// GetRoutingRule returns one rule of a domain name.
func (s *Service) GetRoutingRule(domainName, id string) (*RoutingRule, error) {
	d, err := s.readDomain(domainName)
	if err != nil {
		return nil, err
	}
	r, ok := d.Rules[id]
	if !ok {
		return nil, noRoutingRule()
	}
	return &r, nil
}

// ListRoutingRules returns a domain name's rules, by priority.
func (s *Service) ListRoutingRules(domainName string) ([]RoutingRule, error) {
	d, err := s.readDomain(domainName)
	if err != nil {
		return nil, err
	}
	return d.rules(), nil
}

// DeleteRoutingRule removes a rule.
func (s *Service) DeleteRoutingRule(ctx context.Context, domainName, id string) error {
	return s.changeDomain(ctx, domainName, func(_ *store.Tx, d *domainDocument) error {
		if _, ok := d.Rules[id]; !ok {
			return noRoutingRule()
		}
		delete(d.Rules, id)
		return nil
	})
}

func noRoutingRule() error {
	return notFound("RoutingRule", "Invalid routing rule identifier specified")
}

// rules returns d's rules, by priority.
func (d *domainDocument) rules() []RoutingRule {
	out := values(d.Rules)
	slices.SortFunc(out, func(a, b RoutingRule) int { return cmp.Compare(a.Priority, b.Priority) })
	return out
}
