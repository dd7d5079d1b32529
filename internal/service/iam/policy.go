package iam

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/wire"
	"github.com/hakonegate/hakone/policy"
)

const maxPolicyName = 128

// A Policy is a managed policy: one document, in versions, for many identities.
type Policy struct {
	PolicyName                    string
	PolicyId                      string
	Arn                           string
	Path                          string
	DefaultVersionId              string
	AttachmentCount               int
	PermissionsBoundaryUsageCount int
	IsAttachable                  bool
	Description                   string
	CreateDate                    time.Time
	UpdateDate                    time.Time
	Tags                          []Tag

	Versions []PolicyVersion `query:"-"`
	Made     int             `query:"-"` // versions ever made
}

// A PolicyVersion is one document of a managed policy.
type PolicyVersion struct {
	Document         Document
	VersionId        string
	IsDefaultVersion bool
	CreateDate       time.Time
}

// document returns the text of the default version.
func (p *Policy) document() Document {
	for _, v := range p.Versions {
		if v.VersionId == p.DefaultVersionId {
			return v.Document
		}
	}
	return ""
}

// CreatePolicyInput is the input of [Service.CreatePolicy].
type CreatePolicyInput struct {
	PolicyName     string `wire:"required"`
	Path           string
	PolicyDocument Document `wire:"required"`
	Description    string
	Tags           []Tag
}

// PolicyOutput is the answer of operations that return a policy.
type PolicyOutput struct{ Policy *Policy }

// CreatePolicy creates a customer managed policy with its version v1.
func (s *Service) CreatePolicy(ctx context.Context, in *CreatePolicyInput) (*PolicyOutput, error) {
	if err := checkName("policyName", in.PolicyName, maxPolicyName); err != nil {
		return nil, err
	}
	path, err := checkPath(in.Path)
	if err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	if err := checkManaged(in.PolicyDocument); err != nil {
		return nil, err
	}
	now := s.timestamp()
	p := Policy{
		PolicyName: in.PolicyName, PolicyId: newID(prefixPolicy), Arn: s.arn("policy", path, in.PolicyName), Path: path,
		DefaultVersionId: "v1", IsAttachable: true, Description: in.Description, CreateDate: now, UpdateDate: now, Tags: in.Tags,
		Versions: []PolicyVersion{{Document: in.PolicyDocument, VersionId: "v1", IsDefaultVersion: true, CreateDate: now}}, Made: 1,
	}
	err = s.store.Atomically(ctx, func(tx *store.Tx) error {
		for _, other := range s.policies.All() {
			if fold(other.PolicyName) == fold(p.PolicyName) {
				return exists("A policy called %s already exists. Duplicate names are not allowed.", in.PolicyName)
			}
		}
		return s.policies.In(tx).Create(p.Arn, p)
	})
	if errors.Is(err, store.ErrExists) {
		return nil, exists("A policy called %s already exists. Duplicate names are not allowed.", in.PolicyName)
	}
	if err != nil {
		return nil, err
	}
	s.compile()
	s.warn(ctx, policy.Identity, in.PolicyDocument, "policy "+in.PolicyName)
	return &PolicyOutput{&p}, nil
}

func checkManaged(text Document) error {
	if err := checkDocument(policy.Identity, text); err != nil {
		return err
	}
	if policy.Size(string(text)) > policy.MaxManagedSize {
		return limit("Cannot exceed quota for PolicySize: %d", policy.MaxManagedSize)
	}
	return nil
}

func noPolicy(arn string) error { return noSuch("Policy %s was not found.", arn) }

// PolicyArnInput names a managed policy.
type PolicyArnInput struct {
	PolicyArn string `wire:"required"`
	Page
}

// GetPolicy returns a managed policy, AWS's or the account's.
func (s *Service) GetPolicy(_ context.Context, in *PolicyArnInput) (*PolicyOutput, error) {
	p, ok := s.managed(in.PolicyArn)
	if !ok {
		return nil, noPolicy(in.PolicyArn)
	}
	s.count(&p)
	return &PolicyOutput{&p}, nil
}

// ListPoliciesInput selects managed policies.
type ListPoliciesInput struct {
	Scope        string // All, AWS or Local
	OnlyAttached bool
	PathPrefix   string
	Page
}

// ListPoliciesOutput is a page of policies.
type ListPoliciesOutput struct {
	Policies []Policy
	Paging
}

// ListPolicies lists managed policies, without their tags, as IAM does.
func (s *Service) ListPolicies(_ context.Context, in *ListPoliciesInput) (*ListPoliciesOutput, error) {
	list := []Policy{}
	add := func(p Policy) {
		s.count(&p)
		if strings.HasPrefix(p.Path, in.PathPrefix) && (!in.OnlyAttached || p.AttachmentCount > 0) {
			p.Tags = nil
			list = append(list, p)
		}
	}
	if in.Scope != "AWS" {
		for _, p := range s.policies.All() {
			add(p)
		}
	}
	if in.Scope != "Local" {
		for _, arn := range sortedKeys(s.aws) {
			add(s.aws[arn].record)
		}
	}
	list, paging, err := page(list, in.Page, func(p Policy) string { return p.PolicyName + "\x00" + p.Arn })
	if err != nil {
		return nil, err
	}
	return &ListPoliciesOutput{list, paging}, nil
}

// count fills in how many identities use p.
func (s *Service) count(p *Policy) {
	p.AttachmentCount, p.PermissionsBoundaryUsageCount = 0, 0
	use := func(g Grants, b *Boundary) {
		if g.attached(p.Arn) >= 0 {
			p.AttachmentCount++
		}
		if b != nil && b.PermissionsBoundaryArn == p.Arn {
			p.PermissionsBoundaryUsageCount++
		}
	}
	for _, u := range s.users.All() {
		use(u.Grants, u.PermissionsBoundary)
	}
	for _, g := range s.groups.All() {
		use(g.Grants, nil)
	}
	for _, r := range s.roles.All() {
		use(r.Grants, r.PermissionsBoundary)
	}
}

// DeletePolicy deletes a managed policy that nobody uses and that has no version
// but its default one.
func (s *Service) DeletePolicy(ctx context.Context, in *PolicyArnInput) (*wire.Nothing, error) {
	p, ok := s.policies.Get(in.PolicyArn)
	if !ok {
		return nil, noPolicy(in.PolicyArn)
	}
	switch s.count(&p); {
	case p.AttachmentCount > 0:
		return nil, conflict("Cannot delete a policy attached to entities.")
	case p.PermissionsBoundaryUsageCount > 0:
		return nil, conflict("Cannot delete a policy that is used as a permissions boundary.")
	case len(p.Versions) > 1:
		return nil, conflict("This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.")
	}
	return s.done(s.policies.Delete(ctx, in.PolicyArn))
}

// CreatePolicyVersionInput is the input of [Service.CreatePolicyVersion].
type CreatePolicyVersionInput struct {
	PolicyArn      string   `wire:"required"`
	PolicyDocument Document `wire:"required"`
	SetAsDefault   bool
}

// PolicyVersionOutput is the answer of operations that return a version.
type PolicyVersionOutput struct{ PolicyVersion *PolicyVersion }

// CreatePolicyVersion adds a version; a policy has five at most.
func (s *Service) CreatePolicyVersion(ctx context.Context, in *CreatePolicyVersionInput) (*PolicyVersionOutput, error) {
	if err := checkManaged(in.PolicyDocument); err != nil {
		return nil, err
	}
	s.warn(ctx, policy.Identity, in.PolicyDocument, "policy "+in.PolicyArn)
	var v PolicyVersion
	_, err := s.done(s.updatePolicy(ctx, in.PolicyArn, func(p *Policy) error {
		if len(p.Versions) >= maxVersions {
			return limit("A managed policy can have up to %d versions. Before you create a new version, you must delete an existing version.", maxVersions)
		}
		p.Made++
		v = PolicyVersion{Document: in.PolicyDocument, VersionId: fmt.Sprintf("v%d", p.Made), CreateDate: s.timestamp()}
		p.Versions = append([]PolicyVersion{v}, p.Versions...)
		p.UpdateDate = v.CreateDate
		if in.SetAsDefault {
			p.setDefault(v.VersionId)
			v.IsDefaultVersion = true
		}
		return nil
	}))
	if err != nil {
		return nil, err
	}
	v.Document = ""
	return &PolicyVersionOutput{&v}, nil
}

func (p *Policy) setDefault(id string) {
	p.DefaultVersionId = id
	for i := range p.Versions {
		p.Versions[i].IsDefaultVersion = p.Versions[i].VersionId == id
	}
}

func (p *Policy) version(id string) int {
	for i := range p.Versions {
		if p.Versions[i].VersionId == id {
			return i
		}
	}
	return -1
}

// PolicyVersionInput names a version.
type PolicyVersionInput struct {
	PolicyArn string `wire:"required"`
	VersionId string `wire:"required"`
}

func noVersion(in *PolicyVersionInput) error {
	return noSuch("Policy %s version %s does not exist or is not attachable.", in.PolicyArn, in.VersionId)
}

// GetPolicyVersion returns a version with its document.
func (s *Service) GetPolicyVersion(_ context.Context, in *PolicyVersionInput) (*PolicyVersionOutput, error) {
	p, ok := s.managed(in.PolicyArn)
	if !ok {
		return nil, noPolicy(in.PolicyArn)
	}
	i := p.version(in.VersionId)
	if i < 0 {
		return nil, noVersion(in)
	}
	return &PolicyVersionOutput{&p.Versions[i]}, nil
}

// ListPolicyVersionsOutput is a page of versions.
type ListPolicyVersionsOutput struct {
	Versions []PolicyVersion
	Paging
}

// ListPolicyVersions lists a policy's versions, without their documents.
func (s *Service) ListPolicyVersions(_ context.Context, in *PolicyArnInput) (*ListPolicyVersionsOutput, error) {
	p, ok := s.managed(in.PolicyArn)
	if !ok {
		return nil, noPolicy(in.PolicyArn)
	}
	versions := append([]PolicyVersion{}, p.Versions...)
	for i := range versions {
		versions[i].Document = ""
	}
	return &ListPolicyVersionsOutput{Versions: versions}, nil
}

// SetDefaultPolicyVersion chooses the version that counts.
func (s *Service) SetDefaultPolicyVersion(ctx context.Context, in *PolicyVersionInput) (*wire.Nothing, error) {
	return s.done(s.updatePolicy(ctx, in.PolicyArn, func(p *Policy) error {
		if p.version(in.VersionId) < 0 {
			return noVersion(in)
		}
		p.setDefault(in.VersionId)
		return nil
	}))
}

// DeletePolicyVersion deletes a version that is not the default one.
func (s *Service) DeletePolicyVersion(ctx context.Context, in *PolicyVersionInput) (*wire.Nothing, error) {
	return s.done(s.updatePolicy(ctx, in.PolicyArn, func(p *Policy) error {
		i := p.version(in.VersionId)
		switch {
		case i < 0:
			return noVersion(in)
		case in.VersionId == p.DefaultVersionId:
			return conflict("Cannot delete the default version of a policy.")
		}
		p.Versions = append(p.Versions[:i], p.Versions[i+1:]...)
		return nil
	}))
}

func (s *Service) updatePolicy(ctx context.Context, arn string, change func(*Policy) error) error {
	err := s.policies.Update(ctx, arn, change)
	if errors.Is(err, store.ErrNotFound) {
		return noPolicy(arn)
	}
	return err
}
