package endpoint_test

import (
	"strings"
	"testing"

	"github.com/hakonegate/hakone/internal/service/iam"
)

// The policies that delegate administration stand or fall with these keys.
func TestIAMCallsHaveTheirConditionKeys(t *testing.T) {
	const (
		boundary = "arn:aws:iam::aws:policy/PowerUserAccess"
		other    = "arn:aws:iam::aws:policy/ReadOnlyAccess"
		trust    = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}`
		inline   = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
	)
	p := start(t)
	delegate := p.user(t, "delegate", `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"iam:*","Resource":"*"},
		{"Sid":"Bounded","Effect":"Deny","Action":["iam:CreateUser","iam:PutRolePolicy","iam:PutUserPermissionsBoundary"],"Resource":"*","Condition":{"StringNotEquals":{"iam:PermissionsBoundary":"`+boundary+`"}}},
		{"Sid":"Kept","Effect":"Deny","Action":"iam:DeleteUserPermissionsBoundary","Resource":"*"},
		{"Sid":"Listed","Effect":"Deny","Action":"iam:Attach*","Resource":"*","Condition":{"ArnNotLike":{"iam:PolicyARN":"arn:aws:iam::aws:policy/service-role/*"}}},
		{"Sid":"Passed","Effect":"Deny","Action":"iam:PassRole","Resource":"*","Condition":{"StringNotEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}},
		{"Sid":"Tagged","Effect":"Deny","Action":"iam:CreateRole","Resource":"*","Condition":{"Null":{"aws:RequestTag/team":"true"}}},
		{"Sid":"Untagged","Effect":"Deny","Action":"iam:UntagRole","Resource":"*","Condition":{"ForAnyValue:StringEquals":{"aws:TagKeys":"team"}}},
		{"Sid":"Protected","Effect":"Deny","Action":"iam:DeleteRole","Resource":"*","Condition":{"StringEquals":{"iam:ResourceTag/Protected":"yes"}}}]}`)
	passing := p.user(t, "passing", `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["iam:AddRoleToInstanceProfile","iam:RemoveRoleFromInstanceProfile"],"Resource":"*"},
		{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}}]}`)
	for name, limit := range map[string]string{"bounded": boundary, "free": ""} {
		in := &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: trust, PermissionsBoundary: limit, Tags: []iam.Tag{{Key: "Protected", Value: "yes"}}}
		if _, err := p.iam.CreateRole(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.iam.CreateInstanceProfile(t.Context(), &iam.CreateInstanceProfileInput{InstanceProfileName: "profile"}); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		status int
		pairs  []string
	}{
		{"a user without a boundary", 403, []string{"CreateUser", "UserName", "u"}},
		{"with another one", 403, []string{"CreateUser", "UserName", "u", "PermissionsBoundary", other}},
		{"with the one that is asked for", 200, []string{"CreateUser", "UserName", "u", "PermissionsBoundary", boundary}},
		{"the boundary cannot be changed", 403, []string{"PutUserPermissionsBoundary", "UserName", "u", "PermissionsBoundary", other}},
		{"nor lifted", 403, []string{"DeleteUserPermissionsBoundary", "UserName", "u"}},
		{"a policy of a role that has the boundary", 200, []string{"PutRolePolicy", "RoleName", "bounded", "PolicyName", "p", "PolicyDocument", inline}},
		{"of a role that has none", 403, []string{"PutRolePolicy", "RoleName", "free", "PolicyName", "p", "PolicyDocument", inline}},
		{"a managed policy that is listed", 200, []string{"AttachRolePolicy", "RoleName", "free", "PolicyArn", "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}},
		{"one that is not", 403, []string{"AttachRolePolicy", "RoleName", "free", "PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess"}},
		{"a role without the tag", 403, []string{"CreateRole", "RoleName", "r", "AssumeRolePolicyDocument", trust}},
		{"with it", 200, []string{"CreateRole", "RoleName", "r", "AssumeRolePolicyDocument", trust, "Tags.member.1.Key", "team", "Tags.member.1.Value", "a"}},
		{"the tag stays", 403, []string{"UntagRole", "RoleName", "r", "TagKeys.member.1", "team"}},
		{"others may go", 200, []string{"UntagRole", "RoleName", "r", "TagKeys.member.1", "colour"}},
		{"a protected role", 403, []string{"DeleteRole", "RoleName", "free"}},
		{"another", 200, []string{"DeleteRole", "RoleName", "r"}},
		{"a role passed to an instance", 200, []string{"AddRoleToInstanceProfile", "InstanceProfileName", "profile", "RoleName", "free"}},
	}
	for _, tt := range tests {
		status, body := p.call(t, "iam", delegate, append([]string{"Action"}, tt.pairs...)...)
		if status != tt.status || status == 403 && !strings.Contains(body, "with an explicit deny in an identity-based policy") {
			t.Errorf("%s: %s = %d %s, want %d", tt.name, tt.pairs[0], status, body, tt.status)
		}
	}
	status, body := p.call(t, "iam", passing, "Action", "RemoveRoleFromInstanceProfile", "InstanceProfileName", "profile", "RoleName", "free")
	if status != 200 {
		t.Fatalf("RemoveRoleFromInstanceProfile = %d %s", status, body)
	}
	status, body = p.call(t, "iam", passing, "Action", "AddRoleToInstanceProfile", "InstanceProfileName", "profile", "RoleName", "free")
	if status != 403 || !strings.Contains(body, "not authorized to perform: iam:PassRole on resource: arn:aws:iam::"+account+":role/free") {
		t.Errorf("a role passed to a service that the policy does not name: %d %s", status, body)
	}
}
