package iam

import (
	"context"
	"strings"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/wire"
	"github.com/hakonegate/hakone/policy"
)

// facts returns the condition keys that IAM has for a call beside the global ones
// (AWS: "Actions, resources, and condition keys for AWS Identity and Access
// Management"). What a call does not say has no key: a Deny with StringNotEquals
// on iam:PermissionsBoundary also stops whoever gives none.
func (s *Service) facts(operation string, in any) wire.Facts {
	f := factsBuilder{wire.Facts{Keys: policy.Map{}}}
	switch in := in.(type) {
	case *CreateUserInput:
		f.boundary(in.PermissionsBoundary)
		f.requestTags(in.Tags)
	case *CreateRoleInput:
		f.boundary(in.PermissionsBoundary)
		f.requestTags(in.Tags)
	case *CreatePolicyInput:
		f.requestTags(in.Tags)
	case *CreateInstanceProfileInput:
		f.requestTags(in.Tags)
	case *CreateOIDCProviderInput:
		f.requestTags(in.Tags)
	case *PutBoundaryInput:
		s.entity(&f, in.RoleName, in.UserName)
		if strings.HasPrefix(operation, "Put") {
			f.boundary(in.PermissionsBoundary)
		}
	case *RolePolicyInput:
		s.entity(&f, in.RoleName, "")
		f.policyARN(operation, in.PolicyArn)
	case *UserPolicyInput:
		s.entity(&f, "", in.UserName)
		f.policyARN(operation, in.PolicyArn)
	case *GroupPolicyInput:
		f.policyARN(operation, in.PolicyArn)
	case *RoleNameInput:
		s.entity(&f, in.RoleName, "")
	case *UserNameInput:
		s.entity(&f, "", in.UserName)
	case *UpdateRoleInput:
		s.entity(&f, in.RoleName, "")
	case *UpdateAssumeRolePolicyInput:
		s.entity(&f, in.RoleName, "")
	case *TagInput:
		s.entity(&f, in.RoleName, in.UserName)
		f.requestTags(in.Tags)
		f.TagKeys = in.TagKeys
	}
	return f.Facts
}

type factsBuilder struct{ wire.Facts }

func (f *factsBuilder) boundary(arn string) {
	if arn != "" {
		f.Keys["iam:permissionsboundary"] = policy.One(arn)
	}
}

// policyARN is a key of attaching and detaching only.
func (f *factsBuilder) policyARN(operation, arn string) {
	if arn != "" && (strings.HasPrefix(operation, "Attach") || strings.HasPrefix(operation, "Detach")) {
		f.Keys["iam:policyarn"] = policy.One(arn)
	}
}

func (f *factsBuilder) requestTags(tags []Tag) {
	if len(tags) > 0 {
		f.RequestTags = tagMap(tags)
	}
}

// entity gives the keys of the role or user that is acted upon: the boundary it
// has, and its tags.
func (s *Service) entity(f *factsBuilder, role, user string) {
	var tags []Tag
	var boundary *Boundary
	if r, ok := s.roles.Get(fold(role)); ok && role != "" {
		tags, boundary = r.Tags, r.PermissionsBoundary
	} else if u, ok := s.users.Get(fold(user)); ok && user != "" {
		tags, boundary = u.Tags, u.PermissionsBoundary
	}
	if boundary != nil {
		f.boundary(boundary.PermissionsBoundaryArn)
	}
	f.ResourceTags = tagMap(tags)
	for _, t := range tags {
		f.Keys["iam:resourcetag/"+strings.ToLower(t.Key)] = policy.One(t.Value)
	}
}

// passToInstanceProfile is AddRoleToInstanceProfile for callers on the wire, who
// need iam:PassRole besides: whoever gets the instance gets the role.
func (s *Service) passToInstanceProfile(ctx context.Context, in *AddRoleToInstanceProfileInput) (*wire.Nothing, error) {
	caller, f := access.From(ctx)
	facts := *f
	facts.Keys = policy.Map{"iam:passedtoservice": policy.One("ec2.amazonaws.com")}
	role := s.roleARN(in.RoleName)
	if d := access.Authorize(caller, &facts, "iam:PassRole", role, s.account, nil); !d.Allowed() {
		return nil, access.Denied("AccessDenied", caller, "iam:PassRole", role, d)
	}
	return s.AddRoleToInstanceProfile(ctx, in)
}
