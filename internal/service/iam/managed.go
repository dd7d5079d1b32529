package iam

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/hakonegate/hakone/policy"
)

// The managed policies that AWS provides and templates name.
//
//go:embed awspolicies/policies.jsonl
var awsPolicyLines []byte

// awsPolicies are AWS's managed policies by ARN.
type awsPolicies map[string]*awsPolicy

type awsPolicy struct {
	record   Policy
	compiled *policy.Policy
	boundary *policy.Policy
}

// loadAWSPolicies reads the embedded policies; their ARNs follow the partition.
func loadAWSPolicies(partition string) (awsPolicies, error) {
	all := awsPolicies{}
	lines := bufio.NewScanner(bytes.NewReader(awsPolicyLines))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var l struct {
			Name, ARN, Version, Updated string
			Document                    json.RawMessage
		}
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return nil, fmt.Errorf("read the AWS managed policies: %w", err)
		}
		updated, err := time.Parse(time.RFC3339, l.Updated)
		if err != nil {
			return nil, fmt.Errorf("read the AWS managed policy %s: %w", l.Name, err)
		}
		arn := "arn:" + partition + strings.TrimPrefix(l.ARN, "arn:aws")
		p := &awsPolicy{record: Policy{
			PolicyName: l.Name, PolicyId: awsPolicyID(l.Name), Arn: arn, Path: pathOf(arn), DefaultVersionId: l.Version,
			IsAttachable: true, CreateDate: updated.UTC(), UpdateDate: updated.UTC(),
			Versions: []PolicyVersion{{Document: Document(l.Document), VersionId: l.Version, IsDefaultVersion: true, CreateDate: updated.UTC()}},
		}}
		doc, err := policy.Load(policy.Identity, l.Document)
		if err != nil {
			return nil, fmt.Errorf("read the AWS managed policy %s: %w", l.Name, err)
		}
		p.compiled = policy.New(l.Name, arn, doc)
		limits, err := policy.Load(policy.Boundary, l.Document)
		if err != nil {
			return nil, fmt.Errorf("read the AWS managed policy %s: %w", l.Name, err)
		}
		p.boundary = policy.New(l.Name, arn, limits)
		all[arn] = p
	}
	return all, lines.Err()
}

// awsPolicyID makes the same unique id for a policy on every node.
func awsPolicyID(name string) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	h := uint64(14695981039346656037) // FNV-1a
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 1099511628211
	}
	id := make([]byte, 17)
	for i := range id {
		id[i] = letters[h%32]
		h = h/32 ^ h*1099511628211
	}
	return prefixPolicy + string(id)
}

// pathOf returns the path inside a policy's ARN.
func pathOf(arn string) string {
	_, rest, _ := strings.Cut(arn, ":policy/")
	return "/" + rest[:strings.LastIndex(rest, "/")+1]
}

// managed finds a managed policy, AWS's or the account's.
func (s *Service) managed(arn string) (Policy, bool) {
	if p, ok := s.aws[arn]; ok {
		return p.record, true
	}
	p, ok := s.policies.Get(arn)
	return p, ok
}
