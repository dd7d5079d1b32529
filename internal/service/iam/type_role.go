package iam

import (
	"cmp"
	"context"

	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

// roleType is AWS::IAM::Role.
type roleType struct{ s *Service }

type roleProperties struct {
	RoleName                 string
	Path                     string
	AssumeRolePolicyDocument document `required:"true"`
	Description              string
	MaxSessionDuration       *int
	PermissionsBoundary      string
	Policies                 []namedPolicy
	ManagedPolicyArns        []string
	Tags                     []Tag
}

// Create implements [stack.Handler].
func (t roleType) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	p, err := decode[roleProperties](r.Properties)
	if err != nil {
		return stack.Result{}, err
	}
	out, err := t.s.CreateRole(ctx, &CreateRoleInput{
		RoleName: cmp.Or(p.RoleName, r.ProposedName), Path: p.Path, AssumeRolePolicyDocument: p.AssumeRolePolicyDocument.Document,
		Description: p.Description, MaxSessionDuration: p.MaxSessionDuration, PermissionsBoundary: p.PermissionsBoundary, Tags: p.Tags,
	})
	if err != nil {
		return stack.Result{}, err
	}
	result := roleResult(out.Role)
	return result, t.s.regrant(ctx, t.s.roleGrants(), result.PhysicalID, p.Policies, nil, p.ManagedPolicyArns, nil)
}

func roleResult(r *Role) stack.Result {
	return stack.Result{PhysicalID: r.RoleName, Attributes: map[string]string{"Arn": r.Arn, "RoleId": r.RoleId}}
}

// Update implements [stack.Handler].
func (t roleType) Update(ctx context.Context, r *stack.Request, old *template.Node) (stack.Result, error) {
	p, err := decode[roleProperties](r.Properties)
	if err != nil {
		return stack.Result{}, err
	}
	before, err := decode[roleProperties](old)
	if err != nil {
		return stack.Result{}, err
	}
	name := r.PhysicalID
	if p.AssumeRolePolicyDocument != before.AssumeRolePolicyDocument {
		in := &UpdateAssumeRolePolicyInput{RoleName: name, PolicyDocument: p.AssumeRolePolicyDocument.Document}
		if _, err := t.s.UpdateAssumeRolePolicy(ctx, in); err != nil {
			return stack.Result{}, err
		}
	}
	maxSession := p.MaxSessionDuration
	if maxSession == nil {
		hour := 3600
		maxSession = &hour
	}
	if _, err := t.s.UpdateRole(ctx, &UpdateRoleInput{RoleName: name, Description: &p.Description, MaxSessionDuration: maxSession}); err != nil {
		return stack.Result{}, err
	}
	if p.PermissionsBoundary != before.PermissionsBoundary {
		change := t.s.PutRolePermissionsBoundary
		if p.PermissionsBoundary == "" {
			change = t.s.DeleteRolePermissionsBoundary
		}
		if _, err := change(ctx, &PutBoundaryInput{RoleName: name, PermissionsBoundary: p.PermissionsBoundary}); err != nil {
			return stack.Result{}, err
		}
	}
	if err := t.s.regrant(ctx, t.s.roleGrants(), name, p.Policies, before.Policies, p.ManagedPolicyArns, before.ManagedPolicyArns); err != nil {
		return stack.Result{}, err
	}
	if err := t.s.retag(ctx, TagInput{RoleName: name}, p.Tags, before.Tags); err != nil {
		return stack.Result{}, err
	}
	out, err := t.s.GetRole(ctx, &RoleNameInput{RoleName: name})
	if err != nil {
		return stack.Result{}, err
	}
	return roleResult(out.Role), nil
}

// Delete implements [stack.Handler]. Policies that the template gave go first;
// one that somebody else attached keeps the role.
func (t roleType) Delete(ctx context.Context, r *stack.Request) error {
	p, err := decode[roleProperties](r.Properties)
	if err != nil {
		return err
	}
	if err := t.s.regrant(ctx, t.s.roleGrants(), r.PhysicalID, nil, p.Policies, nil, p.ManagedPolicyArns); gone(err) != nil {
		return err
	}
	_, err = t.s.DeleteRole(ctx, &RoleNameInput{RoleName: r.PhysicalID})
	return gone(err)
}

// profileType is AWS::IAM::InstanceProfile.
type profileType struct{ s *Service }

type profileProperties struct {
	InstanceProfileName string
	Path                string
	Roles               []string `required:"true"`
}

// Create implements [stack.Handler].
func (t profileType) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	p, err := decode[profileProperties](r.Properties)
	if err != nil {
		return stack.Result{}, err
	}
	out, err := t.s.CreateInstanceProfile(ctx, &CreateInstanceProfileInput{
		InstanceProfileName: cmp.Or(p.InstanceProfileName, r.ProposedName), Path: p.Path,
	})
	if err != nil {
		return stack.Result{}, err
	}
	result := stack.Result{PhysicalID: out.InstanceProfile.InstanceProfileName, Attributes: map[string]string{"Arn": out.InstanceProfile.Arn}}
	return result, t.roles(ctx, result.PhysicalID, p.Roles, nil)
}

// roles puts the roles of the template into the profile; a second one is refused
// with IAM's quota.
func (t profileType) roles(ctx context.Context, name string, roles, before []string) error {
	keep := map[string]bool{}
	for _, role := range roles {
		keep[fold(role)] = true
	}
	for _, role := range before {
		if !keep[fold(role)] {
			_, err := t.s.RemoveRoleFromInstanceProfile(ctx, &AddRoleToInstanceProfileInput{InstanceProfileName: name, RoleName: role})
			if gone(err) != nil {
				return err
			}
		}
	}
	had := map[string]bool{}
	for _, role := range before {
		had[fold(role)] = true
	}
	for _, role := range roles {
		if had[fold(role)] {
			continue
		}
		if _, err := t.s.AddRoleToInstanceProfile(ctx, &AddRoleToInstanceProfileInput{InstanceProfileName: name, RoleName: role}); err != nil {
			return err
		}
	}
	return nil
}

// Update implements [stack.Handler].
func (t profileType) Update(ctx context.Context, r *stack.Request, old *template.Node) (stack.Result, error) {
	p, err := decode[profileProperties](r.Properties)
	if err != nil {
		return stack.Result{}, err
	}
	before, err := decode[profileProperties](old)
	if err != nil {
		return stack.Result{}, err
	}
	if err := t.roles(ctx, r.PhysicalID, p.Roles, before.Roles); err != nil {
		return stack.Result{}, err
	}
	out, err := t.s.GetInstanceProfile(ctx, &InstanceProfileNameInput{InstanceProfileName: r.PhysicalID})
	if err != nil {
		return stack.Result{}, err
	}
	return stack.Result{PhysicalID: r.PhysicalID, Attributes: map[string]string{"Arn": out.InstanceProfile.Arn}}, nil
}

// Delete implements [stack.Handler].
func (t profileType) Delete(ctx context.Context, r *stack.Request) error {
	p, ok := t.s.profiles.Get(fold(r.PhysicalID))
	if !ok {
		return nil
	}
	if p.RoleName != "" {
		in := &AddRoleToInstanceProfileInput{InstanceProfileName: r.PhysicalID, RoleName: p.RoleName}
		if _, err := t.s.RemoveRoleFromInstanceProfile(ctx, in); gone(err) != nil {
			return err
		}
	}
	_, err := t.s.DeleteInstanceProfile(ctx, &InstanceProfileNameInput{InstanceProfileName: r.PhysicalID})
	return gone(err)
}
