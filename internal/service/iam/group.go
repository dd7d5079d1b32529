package iam

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/wire"
)

const maxGroupName = 128

// A Group gives its policies to its users.
type Group struct {
	Path       string
	GroupName  string
	GroupId    string
	Arn        string
	CreateDate time.Time

	Grants `query:"-"`
}

// CreateGroupInput is the input of [Service.CreateGroup].
type CreateGroupInput struct {
	GroupName string `wire:"required"`
	Path      string
}

// GroupOutput is the answer of operations that return a group.
type GroupOutput struct{ Group *Group }

// CreateGroup creates an empty group.
func (s *Service) CreateGroup(ctx context.Context, in *CreateGroupInput) (*GroupOutput, error) {
	if err := checkName("groupName", in.GroupName, maxGroupName); err != nil {
		return nil, err
	}
	path, err := checkPath(in.Path)
	if err != nil {
		return nil, err
	}
	g := Group{
		Path: path, GroupName: in.GroupName, GroupId: newID(prefixGroup), Arn: s.arn("group", path, in.GroupName),
		CreateDate: s.timestamp(),
	}
	if err := s.groups.Create(ctx, fold(g.GroupName), g); err != nil {
		if errors.Is(err, store.ErrExists) {
			return nil, exists("Group with name %s already exists.", in.GroupName)
		}
		return nil, err
	}
	return &GroupOutput{&g}, nil
}

func noGroup(name string) error { return noSuch("The group with name %s cannot be found.", name) }

// GroupNameInput names a group.
type GroupNameInput struct {
	GroupName string `wire:"required"`
	Page
}

// GetGroupOutput is a group with a page of its users.
type GetGroupOutput struct {
	Group *Group
	Users []User
	Paging
}

// GetGroup returns a group and its users.
func (s *Service) GetGroup(_ context.Context, in *GroupNameInput) (*GetGroupOutput, error) {
	g, ok := s.groups.Get(fold(in.GroupName))
	if !ok {
		return nil, noGroup(in.GroupName)
	}
	users, paging, err := page(s.members(g.GroupName), in.Page, func(u User) string { return u.UserName })
	if err != nil {
		return nil, err
	}
	return &GetGroupOutput{&g, users, paging}, nil
}

// members lists the users of a group, without their tags.
func (s *Service) members(group string) []User {
	users := []User{}
	for _, u := range s.users.All() {
		if slices.Contains(u.Groups, fold(group)) {
			u.Tags, u.PermissionsBoundary = nil, nil
			users = append(users, u)
		}
	}
	return users
}

// ListGroupsInput selects groups by path.
type ListGroupsInput struct {
	PathPrefix string
	Page
}

// ListGroupsOutput is a page of groups.
type ListGroupsOutput struct {
	Groups []Group
	Paging
}

// ListGroups lists the groups.
func (s *Service) ListGroups(_ context.Context, in *ListGroupsInput) (*ListGroupsOutput, error) {
	return s.listGroups(in.Page, func(g Group) bool { return strings.HasPrefix(g.Path, in.PathPrefix) })
}

// ListGroupsForUserInput names a user.
type ListGroupsForUserInput struct {
	UserName string `wire:"required"`
	Page
}

// ListGroupsForUser lists a user's groups.
func (s *Service) ListGroupsForUser(_ context.Context, in *ListGroupsForUserInput) (*ListGroupsOutput, error) {
	u, ok := s.users.Get(fold(in.UserName))
	if !ok {
		return nil, noUser(in.UserName)
	}
	return s.listGroups(in.Page, func(g Group) bool { return slices.Contains(u.Groups, fold(g.GroupName)) })
}

func (s *Service) listGroups(p Page, want func(Group) bool) (*ListGroupsOutput, error) {
	groups := []Group{}
	for _, g := range s.groups.All() {
		if want(g) {
			groups = append(groups, g)
		}
	}
	groups, paging, err := page(groups, p, func(g Group) string { return g.GroupName })
	if err != nil {
		return nil, err
	}
	return &ListGroupsOutput{groups, paging}, nil
}

// UpdateGroupInput is the input of [Service.UpdateGroup].
type UpdateGroupInput struct {
	GroupName    string `wire:"required"`
	NewPath      *string
	NewGroupName *string
}

// UpdateGroup changes a group's name or path.
func (s *Service) UpdateGroup(ctx context.Context, in *UpdateGroupInput) (*wire.Nothing, error) {
	err := s.store.Atomically(ctx, func(tx *store.Tx) error {
		groups := s.groups.In(tx)
		g, ok := groups.Get(fold(in.GroupName))
		if !ok {
			return noGroup(in.GroupName)
		}
		var err error
		if in.NewPath != nil {
			if g.Path, err = checkPath(*in.NewPath); err != nil {
				return err
			}
		}
		if in.NewGroupName != nil {
			if err := s.renameGroup(tx, &g, *in.NewGroupName); err != nil {
				return err
			}
		}
		g.Arn = s.arn("group", g.Path, g.GroupName)
		return groups.Put(fold(g.GroupName), g)
	})
	return s.done(err)
}

func (s *Service) renameGroup(tx *store.Tx, g *Group, name string) error {
	if err := checkName("newGroupName", name, maxGroupName); err != nil {
		return err
	}
	old := fold(g.GroupName)
	if _, taken := s.groups.In(tx).Get(fold(name)); taken && fold(name) != old {
		return exists("Group with name %s already exists.", name)
	}
	for key, u := range s.users.All() {
		if i := slices.Index(u.Groups, old); i >= 0 {
			u.Groups[i] = fold(name)
			if err := s.users.In(tx).Put(key, u); err != nil {
				return err
			}
		}
	}
	g.GroupName = name
	return s.groups.In(tx).Delete(old)
}

// DeleteGroup deletes a group without users and policies.
func (s *Service) DeleteGroup(ctx context.Context, in *GroupNameInput) (*wire.Nothing, error) {
	err := s.store.Atomically(ctx, func(tx *store.Tx) error {
		g, ok := s.groups.In(tx).Get(fold(in.GroupName))
		switch {
		case !ok:
			return noGroup(in.GroupName)
		case len(s.members(g.GroupName)) > 0:
			return conflict("Cannot delete entity, must remove users from group first.")
		case len(g.Attached) > 0:
			return conflict("Cannot delete entity, must detach all policies first.")
		case len(g.Inline) > 0:
			return conflict("Cannot delete entity, must delete policies first.")
		}
		return s.groups.In(tx).Delete(fold(in.GroupName))
	})
	return s.done(err)
}

func (s *Service) updateGroup(ctx context.Context, name string, change func(*Group) error) error {
	err := s.groups.Update(ctx, fold(name), change)
	if errors.Is(err, store.ErrNotFound) {
		return noGroup(name)
	}
	return err
}
