package policy_test

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/hakonegate/hakone/policy"
)

// fifty returns a caller's request and fifty statements, of which the last
// allows it. They have the shapes of real ones: prefixes, stars in the middle,
// conditions and a variable.
func fifty(tb testing.TB) (*policy.Request, *policy.Set) {
	tb.Helper()
	var list []*policy.Policy
	for i := range 10 {
		api := fmt.Sprintf("arn:aws:execute-api:us-east-1:111122223333:api%07d", i)
		list = append(list, parsed(tb, policy.Identity, `
			{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"},
			{"Effect":"Allow","Action":"execute-api:Invoke","Resource":["`+api+`/*/GET/pets/*","`+api+`/prod/POST/*"]},
			{"Effect":"Allow","Action":"execute-api:*","Resource":"`+api+`/${aws:PrincipalTag/team}/*"},
			{"Effect":"Deny","Action":"execute-api:Invoke","Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":["203.0.113.0/24","10.0.0.0/8"]},"Bool":{"aws:ViaAWSService":"false"}}},
			{"Effect":"Allow","Action":"lambda:Invoke*","Resource":"arn:aws:lambda:*:111122223333:function:app-*","Condition":{"StringEquals":{"aws:RequestedRegion":"us-east-1"}}}`))
	}
	list = append(list[:9], parsed(tb, policy.Identity, `
			{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*"},
			{"Effect":"Allow","Action":"sqs:*","Resource":"*"},
			{"Effect":"Allow","Action":"dynamodb:*","Resource":"*"},
			{"Effect":"Deny","Action":"execute-api:Invoke","Resource":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2040-01-01T00:00:00Z"}}},
			{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5/*/GET/*","Condition":{"StringLike":{"aws:PrincipalTag/team":"pay*"},"NumericLessThan":{"aws:MultiFactorAuthAge":"3600"}}}`))
	r := &policy.Request{
		Principal: policy.Principal{
			Kind: policy.AssumedRole, ARN: "arn:aws:sts::111122223333:assumed-role/App/i-0abc", RoleARN: "arn:aws:iam::111122223333:role/App",
			AccountID: "111122223333", UserID: "AROAEXAMPLEEXAMPLE123:i-0abc",
		},
		Action: "execute-api:Invoke", Resource: "arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5/prod/GET/pets/42", ResourceAccount: "111122223333",
		Context: policy.NewMap(map[string]policy.Value{
			"aws:SourceIp": policy.One("203.0.113.7"), "aws:PrincipalTag/team": policy.One("payments"), "aws:ViaAWSService": policy.One("false"),
			"aws:CurrentTime": policy.One("2031-03-09T10:00:00Z"), "aws:MultiFactorAuthAge": policy.One("60"), "aws:RequestedRegion": policy.One("us-east-1"),
		}),
	}
	return r, &policy.Set{Identity: list}
}

func TestEvaluateDoesNotAllocate(t *testing.T) {
	r, s := fifty(t)
	if d := policy.Evaluate(r, s); !d.Allowed() {
		t.Fatal(d.Sentence(r))
	}
	if n := testing.AllocsPerRun(100, func() { policy.Evaluate(r, s) }); n != 0 {
		t.Errorf("%v allocations to allow, want none", n)
	}
	r.Action = "execute-api:ManageConnections"
	if n := testing.AllocsPerRun(100, func() { policy.Evaluate(r, s) }); n != 0 {
		t.Errorf("%v allocations to deny, want none", n)
	}
}

// BenchmarkEvaluate reports the 99th percentile beside the mean.
func BenchmarkEvaluate(b *testing.B) {
	r, s := fifty(b)
	b.ReportAllocs()
	took := make([]time.Duration, 0, 1<<20)
	for b.Loop() {
		start := time.Now()
		policy.Evaluate(r, s)
		if len(took) < cap(took) {
			took = append(took, time.Since(start))
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds()), "p99-ns")
}

func BenchmarkParse(b *testing.B) {
	_, s := fifty(b)
	text := []byte(s.Identity[0].Text())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := policy.Load(policy.Identity, text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkExplain(b *testing.B) {
	r, s := fifty(b)
	b.ReportAllocs()
	for b.Loop() {
		policy.Explain(r, s)
	}
}

// Five thousand principals with twenty statements each, no two alike, fit in
// 100 MB with their texts.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("it fills some memory")
	}
	const principals, statements, limit = 5000, 20, 100 << 20
	before := heap()
	list := make([]*policy.Policy, 0, principals)
	for i := range principals {
		text := []byte(`{"Version":"2012-10-17","Statement":[`)
		for k := range statements {
			if k > 0 {
				text = append(text, ',')
			}
			text = fmt.Appendf(text, `{"Sid":"S%d","Effect":"Allow","Action":["execute-api:Invoke","execute-api:ManageConnections"],`+
				`"Resource":"arn:aws:execute-api:us-east-1:111122223333:a%04d%02d/prod/*/pets/*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"team-%d"}}}`, k, i, k, i)
		}
		d, err := policy.Load(policy.Identity, append(text, `]}`...))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, policy.New("", "", d))
	}
	used := heap() - before
	t.Logf("%d principals with %d statements each: %.1f MB, %d bytes a statement", principals, statements, float64(used)/(1<<20), used/principals/statements)
	if used > limit {
		t.Errorf("%d bytes, want less than %d", used, limit)
	}
	runtime.KeepAlive(list)
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
