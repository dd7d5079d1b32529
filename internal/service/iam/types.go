package iam

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

// Types returns the CloudFormation resource types that IAM serves. Each handler
// calls the operations that the wire calls.
func (s *Service) Types() []stack.Type {
	return []stack.Type{
		{
			Name: "AWS::IAM::Role", Level: stack.Real, Handler: roleType{s}, Properties: roleProperties{},
			Replace: []string{"RoleName", "Path"}, Attributes: []string{"Arn", "RoleId"}, Required: []string{"AssumeRolePolicyDocument"},
			NameProperty: "RoleName", MaxName: maxRoleName,
		},
		{
			Name: "AWS::IAM::User", Level: stack.Real, Handler: userType{s}, Properties: userProperties{},
			Replace: []string{"UserName"}, Attributes: []string{"Arn"}, NameProperty: "UserName", MaxName: maxUserName,
		},
		{
			Name: "AWS::IAM::Group", Level: stack.Real, Handler: groupType{s}, Properties: groupProperties{},
			Replace: []string{"GroupName"}, Attributes: []string{"Arn"}, NameProperty: "GroupName", MaxName: maxGroupName,
		},
		{
			Name: "AWS::IAM::UserToGroupAddition", Level: stack.Real, Handler: additionType{s}, Properties: additionProperties{},
			Replace: []string{"GroupName"}, Attributes: []string{"Id"}, Required: []string{"GroupName", "Users"},
		},
		{
			Name: "AWS::IAM::Policy", Level: stack.Real, Handler: inlineType{s}, Properties: inlineProperties{},
			Attributes: []string{"Id"}, Required: []string{"PolicyName", "PolicyDocument"},
		},
		{
			Name: "AWS::IAM::RolePolicy", Level: stack.Real, Handler: embeddedType{s, "RoleName", s.roleGrants()}, Properties: embeddedProperties{},
			Replace: []string{"PolicyName", "RoleName"}, Required: []string{"PolicyName", "RoleName"},
		},
		{
			Name: "AWS::IAM::UserPolicy", Level: stack.Real, Handler: embeddedType{s, "UserName", s.userGrants()}, Properties: embeddedProperties{},
			Replace: []string{"PolicyName", "UserName"}, Required: []string{"PolicyName", "UserName"},
		},
		{
			Name: "AWS::IAM::GroupPolicy", Level: stack.Real, Handler: embeddedType{s, "GroupName", s.groupGrants()}, Properties: embeddedProperties{},
			Replace: []string{"PolicyName", "GroupName"}, Required: []string{"PolicyName", "GroupName"},
		},
		{
			Name: "AWS::IAM::ManagedPolicy", Level: stack.Real, Handler: managedType{s}, Properties: managedProperties{},
			Replace: []string{"ManagedPolicyName", "Path", "Description"},
			Attributes: []string{
				"PolicyArn", "PolicyId", "AttachmentCount", "CreateDate", "DefaultVersionId", "IsAttachable", "PermissionsBoundaryUsageCount", "UpdateDate",
			},
			Required: []string{"PolicyDocument"}, NameProperty: "ManagedPolicyName", MaxName: maxPolicyName,
		},
		{
			Name: "AWS::IAM::InstanceProfile", Level: stack.Real, Handler: profileType{s}, Properties: profileProperties{},
			Replace: []string{"InstanceProfileName", "Path"}, Attributes: []string{"Arn"}, Required: []string{"Roles"},
			NameProperty: "InstanceProfileName", MaxName: maxProfileName,
		},
		{
			Name: "AWS::IAM::OIDCProvider", Level: stack.Real, Handler: oidcType{s}, Properties: oidcProperties{},
			Replace: []string{"Url"}, Attributes: []string{"Arn"}, Required: []string{"Url"},
		},
		{
			Name: "AWS::IAM::AccessKey", Level: stack.Real, Handler: accessKeyType{s}, Properties: accessKeyProperties{},
			Replace: []string{"UserName", "Serial"}, Attributes: []string{"SecretAccessKey"}, Required: []string{"UserName"},
		},
	}
}

// A document is a policy in a template: an object, or its text.
type document struct{ Document }

// UnmarshalNode implements [template.Unmarshaler].
func (d *document) UnmarshalNode(n *template.Node) error {
	if n.IsScalar() {
		d.Document = Document(n.Value)
		return nil
	}
	text, err := n.MarshalJSON()
	d.Document = Document(text)
	return err
}

// An inlineDocument is the document of an inline policy in a template. It may lack
// its Version, as those of SAM's policy templates do: CloudFormation takes them,
// though IAM's API would not.
type inlineDocument struct{ document }

// UnmarshalNode implements [template.Unmarshaler].
func (d *inlineDocument) UnmarshalNode(n *template.Node) error {
	if n.IsMap() && !n.Has("Version") {
		n = n.Clone()
		n.Pairs = append([]template.Pair{template.P("Version", template.Text("2012-10-17"))}, n.Pairs...)
	}
	return d.document.UnmarshalNode(n)
}

// A namedPolicy is one of the Policies of a role, user or group.
type namedPolicy struct {
	PolicyName     string         `required:"true"`
	PolicyDocument inlineDocument `required:"true"`
}

// decode reads properties into a struct.
func decode[T any](n *template.Node) (*T, error) {
	p := new(T)
	if n == nil {
		return p, nil
	}
	return p, n.Decode(p)
}

// gone turns the refusal of something that is not there into success, as
// deletions want it.
func gone(err error) error {
	var e *awserr.Error
	if errors.As(err, &e) && e.Code == "NoSuchEntity" {
		return nil
	}
	return err
}

// regrant brings the policies of a template's role, user or group to what the new
// properties say; others, given by other resources, stay. Names and ARNs that
// were asked for before and no longer are go.
func (s *Service) regrant(ctx context.Context, h holder, name string, policies, oldPolicies []namedPolicy, arns, oldARNs []string) error {
	keep := map[string]bool{}
	for _, p := range policies {
		keep[p.PolicyName] = true
		if _, err := s.put(ctx, h, name, p.PolicyName, p.PolicyDocument.Document); err != nil {
			return err
		}
	}
	for _, p := range oldPolicies {
		if !keep[p.PolicyName] {
			if _, err := s.remove(ctx, h, name, p.PolicyName); gone(err) != nil {
				return err
			}
		}
	}
	attached := map[string]bool{}
	for _, arn := range arns {
		attached[arn] = true
	}
	for _, arn := range oldARNs {
		if !attached[arn] {
			if _, err := s.detach(ctx, h, name, arn); gone(err) != nil {
				return err
			}
		}
	}
	for _, arn := range arns {
		if err := s.attachHinting(ctx, h, name, arn); err != nil {
			return err
		}
	}
	return nil
}

// attachHinting is attach with a hint for AWS's policies that are not built in.
func (s *Service) attachHinting(ctx context.Context, h holder, name, arn string) error {
	_, err := s.attach(ctx, h, name, arn)
	var e *awserr.Error
	if errors.As(err, &e) && e.Code == "NoSuchEntity" && strings.Contains(arn, ":iam::aws:policy/") {
		return &awserr.Error{Code: e.Code, Status: e.Status, Err: err, Message: fmt.Sprintf(
			"%s (hakone has the AWS managed policies that templates commonly name; put the document of this one into the template)", e.Message)}
	}
	return err
}

// retag brings tags to what the template says.
func (s *Service) retag(ctx context.Context, in TagInput, tags, oldTags []Tag) error {
	keep := map[string]bool{}
	for _, t := range tags {
		keep[t.Key] = true
	}
	for _, t := range oldTags {
		if !keep[t.Key] {
			in.TagKeys = append(in.TagKeys, t.Key)
		}
	}
	if len(in.TagKeys) > 0 {
		if _, err := s.Untag(ctx, &in); err != nil {
			return err
		}
	}
	if len(tags) > 0 {
		in.Tags = tags
		if _, err := s.Tag(ctx, &in); err != nil {
			return err
		}
	}
	return nil
}
