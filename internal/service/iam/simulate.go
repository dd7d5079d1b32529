package iam

import (
	"context"
	"fmt"
	"strings"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/policy"
)

const maxDecisions = 1000

// SimulateInput is the input of both simulations.
type SimulateInput struct {
	PolicySourceArn                    string // of the user, group or role; SimulatePrincipalPolicy
	PolicyInputList                    []Document
	PermissionsBoundaryPolicyInputList []Document
	ActionNames                        []string `wire:"required"`
	ResourceArns                       []string
	ResourcePolicy                     Document
	ResourceOwner                      string
	CallerArn                          string
	ContextEntries                     []ContextEntry
	Page
}

// A ContextEntry is a condition key of the simulated requests.
type ContextEntry struct {
	ContextKeyName   string
	ContextKeyValues []string
	ContextKeyType   string
}

// SimulateOutput has one result for each action and resource.
type SimulateOutput struct {
	EvaluationResults []EvaluationResult
	Paging
}

// An EvaluationResult is one simulated decision.
type EvaluationResult struct {
	EvalActionName                    string
	EvalResourceName                  string
	EvalDecision                      string // allowed, explicitDeny or implicitDeny
	MatchedStatements                 []MatchedStatement
	MissingContextValues              []string
	PermissionsBoundaryDecisionDetail *BoundaryDecision
}

// A MatchedStatement names the policy whose statement decided.
type MatchedStatement struct {
	SourcePolicyId   string
	SourcePolicyType string
}

// A BoundaryDecision says whether the boundary allows an action.
type BoundaryDecision struct{ AllowedByPermissionsBoundary bool }

// SimulatePrincipalPolicy decides actions as a user, group or role.
func (s *Service) SimulatePrincipalPolicy(_ context.Context, in *SimulateInput) (*SimulateOutput, error) {
	now := s.compiled.Load()
	var set policy.Set
	caller := policy.Principal{AccountID: s.account, ARN: in.PolicySourceArn}
	switch id := now.roleIDs[in.PolicySourceArn]; {
	case id != "":
		role := now.roles[id]
		set = role.Policies
		caller.Kind, caller.RoleARN, caller.UserID = policy.AssumedRole, role.ARN, role.ID+":simulation"
		caller.ARN = fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s/simulation", s.partition, s.account, role.Name)
	default:
		u, ok := s.userByARN(in.PolicySourceArn)
		if !ok {
			return nil, noSuch("The policy source %s cannot be found.", in.PolicySourceArn)
		}
		set, caller.Kind, caller.UserID = u, policy.User, in.PolicySourceArn
	}
	set.Identity = append([]*policy.Policy(nil), set.Identity...)
	return simulate(in, caller, set)
}

// userByARN returns the policies of a user, or of a group as if a user had them.
func (s *Service) userByARN(arn string) (policy.Set, bool) {
	now := s.compiled.Load()
	for u := range now.users.all() {
		if u.ARN == arn {
			return u.Policies, true
		}
	}
	for _, g := range s.groups.All() {
		if g.Arn == arn {
			c := compiler{Service: s, next: newSnapshot(0)}
			c.next.managed = now.managed
			return policy.Set{Identity: c.grants(g.Grants)}, true
		}
	}
	return policy.Set{}, false
}

// SimulateCustomPolicy decides actions under the policies given alone.
func (s *Service) SimulateCustomPolicy(_ context.Context, in *SimulateInput) (*SimulateOutput, error) {
	arn := in.CallerArn
	if arn == "" {
		arn = s.arn("user", "/", "simulation")
	}
	return simulate(in, policy.Principal{Kind: policy.User, AccountID: s.account, ARN: arn}, policy.Set{})
}

func simulate(in *SimulateInput, caller policy.Principal, set policy.Set) (*SimulateOutput, error) {
	for i, text := range in.PolicyInputList {
		p, err := simulated(policy.Identity, fmt.Sprintf("PolicyInputList.%d", i+1), text)
		if err != nil {
			return nil, err
		}
		set.Identity = append(set.Identity, p)
	}
	var err error
	for _, text := range in.PermissionsBoundaryPolicyInputList {
		if set.Boundary, err = simulated(policy.Boundary, "PermissionsBoundaryPolicyInputList.1", text); err != nil {
			return nil, err
		}
	}
	if in.ResourcePolicy != "" {
		if set.Resource, err = simulated(policy.Resource, "ResourcePolicy", in.ResourcePolicy); err != nil {
			return nil, err
		}
	}
	if len(in.ActionNames)*max(len(in.ResourceArns), 1) > maxDecisions {
		return nil, awserr.New("InvalidInput", 400, "Too many actions and resources: at most %d decisions in one simulation", maxDecisions)
	}
	resources := in.ResourceArns
	if len(resources) == 0 {
		resources = []string{"*"}
	}
	keys := &asked{keys: policy.Map{}}
	for _, e := range in.ContextEntries {
		v := policy.One(strings.Join(e.ContextKeyValues, ","))
		if strings.HasSuffix(e.ContextKeyType, "List") {
			v = policy.Many(e.ContextKeyValues...)
		}
		keys.keys[strings.ToLower(e.ContextKeyName)] = v
	}
	out := &SimulateOutput{EvaluationResults: []EvaluationResult{}}
	for _, action := range in.ActionNames {
		for _, resource := range resources {
			keys.missing = nil
			r := &policy.Request{Principal: caller, Action: action, Resource: resource, ResourceAccount: ownerAccount(in.ResourceOwner, caller), Context: keys}
			out.EvaluationResults = append(out.EvaluationResults, evaluated(r, &set, keys))
		}
	}
	return out, nil
}

func ownerAccount(owner string, caller policy.Principal) string {
	if parts := strings.Split(owner, ":"); len(parts) == 6 {
		return parts[4]
	}
	return caller.AccountID
}

func simulated(kind policy.Kind, name string, text Document) (*policy.Policy, error) {
	if err := checkDocument(kind, text); err != nil {
		return nil, err
	}
	d, err := policy.Parse(kind, []byte(text))
	if err != nil {
		return nil, err
	}
	return policy.New(name, "", d), nil
}

func evaluated(r *policy.Request, set *policy.Set, keys *asked) EvaluationResult {
	d := policy.Evaluate(r, set)
	result := EvaluationResult{
		EvalActionName: r.Action, EvalResourceName: r.Resource,
		MatchedStatements: []MatchedStatement{}, MissingContextValues: keys.missing,
	}
	switch d.Effect {
	case policy.Allowed:
		result.EvalDecision = "allowed"
	case policy.ExplicitlyDenied:
		result.EvalDecision = "explicitDeny"
	default:
		result.EvalDecision = "implicitDeny"
	}
	if p := d.By.Policy; p != nil {
		result.MatchedStatements = append(result.MatchedStatements, MatchedStatement{SourcePolicyId: p.Name, SourcePolicyType: "IAM Policy"})
	}
	if set.Boundary != nil {
		only := policy.Set{Identity: []*policy.Policy{set.Boundary}}
		result.PermissionsBoundaryDecisionDetail = &BoundaryDecision{policy.Evaluate(r, &only).Allowed()}
	}
	return result
}

// asked are condition keys that remember which ones policies wanted in vain.
type asked struct {
	keys    policy.Map
	missing []string
}

// Value implements [policy.Context].
func (a *asked) Value(key string) (policy.Value, bool) {
	v, ok := a.keys[key]
	if !ok {
		a.missing = append(a.missing, key)
	}
	return v, ok
}
