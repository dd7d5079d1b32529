package policy_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/hakonegate/hakone/policy"
)

const (
	ownAccount   = "111122223333"
	otherAccount = "444455556666"
	apiResource  = "arn:aws:execute-api:us-east-1:" + ownAccount + ":a1b2c3d4e5/prod/GET/pets"
	roleResource = "arn:aws:iam::" + ownAccount + ":role/Target"
)

// truthTable has the outcomes that follow from AWS's policy evaluation logic.
// A: allow, D: deny, -: a policy that is silent, empty: no such policy. After the
// caller: its account, the identity, boundary, session, resource and service
// control policies; then the result, of Allowed, implicit and Explicit.
const truthTable = `
1  user    same  | A |   |   |                      |   | A
2  user    same  | - |   |   |                      |   | i
3  user    same  | D |   |   |                      |   | E
4  user    same  | A |   |   | -                    |   | A
5  user    same  | - |   |   | A user               |   | A
6  user    same  | - |   |   | A *                  |   | A
7  user    same  | - |   |   | A account            |   | i
8  user    same  | A |   |   | A account            |   | A
9  user    same  | - |   |   | A other              |   | i
10 user    same  | A |   |   | D user               |   | E
11 user    same  | A |   |   | D account            |   | E
12 user    same  | D |   |   | A user               |   | E
13 user    same  | A | A |   |                      |   | A
14 user    same  | A | - |   |                      |   | i
15 user    same  | - | A |   |                      |   | i
16 user    same  | A | D |   |                      |   | E
17 user    same  | - | - |   | A user               |   | A
18 user    same  | A | - |   | A account            |   | i
19 user    same  | - | D |   | A user               |   | E
20 user    same  | A |   |   |                      | A | A
21 user    same  | A |   |   |                      | - | i
22 user    same  | A |   |   |                      | D | E
23 user    same  | - |   |   | A user               | - | i
24 session same  | A |   | A |                      |   | A
25 session same  | A |   | - |                      |   | i
26 session same  | - |   | A |                      |   | i
27 session same  | A |   | D |                      |   | E
28 session same  | - |   |   | A role               |   | A
29 session same  | - | - |   | A role               |   | i
30 session same  | - |   | - | A role               |   | i
31 session same  | - | A | A | A role               |   | A
32 session same  | - | - | - | A session            |   | A
33 session same  | - | - | - | A PrincipalArn       |   | A
34 session same  | - |   |   | A account            |   | i
35 session same  | A |   |   | D role               |   | E
36 session same  | A | A | A |                      | A | A
37 session same  | A | A | - |                      | A | i
38 user    other | A |   |   |                      |   | i
39 user    other | A |   |   | A user               |   | A
40 user    other | A |   |   | A account            |   | A
41 user    other | A |   |   | A *                  |   | A
42 user    other | - |   |   | A user               |   | i
43 user    other | A | - |   | A user               |   | i
44 user    other | A |   |   | D account            |   | E
45 user    other | A |   |   | A owner              |   | i
46 session other | A |   | - | A session            |   | i
47 session other | A |   |   | A role               | - | i
48 root    same  |   |   |   |                      |   | A
49 root    same  |   |   |   | D account            |   | E
50 root    same  |   |   |   |                      | D | E
51 root    other |   |   |   | A account            |   | A
52 anonymous -   |   |   |   | A *                  |   | A
53 anonymous -   |   |   |   | A account            |   | i
54 anonymous -   |   |   |   |                      |   | i
55 anonymous -   |   |   |   | A *, D address       |   | E
56 service -     |   |   |   | A service            |   | A
57 service -     |   |   |   | A service+other      |   | i
58 service -     |   |   |   | A account            |   | i
59 user    same  | - |   |   | trust A user         |   | A
60 user    same  | - |   |   | trust A account      |   | i
61 user    same  | A |   |   | trust A account      |   | A
62 user    same  | A |   |   | trust -              |   | i
63 user    other | A |   |   | trust A user         |   | A
64 user    other | - |   |   | trust A user         |   | i
65 user    same  | A | A |   | D not user           |   | E
66 user    same  | A |   |   | D not account        |   | E
`

func TestTruthTable(t *testing.T) {
	results := map[string]policy.Effect{"A": policy.Allowed, "i": policy.ImplicitlyDenied, "E": policy.ExplicitlyDenied}
	rows := 0
	for line := range strings.Lines(truthTable) {
		cells := strings.Split(line, "|")
		if len(cells) != 7 {
			continue
		}
		rows++
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		head := strings.Fields(cells[0])
		t.Run("row "+head[0], func(t *testing.T) {
			account := ownAccount
			if head[2] == "other" {
				account = otherAccount
			}
			r := &policy.Request{
				Principal: truthCaller(head[1], account), Action: "execute-api:Invoke", Resource: apiResource, ResourceAccount: ownAccount,
				Context: policy.NewMap(map[string]policy.Value{
					"aws:PrincipalArn": policy.One("arn:aws:iam::" + account + ":role/App"),
					"aws:SourceIp":     policy.One("203.0.113.7"),
					"aws:SourceArn":    policy.One("arn:aws:s3:::bucket"),
				}),
			}
			s := &policy.Set{}
			rest, trust := strings.CutPrefix(cells[4], "trust ")
			if trust {
				r.Action, r.Resource = "sts:AssumeRole", roleResource
			}
			if p := truthPolicy(t, policy.Identity, cells[1], r); p != nil {
				s.Identity = []*policy.Policy{p}
			}
			s.Boundary = truthPolicy(t, policy.Boundary, cells[2], r)
			if p := truthPolicy(t, policy.Session, cells[3], r); p != nil {
				s.Session, s.HasSession = []*policy.Policy{p}, true
			}
			if p := truthPolicy(t, policy.SCP, cells[5], r); p != nil {
				all := truthPolicy(t, policy.SCP, "A", r)
				s.SCPs = [][]*policy.Policy{{all}, {p}}
			}
			kind := policy.Resource
			if trust {
				kind = policy.Trust
			}
			s.Resource = truthResource(t, kind, rest, r)

			d := policy.Evaluate(r, s)
			if d.Effect != results[cells[6]] {
				t.Errorf("%s = %s (%s), want %s", strings.TrimSpace(line), d.Effect, d.Sentence(r), results[cells[6]])
			}
			if e := policy.Explain(r, s); e.Decision != d.Effect.String() {
				t.Errorf("Explain says %s, Evaluate %s", e.Decision, d.Effect)
			}
		})
	}
	if rows != 66 {
		t.Errorf("the table has %d rows", rows)
	}
}

func truthCaller(kind, account string) policy.Principal {
	switch kind {
	case "user":
		return policy.Principal{Kind: policy.User, ARN: "arn:aws:iam::" + account + ":user/alice", AccountID: account}
	case "session":
		return policy.Principal{
			Kind: policy.AssumedRole, ARN: "arn:aws:sts::" + account + ":assumed-role/App/one", RoleARN: "arn:aws:iam::" + account + ":role/App", AccountID: account,
		}
	case "root":
		return policy.Principal{Kind: policy.Root, ARN: "arn:aws:iam::" + account + ":root", AccountID: account}
	case "service":
		return policy.Principal{Kind: policy.ServicePrincipal, Service: "events.amazonaws.com"}
	default:
		return policy.Principal{}
	}
}

func truthPolicy(t *testing.T, kind policy.Kind, cell string, r *policy.Request) *policy.Policy {
	t.Helper()
	switch cell {
	case "":
		return nil
	case "A":
		return parsed(t, kind, `{"Effect":"Allow","Action":"*","Resource":"*"}`)
	case "D":
		return parsed(t, kind, `{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"`+r.Action+`","Resource":"*"}`)
	default:
		return parsed(t, kind, `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)
	}
}

func truthResource(t *testing.T, kind policy.Kind, cell string, r *policy.Request) *policy.Policy {
	t.Helper()
	if cell == "" {
		return nil
	}
	var statements []string
	for part := range strings.SplitSeq(cell, ", ") {
		effect, who, _ := strings.Cut(part, " ")
		statements = append(statements, truthStatement(kind, effect, who, r))
	}
	return parsed(t, kind, strings.Join(statements, ","))
}

func truthStatement(kind policy.Kind, effect, who string, r *policy.Request) string {
	p := r.Principal
	account := p.AccountID
	if account == "" {
		account = ownAccount
	}
	aws := func(s string) string { return `"Principal":{"AWS":` + strconv.Quote(s) + `}` }
	principal := map[string]string{
		"":              aws("arn:aws:iam::999999999999:user/nobody"),
		"user":          aws(p.ARN),
		"session":       aws(p.ARN),
		"role":          aws(p.RoleARN),
		"account":       aws(account),
		"owner":         aws(ownAccount),
		"other":         aws("arn:aws:iam::" + account + ":user/other"),
		"*":             `"Principal":"*"`,
		"PrincipalArn":  `"Principal":"*","Condition":{"ArnEquals":{"aws:PrincipalArn":"` + p.RoleARN + `"}}`,
		"address":       `"Principal":"*","Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`,
		"service":       `"Principal":{"Service":"events.amazonaws.com"}`,
		"service+other": `"Principal":{"Service":"events.amazonaws.com"},"Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::other"}}`,
		"not user":      `"Not` + aws(p.ARN)[1:],
		"not account":   `"Not` + aws("arn:aws:iam::" + account + ":root")[1:],
	}[who]
	name := "Allow"
	if effect == "D" {
		name = "Deny"
	}
	s := `{"Effect":"` + name + `",` + principal + `,"Action":"` + r.Action + `"`
	if kind != policy.Trust {
		s += `,"Resource":"` + r.Resource + `"`
	}
	return s + "}"
}

// parsed returns a policy with the given statements.
func parsed(tb testing.TB, kind policy.Kind, statements string) *policy.Policy {
	tb.Helper()
	d, err := policy.Parse(kind, []byte(`{"Version":"2012-10-17","Statement":[`+statements+`]}`))
	if err != nil {
		tb.Fatalf("%s: %v", statements, err)
	}
	return policy.New(kind.String(), "", d)
}
