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

const maxUserName = 64

// A User is a person or program with long-term credentials.
type User struct {
	Path                string
	UserName            string
	UserId              string
	Arn                 string
	CreateDate          time.Time
	PermissionsBoundary *Boundary
	Tags                []Tag

	Grants `query:"-"`
	Groups []string `query:"-"` // their names, folded
}

// A Boundary is the managed policy that limits a user or role.
type Boundary struct {
	PermissionsBoundaryType string // always "Policy"
	PermissionsBoundaryArn  string
}

// CreateUserInput is the input of [Service.CreateUser].
type CreateUserInput struct {
	UserName            string `wire:"required"`
	Path                string
	PermissionsBoundary string // ARN of a managed policy
	Tags                []Tag
}

// UserOutput is the answer of operations that return a user.
type UserOutput struct{ User *User }

// CreateUser creates a user that may do nothing yet.
func (s *Service) CreateUser(ctx context.Context, in *CreateUserInput) (*UserOutput, error) {
	if err := checkName("userName", in.UserName, maxUserName); err != nil {
		return nil, err
	}
	path, err := checkPath(in.Path)
	if err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	u := User{
		Path: path, UserName: in.UserName, UserId: newID(prefixUser), Arn: s.arn("user", path, in.UserName),
		CreateDate: s.timestamp(), Tags: in.Tags,
	}
	if u.PermissionsBoundary, err = s.boundary(in.PermissionsBoundary); err != nil {
		return nil, err
	}
	if err := s.users.Create(ctx, fold(u.UserName), u); err != nil {
		if errors.Is(err, store.ErrExists) {
			return nil, exists("User with name %s already exists.", in.UserName)
		}
		return nil, err
	}
	s.compile()
	return &UserOutput{&u}, nil
}

func noUser(name string) error { return noSuch("The user with name %s cannot be found.", name) }

// UserNameInput names a user.
type UserNameInput struct{ UserName string }

// GetUser returns a user; without a name, the caller's own.
func (s *Service) GetUser(ctx context.Context, in *UserNameInput) (*UserOutput, error) {
	name, err := ownName(ctx, in.UserName)
	if err != nil {
		return nil, err
	}
	u, ok := s.users.Get(fold(name))
	if !ok {
		return nil, noUser(name)
	}
	return &UserOutput{&u}, nil
}

// ListUsersInput selects users by path.
type ListUsersInput struct {
	PathPrefix string
	Page
}

// ListUsersOutput is a page of users.
type ListUsersOutput struct {
	Users []User
	Paging
}

// ListUsers lists the users, without their tags, as IAM does.
func (s *Service) ListUsers(_ context.Context, in *ListUsersInput) (*ListUsersOutput, error) {
	users := []User{}
	for _, u := range s.users.All() {
		if strings.HasPrefix(u.Path, in.PathPrefix) {
			u.Tags, u.PermissionsBoundary = nil, nil
			users = append(users, u)
		}
	}
	users, paging, err := page(users, in.Page, func(u User) string { return u.UserName })
	if err != nil {
		return nil, err
	}
	return &ListUsersOutput{users, paging}, nil
}

// UpdateUserInput is the input of [Service.UpdateUser].
type UpdateUserInput struct {
	UserName    string `wire:"required"`
	NewPath     *string
	NewUserName *string
}

// UpdateUser changes a user's name or path; the unique id stays.
func (s *Service) UpdateUser(ctx context.Context, in *UpdateUserInput) (*wire.Nothing, error) {
	err := s.store.Atomically(ctx, func(tx *store.Tx) error {
		users := s.users.In(tx)
		u, ok := users.Get(fold(in.UserName))
		if !ok {
			return noUser(in.UserName)
		}
		var err error
		if in.NewPath != nil {
			if u.Path, err = checkPath(*in.NewPath); err != nil {
				return err
			}
		}
		if in.NewUserName != nil {
			if err := checkName("newUserName", *in.NewUserName, maxUserName); err != nil {
				return err
			}
			if _, taken := users.Get(fold(*in.NewUserName)); taken && fold(*in.NewUserName) != fold(in.UserName) {
				return exists("User with name %s already exists.", *in.NewUserName)
			}
			for id, k := range s.keys.All() {
				if fold(k.UserName) == fold(u.UserName) {
					k.UserName = *in.NewUserName
					if err := s.keys.In(tx).Put(id, k); err != nil {
						return err
					}
				}
			}
			if err := users.Delete(fold(in.UserName)); err != nil {
				return err
			}
			u.UserName = *in.NewUserName
		}
		u.Arn = s.arn("user", u.Path, u.UserName)
		return users.Put(fold(u.UserName), u)
	})
	return s.done(err)
}

// DeleteUser deletes a user that has nothing left attached.
func (s *Service) DeleteUser(ctx context.Context, in *UserNameInput) (*wire.Nothing, error) {
	err := s.store.Atomically(ctx, func(tx *store.Tx) error {
		u, ok := s.users.In(tx).Get(fold(in.UserName))
		switch {
		case !ok:
			return noUser(in.UserName)
		case len(s.keysOf(u.UserName)) > 0:
			return conflict("Cannot delete entity, must delete access keys first.")
		case len(u.Attached) > 0:
			return conflict("Cannot delete entity, must detach all policies first.")
		case len(u.Inline) > 0:
			return conflict("Cannot delete entity, must delete policies first.")
		case len(u.Groups) > 0:
			return conflict("Cannot delete entity, must remove users from group first.")
		}
		return s.users.In(tx).Delete(fold(in.UserName))
	})
	return s.done(err)
}

// AddUserToGroupInput names a user and a group.
type AddUserToGroupInput struct {
	GroupName string `wire:"required"`
	UserName  string `wire:"required"`
}

// AddUserToGroup makes a user a member; it is one already: nothing changes.
func (s *Service) AddUserToGroup(ctx context.Context, in *AddUserToGroupInput) (*wire.Nothing, error) {
	group, ok := s.groups.Get(fold(in.GroupName))
	if !ok {
		return nil, noGroup(in.GroupName)
	}
	return s.done(s.updateUser(ctx, in.UserName, func(u *User) error {
		if slices.Contains(u.Groups, fold(group.GroupName)) {
			return nil
		}
		if len(u.Groups) >= 10 {
			return limit("Cannot exceed quota for GroupsPerUser: 10")
		}
		u.Groups = append(u.Groups, fold(group.GroupName))
		return nil
	}))
}

// RemoveUserFromGroup ends a membership.
func (s *Service) RemoveUserFromGroup(ctx context.Context, in *AddUserToGroupInput) (*wire.Nothing, error) {
	if _, ok := s.groups.Get(fold(in.GroupName)); !ok {
		return nil, noGroup(in.GroupName)
	}
	return s.done(s.updateUser(ctx, in.UserName, func(u *User) error {
		i := slices.Index(u.Groups, fold(in.GroupName))
		if i < 0 {
			return noSuch("The user with name %s is not in the group %s.", in.UserName, in.GroupName)
		}
		u.Groups = slices.Delete(u.Groups, i, i+1)
		return nil
	}))
}

func (s *Service) updateUser(ctx context.Context, name string, change func(*User) error) error {
	err := s.users.Update(ctx, fold(name), change)
	if errors.Is(err, store.ErrNotFound) {
		return noUser(name)
	}
	return err
}

// done ends an operation that returns nothing: a change is compiled before the
// caller hears of it.
func (s *Service) done(err error) (*wire.Nothing, error) {
	if err != nil {
		return nil, err
	}
	s.compile()
	return &wire.Nothing{}, nil
}
