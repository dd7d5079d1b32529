package access

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/policy"
)

var noon = time.Date(2031, 3, 9, 12, 0, 0, 0, time.UTC)

func TestConditionKeysArePresentOnlyWhenAWSSetsThem(t *testing.T) {
	mfa := noon.Add(-90 * time.Second)
	user := (&User{Name: "bob", ARN: "arn:aws:iam::123456789012:user/x/bob", ID: "AIDABOB", AccountID: "123456789012", Tags: map[string]string{"Team": "red"}}).Caller("AKIA1")
	session := &Caller{
		Kind: policy.AssumedRole, AccountID: "123456789012", ARN: "arn:aws:sts::123456789012:assumed-role/R/s", PrincipalARN: "arn:aws:iam::123456789012:role/p/R",
		UserID: "AROAR:s", RoleID: "AROAR", SourceIdentity: "alice", Temporary: true, IssuedAt: noon.Add(-time.Hour),
	}
	withMFA := *session
	withMFA.MFA = &mfa
	direct := *session
	direct.Direct = true
	instance := *session
	instance.Origin = Origin{InstanceARN: "arn:aws:ec2:r:123456789012:instance/i-1", VPC: "vpc-1", PrivateIP: "10.0.0.10", RoleDelivery: "2.0"}
	facts := &RequestFacts{SourceIP: netip.MustParseAddr("::ffff:192.0.2.7"), Secure: true, Time: noon, Region: "ap-northeast-1", UserAgent: "curl"}

	tests := []struct {
		name   string
		caller *Caller
		facts  *RequestFacts
		key    string
		want   string // "" means absent
	}{
		{"source address is not mapped", user, facts, "aws:sourceip", "192.0.2.7"},
		{"no address, no key", user, &RequestFacts{}, "aws:sourceip", ""},
		{"transport is always told", user, &RequestFacts{}, "aws:securetransport", "false"},
		{"time in seconds", user, facts, "aws:currenttime", "2031-03-09T12:00:00Z"},
		{"epoch", user, facts, "aws:epochtime", "1930824000"},
		{"user agent when sent", user, facts, "aws:useragent", "curl"},
		{"no referer, no key", user, facts, "aws:referer", ""},
		{"user name of a user", user, facts, "aws:username", "bob"},
		{"no user name of a session", session, facts, "aws:username", ""},
		{"user id of a session", session, facts, "aws:userid", "AROAR:s"},
		{"user id of nobody", Anonymous(), facts, "aws:userid", "anonymous"},
		{"principal of a session is the role with its path", session, facts, "aws:principalarn", "arn:aws:iam::123456789012:role/p/R"},
		{"no principal ARN unsigned", Anonymous(), facts, "aws:principalarn", ""},
		{"type of a user", user, facts, "aws:principaltype", "User"},
		{"type of a session", session, facts, "aws:principaltype", "AssumedRole"},
		{"type of nobody", Anonymous(), facts, "aws:principaltype", "Anonymous"},
		{"tag keys without regard to case", user, facts, "aws:principaltag/team", "red"},
		{"no such tag", user, facts, "aws:principaltag/colour", ""},
		{"long-term keys have no issue time", user, facts, "aws:tokenissuetime", ""},
		{"sessions have one", session, facts, "aws:tokenissuetime", "2031-03-09T11:00:00Z"},
		{"long-term keys have no MFA key", user, facts, "aws:multifactorauthpresent", ""},
		{"a service's session neither", session, facts, "aws:multifactorauthpresent", ""},
		{"a person's session says false", &direct, facts, "aws:multifactorauthpresent", "false"},
		{"or true", &withMFA, facts, "aws:multifactorauthpresent", "true"},
		{"age only with MFA", &direct, facts, "aws:multifactorauthage", ""},
		{"age in seconds", &withMFA, facts, "aws:multifactorauthage", "90"},
		{"source identity", session, facts, "aws:sourceidentity", "alice"},
		{"direct calls", session, facts, "aws:viaawsservice", "false"},
		{"a service is one", ServicePrincipal("lambda.amazonaws.com"), facts, "aws:principalisawsservice", "true"},
		{"role delivery of an instance", &instance, facts, "ec2:roledelivery", "2.0"},
		{"none of others", session, facts, "ec2:roledelivery", ""},
		{"service's own keys", user, &RequestFacts{Keys: policy.Map{"sts:externalid": policy.One("e")}}, "sts:externalid", "e"},
		{"unknown keys", user, facts, "aws:nosuchkey", ""},
		{"account of the resource", user, facts, "aws:resourceaccount", "111122223333"},
		{"organization of a caller", user, &RequestFacts{OrgID: "o-1"}, "aws:principalorgid", "o-1"},
		{"nobody is in an organization", Anonymous(), &RequestFacts{OrgID: "o-1"}, "aws:principalorgid", ""},
		{"request tags", user, &RequestFacts{Tags: map[string]string{"A": "b"}}, "aws:requesttag/a", "b"},
	}
	for _, tt := range tests {
		c := &conditions{caller: tt.caller, facts: tt.facts, resourceAccount: "111122223333"}
		v, ok := c.Value(tt.key)
		got := ""
		if ok {
			got = strings.Join(v.All(), ",")
		}
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: %s = %q, %v, want %q", tt.name, tt.key, got, ok, tt.want)
		}
	}
}

func TestEveryKeyThatExplanationsListIsAnswered(t *testing.T) {
	c := &conditions{caller: ServicePrincipal("x"), facts: &RequestFacts{}}
	for _, name := range names {
		if name != strings.ToLower(name) {
			t.Errorf("%s is not in lower case", name)
		}
	}
	var got []string
	for k := range c.All() {
		got = append(got, k)
	}
	want := []string{"aws:principalisawsservice", "aws:principalservicename", "aws:securetransport", "aws:viaawsservice"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("keys of a bare service call (-want +got):\n%s", diff)
	}
}

func identity(tb testing.TB, text string) *policy.Policy {
	tb.Helper()
	d, err := policy.Parse(policy.Identity, []byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	return policy.New("p", "", d)
}

func TestRestrictedSessions(t *testing.T) {
	all := identity(t, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)
	session := &Caller{Kind: policy.User, AccountID: "1", ARN: "arn:aws:iam::1:user/u", NoIAM: true, NoSTS: true, MayAssume: true, Policies: policy.Set{Identity: []*policy.Policy{all}}}
	federated := *session
	federated.MayAssume = false
	tests := []struct {
		name   string
		caller *Caller
		action string
		want   bool
	}{
		{"a session of GetSessionToken calls services", session, "execute-api:Invoke", true},
		{"but not IAM", session, "iam:CreateUser", false},
		{"it may assume roles", session, "sts:AssumeRole", true},
		{"but not get tokens", session, "sts:GetFederationToken", false},
		{"a federated user may not assume roles", &federated, "sts:AssumeRole", false},
		{"case does not open it", &federated, "IAM:CreateUser", false},
		{"the zero caller may nothing", &Caller{}, "execute-api:Invoke", false},
	}
	for _, tt := range tests {
		if got := Authorize(tt.caller, &RequestFacts{}, tt.action, "arn:aws:iam::1:role/r", "1", nil).Allowed(); got != tt.want {
			t.Errorf("%s: %s allowed = %v, want %v", tt.name, tt.action, got, tt.want)
		}
	}
}

func TestKeyIDsCarryTheAccount(t *testing.T) {
	for _, account := range []string{"000000000001", "123456789012", "999999999999"} {
		id := NewKeyID("AKIA", account)
		if got, ok := AccountOfKeyID(id); !ok || got != account || len(id) != 20 {
			t.Errorf("AccountOfKeyID(%s) = %s, %v, want %s", id, got, ok, account)
		}
	}
	for _, id := range []string{"", "AKIA", "AKIAAAAAAAAAAAAAAAAA", "AKIA!AAAAAAAAAAAAAAA"} {
		if got, ok := AccountOfKeyID(id); ok {
			t.Errorf("AccountOfKeyID(%q) = %s", id, got)
		}
	}
}

func TestAuthorizeDoesNotAllocateWhenItAllows(t *testing.T) {
	p := identity(t, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:*:*:*","Condition":{
		"IpAddress":{"aws:SourceIp":"192.0.2.0/24"},"DateGreaterThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"},"StringEquals":{"aws:PrincipalTag/Team":"red"}}}}`)
	c := (&User{Name: "bob", ARN: "arn:aws:iam::1:user/bob", AccountID: "1", Tags: map[string]string{"team": "red"}, Policies: policy.Set{Identity: []*policy.Policy{p}}}).Caller("AKIA1")
	f := &RequestFacts{SourceIP: netip.MustParseAddr("192.0.2.7"), Time: noon}
	ask := func() bool {
		return Authorize(c, f, "execute-api:Invoke", "arn:aws:execute-api:r:1:a/$default/GET/", "1", nil).Allowed()
	}
	if !ask() {
		t.Fatal("denied")
	}
	if n := testing.AllocsPerRun(1000, func() { ask() }); n >= 1 {
		t.Errorf("%v allocations, want none", n)
	}
	other := *f
	other.SourceIP = netip.MustParseAddr("203.0.113.7")
	if Authorize(c, &other, "execute-api:Invoke", "arn:aws:execute-api:r:1:a/$default/GET/", "1", nil).Allowed() {
		t.Error("another address is taken for the last one")
	}
	other.SourceIP = netip.Addr{}
	if Authorize(c, &other, "execute-api:Invoke", "arn:aws:execute-api:r:1:a/$default/GET/", "1", nil).Allowed() {
		t.Error("no address is taken for the last one")
	}
	if !ask() {
		t.Error("the same question has another answer")
	}
}

func BenchmarkAuthorize(b *testing.B) {
	p := identity(b, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:*:*:*","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}}`)
	c := (&User{Name: "bob", ARN: "arn:aws:iam::1:user/bob", AccountID: "1", Policies: policy.Set{Identity: []*policy.Policy{p}}}).Caller("AKIA1")
	f := &RequestFacts{SourceIP: netip.MustParseAddr("192.0.2.7"), Time: noon}
	b.ReportAllocs()
	for b.Loop() {
		if !Authorize(c, f, "execute-api:Invoke", "arn:aws:execute-api:r:1:a/$default/GET/", "1", nil).Allowed() {
			b.Fatal("denied")
		}
	}
}
