package iam_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/access/seal"
	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/service/iam"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/template"
	"github.com/hakonegate/hakone/sigv4"
)

const (
	account = "123456789012"
	trust   = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}`
	invoke  = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*"}}`
	denyAll = `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"execute-api:Invoke","Resource":"*"}}`
)

func newStore(t *testing.T) (*store.Store, *seal.Ring) {
	t.Helper()
	ctx := context.Background()
	e, err := engine.Start(ctx, engine.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	s, err := store.Open(ctx, e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	r, err := seal.Open(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	return s, r
}

func start(t *testing.T) *iam.Service {
	t.Helper()
	st, ring := newStore(t)
	s, err := iam.New(iam.Config{Store: st, Seal: ring, Account: account})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// code is the AWS code of an error, "" for none.
func code(err error) string {
	if e, ok := errors.AsType[*awserr.Error](err); ok {
		return e.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func mustUser(t *testing.T, s *iam.Service, name string) {
	t.Helper()
	if _, err := s.CreateUser(t.Context(), &iam.CreateUserInput{UserName: name}); err != nil {
		t.Fatal(err)
	}
}

// mustRole makes the role R.
func mustRole(t *testing.T, s *iam.Service, trust string) *iam.Role {
	t.Helper()
	out, err := s.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: "R", AssumeRolePolicyDocument: iam.Document(trust)})
	if err != nil {
		t.Fatal(err)
	}
	return out.Role
}

func mustKey(t *testing.T, s *iam.Service, user string) *iam.AccessKey {
	t.Helper()
	out, err := s.CreateAccessKey(t.Context(), &iam.UserNameInput{UserName: user})
	if err != nil {
		t.Fatal(err)
	}
	return out.AccessKey
}

// may reports whether the holder of an access key may invoke APIs.
func may(t *testing.T, s *iam.Service, keyID string) bool {
	t.Helper()
	k, err := s.Key(t.Context(), keyID, "")
	if err != nil {
		t.Fatal(err)
	}
	caller, ok := k.Caller.(*access.Caller)
	if !ok {
		t.Fatalf("caller is a %T", k.Caller)
	}
	return access.Authorize(caller, &access.RequestFacts{}, "execute-api:Invoke", "arn:aws:execute-api:r:"+account+":a/$default/GET/", account, nil).Allowed()
}

func TestRefusals(t *testing.T) {
	s, ctx := start(t), t.Context()
	mustUser(t, s, "bob")
	mustRole(t, s, trust)
	if _, err := s.AttachRolePolicy(ctx, &iam.RolePolicyInput{RoleName: "R", PolicyArn: "arn:aws:iam::aws:policy/AdministratorAccess"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: "P"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: "P", RoleName: "R"}); err != nil {
		t.Fatal(err)
	}
	role := func(name, path, trust string) error {
		_, err := s.CreateRole(ctx, &iam.CreateRoleInput{RoleName: name, Path: path, AssumeRolePolicyDocument: iam.Document(trust)})
		return err
	}
	tests := []struct {
		name string
		err  error
		want string // how the text begins, code first
	}{
		{"names are unique without regard to case", role("r", "", trust), "EntityAlreadyExists: Role with name r already exists."},
		{"a name has no spaces", role("a b", "", trust), "ValidationError: The specified value for roleName is invalid."},
		{"a role name has 64 characters at most", role(strings.Repeat("a", 65), "", trust), "ValidationError: 1 validation error detected: Value"},
		{"a path begins and ends with a slash", role("x", "/a", trust), "ValidationError: The specified value for path is invalid."},
		{"a trust policy is a policy", role("x", "", "{"), "MalformedPolicyDocument: Syntax errors in policy."},
		{"it trusts those who exist", role("x", "", strings.Replace(trust, `"Service":"ec2.amazonaws.com"`, `"AWS":"arn:aws:iam::123456789012:user/nobody"`, 1)), `MalformedPolicyDocument: Invalid principal in policy: "AWS":"arn:aws:iam::123456789012:user/nobody"`},
		{"managed policies exist", second(s.AttachUserPolicy(ctx, &iam.UserPolicyInput{UserName: "bob", PolicyArn: "arn:aws:iam::aws:policy/Nope"})), "NoSuchEntity: Policy arn:aws:iam::aws:policy/Nope does not exist or is not attachable."},
		{"boundaries too", second(s.CreateUser(ctx, &iam.CreateUserInput{UserName: "x", PermissionsBoundary: "arn:aws:iam::aws:policy/Nope"})), "NoSuchEntity: Scope ARN:"},
		{"nobody has no keys", second(s.CreateAccessKey(ctx, &iam.UserNameInput{UserName: "nobody"})), "NoSuchEntity: The user with name nobody cannot be found."},
		{"a profile has one role", second(s.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: "P", RoleName: "R"})), "LimitExceeded: Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"},
		{"a role in a profile stays", second(s.DeleteRole(ctx, &iam.RoleNameInput{RoleName: "R"})), "DeleteConflict: Cannot delete entity, must remove roles from instance profile first."},
		{"a profile with a role stays", second(s.DeleteInstanceProfile(ctx, &iam.InstanceProfileNameInput{InstanceProfileName: "P"})), "DeleteConflict: Cannot delete entity"},
		{"tags are unique without regard to case", second(s.CreateUser(ctx, &iam.CreateUserInput{UserName: "x", Tags: []iam.Tag{{Key: "a"}, {Key: "A"}}})), "InvalidInput: Duplicate tag keys"},
		{"a session lasts 12 hours at most", second(s.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: "R", MaxSessionDuration: new(43201)})), "ValidationError: 1 validation error detected: Value '43201'"},
		{"inline policies of a user are small", second(s.PutUserPolicy(ctx, &iam.UserPolicyInput{UserName: "bob", PolicyName: "p", PolicyDocument: big(2100)})), "LimitExceeded: Maximum policy size of 2048 bytes exceeded for user bob"},
		{"those of a role are larger", second(s.PutRolePolicy(ctx, &iam.RolePolicyInput{RoleName: "R", PolicyName: "p", PolicyDocument: big(10300)})), "LimitExceeded: Maximum policy size of 10240 bytes exceeded for role R"},
		{"managed policies too", second(s.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: "p", PolicyDocument: big(6200)})), "LimitExceeded: Cannot exceed quota for PolicySize: 6144"},
	}
	for _, tt := range tests {
		if tt.err == nil || !strings.HasPrefix(tt.err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s…", tt.name, tt.err, tt.want)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// big returns a policy of about n characters.
func big(n int) iam.Document {
	return iam.Document(strings.Replace(invoke, `"*"`, `"arn:aws:s3:::`+strings.Repeat("a", n-120)+`"`, 1))
}

func TestAccessKeysWorkWhileTheyAreActive(t *testing.T) {
	s, ctx := start(t), t.Context()
	mustUser(t, s, "bob")
	k := mustKey(t, s, "bob")
	got, err := s.Key(ctx, k.AccessKeyId, "")
	if err != nil || got.SecretAccessKey != k.SecretAccessKey {
		t.Fatalf("Key = %v, %v", got.SecretAccessKey == k.SecretAccessKey, err)
	}
	if _, err := s.Key(ctx, k.AccessKeyId, "token"); !errors.Is(err, sigv4.ErrInvalidToken) {
		t.Errorf("Key with a session token = %v, want ErrInvalidToken", err)
	}
	mustKey(t, s, "bob")
	if _, err := s.CreateAccessKey(ctx, &iam.UserNameInput{UserName: "bob"}); code(err) != "LimitExceeded" {
		t.Errorf("third key: %v", err)
	}
	if _, err := s.UpdateAccessKey(ctx, &iam.AccessKeyInput{UserName: "bob", AccessKeyId: k.AccessKeyId, Status: "Inactive"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Key(ctx, k.AccessKeyId, ""); !errors.Is(err, sigv4.ErrUnknownKey) {
		t.Errorf("inactive key: %v, want ErrUnknownKey", err)
	}
	if _, err := s.DeleteAccessKey(ctx, &iam.AccessKeyInput{UserName: "bob", AccessKeyId: k.AccessKeyId}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DeleteAccessKey(ctx, &iam.AccessKeyInput{UserName: "alice", AccessKeyId: k.AccessKeyId}); code(err) != "NoSuchEntity" {
		t.Errorf("somebody else's key: %v", err)
	}
	if _, err := s.Key(ctx, "test", ""); !errors.Is(err, sigv4.ErrUnknownKey) {
		t.Errorf("no key is special: %v", err)
	}
}

func TestPoliciesCountAtOnce(t *testing.T) {
	s, ctx := start(t), t.Context()
	mustUser(t, s, "bob")
	id := mustKey(t, s, "bob").AccessKeyId
	steps := []struct {
		name string
		do   func() error
		want bool
	}{
		{"nothing is allowed at first", func() error { return nil }, false},
		{"an inline policy allows", func() error {
			return second(s.PutUserPolicy(ctx, &iam.UserPolicyInput{UserName: "BOB", PolicyName: "p", PolicyDocument: invoke}))
		}, true},
		{"a group's deny wins", func() error {
			return errors.Join(
				second(s.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: "g"})),
				second(s.PutGroupPolicy(ctx, &iam.GroupPolicyInput{GroupName: "g", PolicyName: "d", PolicyDocument: denyAll})),
				second(s.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: "g", UserName: "bob"})))
		}, false},
		{"until the user leaves", func() error {
			return second(s.RemoveUserFromGroup(ctx, &iam.AddUserToGroupInput{GroupName: "g", UserName: "bob"}))
		}, true},
		{"a boundary limits", func() error {
			return second(s.PutUserPermissionsBoundary(ctx, &iam.PutBoundaryInput{UserName: "bob", PermissionsBoundary: "arn:aws:iam::aws:policy/AmazonAPIGatewayAdministrator"}))
		}, false},
		{"one that allows does not", func() error {
			return second(s.PutUserPermissionsBoundary(ctx, &iam.PutBoundaryInput{UserName: "bob", PermissionsBoundary: "arn:aws:iam::aws:policy/AmazonAPIGatewayInvokeFullAccess"}))
		}, true},
		{"a removed policy is gone", func() error {
			return second(s.DeleteUserPolicy(ctx, &iam.UserPolicyInput{UserName: "bob", PolicyName: "p"}))
		}, false},
		{"a managed policy allows", func() error {
			return errors.Join(
				second(s.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: "m", PolicyDocument: invoke})),
				second(s.AttachUserPolicy(ctx, &iam.UserPolicyInput{UserName: "bob", PolicyArn: "arn:aws:iam::123456789012:policy/m"})))
		}, true},
		{"its default version counts", func() error {
			return second(s.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: "arn:aws:iam::123456789012:policy/m", PolicyDocument: denyAll, SetAsDefault: true}))
		}, false},
		{"and can go back", func() error {
			return second(s.SetDefaultPolicyVersion(ctx, &iam.PolicyVersionInput{PolicyArn: "arn:aws:iam::123456789012:policy/m", VersionId: "v1"}))
		}, true},
	}
	for _, step := range steps {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if got := may(t, s, id); got != step.want {
			t.Errorf("%s: allowed = %v, want %v", step.name, got, step.want)
		}
	}
}

func TestTrustIsBoundToWhoWasNamed(t *testing.T) {
	s, ctx := start(t), t.Context()
	mustUser(t, s, "bob")
	role := mustRole(t, s, strings.Replace(trust, `"Service":"ec2.amazonaws.com"`, `"AWS":"arn:aws:iam::123456789012:user/bob"`, 1))
	trusts := func() bool {
		r, ok := s.RoleByARN(role.Arn)
		if !ok {
			t.Fatal("no role")
		}
		u := &access.User{Name: "bob", ARN: "arn:aws:iam::123456789012:user/bob", ID: "AIDA", AccountID: account}
		return access.AuthorizeTrust(u.Caller("AKIA"), &access.RequestFacts{}, "sts:AssumeRole", r).Allowed()
	}
	if !trusts() {
		t.Fatal("the role does not trust bob")
	}
	if _, err := s.DeleteUser(ctx, &iam.UserNameInput{UserName: "bob"}); err != nil {
		t.Fatal(err)
	}
	mustUser(t, s, "bob")
	if trusts() {
		t.Error("the role trusts another bob")
	}
}

func TestAdministratorIsMadeOnce(t *testing.T) {
	st, ring := newStore(t)
	s, err := iam.New(iam.Config{Store: st, Seal: ring, Account: account})
	if err != nil {
		t.Fatal(err)
	}
	first, err := s.Bootstrap(t.Context())
	if err != nil || !may(t, s, first.AccessKeyID) {
		t.Fatalf("Bootstrap = %v", err)
	}
	again, err := iam.New(iam.Config{Store: st, Seal: ring, Account: account})
	if err != nil {
		t.Fatal(err)
	}
	second, err := again.Bootstrap(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("another start has another key:\n%s", diff)
	}
	if _, err := s.DeleteAccessKey(t.Context(), &iam.AccessKeyInput{UserName: "Administrator", AccessKeyId: first.AccessKeyID}); err != nil {
		t.Fatal(err)
	}
	if gone, err := s.Bootstrap(t.Context()); gone != nil || err != nil {
		t.Errorf("a deleted key comes back: %v, %v", gone, err)
	}
}

func TestListsComeInPages(t *testing.T) {
	s, ctx := start(t), t.Context()
	for _, name := range []string{"b", "A", "c"} {
		mustUser(t, s, name)
	}
	var got []string
	in := &iam.ListUsersInput{Page: iam.Page{MaxItems: new(2)}}
	for {
		out, err := s.ListUsers(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range out.Users {
			got = append(got, u.UserName)
		}
		if !out.IsTruncated {
			break
		}
		in.Marker = out.Marker
	}
	if diff := cmp.Diff([]string{"A", "b", "c"}, got); diff != "" {
		t.Error(diff)
	}
}

// types finds a handler.
func types(t *testing.T, s *iam.Service, name string) stack.Handler {
	t.Helper()
	typ, ok := stack.Collect(s.Types())[name]
	if !ok {
		t.Fatalf("no type %s", name)
	}
	return typ.Handler
}

// properties parses one value in YAML's flow style.
func properties(t *testing.T, text string) *template.Node {
	t.Helper()
	n, _, err := template.Parse("t.yaml", []byte("X: "+text))
	if err != nil {
		t.Fatal(err)
	}
	return n.Get("X")
}

func TestRoleOfATemplate(t *testing.T) {
	s, ctx := start(t), t.Context()
	h := types(t, s, "AWS::IAM::Role")
	before := properties(t, `
  RoleName: Test-EC2Role
  Path: /app/
  MaxSessionDuration: '7200'
  AssumeRolePolicyDocument:
    Version: '2012-10-17'
    Statement:
      - {Effect: Allow, Principal: {Service: ec2.amazonaws.com}, Action: sts:AssumeRole}
  ManagedPolicyArns: ['arn:aws:iam::aws:policy/PowerUserAccess']
  Policies:
    - PolicyName: AllowInvokeApi
      PolicyDocument:
        Version: 2012-10-17
        Statement: [{Effect: Allow, Action: ['execute-api:Invoke'], Resource: '*'}]
  Tags: [{Key: a, Value: b}]
`)
	r := &stack.Request{Account: account, Type: "AWS::IAM::Role", ProposedName: "stack-Role-X", Properties: before}
	result, err := h.Create(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	if result.PhysicalID != "Test-EC2Role" || result.Attributes["Arn"] != "arn:aws:iam::123456789012:role/app/Test-EC2Role" || !strings.HasPrefix(result.Attributes["RoleId"], "AROA") {
		t.Errorf("Create = %+v", result)
	}
	r.PhysicalID = result.PhysicalID
	r.Properties = before.Clone()
	r.Properties.Delete("ManagedPolicyArns")
	r.Properties.Set("Policies", properties(t, `[{PolicyName: Other, PolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Deny, Action: '*', Resource: '*'}]}}]`))
	if _, err := h.Update(ctx, r, before); err != nil {
		t.Fatal(err)
	}
	inline, err := s.ListRolePolicies(ctx, &iam.RolePolicyInput{RoleName: "Test-EC2Role"})
	if err != nil {
		t.Fatal(err)
	}
	attached, err := s.ListAttachedRolePolicies(ctx, &iam.RolePolicyInput{RoleName: "Test-EC2Role"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Other"}, inline.PolicyNames); diff != "" || len(attached.AttachedPolicies) != 0 {
		t.Errorf("after the update: %s %v", diff, attached.AttachedPolicies)
	}
	for range 2 { // what is gone may be deleted again
		if err := h.Delete(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := s.RoleByARN(result.Attributes["Arn"]); ok {
		t.Error("the role is still there")
	}
}

func TestOtherTypesOfATemplate(t *testing.T) {
	s, ctx := start(t), t.Context()
	mustRole(t, s, trust)
	made := map[string]stack.Result{}
	create := func(name, text string) *stack.Request {
		t.Helper()
		r := &stack.Request{Account: account, Type: name, ProposedName: "stack-X-ABC", Properties: properties(t, text)}
		result, err := types(t, s, name).Create(ctx, r)
		if err != nil {
			t.Fatalf("create %s: %v", name, err)
		}
		made[name], r.PhysicalID = result, result.PhysicalID
		return r
	}
	requests := []*stack.Request{
		create("AWS::IAM::Group", `{GroupName: g, ManagedPolicyArns: ['arn:aws:iam::aws:policy/AmazonAPIGatewayInvokeFullAccess']}`),
		create("AWS::IAM::User", `{UserName: bob, LoginProfile: {Password: x}}`),
		create("AWS::IAM::UserToGroupAddition", `{GroupName: g, Users: [bob]}`),
		create("AWS::IAM::AccessKey", `{UserName: bob}`),
		create("AWS::IAM::Policy", `{PolicyName: p, Roles: [R], PolicyDocument: `+invoke+`}`),
		create("AWS::IAM::ManagedPolicy", `{ManagedPolicyName: m, Roles: [R], PolicyDocument: `+invoke+`}`),
		create("AWS::IAM::RolePolicy", `{PolicyName: q, RoleName: R, PolicyDocument: `+invoke+`}`),
		create("AWS::IAM::InstanceProfile", `{Roles: [R]}`),
	}
	if got := made["AWS::IAM::ManagedPolicy"].PhysicalID; got != "arn:aws:iam::123456789012:policy/m" {
		t.Errorf("Ref of a managed policy = %s", got)
	}
	if key := made["AWS::IAM::AccessKey"]; !may(t, s, key.PhysicalID) || len(key.Attributes["SecretAccessKey"]) != 40 {
		t.Errorf("the template's access key does not work: %+v", key.PhysicalID)
	}
	if _, role, ok := s.ProfileRole("stack-X-ABC"); !ok || role != "arn:aws:iam::123456789012:role/R" {
		t.Errorf("ProfileRole = %s, %v", role, ok)
	}
	for _, r := range slices.Backward(requests) {
		if err := types(t, s, r.Type).Delete(ctx, r); err != nil {
			t.Errorf("delete %s: %v", r.Type, err)
		}
	}
	if _, err := s.DeleteRole(ctx, &iam.RoleNameInput{RoleName: "R"}); err != nil {
		t.Errorf("something is left on the role: %v", err)
	}
	if out, err := s.ListUsers(ctx, &iam.ListUsersInput{}); err != nil || len(out.Users) != 0 {
		t.Errorf("users left: %v, %v", out, err)
	}
}

func TestUnknownAWSPolicyIsRefusedWithAHint(t *testing.T) {
	s := start(t)
	_, err := types(t, s, "AWS::IAM::Group").Create(t.Context(), &stack.Request{
		ProposedName: "g", Properties: properties(t, `{ManagedPolicyArns: ['arn:aws:iam::aws:policy/SecurityAudit']}`),
	})
	if err == nil || !strings.Contains(err.Error(), "Policy arn:aws:iam::aws:policy/SecurityAudit does not exist or is not attachable.") || !strings.Contains(err.Error(), "put the document") {
		t.Errorf("Create = %v", err)
	}
}

func TestSimulation(t *testing.T) {
	s, ctx := start(t), t.Context()
	mustRole(t, s, trust)
	if _, err := s.PutRolePolicy(ctx, &iam.RolePolicyInput{RoleName: "R", PolicyName: "p", PolicyDocument: invoke}); err != nil {
		t.Fatal(err)
	}
	out, err := s.SimulatePrincipalPolicy(ctx, &iam.SimulateInput{
		PolicySourceArn: "arn:aws:iam::123456789012:role/R", ActionNames: []string{"execute-api:Invoke", "iam:GetUser"}, PolicyInputList: []iam.Document{denyAll},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range out.EvaluationResults {
		got = append(got, r.EvalActionName+" "+r.EvalDecision)
	}
	if diff := cmp.Diff([]string{"execute-api:Invoke explicitDeny", "iam:GetUser implicitDeny"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestALoginProfileIsToldToHaveNoEffect(t *testing.T) {
	s := start(t)
	var told []string
	ctx := stack.WithWarnings(t.Context(), func(text string) { told = append(told, text) })
	r := &stack.Request{LogicalID: "U", ProposedName: "u", Properties: properties(t, "{LoginProfile: {Password: secret}}")}
	if _, err := types(t, s, "AWS::IAM::User").Create(ctx, r); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"U: LoginProfile has no effect here: there is no console to log in to"}, told); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}
