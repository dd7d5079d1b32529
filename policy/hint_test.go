package policy_test

import (
	"strings"
	"testing"

	"github.com/hakonegate/hakone/policy"
)

func TestHints(t *testing.T) {
	const (
		base = "arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5/"
		ask  = base + "$default/GET/pets/42"
	)
	session := policy.Principal{
		Kind: policy.AssumedRole, ARN: "arn:aws:sts::111122223333:assumed-role/App/i-0abc", RoleARN: "arn:aws:iam::111122223333:role/svc/App", AccountID: "111122223333",
	}
	context := policy.NewMap(map[string]policy.Value{
		"aws:PrincipalArn": policy.One(session.RoleARN), "aws:TagKeys": policy.Many("a", "b"), "aws:PrincipalTag/team": policy.One("Payments"),
	})
	invoke := func(resource string) string { return `"Action":"execute-api:Invoke","Resource":"` + resource + `"` }
	with := func(condition string) string { return invoke("*") + `,"Condition":{` + condition + `}` }
	tests := []struct{ name, statement, resource, code, text string }{
		{"another stage", invoke(base + "prod/GET/*"), ask, "wrong-stage", "the policy has prod, the request came to $default"},
		{"a leading slash", invoke(base + "*/GET//pets/*"), ask, "leading-slash", ""},
		{"a route's template", invoke(base + "*/GET/pets/{id}"), ask, "route-template", ""},
		{"a greedy template", invoke(base + "*/GET/{proxy+}"), ask, "route-template", ""},
		{"ANY", invoke(base + "*/ANY/pets/*"), ask, "method-any", ""},
		{"a method in lower case", invoke(base + "*/get/pets/*"), ask, "method-case", ""},
		{"no method", invoke(base + "$default/pets/*"), ask, "no-method", ""},
		{"no stage", invoke(base + "GET/pets/*"), ask, "no-stage", ""},
		{"a path that ends too early", invoke(base + "*/*/pets"), ask, "path-depth", "add /*"},
		{"the API alone", invoke(strings.TrimSuffix(base, "/")), ask, "path-depth", ""},
		{"a star below", invoke(base + "*/GET/pets/42/*"), ask, "path-depth", "needs something after"},
		{"a trailing slash", invoke(base + "*/GET/pets/42"), ask + "/", "trailing-slash", ""},
		{"another account", invoke("arn:aws:execute-api:us-east-1:999999999999:*"), ask, "account", "the policy has 999999999999, the resource belongs to 111122223333"},
		{"another region", invoke("arn:aws:execute-api:eu-west-1:111122223333:*"), ask, "region", ""},
		{"another partition", invoke("arn:aws-cn:execute-api:us-east-1:111122223333:*"), ask, "partition", ""},
		{"another API", invoke("arn:aws:execute-api:us-east-1:111122223333:zzz/*"), ask, "api-id", "the policy is for the API zzz"},
		{"stage and slash", invoke(base + "prod/GET//pets/*"), ask, "wrong-stage", "no"},
		{"upper and lower case", invoke(base + "*/GET/Pets/*"), ask, "case-only", ""},
		{"percent-encoding", invoke(base + "*/GET/a b"), base + "x/GET/a%20b", "percent-encoding", ""},
		{"an absent variable", invoke(base + "*/GET/${aws:username}/*"), ask, "variable-unresolved", "the request has no aws:username"},
		{"a policy for managing APIs", `"Action":"apigateway:*","Resource":"arn:aws:apigateway:*::/*"`, ask, "api-administrator", "AmazonAPIGatewayInvokeFullAccess"},
		{"a misspelt action", `"Action":"execute-api:Invok","Resource":"*"`, ask, "action-misspelt", ""},
		{"an absent key", with(`"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}`), ask, "key-absent", "without it IpAddress is false"},
		{"a misspelt key", with(`"IpAddress":{"aws:SourceIP4":"10.0.0.0/8"}`), ask, "key-misspelt", "aws:SourceIp"},
		{"a key with several values", with(`"StringEquals":{"aws:TagKeys":"a"}`), ask, "many-values", ""},
		{"a value that differs in case", with(`"StringEquals":{"aws:PrincipalTag/team":"payments"}`), ask, "case-only", ""},
		{"a value that differs", with(`"StringEquals":{"aws:PrincipalTag/team":"blue"}`), ask, "condition", `wants "blue", and the request has "Payments"`},
		{"the session's ARN for the role's", with(`"ArnLike":{"aws:PrincipalArn":"arn:aws:sts::111122223333:assumed-role/App/*"}`), ask, "session-arn", ""},
		{"a function without its alias", `"Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:us-east-1:111122223333:function:f"`, "arn:aws:lambda:us-east-1:111122223333:function:f:live", "qualifier", ""},
		{"an action without resource", `"Action":"ec2:DescribeInstances","Resource":"arn:aws:ec2:*:*:*"`, "*", "resource-needed", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			action := "execute-api:Invoke"
			switch {
			case strings.Contains(tt.resource, ":lambda:"):
				action = "lambda:InvokeFunction"
			case tt.resource == "*":
				action = "ec2:DescribeInstances"
			}
			r := &policy.Request{Principal: session, Action: action, Resource: tt.resource, ResourceAccount: "111122223333", Context: context}
			p := parsed(t, policy.Identity, `{"Sid":"Near","Effect":"Allow",`+tt.statement+`}`)
			e := policy.Explain(r, &policy.Set{Identity: []*policy.Policy{p}})
			if len(e.Hints) != 1 || e.Hints[0].Code != tt.code || !strings.Contains(e.Hints[0].Text, tt.text) {
				t.Errorf("hints are %+v, want %s with %q", e.Hints, tt.code, tt.text)
			}
			if e.Nearest == nil || e.Nearest.Text == "" || !strings.Contains(e.Nearest.Name, `"Near"`) {
				t.Errorf("nearest is %+v", e.Nearest)
			}
			if len(e.Missing) != 1 {
				t.Errorf("missing is %+v", e.Missing)
			}
		})
	}
}

func TestHintsOfPolicyTypes(t *testing.T) {
	all := `{"Effect":"Allow","Action":"*","Resource":"*"}`
	none := `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`
	identity := func(s string) []*policy.Policy { return []*policy.Policy{parsed(t, policy.Identity, s)} }
	resource := func(effect, principal string) *policy.Policy {
		return parsed(t, policy.Resource, `{"Effect":"`+effect+`",`+principal+`,"Action":"*","Resource":"*"}`)
	}
	role := `"Principal":{"AWS":"arn:aws:iam::111122223333:role/App"}`
	tests := []struct {
		name    string
		account string // of the resource
		set     policy.Set
		want    []string
	}{
		{"a silent boundary", "111122223333", policy.Set{Identity: identity(all), Boundary: parsed(t, policy.Boundary, none)}, []string{"boundary-silent"}},
		{"an empty session policy", "111122223333", policy.Set{Identity: identity(all), HasSession: true}, []string{"session-silent"}},
		{"a silent level", "111122223333", policy.Set{Identity: identity(all), SCPs: [][]*policy.Policy{{}}}, []string{"scp-silent"}},
		{"the account alone", "111122223333", policy.Set{Resource: resource("Allow", `"Principal":{"AWS":"111122223333"}`)}, []string{"account-principal"}},
		{"an HTTP API of another account", "444455556666", policy.Set{Identity: identity(all)}, []string{"other-account"}},
		{"only the other account allows", "444455556666", policy.Set{Resource: resource("Allow", role)}, []string{"other-account"}},
		{"a grant to the role, limited", "111122223333", policy.Set{Boundary: parsed(t, policy.Boundary, none), Resource: resource("Allow", role)}, []string{"role-grant-limited", "boundary-silent"}},
		{"NotPrincipal of the account", "111122223333", policy.Set{Identity: identity(all), Resource: resource("Deny", `"NotPrincipal":{"AWS":"111122223333"}`)}, []string{"not-principal"}},
		{"another session of the role", "444455556666", policy.Set{Identity: identity(all), Resource: resource("Allow", `"Principal":{"AWS":"arn:aws:sts::111122223333:assumed-role/App/other"}`)}, []string{"session-arn", "other-account"}},
		{"the role with another path", "444455556666", policy.Set{Identity: identity(all), Resource: resource("Allow", `"Principal":{"AWS":"arn:aws:iam::111122223333:role/x/App"}`)}, []string{"role-path", "other-account"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &policy.Request{
				Principal: policy.Principal{
					Kind: policy.AssumedRole, ARN: "arn:aws:sts::111122223333:assumed-role/App/i-0abc", RoleARN: "arn:aws:iam::111122223333:role/App", AccountID: "111122223333",
				},
				Action: "execute-api:Invoke", Resource: "arn:aws:execute-api:us-east-1:" + tt.account + ":a1b2c3d4e5/prod/GET/pets", ResourceAccount: tt.account,
			}
			e := policy.Explain(r, &tt.set)
			var got []string
			for _, h := range e.Hints {
				got = append(got, h.Code)
			}
			if strings.Join(got, " ") != strings.Join(tt.want, " ") {
				t.Errorf("hints are %+v, want %v", e.Hints, tt.want)
			}
		})
	}
}

func TestDenyThatAppliesForWantOfAKey(t *testing.T) {
	p := parsed(t, policy.Identity, `{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}}`)
	r := &policy.Request{Principal: policy.Principal{Kind: policy.User, AccountID: "1"}, Action: "a:B", Resource: "*"}
	e := policy.Explain(r, &policy.Set{Identity: []*policy.Policy{p}})
	if len(e.Hints) != 1 || e.Hints[0].Code != "key-absent" || len(e.Missing) != 1 || e.Missing[0].Change == nil {
		t.Errorf("hints are %+v, missing is %+v", e.Hints, e.Missing)
	}
}

func TestShortResourceOfARestAPI(t *testing.T) {
	p := parsed(t, policy.Resource, `{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/prod/GET/*"}`)
	r := &policy.Request{Action: "execute-api:Invoke", Resource: "arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5/prod/GET/pets"}
	s := &policy.Set{Resource: p}
	if d := policy.Evaluate(r, s); !d.Allowed() {
		t.Error(d.Sentence(r))
	}
	r.Resource = strings.Replace(r.Resource, "prod", "test", 1)
	e := policy.Explain(r, s)
	if e.Nearest == nil || !strings.Contains(e.Nearest.Text, `the stage "prod", where the request has "test"`) {
		t.Errorf("nearest is %+v", e.Nearest)
	}
}
