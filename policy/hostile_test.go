package policy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hakonegate/hakone/policy"
)

// Documents and requests come from anybody: none may take long.
func TestHostileInputTakesNoTime(t *testing.T) {
	stars := strings.Repeat("*a", 60) + "*b"
	many := strings.Repeat(`{"Effect":"Allow","Action":"lambdaa:Invokee","Resource":"arn:aws:s3:::${x}"},`, 2500)
	wide := strings.Repeat(`"lambd:Invoke","execut-apo:Invok","xyzzz:Foo",`, 5000)
	keys := &strings.Builder{}
	for i := range 12000 {
		fmt.Fprintf(keys, `"aws:K%d":1,`, i)
	}
	tests := []struct{ name, statements, path string }{
		{"stars", `{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::` + stars + `"}`, strings.Repeat("a", 100_000)},
		{"stars and marks", `{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::` + strings.Repeat("*?a?", 60) + `b"}`, strings.Repeat("a", 10_000)},
		{"stars in the account", `{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3::` + strings.Repeat("*a", 100) + `b:x"}`, strings.Repeat("a", 10_000)},
		{"many statements", strings.TrimSuffix(many, ","), "x"},
		{"many actions", `{"Effect":"Allow","Action":[` + strings.TrimSuffix(wide, ",") + `],"Resource":"*"}`, "x"},
		{"deep nesting", `{"Effect":"Allow","Action":"*","Resource":"*","Condition":` + strings.Repeat(`{"a":`, 50_000), "x"},
		{"many keys", `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{` + strings.TrimSuffix(keys.String(), ",") + `}}}`, "x"},
		{"many variables", `{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::` + strings.Repeat("${a:b}", 30_000) + `"}`, "x"},
		{"dollars", `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"a:b":"${a:b}` + strings.Repeat("$", 200_000) + `"}}}`, "x"},
		{"braces that are not closed", `{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::` + strings.Repeat("${a,'", 40_000) + `"}`, "x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			start := time.Now()
			d, err := policy.Parse(policy.Identity, []byte(`{"Version":"2012-10-17","Statement":[`+tt.statements+`]}`))
			if err == nil {
				r := &policy.Request{
					Principal: policy.Principal{Kind: policy.User, AccountID: "111122223333"}, Action: "s3:GetObject",
					Resource: "arn:aws:s3:::" + tt.path, Context: policy.NewMap(map[string]policy.Value{"a:b": policy.One(tt.path)}),
				}
				if strings.Contains(tt.name, "account") {
					r.Resource = "arn:aws:s3::" + tt.path + ":x"
				}
				s := &policy.Set{Identity: []*policy.Policy{policy.New("p", "", d)}}
				policy.Evaluate(r, s)
				evaluated := time.Since(start)
				policy.Explain(r, s).Text()
				t.Log(evaluated, time.Since(start), len(d.Warnings()))
			}
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}
