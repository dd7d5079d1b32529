package iam

import (
	"fmt"
	"log/slog"
	"runtime"
	"testing"
)

// Five thousand roles with twenty statements each, no two alike, fit in 100 MB:
// what a request asks and the texts it was compiled from.
func TestSnapshotOfManyRoles(t *testing.T) {
	if testing.Short() {
		t.Skip("it fills some memory")
	}
	const roles, statements, limit = 5000, 20, 100 << 20
	before := heap()
	c := compiler{
		Service: &Service{account: "123456789012", partition: "aws", log: slog.New(slog.DiscardHandler)},
		next:    newSnapshot(0),
		ids:     map[string]string{},
	}
	for i := range roles {
		name := fmt.Sprintf("role-%d", i)
		document := []byte(`{"Version":"2012-10-17","Statement":[`)
		for k := range statements {
			if k > 0 {
				document = append(document, ',')
			}
			document = fmt.Appendf(document, `{"Sid":"S%d","Effect":"Allow","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:us-east-1:123456789012:a%04d%02d/prod/*/pets/*",`+
				`"Condition":{"StringEquals":{"aws:PrincipalTag/team":"team-%d"}}}`, k, i, k, i)
		}
		c.role(&Role{
			RoleName: name, RoleId: newID(prefixRole), Arn: c.arn("role", "/", name), MaxSessionDuration: 3600,
			AssumeRolePolicyDocument: `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}`,
			Grants:                   Grants{Inline: map[string]Document{"Invoke": Document(append(document, `]}`...))}},
		})
	}
	used := heap() - before
	t.Logf("%d roles with %d statements each: %.1f MB", roles, statements, float64(used)/(1<<20))
	if used > limit {
		t.Errorf("%d bytes, want less than %d", used, limit)
	}
	runtime.KeepAlive(c.next)
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
