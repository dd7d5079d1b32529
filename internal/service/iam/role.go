package iam

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/wire"
	"github.com/hakonegate/hakone/policy"
)

const maxRoleName = 64

// A Role is an identity that those whom its trust policy names may assume.
type Role struct {
	Path                     string
	RoleName                 string
	RoleId                   string
	Arn                      string
	CreateDate               time.Time
	AssumeRolePolicyDocument Document
	Description              string
	MaxSessionDuration       int // seconds
	PermissionsBoundary      *Boundary
	Tags                     []Tag

	Grants   `query:"-"`
	TrustIDs map[string]string `query:"-"` // unique ids of the users and roles that the trust policy names, by ARN
}

// CreateRoleInput is the input of [Service.CreateRole].
type CreateRoleInput struct {
	RoleName                 string `wire:"required"`
	Path                     string
	AssumeRolePolicyDocument Document `wire:"required"`
	Description              string
	MaxSessionDuration       *int
	PermissionsBoundary      string // ARN of a managed policy
	Tags                     []Tag
}

// RoleOutput is the answer of operations that return a role.
type RoleOutput struct{ Role *Role }

// CreateRole creates a role that may do nothing yet.
func (s *Service) CreateRole(ctx context.Context, in *CreateRoleInput) (*RoleOutput, error) {
	if err := checkName("roleName", in.RoleName, maxRoleName); err != nil {
		return nil, err
	}
	path, err := checkPath(in.Path)
	if err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	r := Role{
		Path: path, RoleName: in.RoleName, RoleId: newID(prefixRole), Arn: s.arn("role", path, in.RoleName),
		CreateDate: s.timestamp(), AssumeRolePolicyDocument: in.AssumeRolePolicyDocument, Tags: in.Tags,
	}
	if r.TrustIDs, err = s.checkTrust(in.AssumeRolePolicyDocument); err != nil {
		return nil, err
	}
	if r.PermissionsBoundary, err = s.boundary(in.PermissionsBoundary); err != nil {
		return nil, err
	}
	if err := r.describe(&in.Description, in.MaxSessionDuration); err != nil {
		return nil, err
	}
	if err := s.roles.Create(ctx, fold(r.RoleName), r); err != nil {
		if errors.Is(err, store.ErrExists) {
			return nil, exists("Role with name %s already exists.", in.RoleName)
		}
		return nil, err
	}
	s.compile()
	s.warn(ctx, policy.Trust, in.AssumeRolePolicyDocument, "trust policy of role "+in.RoleName)
	return &RoleOutput{&r}, nil
}

// describe sets what UpdateRole may change.
func (r *Role) describe(description *string, maxSession *int) error {
	if r.MaxSessionDuration == 0 {
		r.MaxSessionDuration = 3600
	}
	if maxSession != nil {
		switch d := *maxSession; {
		case d < 3600:
			return awserr.Validation("1 validation error detected: Value '%d' at 'maxSessionDuration' failed to satisfy constraint: Member must have value greater than or equal to 3600", d)
		case d > 43200:
			return awserr.Validation("1 validation error detected: Value '%d' at 'maxSessionDuration' failed to satisfy constraint: Member must have value less than or equal to 43200", d)
		default:
			r.MaxSessionDuration = d
		}
	}
	if description != nil {
		if len(*description) > 1000 {
			return awserr.Validation("1 validation error detected: Value at 'description' failed to satisfy constraint: Member must have length less than or equal to 1000")
		}
		r.Description = *description
	}
	return nil
}

func noRole(name string) error { return noSuch("The role with name %s cannot be found.", name) }

// RoleNameInput names a role.
type RoleNameInput struct {
	RoleName string `wire:"required"`
}

// GetRole returns a role.
func (s *Service) GetRole(_ context.Context, in *RoleNameInput) (*RoleOutput, error) {
	r, ok := s.roles.Get(fold(in.RoleName))
	if !ok {
		return nil, noRole(in.RoleName)
	}
	return &RoleOutput{&r}, nil
}

// ListRolesInput selects roles by path.
type ListRolesInput struct {
	PathPrefix string
	Page
}

// ListRolesOutput is a page of roles.
type ListRolesOutput struct {
	Roles []Role
	Paging
}

// ListRoles lists the roles, without their tags, as IAM does.
func (s *Service) ListRoles(_ context.Context, in *ListRolesInput) (*ListRolesOutput, error) {
	roles := []Role{}
	for _, r := range s.roles.All() {
		if strings.HasPrefix(r.Path, in.PathPrefix) {
			r.Tags, r.PermissionsBoundary = nil, nil
			roles = append(roles, r)
		}
	}
	roles, paging, err := page(roles, in.Page, func(r Role) string { return r.RoleName })
	if err != nil {
		return nil, err
	}
	return &ListRolesOutput{roles, paging}, nil
}

// UpdateRoleInput is the input of [Service.UpdateRole].
type UpdateRoleInput struct {
	RoleName           string `wire:"required"`
	Description        *string
	MaxSessionDuration *int
}

// UpdateRoleOutput is empty; unlike most, UpdateRole answers with a result.
type UpdateRoleOutput struct {
	Nothing string
}

// UpdateRole changes a role's description or longest session.
func (s *Service) UpdateRole(ctx context.Context, in *UpdateRoleInput) (*UpdateRoleOutput, error) {
	_, err := s.done(s.updateRole(ctx, in.RoleName, func(r *Role) error {
		return r.describe(in.Description, in.MaxSessionDuration)
	}))
	return &UpdateRoleOutput{}, err
}

// UpdateAssumeRolePolicyInput is the input of [Service.UpdateAssumeRolePolicy].
type UpdateAssumeRolePolicyInput struct {
	RoleName       string   `wire:"required"`
	PolicyDocument Document `wire:"required"`
}

// UpdateAssumeRolePolicy replaces a role's trust policy.
func (s *Service) UpdateAssumeRolePolicy(ctx context.Context, in *UpdateAssumeRolePolicyInput) (*wire.Nothing, error) {
	ids, err := s.checkTrust(in.PolicyDocument)
	if err != nil {
		return nil, err
	}
	s.warn(ctx, policy.Trust, in.PolicyDocument, "trust policy of role "+in.RoleName)
	return s.done(s.updateRole(ctx, in.RoleName, func(r *Role) error {
		r.AssumeRolePolicyDocument, r.TrustIDs = in.PolicyDocument, ids
		return nil
	}))
}

// DeleteRole deletes a role that has nothing left attached. Its sessions end.
func (s *Service) DeleteRole(ctx context.Context, in *RoleNameInput) (*wire.Nothing, error) {
	err := s.store.Atomically(ctx, func(tx *store.Tx) error {
		r, ok := s.roles.In(tx).Get(fold(in.RoleName))
		switch {
		case !ok:
			return noRole(in.RoleName)
		case len(s.profilesOf(r.RoleName)) > 0:
			return conflict("Cannot delete entity, must remove roles from instance profile first.")
		case len(r.Attached) > 0:
			return conflict("Cannot delete entity, must detach all policies first.")
		case len(r.Inline) > 0:
			return conflict("Cannot delete entity, must delete policies first.")
		}
		return s.roles.In(tx).Delete(fold(in.RoleName))
	})
	return s.done(err)
}

func (s *Service) updateRole(ctx context.Context, name string, change func(*Role) error) error {
	err := s.roles.Update(ctx, fold(name), change)
	if errors.Is(err, store.ErrNotFound) {
		return noRole(name)
	}
	return err
}

// PutBoundaryInput sets or removes the boundary of a user or role.
type PutBoundaryInput struct {
	RoleName            string
	UserName            string
	PermissionsBoundary string
}

// PutRolePermissionsBoundary limits a role.
func (s *Service) PutRolePermissionsBoundary(ctx context.Context, in *PutBoundaryInput) (*wire.Nothing, error) {
	b, err := s.requiredBoundary(in.PermissionsBoundary)
	if err != nil {
		return nil, err
	}
	return s.done(s.updateRole(ctx, in.RoleName, func(r *Role) error { r.PermissionsBoundary = b; return nil }))
}

// DeleteRolePermissionsBoundary lifts a role's limit.
func (s *Service) DeleteRolePermissionsBoundary(ctx context.Context, in *PutBoundaryInput) (*wire.Nothing, error) {
	return s.done(s.updateRole(ctx, in.RoleName, func(r *Role) error { r.PermissionsBoundary = nil; return nil }))
}

// PutUserPermissionsBoundary limits a user.
func (s *Service) PutUserPermissionsBoundary(ctx context.Context, in *PutBoundaryInput) (*wire.Nothing, error) {
	b, err := s.requiredBoundary(in.PermissionsBoundary)
	if err != nil {
		return nil, err
	}
	return s.done(s.updateUser(ctx, in.UserName, func(u *User) error { u.PermissionsBoundary = b; return nil }))
}

// DeleteUserPermissionsBoundary lifts a user's limit.
func (s *Service) DeleteUserPermissionsBoundary(ctx context.Context, in *PutBoundaryInput) (*wire.Nothing, error) {
	return s.done(s.updateUser(ctx, in.UserName, func(u *User) error { u.PermissionsBoundary = nil; return nil }))
}

func (s *Service) requiredBoundary(arn string) (*Boundary, error) {
	if arn == "" {
		return nil, awserr.Validation("1 validation error detected: Value null at 'permissionsBoundary' failed to satisfy constraint: Member must not be null")
	}
	return s.boundary(arn)
}

// boundary returns the boundary that arn names, which must exist; "" means none.
func (s *Service) boundary(arn string) (*Boundary, error) {
	if arn == "" {
		return nil, nil
	}
	if _, ok := s.managed(arn); !ok {
		return nil, noSuch("Scope ARN: %s does not exist or is not attachable.", arn)
	}
	return &Boundary{PermissionsBoundaryType: "Policy", PermissionsBoundaryArn: arn}, nil
}
