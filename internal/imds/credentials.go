package imds

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/hakonegate/hakone/internal/access"
)

const (
	life    = 6 * time.Hour
	renewal = 30 * time.Minute // before the end; SDKs ask again 5 to 15 minutes ahead
)

// rolling keeps the credentials that are handed out until they are nearly over.
type rolling struct {
	mu      sync.Mutex
	roleID  string
	since   time.Time
	current *access.Credentials
}

// roleDocument returns the answer of security-credentials/ROLE: credentials, or
// why there are none.
func (m *metadata) roleDocument(ctx context.Context, i *Instance) string {
	m.role.mu.Lock()
	defer m.role.mu.Unlock()
	now := m.now()
	if c := m.role.current; c == nil || m.role.roleID != i.RoleName+i.RoleID || c.Expiration.Sub(now) < renewal {
		fresh, err := m.source.RoleCredentials(ctx, life)
		if err != nil {
			m.log.WarnContext(ctx, "instance role cannot be assumed", "instance", i.InstanceID, "role", i.RoleName, "error", err)
			return document([][2]string{
				{"Code", "AssumeRoleUnauthorizedAccess"},
				{"Message", fmt.Sprintf("EC2 cannot assume the role %s. Please see documentation at https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html#troubleshoot_iam-ec2_errors-info-doc.", i.RoleName)},
				{"LastUpdated", stamp(now)},
			})
		}
		m.role.current, m.role.roleID, m.role.since = fresh, i.RoleName+i.RoleID, now
	}
	c := m.role.current
	return document([][2]string{
		{"Code", "Success"},
		{"LastUpdated", stamp(m.role.since)},
		{"Type", "AWS-HMAC"},
		{"AccessKeyId", c.AccessKeyID},
		{"SecretAccessKey", c.SecretAccessKey},
		{"Token", c.SessionToken},
		{"Expiration", stamp(c.Expiration)},
	})
}

const null = "\x00null"

// document writes a JSON object with its members in order, one on a line as EC2
// does.
func document(members [][2]string) string {
	var b strings.Builder
	b.WriteString("{")
	for n, m := range members {
		if n > 0 {
			b.WriteString(",")
		}
		text := []byte("null")
		if m[1] != null {
			text, _ = json.Marshal(m[1]) // a string always has JSON
		}
		fmt.Fprintf(&b, "\n  %q : %s", m[0], text)
	}
	b.WriteString("\n}")
	return b.String()
}
