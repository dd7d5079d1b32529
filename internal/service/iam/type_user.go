package iam

import (
	"cmp"
	"context"

	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

// userType is AWS::IAM::User.
type userType struct{ s *Service }

type userProperties struct {
	UserName            string
	Path                string
	Groups              []string
	LoginProfile        *template.Node // a password for AWS's console, which is not here: not kept, and told
	PermissionsBoundary string
	Policies            []namedPolicy
	ManagedPolicyArns   []string
	Tags                []Tag
}

// Create implements [stack.Handler].
func (t userType) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	p, err := decode[userProperties](r.Properties)
	if err != nil {
		return stack.Result{}, err
	}
	p.warn(ctx, r)
	out, err := t.s.CreateUser(ctx, &CreateUserInput{
		UserName: cmp.Or(p.UserName, r.ProposedName), Path: p.Path, PermissionsBoundary: p.PermissionsBoundary, Tags: p.Tags,
	})
	if err != nil {
		return stack.Result{}, err
	}
	result := stack.Result{PhysicalID: out.User.UserName, Attributes: map[string]string{"Arn": out.User.Arn}}
	if err := t.s.regrant(ctx, t.s.userGrants(), result.PhysicalID, p.Policies, nil, p.ManagedPolicyArns, nil); err != nil {
		return result, err
	}
	return result, t.groups(ctx, result.PhysicalID, p.Groups, nil)
}

// warn tells of what is accepted and acts nowhere.
func (p *userProperties) warn(ctx context.Context, r *stack.Request) {
	if !p.LoginProfile.IsNull() {
		stack.Warn(ctx, r.LogicalID+": LoginProfile has no effect here: there is no console to log in to")
	}
}

func (t userType) groups(ctx context.Context, user string, groups, before []string) error {
	keep := map[string]bool{}
	for _, g := range groups {
		keep[fold(g)] = true
		if _, err := t.s.AddUserToGroup(ctx, &AddUserToGroupInput{GroupName: g, UserName: user}); err != nil {
			return err
		}
	}
	for _, g := range before {
		if !keep[fold(g)] {
			if _, err := t.s.RemoveUserFromGroup(ctx, &AddUserToGroupInput{GroupName: g, UserName: user}); gone(err) != nil {
				return err
			}
		}
	}
	return nil
}

// Update implements [stack.Handler].
func (t userType) Update(ctx context.Context, r *stack.Request, old *template.Node) (stack.Result, error) {
	p, err := decode[userProperties](r.Properties)
	if err != nil {
		return stack.Result{}, err
	}
	p.warn(ctx, r)
	before, err := decode[userProperties](old)
	if err != nil {
		return stack.Result{}, err
	}
	name := r.PhysicalID
	if p.Path != before.Path {
		path := cmp.Or(p.Path, "/")
		if _, err := t.s.UpdateUser(ctx, &UpdateUserInput{UserName: name, NewPath: &path}); err != nil {
			return stack.Result{}, err
		}
	}
	if p.PermissionsBoundary != before.PermissionsBoundary {
		change := t.s.PutUserPermissionsBoundary
		if p.PermissionsBoundary == "" {
			change = t.s.DeleteUserPermissionsBoundary
		}
		if _, err := change(ctx, &PutBoundaryInput{UserName: name, PermissionsBoundary: p.PermissionsBoundary}); err != nil {
			return stack.Result{}, err
		}
	}
	if err := t.s.regrant(ctx, t.s.userGrants(), name, p.Policies, before.Policies, p.ManagedPolicyArns, before.ManagedPolicyArns); err != nil {
		return stack.Result{}, err
	}
	if err := t.groups(ctx, name, p.Groups, before.Groups); err != nil {
		return stack.Result{}, err
	}
	if err := t.s.retag(ctx, TagInput{UserName: name}, p.Tags, before.Tags); err != nil {
		return stack.Result{}, err
	}
	out, err := t.s.GetUser(ctx, &UserNameInput{UserName: name})
	if err != nil {
		return stack.Result{}, err
	}
	return stack.Result{PhysicalID: name, Attributes: map[string]string{"Arn": out.User.Arn}}, nil
}

// Delete implements [stack.Handler].
func (t userType) Delete(ctx context.Context, r *stack.Request) error {
	p, err := decode[userProperties](r.Properties)
	if err != nil {
		return err
	}
	if err := t.s.regrant(ctx, t.s.userGrants(), r.PhysicalID, nil, p.Policies, nil, p.ManagedPolicyArns); gone(err) != nil {
		return err
	}
	if err := t.groups(ctx, r.PhysicalID, nil, p.Groups); gone(err) != nil {
		return err
	}
	_, err = t.s.DeleteUser(ctx, &UserNameInput{UserName: r.PhysicalID})
	return gone(err)
}

// groupType is AWS::IAM::Group.
type groupType struct{ s *Service }

type groupProperties struct {
	GroupName         string
	Path              string
	Policies          []namedPolicy
	ManagedPolicyArns []string
}

// Create implements [stack.Handler].
func (t groupType) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	p, err := decode[groupProperties](r.Properties)
	if err != nil {
		return stack.Result{}, err
	}
	out, err := t.s.CreateGroup(ctx, &CreateGroupInput{GroupName: cmp.Or(p.GroupName, r.ProposedName), Path: p.Path})
	if err != nil {
		return stack.Result{}, err
	}
	result := stack.Result{PhysicalID: out.Group.GroupName, Attributes: map[string]string{"Arn": out.Group.Arn}}
	return result, t.s.regrant(ctx, t.s.groupGrants(), result.PhysicalID, p.Policies, nil, p.ManagedPolicyArns, nil)
}

// Update implements [stack.Handler].
func (t groupType) Update(ctx context.Context, r *stack.Request, old *template.Node) (stack.Result, error) {
	p, err := decode[groupProperties](r.Properties)
	if err != nil {
		return stack.Result{}, err
	}
	before, err := decode[groupProperties](old)
	if err != nil {
		return stack.Result{}, err
	}
	if p.Path != before.Path {
		path := cmp.Or(p.Path, "/")
		if _, err := t.s.UpdateGroup(ctx, &UpdateGroupInput{GroupName: r.PhysicalID, NewPath: &path}); err != nil {
			return stack.Result{}, err
		}
	}
	if err := t.s.regrant(ctx, t.s.groupGrants(), r.PhysicalID, p.Policies, before.Policies, p.ManagedPolicyArns, before.ManagedPolicyArns); err != nil {
		return stack.Result{}, err
	}
	out, err := t.s.GetGroup(ctx, &GroupNameInput{GroupName: r.PhysicalID})
	if err != nil {
		return stack.Result{}, err
	}
	return stack.Result{PhysicalID: r.PhysicalID, Attributes: map[string]string{"Arn": out.Group.Arn}}, nil
}

// Delete implements [stack.Handler].
func (t groupType) Delete(ctx context.Context, r *stack.Request) error {
	p, err := decode[groupProperties](r.Properties)
	if err != nil {
		return err
	}
	if err := t.s.regrant(ctx, t.s.groupGrants(), r.PhysicalID, nil, p.Policies, nil, p.ManagedPolicyArns); gone(err) != nil {
		return err
	}
	_, err = t.s.DeleteGroup(ctx, &GroupNameInput{GroupName: r.PhysicalID})
	return gone(err)
}

// additionType is AWS::IAM::UserToGroupAddition.
type additionType struct{ s *Service }

type additionProperties struct {
	GroupName string   `required:"true"`
	Users     []string `required:"true"`
}

// Create implements [stack.Handler].
func (t additionType) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	result := stack.Result{PhysicalID: r.ProposedName, Attributes: map[string]string{"Id": r.ProposedName}}
	return result, t.change(ctx, r.Properties, nil)
}

// Update implements [stack.Handler].
func (t additionType) Update(ctx context.Context, r *stack.Request, old *template.Node) (stack.Result, error) {
	return stack.Result{PhysicalID: r.PhysicalID, Attributes: map[string]string{"Id": r.PhysicalID}}, t.change(ctx, r.Properties, old)
}

// Delete implements [stack.Handler].
func (t additionType) Delete(ctx context.Context, r *stack.Request) error {
	return t.change(ctx, nil, r.Properties)
}

// change adds the users of the new properties and removes those only of the old.
func (t additionType) change(ctx context.Context, properties, old *template.Node) error {
	p, err := decode[additionProperties](properties)
	if err != nil {
		return err
	}
	before, err := decode[additionProperties](old)
	if err != nil {
		return err
	}
	keep := map[string]bool{}
	for _, u := range p.Users {
		keep[fold(u)] = true
		if _, err := t.s.AddUserToGroup(ctx, &AddUserToGroupInput{GroupName: p.GroupName, UserName: u}); err != nil {
			return err
		}
	}
	for _, u := range before.Users {
		if !keep[fold(u)] {
			if _, err := t.s.RemoveUserFromGroup(ctx, &AddUserToGroupInput{GroupName: before.GroupName, UserName: u}); gone(err) != nil {
				return err
			}
		}
	}
	return nil
}

// accessKeyType is AWS::IAM::AccessKey.
type accessKeyType struct{ s *Service }

type accessKeyProperties struct {
	UserName string `required:"true"`
	Status   string `oneof:"Active,Inactive"`
	Serial   int    // a higher number asks for a new key
}

// Create implements [stack.Handler].
func (t accessKeyType) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	p, err := decode[accessKeyProperties](r.Properties)
	if err != nil {
		return stack.Result{}, err
	}
	out, err := t.s.CreateAccessKey(ctx, &UserNameInput{UserName: p.UserName})
	if err != nil {
		return stack.Result{}, err
	}
	k := out.AccessKey
	return stack.Result{PhysicalID: k.AccessKeyId, Attributes: map[string]string{"SecretAccessKey": k.SecretAccessKey}}, t.status(ctx, k.AccessKeyId, p)
}

func (t accessKeyType) status(ctx context.Context, id string, p *accessKeyProperties) error {
	_, err := t.s.UpdateAccessKey(ctx, &AccessKeyInput{UserName: p.UserName, AccessKeyId: id, Status: cmp.Or(p.Status, active)})
	return err
}

// Update implements [stack.Handler].
func (t accessKeyType) Update(ctx context.Context, r *stack.Request, _ *template.Node) (stack.Result, error) {
	p, err := decode[accessKeyProperties](r.Properties)
	if err != nil {
		return stack.Result{}, err
	}
	if err := t.status(ctx, r.PhysicalID, p); err != nil {
		return stack.Result{}, err
	}
	secret, err := t.s.secret(r.PhysicalID)
	if err != nil {
		return stack.Result{}, err
	}
	return stack.Result{PhysicalID: r.PhysicalID, Attributes: map[string]string{"SecretAccessKey": secret}}, nil
}

// Delete implements [stack.Handler].
func (t accessKeyType) Delete(ctx context.Context, r *stack.Request) error {
	p, err := decode[accessKeyProperties](r.Properties)
	if err != nil {
		return err
	}
	_, err = t.s.DeleteAccessKey(ctx, &AccessKeyInput{UserName: p.UserName, AccessKeyId: r.PhysicalID})
	return gone(err)
}
