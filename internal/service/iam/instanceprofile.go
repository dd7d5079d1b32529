package iam

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/wire"
)

const maxProfileName = 128

// An InstanceProfile carries one role to an EC2 instance.
type InstanceProfile struct {
	Path                string
	InstanceProfileName string
	InstanceProfileId   string
	Arn                 string
	CreateDate          time.Time
	Roles               []Role // in answers; the record has RoleName
	Tags                []Tag

	RoleName string `query:"-"` // "" while it has no role
}

// CreateInstanceProfileInput is the input of [Service.CreateInstanceProfile].
type CreateInstanceProfileInput struct {
	InstanceProfileName string `wire:"required"`
	Path                string
	Tags                []Tag
}

// InstanceProfileOutput is the answer of operations that return a profile.
type InstanceProfileOutput struct{ InstanceProfile *InstanceProfile }

// CreateInstanceProfile creates a profile without a role.
func (s *Service) CreateInstanceProfile(ctx context.Context, in *CreateInstanceProfileInput) (*InstanceProfileOutput, error) {
	if err := checkName("instanceProfileName", in.InstanceProfileName, maxProfileName); err != nil {
		return nil, err
	}
	path, err := checkPath(in.Path)
	if err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	p := InstanceProfile{
		Path: path, InstanceProfileName: in.InstanceProfileName, InstanceProfileId: newID(prefixInstanceProfile),
		Arn: s.arn("instance-profile", path, in.InstanceProfileName), CreateDate: s.timestamp(), Tags: in.Tags,
	}
	if err := s.profiles.Create(ctx, fold(p.InstanceProfileName), p); err != nil {
		if errors.Is(err, store.ErrExists) {
			return nil, exists("Instance Profile %s already exists.", in.InstanceProfileName)
		}
		return nil, err
	}
	return &InstanceProfileOutput{s.withRoles(&p)}, nil
}

func noProfile(name string) error { return noSuch("Instance Profile %s cannot be found.", name) }

// withRoles fills in what answers show of a profile's role.
func (s *Service) withRoles(p *InstanceProfile) *InstanceProfile {
	p.Roles = []Role{}
	if r, ok := s.roles.Get(fold(p.RoleName)); ok && p.RoleName != "" {
		r.Tags, r.PermissionsBoundary = nil, nil
		p.Roles = append(p.Roles, r)
	}
	return p
}

// InstanceProfileNameInput names a profile.
type InstanceProfileNameInput struct {
	InstanceProfileName string `wire:"required"`
}

// GetInstanceProfile returns a profile with its role.
func (s *Service) GetInstanceProfile(_ context.Context, in *InstanceProfileNameInput) (*InstanceProfileOutput, error) {
	p, ok := s.profiles.Get(fold(in.InstanceProfileName))
	if !ok {
		return nil, noProfile(in.InstanceProfileName)
	}
	return &InstanceProfileOutput{s.withRoles(&p)}, nil
}

// ListInstanceProfilesInput selects profiles by path, or by role.
type ListInstanceProfilesInput struct {
	PathPrefix string
	RoleName   string
	Page
}

// ListInstanceProfilesOutput is a page of profiles.
type ListInstanceProfilesOutput struct {
	InstanceProfiles []InstanceProfile
	Paging
}

// ListInstanceProfiles lists the profiles.
func (s *Service) ListInstanceProfiles(_ context.Context, in *ListInstanceProfilesInput) (*ListInstanceProfilesOutput, error) {
	list := []InstanceProfile{}
	for _, p := range s.profiles.All() {
		if strings.HasPrefix(p.Path, in.PathPrefix) {
			list = append(list, p)
		}
	}
	return s.profilePage(list, in.Page)
}

// ListInstanceProfilesForRole lists the profiles that carry a role.
func (s *Service) ListInstanceProfilesForRole(_ context.Context, in *ListInstanceProfilesInput) (*ListInstanceProfilesOutput, error) {
	if _, ok := s.roles.Get(fold(in.RoleName)); !ok {
		return nil, noRole(in.RoleName)
	}
	return s.profilePage(s.profilesOf(in.RoleName), in.Page)
}

func (s *Service) profilePage(list []InstanceProfile, p Page) (*ListInstanceProfilesOutput, error) {
	list, paging, err := page(list, p, func(p InstanceProfile) string { return p.InstanceProfileName })
	if err != nil {
		return nil, err
	}
	for i := range list {
		s.withRoles(&list[i]).Tags = nil
	}
	return &ListInstanceProfilesOutput{list, paging}, nil
}

// profilesOf lists the profiles that carry a role.
func (s *Service) profilesOf(role string) []InstanceProfile {
	list := []InstanceProfile{}
	for _, p := range s.profiles.All() {
		if fold(p.RoleName) == fold(role) {
			list = append(list, p)
		}
	}
	return list
}

// AddRoleToInstanceProfileInput names a profile and a role.
type AddRoleToInstanceProfileInput struct {
	InstanceProfileName string `wire:"required"`
	RoleName            string `wire:"required"`
}

// AddRoleToInstanceProfile gives a profile its role; it can have only one.
func (s *Service) AddRoleToInstanceProfile(ctx context.Context, in *AddRoleToInstanceProfileInput) (*wire.Nothing, error) {
	role, ok := s.roles.Get(fold(in.RoleName))
	if !ok {
		return nil, noRole(in.RoleName)
	}
	return s.done(s.updateProfile(ctx, in.InstanceProfileName, func(p *InstanceProfile) error {
		if p.RoleName != "" {
			return limit("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
		}
		p.RoleName = role.RoleName
		return nil
	}))
}

// RemoveRoleFromInstanceProfile takes a profile's role away.
func (s *Service) RemoveRoleFromInstanceProfile(ctx context.Context, in *AddRoleToInstanceProfileInput) (*wire.Nothing, error) {
	return s.done(s.updateProfile(ctx, in.InstanceProfileName, func(p *InstanceProfile) error {
		if p.RoleName == "" || fold(p.RoleName) != fold(in.RoleName) {
			return noRole(in.RoleName)
		}
		p.RoleName = ""
		return nil
	}))
}

// DeleteInstanceProfile deletes a profile without a role.
func (s *Service) DeleteInstanceProfile(ctx context.Context, in *InstanceProfileNameInput) (*wire.Nothing, error) {
	err := s.store.Atomically(ctx, func(tx *store.Tx) error {
		p, ok := s.profiles.In(tx).Get(fold(in.InstanceProfileName))
		switch {
		case !ok:
			return noProfile(in.InstanceProfileName)
		case p.RoleName != "":
			return conflict("Cannot delete entity, must remove roles from instance profile first.")
		}
		return s.profiles.In(tx).Delete(fold(in.InstanceProfileName))
	})
	return s.done(err)
}

func (s *Service) updateProfile(ctx context.Context, name string, change func(*InstanceProfile) error) error {
	err := s.profiles.Update(ctx, fold(name), change)
	if errors.Is(err, store.ErrNotFound) {
		return noProfile(name)
	}
	return err
}

// ProfileRole tells what role a profile carries. The profile is named by its
// name or ARN.
func (s *Service) ProfileRole(nameOrARN string) (profile InstanceProfile, roleARN string, ok bool) {
	name := nameOrARN[strings.LastIndex(nameOrARN, "/")+1:]
	p, ok := s.profiles.Get(fold(name))
	if !ok || strings.HasPrefix(nameOrARN, "arn:") && p.Arn != nameOrARN {
		return InstanceProfile{}, "", false
	}
	if r, found := s.roles.Get(fold(p.RoleName)); found && p.RoleName != "" {
		return p, r.Arn, true
	}
	return p, "", true
}

// ProfileARN returns the ARN of the profile with a name or ARN.
func (s *Service) ProfileARN(nameOrARN string) (string, bool) {
	p, _, ok := s.ProfileRole(nameOrARN)
	return p.Arn, ok
}
