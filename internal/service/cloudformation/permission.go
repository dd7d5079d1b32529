package cloudformation

import (
	"context"
	"strings"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/template"
)

// typeActions are what a caller must be allowed for a stack to have a resource of
// a type, beyond the type's own Create action: with AWS, too, a stack can do what
// its caller can.
var typeActions = map[string][]string{
	"AWS::IAM::Role":                {"iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy"},
	"AWS::IAM::User":                {"iam:CreateUser", "iam:PutUserPolicy", "iam:AttachUserPolicy"},
	"AWS::IAM::Group":               {"iam:CreateGroup", "iam:PutGroupPolicy", "iam:AttachGroupPolicy"},
	"AWS::IAM::ManagedPolicy":       {"iam:CreatePolicy", "iam:AttachRolePolicy", "iam:AttachUserPolicy", "iam:AttachGroupPolicy"},
	"AWS::IAM::Policy":              {"iam:PutRolePolicy", "iam:PutUserPolicy", "iam:PutGroupPolicy"},
	"AWS::IAM::RolePolicy":          {"iam:PutRolePolicy"},
	"AWS::IAM::UserPolicy":          {"iam:PutUserPolicy"},
	"AWS::IAM::GroupPolicy":         {"iam:PutGroupPolicy"},
	"AWS::IAM::UserToGroupAddition": {"iam:AddUserToGroup"},
	"AWS::IAM::InstanceProfile":     {"iam:CreateInstanceProfile", "iam:PassRole"},
	"AWS::Lambda::Function":         {"lambda:CreateFunction", "iam:PassRole"},
	"AWS::Lambda::Permission":       {"lambda:AddPermission"},
	"AWS::Lambda::LayerVersion":     {"lambda:PublishLayerVersion"},
	"AWS::Lambda::Version":          {"lambda:PublishVersion"},
	"AWS::Lambda::Url":              {"lambda:CreateFunctionUrlConfig"},
	"AWS::EC2::Instance":            {"ec2:RunInstances", "iam:PassRole"},
	"AWS::EC2::EIP":                 {"ec2:AllocateAddress"},
	"AWS::S3::BucketPolicy":         {"s3:PutBucketPolicy"},
	"AWS::SSM::Parameter":           {"ssm:PutParameter"},
	"AWS::CloudFormation::Stack":    {"cloudformation:CreateStack", "iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PassRole"},
	customTypeName:                  {"lambda:InvokeFunction"},
	"AWS::CDK::Metadata":            {},
}

// actionsOf returns the actions that a resource type stands for.
func actionsOf(typeName string) []string {
	if strings.HasPrefix(typeName, "Custom::") {
		typeName = customTypeName
	}
	if actions, ok := typeActions[typeName]; ok {
		return actions
	}
	parts := strings.Split(typeName, "::")
	if len(parts) != 3 {
		return nil
	}
	switch service := strings.ToLower(parts[1]); service {
	case "apigateway", "apigatewayv2":
		return []string{"apigateway:POST"}
	default:
		return []string{service + ":Create" + parts[2]}
	}
}

// permission returns the check of what a template may hold when the caller in ctx
// deploys it, or the role that acts for him. The actions must be allowed on every resource: which ones there
// will be is not known before.
func (a api) permission(ctx context.Context, roleARN string) func(*Loaded) error {
	caller, facts := access.From(ctx)
	if roleARN != "" {
		role := a.s.role(roleARN)
		if role == nil {
			return func(*Loaded) error { return invalidRole(roleARN) }
		}
		caller = role.Caller("AWSCloudFormation")
	}
	return func(l *Loaded) error { return a.permit(caller, facts, l.Bound.Resources()) }
}

func (a api) permit(caller *access.Caller, facts *access.RequestFacts, resources []*template.Resource) error {
	asked := map[string]bool{}
	for _, r := range resources {
		for _, action := range actionsOf(r.Type) {
			if asked[action] {
				continue
			}
			asked[action] = true
			if d := access.Authorize(caller, facts, action, "*", a.s.cfg.Account, nil); !d.Allowed() {
				return access.Denied("AccessDenied", caller, action, "*", d)
			}
		}
	}
	return nil
}
