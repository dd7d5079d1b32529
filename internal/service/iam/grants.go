package iam

import (
	"context"
	"slices"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/wire"
	"github.com/hakonegate/hakone/policy"
)

// Grants are the policies of one user, group or role.
type Grants struct {
	Inline   map[string]Document `json:",omitempty"` // by name
	Attached []string            `json:",omitempty"` // ARNs of managed policies
}

// attached returns the place of a managed policy, -1 if it is not attached.
func (g *Grants) attached(arn string) int { return slices.Index(g.Attached, arn) }

// A holder says how grants of one kind of identity are found and worded.
type holder struct {
	kind      string // "role", as messages have it
	inlineMax int    // characters of all inline policies together
	quota     string // name of the quota for attached policies
	get       func(name string) (Grants, error)
	update    func(ctx context.Context, name string, change func(*Grants) error) error
}

func (s *Service) roleGrants() holder {
	return holder{
		kind: "role", inlineMax: policy.MaxRoleInlineSize, quota: "PoliciesPerRole",
		get: func(name string) (Grants, error) {
			r, ok := s.roles.Get(fold(name))
			if !ok {
				return Grants{}, noRole(name)
			}
			return r.Grants, nil
		},
		update: func(ctx context.Context, name string, change func(*Grants) error) error {
			return s.updateRole(ctx, name, func(r *Role) error { return change(&r.Grants) })
		},
	}
}

func (s *Service) userGrants() holder {
	return holder{
		kind: "user", inlineMax: policy.MaxUserInlineSize, quota: "PoliciesPerUser",
		get: func(name string) (Grants, error) {
			u, ok := s.users.Get(fold(name))
			if !ok {
				return Grants{}, noUser(name)
			}
			return u.Grants, nil
		},
		update: func(ctx context.Context, name string, change func(*Grants) error) error {
			return s.updateUser(ctx, name, func(u *User) error { return change(&u.Grants) })
		},
	}
}

func (s *Service) groupGrants() holder {
	return holder{
		kind: "group", inlineMax: policy.MaxGroupInlineSize, quota: "PoliciesPerGroup",
		get: func(name string) (Grants, error) {
			g, ok := s.groups.Get(fold(name))
			if !ok {
				return Grants{}, noGroup(name)
			}
			return g.Grants, nil
		},
		update: func(ctx context.Context, name string, change func(*Grants) error) error {
			return s.updateGroup(ctx, name, func(g *Group) error { return change(&g.Grants) })
		},
	}
}

// put adds or replaces an inline policy.
func (s *Service) put(ctx context.Context, h holder, name, policyName string, text Document) (*wire.Nothing, error) {
	if err := checkName("policyName", policyName, maxPolicyName); err != nil {
		return nil, err
	}
	if err := checkDocument(policy.Identity, text); err != nil {
		return nil, err
	}
	s.warn(ctx, policy.Identity, text, "policy "+policyName+" of "+h.kind+" "+name)
	return s.done(h.update(ctx, name, func(g *Grants) error {
		if g.Inline == nil {
			g.Inline = map[string]Document{}
		}
		g.Inline[policyName] = text
		total := 0
		for _, t := range g.Inline {
			total += policy.Size(string(t))
		}
		if total > h.inlineMax {
			return limit("Maximum policy size of %d bytes exceeded for %s %s", h.inlineMax, h.kind, name)
		}
		return nil
	}))
}

func noInline(h holder, policyName string) error {
	return noSuch("The %s policy with name %s cannot be found.", h.kind, policyName)
}

// inline returns the text of an inline policy.
func (s *Service) inline(h holder, name, policyName string) (Document, error) {
	g, err := h.get(name)
	if err != nil {
		return "", err
	}
	text, ok := g.Inline[policyName]
	if !ok {
		return "", noInline(h, policyName)
	}
	return text, nil
}

// remove deletes an inline policy.
func (s *Service) remove(ctx context.Context, h holder, name, policyName string) (*wire.Nothing, error) {
	return s.done(h.update(ctx, name, func(g *Grants) error {
		if _, ok := g.Inline[policyName]; !ok {
			return noInline(h, policyName)
		}
		delete(g.Inline, policyName)
		return nil
	}))
}

// ListInlineOutput is a page of names of inline policies.
type ListInlineOutput struct {
	PolicyNames []string
	Paging
}

func (s *Service) inlineNames(h holder, name string, p Page) (*ListInlineOutput, error) {
	g, err := h.get(name)
	if err != nil {
		return nil, err
	}
	names, paging, err := page(sortedKeys(g.Inline), p, func(n string) string { return n })
	if err != nil {
		return nil, err
	}
	return &ListInlineOutput{names, paging}, nil
}

// attach attaches a managed policy; when it is already, nothing changes.
func (s *Service) attach(ctx context.Context, h holder, name, arn string) (*wire.Nothing, error) {
	if arn == "" {
		return nil, awserr.Validation("1 validation error detected: Value null at 'policyArn' failed to satisfy constraint: Member must not be null")
	}
	if _, ok := s.managed(arn); !ok {
		return nil, noSuch("Policy %s does not exist or is not attachable.", arn)
	}
	return s.done(h.update(ctx, name, func(g *Grants) error {
		if g.attached(arn) >= 0 {
			return nil
		}
		if len(g.Attached) >= maxAttached {
			return limit("Cannot exceed quota for %s: %d", h.quota, maxAttached)
		}
		g.Attached = append(g.Attached, arn)
		return nil
	}))
}

// detach detaches a managed policy.
func (s *Service) detach(ctx context.Context, h holder, name, arn string) (*wire.Nothing, error) {
	return s.done(h.update(ctx, name, func(g *Grants) error {
		i := g.attached(arn)
		if i < 0 {
			return noSuch("Policy %s was not found.", arn)
		}
		g.Attached = slices.Delete(g.Attached, i, i+1)
		return nil
	}))
}

// An AttachedPolicy names a managed policy.
type AttachedPolicy struct {
	PolicyName string
	PolicyArn  string
}

// ListAttachedOutput is a page of attached policies.
type ListAttachedOutput struct {
	AttachedPolicies []AttachedPolicy
	Paging
}

func (s *Service) attachedTo(h holder, name string, p Page) (*ListAttachedOutput, error) {
	g, err := h.get(name)
	if err != nil {
		return nil, err
	}
	list := []AttachedPolicy{}
	for _, arn := range g.Attached {
		if m, ok := s.managed(arn); ok {
			list = append(list, AttachedPolicy{m.PolicyName, arn})
		}
	}
	list, paging, err := page(list, p, func(a AttachedPolicy) string { return a.PolicyName + "\x00" + a.PolicyArn })
	if err != nil {
		return nil, err
	}
	return &ListAttachedOutput{list, paging}, nil
}
