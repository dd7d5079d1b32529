package iam

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

// inlineType is AWS::IAM::Policy: one inline policy, embedded in each of the
// identities that it names.
type inlineType struct{ s *Service }

type inlineProperties struct {
	PolicyName     string         `required:"true"`
	PolicyDocument inlineDocument `required:"true"`
	Roles          []string
	Users          []string
	Groups         []string
}

// An embedding is one identity that a policy is put into.
type embedding struct {
	holder
	name string
}

func (t inlineType) embeddings(p *inlineProperties) map[string]embedding {
	all := map[string]embedding{}
	for _, r := range p.Roles {
		all["role "+fold(r)] = embedding{t.s.roleGrants(), r}
	}
	for _, u := range p.Users {
		all["user "+fold(u)] = embedding{t.s.userGrants(), u}
	}
	for _, g := range p.Groups {
		all["group "+fold(g)] = embedding{t.s.groupGrants(), g}
	}
	return all
}

// Create implements [stack.Handler].
func (t inlineType) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	result := stack.Result{PhysicalID: r.ProposedName, Attributes: map[string]string{"Id": r.ProposedName}}
	return result, t.change(ctx, r.Properties, nil)
}

// Update implements [stack.Handler].
func (t inlineType) Update(ctx context.Context, r *stack.Request, old *template.Node) (stack.Result, error) {
	return stack.Result{PhysicalID: r.PhysicalID, Attributes: map[string]string{"Id": r.PhysicalID}}, t.change(ctx, r.Properties, old)
}

// Delete implements [stack.Handler].
func (t inlineType) Delete(ctx context.Context, r *stack.Request) error {
	return t.change(ctx, nil, r.Properties)
}

// change puts the policy where the new properties want it and removes it where
// only the old ones did.
func (t inlineType) change(ctx context.Context, properties, old *template.Node) error {
	p, err := decode[inlineProperties](properties)
	if err != nil {
		return err
	}
	before, err := decode[inlineProperties](old)
	if err != nil {
		return err
	}
	wanted := t.embeddings(p)
	if properties != nil && len(wanted) == 0 {
		return awserr.New("InvalidRequest", 400, "At least one of [Groups, Roles, Users] must be non-empty.")
	}
	for _, key := range sortedKeys(wanted) {
		e := wanted[key]
		if _, err := t.s.put(ctx, e.holder, e.name, p.PolicyName, p.PolicyDocument.Document); err != nil {
			return err
		}
	}
	had := t.embeddings(before)
	for _, key := range sortedKeys(had) {
		if _, still := wanted[key]; still && p.PolicyName == before.PolicyName {
			continue
		}
		e := had[key]
		if _, err := t.s.remove(ctx, e.holder, e.name, before.PolicyName); gone(err) != nil {
			return err
		}
	}
	return nil
}

// embeddedType is AWS::IAM::RolePolicy, UserPolicy and GroupPolicy: one inline
// policy of one identity.
type embeddedType struct {
	s        *Service
	property string // names the identity
	holder   holder
}

type embeddedProperties struct {
	PolicyName                    string `required:"true"`
	PolicyDocument                inlineDocument
	RoleName, UserName, GroupName string
}

func (t embeddedType) put(ctx context.Context, r *stack.Request) (stack.Result, error) {
	p, err := decode[embeddedProperties](r.Properties)
	if err != nil {
		return stack.Result{}, err
	}
	name := cmp.Or(p.RoleName, p.UserName, p.GroupName)
	if _, err := t.s.put(ctx, t.holder, name, p.PolicyName, p.PolicyDocument.Document); err != nil {
		return stack.Result{}, err
	}
	return stack.Result{PhysicalID: p.PolicyName + "|" + name}, nil
}

// Create implements [stack.Handler].
func (t embeddedType) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	return t.put(ctx, r)
}

// Update implements [stack.Handler].
func (t embeddedType) Update(ctx context.Context, r *stack.Request, _ *template.Node) (stack.Result, error) {
	return t.put(ctx, r)
}

// Delete implements [stack.Handler].
func (t embeddedType) Delete(ctx context.Context, r *stack.Request) error {
	p, err := decode[embeddedProperties](r.Properties)
	if err != nil {
		return err
	}
	_, err = t.s.remove(ctx, t.holder, cmp.Or(p.RoleName, p.UserName, p.GroupName), p.PolicyName)
	return gone(err)
}

// managedType is AWS::IAM::ManagedPolicy.
type managedType struct{ s *Service }

type managedProperties struct {
	ManagedPolicyName string
	Path              string
	Description       string
	PolicyDocument    document `required:"true"`
	Roles             []string
	Users             []string
	Groups            []string
	Tags              []Tag
}

func (p *managedProperties) holders() *inlineProperties {
	return &inlineProperties{Roles: p.Roles, Users: p.Users, Groups: p.Groups}
}

// Create implements [stack.Handler].
func (t managedType) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	p, err := decode[managedProperties](r.Properties)
	if err != nil {
		return stack.Result{}, err
	}
	out, err := t.s.CreatePolicy(ctx, &CreatePolicyInput{
		PolicyName: cmp.Or(p.ManagedPolicyName, r.ProposedName), Path: p.Path, Description: p.Description,
		PolicyDocument: p.PolicyDocument.Document, Tags: p.Tags,
	})
	if err != nil {
		return stack.Result{}, err
	}
	arn := out.Policy.Arn
	if err := t.attach(ctx, arn, p, &managedProperties{}); err != nil {
		return stack.Result{PhysicalID: arn}, err
	}
	return t.result(arn), nil
}

// attach attaches the policy where the new properties want it and detaches it
// where only the old ones did.
func (t managedType) attach(ctx context.Context, arn string, p, before *managedProperties) error {
	in := inlineType(t)
	wanted, had := in.embeddings(p.holders()), in.embeddings(before.holders())
	for _, key := range sortedKeys(wanted) {
		e := wanted[key]
		if _, err := t.s.attach(ctx, e.holder, e.name, arn); err != nil {
			return err
		}
	}
	for _, key := range sortedKeys(had) {
		if _, still := wanted[key]; !still {
			e := had[key]
			if _, err := t.s.detach(ctx, e.holder, e.name, arn); gone(err) != nil {
				return err
			}
		}
	}
	return nil
}

func (t managedType) result(arn string) stack.Result {
	p, _ := t.s.policies.Get(arn)
	t.s.count(&p)
	return stack.Result{PhysicalID: arn, Attributes: map[string]string{
		"PolicyArn":                     arn,
		"PolicyId":                      p.PolicyId,
		"AttachmentCount":               strconv.Itoa(p.AttachmentCount),
		"PermissionsBoundaryUsageCount": strconv.Itoa(p.PermissionsBoundaryUsageCount),
		"CreateDate":                    p.CreateDate.Format(time.RFC3339),
		"UpdateDate":                    p.UpdateDate.Format(time.RFC3339),
		"DefaultVersionId":              p.DefaultVersionId,
		"IsAttachable":                  strconv.FormatBool(p.IsAttachable),
	}}
}

// Update implements [stack.Handler]. A new document is a new default version; the
// oldest one makes room.
func (t managedType) Update(ctx context.Context, r *stack.Request, old *template.Node) (stack.Result, error) {
	p, err := decode[managedProperties](r.Properties)
	if err != nil {
		return stack.Result{}, err
	}
	before, err := decode[managedProperties](old)
	if err != nil {
		return stack.Result{}, err
	}
	arn := r.PhysicalID
	record, ok := t.s.policies.Get(arn)
	if !ok {
		return stack.Result{}, noPolicy(arn)
	}
	if record.document() != p.PolicyDocument.Document {
		if err := t.newVersion(ctx, &record, p.PolicyDocument.Document); err != nil {
			return stack.Result{}, err
		}
	}
	if err := t.attach(ctx, arn, p, before); err != nil {
		return stack.Result{}, err
	}
	if err := t.s.retag(ctx, TagInput{PolicyArn: arn}, p.Tags, before.Tags); err != nil {
		return stack.Result{}, err
	}
	return t.result(arn), nil
}

func (t managedType) newVersion(ctx context.Context, p *Policy, text Document) error {
	for i := len(p.Versions) - 1; len(p.Versions) >= maxVersions && i >= 0; i-- {
		if v := p.Versions[i]; !v.IsDefaultVersion {
			if _, err := t.s.DeletePolicyVersion(ctx, &PolicyVersionInput{PolicyArn: p.Arn, VersionId: v.VersionId}); err != nil {
				return err
			}
			break
		}
	}
	_, err := t.s.CreatePolicyVersion(ctx, &CreatePolicyVersionInput{PolicyArn: p.Arn, PolicyDocument: text, SetAsDefault: true})
	return err
}

// Delete implements [stack.Handler].
func (t managedType) Delete(ctx context.Context, r *stack.Request) error {
	p, err := decode[managedProperties](r.Properties)
	if err != nil {
		return err
	}
	if err := t.attach(ctx, r.PhysicalID, &managedProperties{}, p); err != nil {
		return err
	}
	record, ok := t.s.policies.Get(r.PhysicalID)
	if !ok {
		return nil
	}
	for _, v := range record.Versions {
		if !v.IsDefaultVersion {
			if _, err := t.s.DeletePolicyVersion(ctx, &PolicyVersionInput{PolicyArn: r.PhysicalID, VersionId: v.VersionId}); gone(err) != nil {
				return err
			}
		}
	}
	_, err = t.s.DeletePolicy(ctx, &PolicyArnInput{PolicyArn: r.PhysicalID})
	return gone(err)
}
