package dynamodb

import (
	"context"
	"slices"

	"github.com/hakonegate/hakone/internal/emulator"
)

// createTable is the input of CreateTable.
type createTable struct {
	TableName                 string
	AttributeDefinitions      []attributeDefinition
	KeySchema                 []keyElement
	BillingMode               string               `json:",omitempty"`
	ProvisionedThroughput     *throughput          `json:",omitempty"`
	OnDemandThroughput        *onDemandThroughput  `json:",omitempty"`
	WarmThroughput            *warmThroughput      `json:",omitempty"`
	GlobalSecondaryIndexes    []globalIndex        `json:",omitempty"`
	LocalSecondaryIndexes     []localIndex         `json:",omitempty"`
	StreamSpecification       *streamSpecification `json:",omitempty"`
	SSESpecification          *sseSpecification    `json:",omitempty"`
	TableClass                string               `json:",omitempty"`
	DeletionProtectionEnabled bool                 `json:",omitempty"`
	Tags                      []tag                `json:",omitempty"`
	ResourcePolicy            string               `json:",omitempty"`
}

// updateTable is the input of UpdateTable.
type updateTable struct {
	TableName                   string
	AttributeDefinitions        []attributeDefinition `json:",omitempty"`
	BillingMode                 string                `json:",omitempty"`
	ProvisionedThroughput       *throughput           `json:",omitempty"`
	OnDemandThroughput          *onDemandThroughput   `json:",omitempty"`
	WarmThroughput              *warmThroughput       `json:",omitempty"`
	GlobalSecondaryIndexUpdates []indexUpdate         `json:",omitempty"`
	StreamSpecification         *streamSpecification  `json:",omitempty"`
	SSESpecification            *sseSpecification     `json:",omitempty"`
	TableClass                  string                `json:",omitempty"`
	DeletionProtectionEnabled   *bool                 `json:",omitempty"`
}

type streamSpecification struct {
	StreamEnabled  bool
	StreamViewType string `json:",omitempty"`
}

type sseSpecification struct {
	Enabled        bool
	SSEType        string `json:",omitempty"`
	KMSMasterKeyID string `json:"KMSMasterKeyId,omitempty"`
}

// An indexUpdate is one of its members.
type indexUpdate struct {
	Create *globalIndex `json:",omitempty"`
	Update *indexChange `json:",omitempty"`
	Delete *indexName   `json:",omitempty"`
}

type indexName struct{ IndexName string }

type indexChange struct {
	IndexName             string
	ProvisionedThroughput *throughput         `json:",omitempty"`
	OnDemandThroughput    *onDemandThroughput `json:",omitempty"`
	WarmThroughput        *warmThroughput     `json:",omitempty"`
}

func (p *streamProperties) input() *streamSpecification {
	if p == nil {
		return nil
	}
	return &streamSpecification{true, p.StreamViewType}
}

func (p *sseProperties) input() *sseSpecification {
	if p == nil {
		return nil
	}
	return &sseSpecification{p.SSEEnabled, p.SSEType, p.KMSMasterKeyID}
}

// indexes drops what the API does not take.
func indexes(list []globalIndex) []globalIndex {
	out := slices.Clone(list)
	for i := range out {
		out[i].ContributorInsightsSpecification = nil
	}
	return out
}

// updates returns the calls of UpdateTable that make before into after: the table
// first, then one for each index, as the service wants it.
func updates(name string, before, after *tableProperties) []updateTable {
	var out []updateTable
	in := updateTable{TableName: name}
	if before.BillingMode != after.BillingMode || !same(before.ProvisionedThroughput, after.ProvisionedThroughput) {
		in.BillingMode, in.ProvisionedThroughput = after.BillingMode, after.ProvisionedThroughput
		if in.BillingMode == "" {
			in.BillingMode = "PROVISIONED"
		}
	}
	if !same(before.OnDemandThroughput, after.OnDemandThroughput) {
		in.OnDemandThroughput = after.OnDemandThroughput
	}
	if !same(before.WarmThroughput, after.WarmThroughput) {
		in.WarmThroughput = after.WarmThroughput
	}
	if before.TableClass != after.TableClass {
		in.TableClass = after.TableClass
		if in.TableClass == "" {
			in.TableClass = "STANDARD"
		}
	}
	if before.DeletionProtectionEnabled != after.DeletionProtectionEnabled {
		in.DeletionProtectionEnabled = &after.DeletionProtectionEnabled
	}
	if !same(before.SSESpecification, after.SSESpecification) {
		if in.SSESpecification = after.SSESpecification.input(); in.SSESpecification == nil {
			in.SSESpecification = &sseSpecification{}
		}
	}
	if !same(in, updateTable{TableName: name}) {
		out = append(out, in)
	}
	out = append(out, streamUpdates(name, before, after)...)
	return append(out, indexUpdates(name, before, after)...)
}

// streamUpdates: a stream that changes ends before the new one begins.
func streamUpdates(name string, before, after *tableProperties) (out []updateTable) {
	was, is := before.StreamSpecification.input(), after.StreamSpecification.input()
	if same(was, is) {
		return nil
	}
	if was != nil {
		out = append(out, updateTable{TableName: name, StreamSpecification: &streamSpecification{}})
	}
	if is != nil {
		out = append(out, updateTable{TableName: name, StreamSpecification: is})
	}
	return out
}

// indexUpdates: an index whose keys or projection change is made anew.
func indexUpdates(name string, before, after *tableProperties) (out []updateTable) {
	one := func(u indexUpdate) updateTable {
		in := updateTable{TableName: name, GlobalSecondaryIndexUpdates: []indexUpdate{u}}
		if u.Create != nil {
			in.AttributeDefinitions = after.AttributeDefinitions
		}
		return in
	}
	was, is := indexes(before.GlobalSecondaryIndexes), indexes(after.GlobalSecondaryIndexes)
	find := func(list []globalIndex, name string) *globalIndex {
		if i := slices.IndexFunc(list, func(g globalIndex) bool { return g.IndexName == name }); i >= 0 {
			return &list[i]
		}
		return nil
	}
	anew := func(a, b *globalIndex) bool {
		return a == nil || b == nil || !same(a.KeySchema, b.KeySchema) || !same(a.Projection, b.Projection)
	}
	for i := range was {
		if g := &was[i]; anew(g, find(is, g.IndexName)) {
			out = append(out, one(indexUpdate{Delete: &indexName{g.IndexName}}))
		}
	}
	for i := range is {
		g := &is[i]
		switch old := find(was, g.IndexName); {
		case anew(g, old):
			out = append(out, one(indexUpdate{Create: g}))
		case !same(g, old):
			out = append(out, one(indexUpdate{Update: &indexChange{g.IndexName, g.ProvisionedThroughput, g.OnDemandThroughput, g.WarmThroughput}}))
		}
	}
	return out
}

// describeElsewhere makes what has operations of its own: the time to live, and
// recovery to a point in time.
func (s *Service) describeElsewhere(ctx context.Context, name string, before, after *tableProperties) error {
	if !same(before.TimeToLiveSpecification, after.TimeToLiveSpecification) {
		ttl := after.TimeToLiveSpecification
		if ttl == nil {
			off := *before.TimeToLiveSpecification
			off.Enabled = false
			ttl = &off
		}
		if ttl.Enabled || before.TimeToLiveSpecification != nil && before.TimeToLiveSpecification.Enabled {
			in := struct {
				TableName               string
				TimeToLiveSpecification *timeToLive
			}{name, ttl}
			if err := s.call(ctx, "UpdateTimeToLive", in, nil); err != nil {
				return err
			}
		}
	}
	if !same(before.PointInTimeRecoverySpecification, after.PointInTimeRecoverySpecification) {
		recovery := after.PointInTimeRecoverySpecification
		if recovery == nil {
			recovery = &pointInTimeRecovery{}
		}
		in := struct {
			TableName                        string
			PointInTimeRecoverySpecification *pointInTimeRecovery
		}{name, recovery}
		// DynamoDB Local has no backups; a table without them is as good there.
		if err := s.call(ctx, "UpdateContinuousBackups", in, nil); err != nil && !emulator.Refused(err, "UnknownOperationException") {
			return err
		}
	}
	return nil
}

// retag makes the tags what they should be.
func (s *Service) retag(ctx context.Context, name string, before, after []tag) error {
	if same(before, after) {
		return nil
	}
	d, err := s.describe(ctx, name)
	if err != nil {
		return err
	}
	var gone []string
	for _, t := range before {
		if !slices.ContainsFunc(after, func(u tag) bool { return u.Key == t.Key }) {
			gone = append(gone, t.Key)
		}
	}
	if gone != nil {
		in := struct {
			ResourceArn string
			TagKeys     []string
		}{d.TableArn, gone}
		if err := s.call(ctx, "UntagResource", in, nil); err != nil {
			return err
		}
	}
	if len(after) == 0 {
		return nil
	}
	return s.call(ctx, "TagResource", struct {
		ResourceArn string
		Tags        []tag
	}{d.TableArn, after}, nil)
}
