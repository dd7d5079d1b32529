package policy_test

import (
	"errors"
	"testing"

	"github.com/hakonegate/hakone/policy"
)

func TestPrincipal(t *testing.T) {
	user := policy.Principal{Kind: policy.User, ARN: "arn:aws:iam::111122223333:user/a/alice", AccountID: "111122223333", UserID: "AIDAEXAMPLEEXAMPLE123"}
	session := policy.Principal{
		Kind: policy.AssumedRole, ARN: "arn:aws:sts::111122223333:assumed-role/App/i-0abc", RoleARN: "arn:aws:iam::111122223333:role/svc/App",
		AccountID: "111122223333", UserID: "AROAEXAMPLEEXAMPLE123:i-0abc",
	}
	federated := policy.Principal{Kind: policy.FederatedUser, ARN: "arn:aws:sts::111122223333:federated-user/bob", AccountID: "111122223333"}
	web := policy.Principal{Kind: policy.WebIdentity, Provider: "arn:aws:iam::111122223333:oidc-provider/id.example"}
	service := policy.Principal{Kind: policy.ServicePrincipal, Service: "s3.amazonaws.com"}
	tests := []struct {
		name, element string
		caller        policy.Principal
		want          bool
	}{
		{"user by ARN with path", `{"AWS":"arn:aws:iam::111122223333:user/a/alice"}`, user, true},
		{"user by ARN without its path", `{"AWS":"arn:aws:iam::111122223333:user/alice"}`, user, false},
		{"user names have case", `{"AWS":"arn:aws:iam::111122223333:user/a/Alice"}`, user, false},
		{"user by ID", `{"AWS":"AIDAEXAMPLEEXAMPLE123"}`, user, true},
		{"user by another's ID", `{"AWS":"AIDAEXAMPLEEXAMPLE999"}`, user, false},
		{"role by ARN with path", `{"AWS":"arn:aws:iam::111122223333:role/svc/App"}`, session, true},
		{"role by ARN without its path", `{"AWS":"arn:aws:iam::111122223333:role/App"}`, session, false},
		{"role by ID", `{"AWS":"AROAEXAMPLEEXAMPLE123"}`, session, true},
		{"session by ARN", `{"AWS":"arn:aws:sts::111122223333:assumed-role/App/i-0abc"}`, session, true},
		{"another session", `{"AWS":"arn:aws:sts::111122223333:assumed-role/App/i-0xyz"}`, session, false},
		{"federated user", `{"AWS":"arn:aws:sts::111122223333:federated-user/bob"}`, federated, true},
		{"service", `{"Service":["x.amazonaws.com","s3.amazonaws.com"]}`, service, true},
		{"a service is not in an account", `{"AWS":"111122223333"}`, service, false},
		{"everyone is a service too", `"*"`, service, true},
		{"web identity", `{"Federated":"arn:aws:iam::111122223333:oidc-provider/id.example"}`, web, true},
		{"everyone is no web identity", `{"AWS":"*"}`, web, false},
		{"a name is no service", `{"AWS":"arn:aws:iam::111122223333:user/a/alice"}`, service, false},
		{"a service is no user", `{"Service":"s3.amazonaws.com"}`, user, false},
		{"everyone", `{"AWS":"*"}`, policy.Principal{}, true},
		{"anonymous has no account", `{"AWS":"111122223333"}`, policy.Principal{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := parsed(t, policy.Resource, `{"Effect":"Allow","Principal":`+tt.element+`,"Action":"s3:GetObject","Resource":"*"}`)
			r := &policy.Request{Principal: tt.caller, Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", ResourceAccount: "111122223333"}
			if d := policy.Evaluate(r, &policy.Set{Resource: p}); d.Allowed() != tt.want {
				t.Errorf("%s for %s = %s, want %t", tt.element, tt.caller.Kind, d.Effect, tt.want)
			}
		})
	}
}

func TestResourceStatementWithoutPrincipalAppliesToNobody(t *testing.T) {
	d, err := policy.Load(policy.Identity, []byte(`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`))
	if err != nil {
		t.Fatal(err)
	}
	r := &policy.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k"}
	if decision := policy.Evaluate(r, &policy.Set{Resource: policy.New("", "", d)}); decision.Allowed() {
		t.Error("an identity policy on a resource lets everyone in")
	}
}

func TestResolvePinsPrincipals(t *testing.T) {
	const arn = "arn:aws:iam::111122223333:user/alice"
	trust := parsed(t, policy.Trust, `{"Effect":"Allow","Principal":{"AWS":["`+arn+`","arn:aws:iam::444455556666:role/X"]},"Action":"sts:AssumeRole"}`)
	var asked []string
	d, err := trust.Resolve(func(arn string) (string, bool) {
		asked = append(asked, arn)
		if arn == "arn:aws:iam::444455556666:role/X" {
			return "", true
		}
		return "AIDAEXAMPLEEXAMPLE123", true
	})
	if err != nil || len(asked) != 2 {
		t.Fatalf("Resolve: %v, asked for %v", err, asked)
	}
	r := &policy.Request{
		Principal: policy.Principal{Kind: policy.User, ARN: arn, AccountID: "111122223333", UserID: "AIDAEXAMPLEEXAMPLE123"},
		Action:    "sts:AssumeRole", Resource: "arn:aws:iam::111122223333:role/R",
	}
	s := &policy.Set{Resource: policy.New("trust", "", d)}
	if d := policy.Evaluate(r, s); !d.Allowed() {
		t.Errorf("the user that was named: %s", d.Sentence(r))
	}
	r.Principal.UserID = "AIDAEXAMPLEEXAMPLE999"
	if d := policy.Evaluate(r, s); d.Allowed() {
		t.Error("a user created again with the name may still assume the role")
	}
	if e := policy.Explain(r, s); len(e.Hints) == 0 || e.Hints[0].Code != "principal-recreated" {
		t.Errorf("hints are %v", e.Hints)
	}

	_, err = trust.Resolve(func(string) (string, bool) { return "", false })
	var malformed *policy.MalformedError
	if want := `Invalid principal in policy: "AWS":"` + arn + `"`; !errors.As(err, &malformed) || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
}

func TestGetCallerIdentityIsAlwaysAllowed(t *testing.T) {
	deny := parsed(t, policy.Identity, `{"Effect":"Deny","Action":"*","Resource":"*"}`)
	s := &policy.Set{Identity: []*policy.Policy{deny}}
	r := &policy.Request{Principal: policy.Principal{Kind: policy.User, AccountID: "111122223333"}, Action: "sts:GetCallerIdentity", Resource: "*"}
	if d := policy.Evaluate(r, s); !d.Allowed() {
		t.Error(d.Sentence(r))
	}
	r.Principal = policy.Principal{}
	if policy.Evaluate(r, s).Allowed() {
		t.Error("the anonymous may ask who they are")
	}
}

func TestServiceLinkedRolesAreNotBoundByOrganizations(t *testing.T) {
	deny := parsed(t, policy.SCP, `{"Effect":"Deny","Action":"*","Resource":"*"}`)
	s := &policy.Set{Identity: []*policy.Policy{parsed(t, policy.Identity, `{"Effect":"Allow","Action":"*","Resource":"*"}`)}, SCPs: [][]*policy.Policy{{deny}}}
	r := &policy.Request{
		Principal: policy.Principal{Kind: policy.AssumedRole, AccountID: "111122223333", RoleARN: "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/R"},
		Action:    "s3:GetObject", Resource: "arn:aws:s3:::b/k", ResourceAccount: "111122223333",
	}
	if d := policy.Evaluate(r, s); !d.Allowed() {
		t.Error(d.Sentence(r))
	}
	r.Principal.RoleARN = "arn:aws:iam::111122223333:role/R"
	if policy.Evaluate(r, s).Effect != policy.ExplicitlyDenied {
		t.Error("an ordinary role is not bound")
	}
}

func TestZeroValuesDeny(t *testing.T) {
	if (policy.Decision{}).Allowed() || policy.Evaluate(&policy.Request{}, &policy.Set{}).Allowed() {
		t.Error("nothing allows everything")
	}
	broken := &policy.Policy{}
	s := &policy.Set{Identity: []*policy.Policy{nil, broken}, Boundary: broken, Session: []*policy.Policy{nil}, Resource: broken, Endpoint: []*policy.Policy{broken}, SCPs: [][]*policy.Policy{{nil}, nil}}
	r := &policy.Request{Principal: policy.Principal{Kind: policy.User, AccountID: "111122223333"}, Action: "a:B", Resource: "*"}
	if policy.Evaluate(r, s).Allowed() {
		t.Error("policies without a document allow")
	}
	if policy.Explain(r, s).Text() == "" {
		t.Error("no explanation")
	}
}

func TestEveryLevelOfTheOrganizationMustAllow(t *testing.T) {
	all := parsed(t, policy.SCP, `{"Effect":"Allow","Action":"*","Resource":"*"}`)
	some := parsed(t, policy.SCP, `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)
	other := parsed(t, policy.SCP, `{"Effect":"Allow","Action":"sqs:*","Resource":"*"}`)
	tests := []struct {
		name string
		scps [][]*policy.Policy
		want bool
	}{
		{"no organization", nil, true},
		{"all levels", [][]*policy.Policy{{all}, {other, some}}, true},
		{"the first is silent", [][]*policy.Policy{{other}, {all}}, false},
		{"the last is silent", [][]*policy.Policy{{all}, {other}}, false},
		{"a level without policies", [][]*policy.Policy{{all}, {}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &policy.Set{Identity: []*policy.Policy{some}, SCPs: tt.scps}
			r := &policy.Request{Principal: policy.Principal{Kind: policy.User, AccountID: "111122223333"}, Action: "s3:ListAllMyBuckets", Resource: "*"}
			d := policy.Evaluate(r, s)
			if d.Allowed() != tt.want {
				t.Errorf("%s, want %t", d.Sentence(r), tt.want)
			}
			if e := policy.Explain(r, s); !tt.want && len(e.Missing) != 1 {
				t.Errorf("missing is %+v", e.Missing)
			}
		})
	}
}
