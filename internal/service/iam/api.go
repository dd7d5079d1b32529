package iam

import (
	"cmp"
	"strings"

	"github.com/hakonegate/hakone/internal/wire"
)

// API returns IAM's surface: one row per operation, with the resource that a
// policy must allow (AWS: "Actions, resources, and condition keys for AWS
// Identity and Access Management").
func (s *Service) API() wire.Service {
	return wire.Service{
		Name:      "iam",
		Protocol:  wire.Query,
		Version:   "2010-05-08",
		Namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
		Global:    true,
		Facts:     s.facts,
		Operations: []wire.Operation{
			wire.Op("CreateUser", s.CreateUser, func(in *CreateUserInput) string { return s.arn("user", cmp.Or(in.Path, "/"), in.UserName) }),
			wire.Op("GetUser", s.GetUser, func(in *UserNameInput) string { return s.userARN(in.UserName) }),
			wire.Op("ListUsers", s.ListUsers, func(in *ListUsersInput) string { return s.arn("user", cmp.Or(in.PathPrefix, "/"), "") }),
			wire.Op("UpdateUser", s.UpdateUser, func(in *UpdateUserInput) string { return s.userARN(in.UserName) }),
			wire.Op("DeleteUser", s.DeleteUser, func(in *UserNameInput) string { return s.userARN(in.UserName) }),
			wire.Op("PutUserPermissionsBoundary", s.PutUserPermissionsBoundary, func(in *PutBoundaryInput) string { return s.userARN(in.UserName) }),
			wire.Op("DeleteUserPermissionsBoundary", s.DeleteUserPermissionsBoundary, func(in *PutBoundaryInput) string { return s.userARN(in.UserName) }),
			wire.Op("PutUserPolicy", s.PutUserPolicy, s.userPolicyARN),
			wire.Op("GetUserPolicy", s.GetUserPolicy, s.userPolicyARN),
			wire.Op("DeleteUserPolicy", s.DeleteUserPolicy, s.userPolicyARN),
			wire.Op("ListUserPolicies", s.ListUserPolicies, s.userPolicyARN),
			wire.Op("AttachUserPolicy", s.AttachUserPolicy, s.userPolicyARN),
			wire.Op("DetachUserPolicy", s.DetachUserPolicy, s.userPolicyARN),
			wire.Op("ListAttachedUserPolicies", s.ListAttachedUserPolicies, s.userPolicyARN),
			wire.Op("TagUser", s.Tag, s.tagARN),
			wire.Op("UntagUser", s.Untag, s.tagARN),
			wire.Op("ListUserTags", s.ListTags, s.tagARN),

			wire.Op("CreateAccessKey", s.CreateAccessKey, func(in *UserNameInput) string { return s.userARN(in.UserName) }),
			wire.Op("ListAccessKeys", s.ListAccessKeys, func(in *AccessKeyInput) string { return s.userARN(in.UserName) }),
			wire.Op("UpdateAccessKey", s.UpdateAccessKey, func(in *AccessKeyInput) string { return s.userARN(in.UserName) }),
			wire.Op("DeleteAccessKey", s.DeleteAccessKey, func(in *AccessKeyInput) string { return s.userARN(in.UserName) }),

			wire.Op("CreateGroup", s.CreateGroup, func(in *CreateGroupInput) string { return s.arn("group", cmp.Or(in.Path, "/"), in.GroupName) }),
			wire.Op("GetGroup", s.GetGroup, func(in *GroupNameInput) string { return s.groupARN(in.GroupName) }),
			wire.Op("ListGroups", s.ListGroups, func(in *ListGroupsInput) string { return s.arn("group", cmp.Or(in.PathPrefix, "/"), "") }),
			wire.Op("ListGroupsForUser", s.ListGroupsForUser, func(in *ListGroupsForUserInput) string { return s.userARN(in.UserName) }),
			wire.Op("UpdateGroup", s.UpdateGroup, func(in *UpdateGroupInput) string { return s.groupARN(in.GroupName) }),
			wire.Op("DeleteGroup", s.DeleteGroup, func(in *GroupNameInput) string { return s.groupARN(in.GroupName) }),
			wire.Op("AddUserToGroup", s.AddUserToGroup, func(in *AddUserToGroupInput) string { return s.groupARN(in.GroupName) }),
			wire.Op("RemoveUserFromGroup", s.RemoveUserFromGroup, func(in *AddUserToGroupInput) string { return s.groupARN(in.GroupName) }),
			wire.Op("PutGroupPolicy", s.PutGroupPolicy, s.groupPolicyARN),
			wire.Op("GetGroupPolicy", s.GetGroupPolicy, s.groupPolicyARN),
			wire.Op("DeleteGroupPolicy", s.DeleteGroupPolicy, s.groupPolicyARN),
			wire.Op("ListGroupPolicies", s.ListGroupPolicies, s.groupPolicyARN),
			wire.Op("AttachGroupPolicy", s.AttachGroupPolicy, s.groupPolicyARN),
			wire.Op("DetachGroupPolicy", s.DetachGroupPolicy, s.groupPolicyARN),
			wire.Op("ListAttachedGroupPolicies", s.ListAttachedGroupPolicies, s.groupPolicyARN),

			wire.Op("CreateRole", s.CreateRole, func(in *CreateRoleInput) string { return s.arn("role", cmp.Or(in.Path, "/"), in.RoleName) }),
			wire.Op("GetRole", s.GetRole, func(in *RoleNameInput) string { return s.roleARN(in.RoleName) }),
			wire.Op("ListRoles", s.ListRoles, func(in *ListRolesInput) string { return s.arn("role", cmp.Or(in.PathPrefix, "/"), "") }),
			wire.Op("UpdateRole", s.UpdateRole, func(in *UpdateRoleInput) string { return s.roleARN(in.RoleName) }),
			wire.Op("UpdateAssumeRolePolicy", s.UpdateAssumeRolePolicy, func(in *UpdateAssumeRolePolicyInput) string { return s.roleARN(in.RoleName) }),
			wire.Op("DeleteRole", s.DeleteRole, func(in *RoleNameInput) string { return s.roleARN(in.RoleName) }),
			wire.Op("PutRolePermissionsBoundary", s.PutRolePermissionsBoundary, func(in *PutBoundaryInput) string { return s.roleARN(in.RoleName) }),
			wire.Op("DeleteRolePermissionsBoundary", s.DeleteRolePermissionsBoundary, func(in *PutBoundaryInput) string { return s.roleARN(in.RoleName) }),
			wire.Op("PutRolePolicy", s.PutRolePolicy, s.rolePolicyARN),
			wire.Op("GetRolePolicy", s.GetRolePolicy, s.rolePolicyARN),
			wire.Op("DeleteRolePolicy", s.DeleteRolePolicy, s.rolePolicyARN),
			wire.Op("ListRolePolicies", s.ListRolePolicies, s.rolePolicyARN),
			wire.Op("AttachRolePolicy", s.AttachRolePolicy, s.rolePolicyARN),
			wire.Op("DetachRolePolicy", s.DetachRolePolicy, s.rolePolicyARN),
			wire.Op("ListAttachedRolePolicies", s.ListAttachedRolePolicies, s.rolePolicyARN),
			wire.Op("TagRole", s.Tag, s.tagARN),
			wire.Op("UntagRole", s.Untag, s.tagARN),
			wire.Op("ListRoleTags", s.ListTags, s.tagARN),

			wire.Op("CreatePolicy", s.CreatePolicy, func(in *CreatePolicyInput) string { return s.arn("policy", cmp.Or(in.Path, "/"), in.PolicyName) }),
			wire.Op("GetPolicy", s.GetPolicy, policyARN),
			wire.Op("ListPolicies", s.ListPolicies, func(in *ListPoliciesInput) string { return s.arn("policy", cmp.Or(in.PathPrefix, "/"), "") }),
			wire.Op("DeletePolicy", s.DeletePolicy, policyARN),
			wire.Op("CreatePolicyVersion", s.CreatePolicyVersion, func(in *CreatePolicyVersionInput) string { return in.PolicyArn }),
			wire.Op("GetPolicyVersion", s.GetPolicyVersion, func(in *PolicyVersionInput) string { return in.PolicyArn }),
			wire.Op("ListPolicyVersions", s.ListPolicyVersions, policyARN),
			wire.Op("SetDefaultPolicyVersion", s.SetDefaultPolicyVersion, func(in *PolicyVersionInput) string { return in.PolicyArn }),
			wire.Op("DeletePolicyVersion", s.DeletePolicyVersion, func(in *PolicyVersionInput) string { return in.PolicyArn }),
			wire.Op("ListEntitiesForPolicy", s.ListEntitiesForPolicy, policyARN),
			wire.Op("TagPolicy", s.Tag, s.tagARN),
			wire.Op("UntagPolicy", s.Untag, s.tagARN),
			wire.Op("ListPolicyTags", s.ListTags, s.tagARN),

			wire.Op("CreateInstanceProfile", s.CreateInstanceProfile, func(in *CreateInstanceProfileInput) string {
				return s.arn("instance-profile", cmp.Or(in.Path, "/"), in.InstanceProfileName)
			}),
			wire.Op("GetInstanceProfile", s.GetInstanceProfile, func(in *InstanceProfileNameInput) string { return s.profileARN(in.InstanceProfileName) }),
			wire.Op("ListInstanceProfiles", s.ListInstanceProfiles, func(in *ListInstanceProfilesInput) string {
				return s.arn("instance-profile", cmp.Or(in.PathPrefix, "/"), "")
			}),
			wire.Op("ListInstanceProfilesForRole", s.ListInstanceProfilesForRole, func(in *ListInstanceProfilesInput) string { return s.roleARN(in.RoleName) }),
			wire.Op("AddRoleToInstanceProfile", s.passToInstanceProfile, func(in *AddRoleToInstanceProfileInput) string {
				return s.profileARN(in.InstanceProfileName)
			}),
			wire.Op("RemoveRoleFromInstanceProfile", s.RemoveRoleFromInstanceProfile, func(in *AddRoleToInstanceProfileInput) string {
				return s.profileARN(in.InstanceProfileName)
			}),
			wire.Op("DeleteInstanceProfile", s.DeleteInstanceProfile, func(in *InstanceProfileNameInput) string { return s.profileARN(in.InstanceProfileName) }),
			wire.Op("TagInstanceProfile", s.Tag, s.tagARN),
			wire.Op("UntagInstanceProfile", s.Untag, s.tagARN),
			wire.Op("ListInstanceProfileTags", s.ListTags, s.tagARN),

			wire.Op("CreateOpenIDConnectProvider", s.CreateOpenIDConnectProvider, func(in *CreateOIDCProviderInput) string {
				return s.arn("oidc-provider", "/", afterScheme(in.Url))
			}),
			wire.Op("GetOpenIDConnectProvider", s.GetOpenIDConnectProvider, providerARN),
			wire.Op("ListOpenIDConnectProviders", s.ListOpenIDConnectProviders, nil),
			wire.Op("UpdateOpenIDConnectProviderThumbprint", s.UpdateOpenIDConnectProviderThumbprint, providerARN),
			wire.Op("AddClientIDToOpenIDConnectProvider", s.AddClientIDToOpenIDConnectProvider, providerARN),
			wire.Op("RemoveClientIDFromOpenIDConnectProvider", s.RemoveClientIDFromOpenIDConnectProvider, providerARN),
			wire.Op("DeleteOpenIDConnectProvider", s.DeleteOpenIDConnectProvider, providerARN),
			wire.Op("TagOpenIDConnectProvider", s.Tag, s.tagARN),
			wire.Op("UntagOpenIDConnectProvider", s.Untag, s.tagARN),
			wire.Op("ListOpenIDConnectProviderTags", s.ListTags, s.tagARN),

			wire.Op("SimulatePrincipalPolicy", s.SimulatePrincipalPolicy, func(in *SimulateInput) string { return in.PolicySourceArn }),
			wire.Op("SimulateCustomPolicy", s.SimulateCustomPolicy, nil),
		},
	}
}

// The resource of an operation on something that exists has its real path; of
// something that does not, the root path. Without a user name it is the caller.

func (s *Service) userARN(name string) string {
	if name == "" {
		return ""
	}
	if u, ok := s.users.Get(fold(name)); ok {
		return u.Arn
	}
	return s.arn("user", "/", name)
}

func (s *Service) roleARN(name string) string {
	if r, ok := s.roles.Get(fold(name)); ok {
		return r.Arn
	}
	return s.arn("role", "/", name)
}

func (s *Service) groupARN(name string) string {
	if g, ok := s.groups.Get(fold(name)); ok {
		return g.Arn
	}
	return s.arn("group", "/", name)
}

func (s *Service) profileARN(name string) string {
	if p, ok := s.profiles.Get(fold(name)); ok {
		return p.Arn
	}
	return s.arn("instance-profile", "/", name)
}

func (s *Service) userPolicyARN(in *UserPolicyInput) string   { return s.userARN(in.UserName) }
func (s *Service) rolePolicyARN(in *RolePolicyInput) string   { return s.roleARN(in.RoleName) }
func (s *Service) groupPolicyARN(in *GroupPolicyInput) string { return s.groupARN(in.GroupName) }
func policyARN(in *PolicyArnInput) string                     { return in.PolicyArn }

func providerARN(in *OIDCProviderInput) string { return in.OpenIDConnectProviderArn }

// afterScheme returns a URL without its scheme; a text that has none, as it is.
func afterScheme(text string) string {
	if _, rest, ok := strings.Cut(text, "://"); ok {
		return rest
	}
	return text
}

func (s *Service) tagARN(in *TagInput) string {
	switch {
	case in.RoleName != "":
		return s.roleARN(in.RoleName)
	case in.UserName != "":
		return s.userARN(in.UserName)
	case in.PolicyArn != "":
		return in.PolicyArn
	case in.OpenIDConnectProviderArn != "":
		return in.OpenIDConnectProviderArn
	default:
		return s.profileARN(in.InstanceProfileName)
	}
}
