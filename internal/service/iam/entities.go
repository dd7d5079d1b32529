package iam

import "context"

// ListEntitiesOutput names those who have a managed policy attached.
type ListEntitiesOutput struct {
	PolicyGroups []PolicyGroup
	PolicyUsers  []PolicyUser
	PolicyRoles  []PolicyRole
	Paging
}

// PolicyGroup names a group that has a policy.
type PolicyGroup struct{ GroupName, GroupId string }

// PolicyUser names a user that has a policy.
type PolicyUser struct{ UserName, UserId string }

// PolicyRole names a role that has a policy.
type PolicyRole struct{ RoleName, RoleId string }

// ListEntitiesForPolicy lists the groups, users and roles that have a managed
// policy attached.
func (s *Service) ListEntitiesForPolicy(_ context.Context, in *PolicyArnInput) (*ListEntitiesOutput, error) {
	if _, ok := s.managed(in.PolicyArn); !ok {
		return nil, noPolicy(in.PolicyArn)
	}
	out := &ListEntitiesOutput{PolicyGroups: []PolicyGroup{}, PolicyUsers: []PolicyUser{}, PolicyRoles: []PolicyRole{}}
	for _, g := range s.groups.All() {
		if g.attached(in.PolicyArn) >= 0 {
			out.PolicyGroups = append(out.PolicyGroups, PolicyGroup{g.GroupName, g.GroupId})
		}
	}
	for _, u := range s.users.All() {
		if u.attached(in.PolicyArn) >= 0 {
			out.PolicyUsers = append(out.PolicyUsers, PolicyUser{u.UserName, u.UserId})
		}
	}
	for _, r := range s.roles.All() {
		if r.attached(in.PolicyArn) >= 0 {
			out.PolicyRoles = append(out.PolicyRoles, PolicyRole{r.RoleName, r.RoleId})
		}
	}
	return out, nil
}
