package iam

import (
	"context"

	"github.com/hakonegate/hakone/internal/wire"
)

// RolePolicyInput names a policy of a role.
type RolePolicyInput struct {
	RoleName       string `wire:"required"`
	PolicyName     string
	PolicyArn      string
	PolicyDocument Document
	Page
}

// RolePolicyOutput is an inline policy of a role.
type RolePolicyOutput struct {
	RoleName       string
	PolicyName     string
	PolicyDocument Document
}

// PutRolePolicy adds or replaces an inline policy of a role.
func (s *Service) PutRolePolicy(ctx context.Context, in *RolePolicyInput) (*wire.Nothing, error) {
	return s.put(ctx, s.roleGrants(), in.RoleName, in.PolicyName, in.PolicyDocument)
}

// GetRolePolicy returns an inline policy of a role.
func (s *Service) GetRolePolicy(_ context.Context, in *RolePolicyInput) (*RolePolicyOutput, error) {
	text, err := s.inline(s.roleGrants(), in.RoleName, in.PolicyName)
	if err != nil {
		return nil, err
	}
	return &RolePolicyOutput{in.RoleName, in.PolicyName, text}, nil
}

// DeleteRolePolicy deletes an inline policy of a role.
func (s *Service) DeleteRolePolicy(ctx context.Context, in *RolePolicyInput) (*wire.Nothing, error) {
	return s.remove(ctx, s.roleGrants(), in.RoleName, in.PolicyName)
}

// ListRolePolicies lists the names of a role's inline policies.
func (s *Service) ListRolePolicies(_ context.Context, in *RolePolicyInput) (*ListInlineOutput, error) {
	return s.inlineNames(s.roleGrants(), in.RoleName, in.Page)
}

// AttachRolePolicy attaches a managed policy to a role.
func (s *Service) AttachRolePolicy(ctx context.Context, in *RolePolicyInput) (*wire.Nothing, error) {
	return s.attach(ctx, s.roleGrants(), in.RoleName, in.PolicyArn)
}

// DetachRolePolicy detaches a managed policy from a role.
func (s *Service) DetachRolePolicy(ctx context.Context, in *RolePolicyInput) (*wire.Nothing, error) {
	return s.detach(ctx, s.roleGrants(), in.RoleName, in.PolicyArn)
}

// ListAttachedRolePolicies lists a role's managed policies.
func (s *Service) ListAttachedRolePolicies(_ context.Context, in *RolePolicyInput) (*ListAttachedOutput, error) {
	return s.attachedTo(s.roleGrants(), in.RoleName, in.Page)
}

// UserPolicyInput names a policy of a user.
type UserPolicyInput struct {
	UserName       string `wire:"required"`
	PolicyName     string
	PolicyArn      string
	PolicyDocument Document
	Page
}

// UserPolicyOutput is an inline policy of a user.
type UserPolicyOutput struct {
	UserName       string
	PolicyName     string
	PolicyDocument Document
}

// PutUserPolicy adds or replaces an inline policy of a user.
func (s *Service) PutUserPolicy(ctx context.Context, in *UserPolicyInput) (*wire.Nothing, error) {
	return s.put(ctx, s.userGrants(), in.UserName, in.PolicyName, in.PolicyDocument)
}

// GetUserPolicy returns an inline policy of a user.
func (s *Service) GetUserPolicy(_ context.Context, in *UserPolicyInput) (*UserPolicyOutput, error) {
	text, err := s.inline(s.userGrants(), in.UserName, in.PolicyName)
	if err != nil {
		return nil, err
	}
	return &UserPolicyOutput{in.UserName, in.PolicyName, text}, nil
}

// DeleteUserPolicy deletes an inline policy of a user.
func (s *Service) DeleteUserPolicy(ctx context.Context, in *UserPolicyInput) (*wire.Nothing, error) {
	return s.remove(ctx, s.userGrants(), in.UserName, in.PolicyName)
}

// ListUserPolicies lists the names of a user's inline policies.
func (s *Service) ListUserPolicies(_ context.Context, in *UserPolicyInput) (*ListInlineOutput, error) {
	return s.inlineNames(s.userGrants(), in.UserName, in.Page)
}

// AttachUserPolicy attaches a managed policy to a user.
func (s *Service) AttachUserPolicy(ctx context.Context, in *UserPolicyInput) (*wire.Nothing, error) {
	return s.attach(ctx, s.userGrants(), in.UserName, in.PolicyArn)
}

// DetachUserPolicy detaches a managed policy from a user.
func (s *Service) DetachUserPolicy(ctx context.Context, in *UserPolicyInput) (*wire.Nothing, error) {
	return s.detach(ctx, s.userGrants(), in.UserName, in.PolicyArn)
}

// ListAttachedUserPolicies lists a user's managed policies.
func (s *Service) ListAttachedUserPolicies(_ context.Context, in *UserPolicyInput) (*ListAttachedOutput, error) {
	return s.attachedTo(s.userGrants(), in.UserName, in.Page)
}

// GroupPolicyInput names a policy of a group.
type GroupPolicyInput struct {
	GroupName      string `wire:"required"`
	PolicyName     string
	PolicyArn      string
	PolicyDocument Document
	Page
}

// GroupPolicyOutput is an inline policy of a group.
type GroupPolicyOutput struct {
	GroupName      string
	PolicyName     string
	PolicyDocument Document
}

// PutGroupPolicy adds or replaces an inline policy of a group.
func (s *Service) PutGroupPolicy(ctx context.Context, in *GroupPolicyInput) (*wire.Nothing, error) {
	return s.put(ctx, s.groupGrants(), in.GroupName, in.PolicyName, in.PolicyDocument)
}

// GetGroupPolicy returns an inline policy of a group.
func (s *Service) GetGroupPolicy(_ context.Context, in *GroupPolicyInput) (*GroupPolicyOutput, error) {
	text, err := s.inline(s.groupGrants(), in.GroupName, in.PolicyName)
	if err != nil {
		return nil, err
	}
	return &GroupPolicyOutput{in.GroupName, in.PolicyName, text}, nil
}

// DeleteGroupPolicy deletes an inline policy of a group.
func (s *Service) DeleteGroupPolicy(ctx context.Context, in *GroupPolicyInput) (*wire.Nothing, error) {
	return s.remove(ctx, s.groupGrants(), in.GroupName, in.PolicyName)
}

// ListGroupPolicies lists the names of a group's inline policies.
func (s *Service) ListGroupPolicies(_ context.Context, in *GroupPolicyInput) (*ListInlineOutput, error) {
	return s.inlineNames(s.groupGrants(), in.GroupName, in.Page)
}

// AttachGroupPolicy attaches a managed policy to a group.
func (s *Service) AttachGroupPolicy(ctx context.Context, in *GroupPolicyInput) (*wire.Nothing, error) {
	return s.attach(ctx, s.groupGrants(), in.GroupName, in.PolicyArn)
}

// DetachGroupPolicy detaches a managed policy from a group.
func (s *Service) DetachGroupPolicy(ctx context.Context, in *GroupPolicyInput) (*wire.Nothing, error) {
	return s.detach(ctx, s.groupGrants(), in.GroupName, in.PolicyArn)
}

// ListAttachedGroupPolicies lists a group's managed policies.
func (s *Service) ListAttachedGroupPolicies(_ context.Context, in *GroupPolicyInput) (*ListAttachedOutput, error) {
	return s.attachedTo(s.groupGrants(), in.GroupName, in.Page)
}
