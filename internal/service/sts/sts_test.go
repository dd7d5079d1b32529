package sts_test

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/access/seal"
	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/service/sts"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/policy"
	"github.com/hakonegate/hakone/sigv4"
)

const (
	account = "123456789012"
	roleARN = "arn:aws:iam::123456789012:role/app/R"
	userARN = "arn:aws:iam::123456789012:user/bob"
)

// identities are one user, and roles by id.
type identities struct {
	roles    map[string]*access.Role
	user     *access.User
	managed  map[string]*policy.Policy
	revision uint64
}

func (i *identities) Key(_ context.Context, id, token string) (sigv4.Key, error) {
	switch {
	case id != "AKIABOB":
		return sigv4.Key{}, sigv4.ErrUnknownKey
	case token != "":
		return sigv4.Key{}, sigv4.ErrInvalidToken
	default:
		return sigv4.Key{SecretAccessKey: "secret", Caller: i.user.Caller(id)}, nil
	}
}

func (i *identities) RoleByARN(arn string) (*access.Role, bool) {
	for _, r := range i.roles {
		if r.ARN == arn {
			return r, true
		}
	}
	return nil, false
}
func (i *identities) RoleByID(id string) (*access.Role, bool) { r, ok := i.roles[id]; return r, ok }
func (i *identities) UserByID(id string) (*access.User, bool) {
	return i.user, i.user != nil && i.user.ID == id
}

func (i *identities) ManagedPolicy(arn string) (*policy.Policy, bool) {
	p, ok := i.managed[arn]
	return p, ok
}
func (i *identities) Revision() uint64 { return i.revision }

func parse(tb testing.TB, kind policy.Kind, text string) *policy.Policy {
	tb.Helper()
	d, err := policy.Parse(kind, []byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	return policy.New("p", "", d)
}

// allow returns a policy that allows actions.
func allow(tb testing.TB, kind policy.Kind, actions string) *policy.Policy {
	tb.Helper()
	return parse(tb, kind, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":[`+actions+`],"Resource":"*"}}`)
}

// trusting returns a trust policy: principal and condition are JSON.
func trusting(tb testing.TB, principal, actions, condition string) *policy.Policy {
	tb.Helper()
	if condition == "" {
		condition = "{}"
	}
	return parse(tb, policy.Trust, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":`+principal+`,"Action":[`+actions+`],"Condition":`+condition+`}}`)
}

type fixture struct {
	*sts.Service
	ids *identities
	now time.Time
}

func start(tb testing.TB) *fixture {
	tb.Helper()
	return startWith(tb, nil)
}

func startWith(tb testing.TB, web sts.WebIdentities) *fixture {
	tb.Helper()
	ctx := context.Background()
	e, err := engine.Start(ctx, engine.Config{Dir: tb.TempDir()})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = e.Close() })
	st, err := store.Open(ctx, e)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = st.Close() })
	ring, err := seal.Open(ctx, st)
	if err != nil {
		tb.Fatal(err)
	}
	f := &fixture{now: time.Date(2031, 3, 9, 12, 0, 0, 0, time.UTC)}
	f.ids = &identities{
		user: &access.User{Name: "bob", ARN: userARN, ID: "AIDABOB", AccountID: account, Policies: policy.Set{Identity: []*policy.Policy{allow(tb, policy.Identity, `"*"`)}}},
		roles: map[string]*access.Role{"AROAR": {
			Name: "R", ARN: roleARN, ID: "AROAR", AccountID: account, MaxSession: 2 * time.Hour, Tags: map[string]string{"Team": "red"},
			Policies: policy.Set{Identity: []*policy.Policy{allow(tb, policy.Identity, `"execute-api:Invoke","sts:*"`)}},
			Trust:    trusting(tb, `{"AWS":"`+userARN+`"}`, `"sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"`, ""),
		}},
	}
	if f.Service, err = sts.New(sts.Config{Identities: f.ids, Seal: ring, Account: account, WebIdentities: web, Now: func() time.Time { return f.now }}); err != nil {
		tb.Fatal(err)
	}
	return f
}

// as returns the context of a call by the owner of credentials, "" for bob.
func (f *fixture) as(tb testing.TB, c *sts.Credentials) context.Context {
	tb.Helper()
	id, token := "AKIABOB", ""
	if c != nil {
		id, token = c.AccessKeyId, c.SessionToken
	}
	k, err := f.Key(tb.Context(), id, token)
	if err != nil {
		tb.Fatal(err)
	}
	return access.With(tb.Context(), k.Caller.(*access.Caller), &access.RequestFacts{Time: f.now})
}

func (f *fixture) assume(tb testing.TB, in sts.AssumeRoleInput) *sts.AssumeRoleOutput {
	tb.Helper()
	in.RoleArn, in.RoleSessionName = roleARN, "sess"
	out, err := f.AssumeRole(f.as(tb, nil), &in)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

func (f *fixture) caller(tb testing.TB, c *sts.Credentials) *access.Caller {
	tb.Helper()
	caller, _ := access.From(f.as(tb, c))
	return caller
}

func TestSessionIsTheRoles(t *testing.T) {
	f := start(t)
	out := f.assume(t, sts.AssumeRoleInput{Tags: []sts.Tag{{Key: "team", Value: "blue"}}, SourceIdentity: "alice"})
	if got, want := out.AssumedRoleUser.Arn, "arn:aws:sts::123456789012:assumed-role/R/sess"; got != want {
		t.Errorf("Arn = %s, want %s (without the role's path)", got, want)
	}
	if got, want := out.Credentials.Expiration, f.now.Add(time.Hour); !got.Equal(want) {
		t.Errorf("Expiration = %s, want %s", got, want)
	}
	c := f.caller(t, out.Credentials)
	if diff := cmp.Diff(map[string]string{"team": "blue"}, c.Tags); diff != "" {
		t.Errorf("a session tag overrides the role's: %s", diff)
	}
	if c.PrincipalARN != roleARN || c.UserID != "AROAR:sess" || c.SourceIdentity != "alice" || !c.Temporary {
		t.Errorf("caller = %+v", c)
	}
	if !strings.HasPrefix(out.Credentials.AccessKeyId, "ASIA") || len(out.Credentials.AccessKeyId) != 20 || len(out.Credentials.SecretAccessKey) != 40 {
		t.Errorf("credentials of the wrong shape: %s", out.Credentials.AccessKeyId)
	}
}

func TestTokensAreRefused(t *testing.T) {
	f := start(t)
	one, other := f.assume(t, sts.AssumeRoleInput{}).Credentials, f.assume(t, sts.AssumeRoleInput{}).Credentials
	box, err := base64.StdEncoding.DecodeString(one.SessionToken)
	if err != nil {
		t.Fatal(err)
	}
	box[len(box)/2] ^= 1
	foreign := start(t).assume(t, sts.AssumeRoleInput{}).Credentials
	tests := []struct {
		name, id, token string
		want            error
	}{
		{"no token", one.AccessKeyId, "", sigv4.ErrInvalidToken},
		{"truncated", one.AccessKeyId, one.SessionToken[:len(one.SessionToken)-8], sigv4.ErrInvalidToken},
		{"forged", one.AccessKeyId, base64.StdEncoding.EncodeToString(box), sigv4.ErrInvalidToken},
		{"of another key", one.AccessKeyId, other.SessionToken, sigv4.ErrInvalidToken},
		{"of another installation", foreign.AccessKeyId, foreign.SessionToken, sigv4.ErrInvalidToken},
		{"with a line break", one.AccessKeyId, one.SessionToken + "\n", sigv4.ErrInvalidToken},
		{"not base64", one.AccessKeyId, "!", sigv4.ErrInvalidToken},
		{"huge", one.AccessKeyId, strings.Repeat("A", 1<<20), sigv4.ErrInvalidToken},
		{"beside a long-term key", "AKIABOB", one.SessionToken, sigv4.ErrInvalidToken},
		{"an unknown long-term key", "test", "", sigv4.ErrUnknownKey},
	}
	for _, tt := range tests {
		if _, err := f.Key(t.Context(), tt.id, tt.token); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	if _, err := f.Key(t.Context(), one.AccessKeyId, one.SessionToken); err != nil {
		t.Errorf("the good one: %v", err)
	}
	f.now = f.now.Add(time.Hour)
	if _, err := f.Key(t.Context(), one.AccessKeyId, one.SessionToken); !errors.Is(err, sigv4.ErrExpiredToken) {
		t.Errorf("at its end: %v, want ErrExpiredToken", err)
	}
}

func TestSessionsEndWithTheirRole(t *testing.T) {
	f := start(t)
	c := f.assume(t, sts.AssumeRoleInput{}).Credentials
	f.caller(t, c) // it is remembered
	recreated := *f.ids.roles["AROAR"]
	recreated.ID = "AROANEW"
	f.ids.roles = map[string]*access.Role{"AROANEW": &recreated}
	f.ids.revision++
	if _, err := f.Key(t.Context(), c.AccessKeyId, c.SessionToken); !errors.Is(err, sigv4.ErrInvalidToken) {
		t.Errorf("Key = %v, want ErrInvalidToken", err)
	}
}

func TestPoliciesAreThoseOfTheMoment(t *testing.T) {
	f := start(t)
	c := f.assume(t, sts.AssumeRoleInput{}).Credentials
	allowed := func() bool {
		return access.Authorize(f.caller(t, c), &access.RequestFacts{}, "execute-api:Invoke", "arn:aws:execute-api:r:"+account+":a/x/GET/", account, nil).Allowed()
	}
	if !allowed() {
		t.Fatal("the role's policy does not allow")
	}
	stripped := *f.ids.roles["AROAR"]
	stripped.Policies = policy.Set{}
	f.ids.roles["AROAR"] = &stripped
	f.ids.revision++
	if allowed() {
		t.Error("a detached policy still allows")
	}
}

func TestSessionPoliciesLimit(t *testing.T) {
	f := start(t)
	f.ids.managed = map[string]*policy.Policy{"arn:aws:iam::aws:policy/M": allow(t, policy.Identity, `"execute-api:Invoke"`)}
	tests := []struct {
		name string
		in   sts.AssumeRoleInput
		want bool
	}{
		{"none", sts.AssumeRoleInput{}, true},
		{"one that allows", sts.AssumeRoleInput{Policy: `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"execute-api:*","Resource":"*"}}`}, true},
		{"one that is silent", sts.AssumeRoleInput{Policy: `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`}, false},
		{"a managed one in union", sts.AssumeRoleInput{
			Policy:     `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`,
			PolicyArns: []sts.PolicyDescriptor{{Arn: "arn:aws:iam::aws:policy/M"}},
		}, true},
	}
	for _, tt := range tests {
		out := f.assume(t, tt.in)
		got := access.Authorize(f.caller(t, out.Credentials), &access.RequestFacts{}, "execute-api:Invoke", "arn:aws:execute-api:r:"+account+":a/x/GET/", account, nil).Allowed()
		if got != tt.want {
			t.Errorf("%s: allowed = %v, want %v", tt.name, got, tt.want)
		}
		if packed := out.PackedPolicySize != nil; packed != (tt.in.Policy != "") {
			t.Errorf("%s: PackedPolicySize told: %v", tt.name, packed)
		}
	}
}

func TestAssumeRoleRefuses(t *testing.T) {
	f := start(t)
	roles := f.ids.roles
	add := func(name string, trust *policy.Policy) string {
		r := *roles["AROAR"]
		r.Name, r.ARN, r.ID, r.Trust = name, "arn:aws:iam::123456789012:role/"+name, "AROA"+name, trust
		roles[r.ID] = &r
		return r.ARN
	}
	bob := `{"AWS":"` + userARN + `"}`
	service := add("Service", trusting(t, `{"Service":"ec2.amazonaws.com"}`, `"sts:AssumeRole"`, ""))
	external := add("External", trusting(t, bob, `"sts:AssumeRole"`, `{"StringEquals":{"sts:ExternalId":"e-1"}}`))
	named := add("Named", trusting(t, bob, `"sts:AssumeRole"`, `{"StringEquals":{"sts:RoleSessionName":"bob"}}`))
	untagged := add("Untagged", trusting(t, bob, `"sts:AssumeRole"`, ""))
	chain := add("Chain", trusting(t, `{"AWS":"`+roleARN+`"}`, `"sts:AssumeRole","sts:TagSession"`, ""))

	session := f.assume(t, sts.AssumeRoleInput{Tags: []sts.Tag{{Key: "t", Value: "v"}}, TransitiveTagKeys: []string{"t"}}).Credentials
	root := access.With(t.Context(), &access.Caller{Kind: policy.Root, AccountID: account, ARN: "arn:aws:iam::123456789012:root"}, &access.RequestFacts{})
	denied := func(arn string) string {
		return "AccessDenied: User: " + userARN + " is not authorized to perform: sts:AssumeRole on resource: " + arn
	}
	tests := []struct {
		name string
		ctx  context.Context
		in   sts.AssumeRoleInput
		want string // how the text begins; "" for success
	}{
		{"a role that trusts only a service", f.as(t, nil), sts.AssumeRoleInput{RoleArn: service}, denied(service)},
		{"a role that does not exist, in the same words", f.as(t, nil), sts.AssumeRoleInput{RoleArn: roleARN + "x"}, denied(roleARN + "x")},
		{"no external id", f.as(t, nil), sts.AssumeRoleInput{RoleArn: external}, denied(external)},
		{"the external id", f.as(t, nil), sts.AssumeRoleInput{RoleArn: external, ExternalId: new("e-1")}, ""},
		{"another session name", f.as(t, nil), sts.AssumeRoleInput{RoleArn: named}, denied(named)},
		{"tags need TagSession", f.as(t, nil), sts.AssumeRoleInput{RoleArn: untagged, Tags: []sts.Tag{{Key: "a", Value: "b"}}}, "AccessDenied: User: " + userARN + " is not authorized to perform: sts:TagSession"},
		{"a source identity needs SetSourceIdentity", f.as(t, nil), sts.AssumeRoleInput{RoleArn: untagged, SourceIdentity: "me"}, "AccessDenied: User: " + userARN + " is not authorized to perform: sts:SetSourceIdentity"},
		{"root", root, sts.AssumeRoleInput{RoleArn: roleARN}, "AccessDenied: Roles may not be assumed by root accounts."},
		{"a session name with a blank", f.as(t, nil), sts.AssumeRoleInput{RoleArn: roleARN, RoleSessionName: "a b"}, "ValidationError: 1 validation error detected: Value 'a b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy"},
		{"longer than the role lets", f.as(t, nil), sts.AssumeRoleInput{RoleArn: roleARN, DurationSeconds: new(7201)}, "ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role."},
		{"as long as the role lets", f.as(t, nil), sts.AssumeRoleInput{RoleArn: roleARN, DurationSeconds: new(7200)}, ""},
		{"too short", f.as(t, nil), sts.AssumeRoleInput{RoleArn: roleARN, DurationSeconds: new(899)}, "ValidationError: 1 validation error detected: Value '899'"},
		{"chained for more than an hour", f.as(t, session), sts.AssumeRoleInput{RoleArn: chain, DurationSeconds: new(3601)}, "ValidationError: The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."},
		{"chained for an hour", f.as(t, session), sts.AssumeRoleInput{RoleArn: chain, DurationSeconds: new(3600)}, ""},
		{"a transitive tag cannot change", f.as(t, session), sts.AssumeRoleInput{RoleArn: chain, Tags: []sts.Tag{{Key: "T", Value: "w"}}}, "InvalidParameterValue: One of the specified transitive tag keys can't be set"},
		{"a malformed session policy", f.as(t, nil), sts.AssumeRoleInput{RoleArn: roleARN, Policy: "{"}, "MalformedPolicyDocument: "},
		{"a managed policy that does not exist", f.as(t, nil), sts.AssumeRoleInput{RoleArn: roleARN, PolicyArns: []sts.PolicyDescriptor{{Arn: "arn:aws:iam::aws:policy/No"}}}, "ValidationError: Policy arn:aws:iam::aws:policy/No does not exist"},
		{"an MFA code, since there are no devices", f.as(t, nil), sts.AssumeRoleInput{RoleArn: roleARN, SerialNumber: "x", TokenCode: "123456"}, "AccessDenied: MultiFactorAuthentication failed"},
	}
	for _, tt := range tests {
		if tt.in.RoleSessionName == "" {
			tt.in.RoleSessionName = "sess"
		}
		_, err := f.AssumeRole(tt.ctx, &tt.in)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if tt.want == "" && got != "" || !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: %q, want %q…", tt.name, got, tt.want)
		}
	}
	out, err := f.AssumeRole(f.as(t, session), &sts.AssumeRoleInput{RoleArn: chain, RoleSessionName: "two"})
	if err != nil {
		t.Fatal(err)
	}
	if got := f.caller(t, out.Credentials).Tags["t"]; got != "v" {
		t.Errorf("transitive tag down the chain = %q, want v", got)
	}
}

func TestServicesAssumeRolesThatTrustThem(t *testing.T) {
	f := start(t)
	f.ids.roles["AROAR"].Trust = trusting(t, `{"Service":"ec2.amazonaws.com"}`, `"sts:AssumeRole"`, "")
	want := access.Session{RoleARN: roleARN, SessionName: "i-0123", Duration: 6 * time.Hour, Origin: access.Origin{RoleDelivery: "2.0", PrivateIP: "10.0.0.1"}}
	if _, err := f.AssumeForService(t.Context(), "lambda.amazonaws.com", want); err == nil || !strings.HasPrefix(err.Error(), "AccessDenied: User: lambda.amazonaws.com is not authorized") {
		t.Errorf("another service: %v", err)
	}
	c, err := f.AssumeForService(t.Context(), "ec2.amazonaws.com", want)
	if err != nil {
		t.Fatal(err)
	}
	caller := f.caller(t, &sts.Credentials{AccessKeyId: c.AccessKeyID, SessionToken: c.SessionToken})
	if caller.Origin != want.Origin || caller.ARN != "arn:aws:sts::123456789012:assumed-role/R/i-0123" || caller.Direct {
		t.Errorf("caller = %+v", caller)
	}
	if !c.Expiration.Equal(f.now.Add(6 * time.Hour)) {
		t.Errorf("Expiration = %s", c.Expiration)
	}
}

// The guard against a confused deputy: a role that one function's service calls
// may assume is not another's.
func TestTrustOfServicesAsksForTheSource(t *testing.T) {
	const function = "arn:aws:lambda:eu-west-1:123456789012:function:"
	f := start(t)
	f.ids.roles["AROAR"].Trust = trusting(t, `{"Service":"lambda.amazonaws.com"}`, `"sts:AssumeRole"`,
		`{"StringEquals":{"aws:SourceAccount":"123456789012"},"ArnLike":{"aws:SourceArn":"`+function+`mine"}}`)
	for source, want := range map[string]bool{function + "mine": true, function + "other": false, "": false} {
		_, err := f.AssumeForService(t.Context(), "lambda.amazonaws.com", access.Session{RoleARN: roleARN, SessionName: "mine", SourceARN: source})
		if (err == nil) != want {
			t.Errorf("for %q: %v, want allowed %v", source, err, want)
		}
	}
}

func TestTokensOfUsers(t *testing.T) {
	f := start(t)
	out, err := f.GetSessionToken(f.as(t, nil), &sts.GetSessionTokenInput{})
	if err != nil {
		t.Fatal(err)
	}
	c := f.caller(t, out.Credentials)
	if c.ARN != userARN || c.UserName != "bob" || !c.Temporary || !c.NoIAM {
		t.Errorf("caller = %+v", c)
	}
	if _, err := f.GetSessionToken(f.as(t, out.Credentials), &sts.GetSessionTokenInput{}); err == nil || !strings.Contains(err.Error(), "Cannot call GetSessionToken with session credentials") {
		t.Errorf("with session credentials: %v", err)
	}
	federated, err := f.GetFederationToken(f.as(t, nil), &sts.GetFederationTokenInput{Name: "guest"})
	if err != nil {
		t.Fatal(err)
	}
	guest := f.caller(t, federated.Credentials)
	if guest.ARN != "arn:aws:sts::123456789012:federated-user/guest" || guest.UserID != "123456789012:guest" {
		t.Errorf("guest = %+v", guest)
	}
	if access.Authorize(guest, &access.RequestFacts{}, "execute-api:Invoke", "arn:aws:execute-api:r:"+account+":a/x/GET/", account, nil).Allowed() {
		t.Error("a federated user without session policies may act")
	}
	f.ids.user, f.ids.revision = nil, 1
	if _, err := f.Key(t.Context(), out.Credentials.AccessKeyId, out.Credentials.SessionToken); !errors.Is(err, sigv4.ErrInvalidToken) {
		t.Errorf("token of a deleted user: %v", err)
	}
}

// web accepts one token.
type web struct{}

func (web) Verify(_ context.Context, token string) (*sts.WebIdentity, error) {
	switch token {
	case "good":
		return &sts.WebIdentity{Provider: "token.example.com", Subject: "repo:a/b", Audience: "sts.amazonaws.com"}, nil
	case "late":
		return nil, sts.ErrWebTokenExpired
	default:
		return nil, errors.New("bad")
	}
}

func TestWebIdentities(t *testing.T) {
	f := start(t)
	in := sts.AssumeRoleWithWebIdentityInput{RoleArn: roleARN, RoleSessionName: "sess", WebIdentityToken: "good"}
	if _, err := f.AssumeRoleWithWebIdentity(t.Context(), &in); err == nil || !strings.HasPrefix(err.Error(), "InvalidIdentityToken") {
		t.Errorf("without providers: %v", err)
	}
	f = startWith(t, web{})
	if _, err := f.AssumeRoleWithWebIdentity(t.Context(), &in); err == nil || err.Error() != "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity" {
		t.Errorf("a role that does not trust the provider: %v", err)
	}
	f.ids.roles["AROAR"].Trust = trusting(t, `{"Federated":"arn:aws:iam::123456789012:oidc-provider/token.example.com"}`, `"sts:AssumeRoleWithWebIdentity"`,
		`{"StringEquals":{"token.example.com:aud":"sts.amazonaws.com"},"StringLike":{"token.example.com:sub":"repo:a/*"}}`)
	out, err := f.AssumeRoleWithWebIdentity(t.Context(), &in)
	if err != nil {
		t.Fatal(err)
	}
	if out.SubjectFromWebIdentityToken != "repo:a/b" || f.caller(t, out.Credentials).FederatedProvider == "" {
		t.Errorf("answer = %+v", out)
	}
	for token, want := range map[string]string{"late": "ExpiredTokenException", "bad!": "InvalidIdentityToken"} {
		in.WebIdentityToken = token
		if _, err := f.AssumeRoleWithWebIdentity(t.Context(), &in); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", token, err, want)
		}
	}
}
