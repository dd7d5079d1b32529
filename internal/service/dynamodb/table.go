// Package dynamodb makes the tables of templates at the endpoint that the operator
// gives for DynamoDB, such as an emulator's. There is no DynamoDB here.
package dynamodb

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/emulator"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

// A Config says what a [Service] works with. All but Client is required; a nil
// Client means that the operator gave no endpoint.
type Config struct {
	Client                     *emulator.Client
	Ledger                     *emulator.Ledger
	Account, Region, Partition string
}

// A Service makes tables. It is safe for concurrent use.
type Service struct{ cfg Config }

// New returns the service.
func New(c Config) *Service { return &Service{c} }

const needs = "DynamoDB is made by an emulator: start \"java -jar DynamoDBLocal.jar -sharedDb -port 5000\" or \"moto_server -p 5000\" " +
	"(pip install 'moto[server]'), then hakone up --service-endpoint dynamodb=http://127.0.0.1:5000"

// Types returns the resource types of CloudFormation that the service makes.
func (s *Service) Types() []stack.Type {
	return s.cfg.Client.Types(needs, []stack.Type{{
		Name: "AWS::DynamoDB::Table", Level: stack.Real, Handler: tables{s}, Required: []string{"KeySchema"},
		Replace: []string{"TableName", "KeySchema", "LocalSecondaryIndexes", "ImportSourceSpecification"}, Attributes: []string{"Arn", "StreamArn"},
		NameProperty: "TableName", MaxName: 255, Outside: true, Properties: tableProperties{},
	}})
}

// tables is AWS::DynamoDB::Table.
type tables struct{ s *Service }

const kind = "dynamodb:table"

// nameOf returns the name that a table has or will have.
func nameOf(r *stack.Request) string {
	if name := r.Properties.Get("TableName").Str(); name != "" {
		return name
	}
	return r.ProposedName
}

// Create makes the table and waits until it is active.
func (t tables) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	p, err := decode(ctx, r)
	if err != nil {
		return stack.Result{}, err
	}
	name := nameOf(r)
	if err := t.begin(ctx, name, r); err != nil {
		return stack.Result{}, err
	}
	in := createTable{
		TableName: name, AttributeDefinitions: p.AttributeDefinitions, KeySchema: p.KeySchema, BillingMode: p.BillingMode,
		ProvisionedThroughput: p.ProvisionedThroughput, OnDemandThroughput: p.OnDemandThroughput, WarmThroughput: p.WarmThroughput,
		GlobalSecondaryIndexes: indexes(p.GlobalSecondaryIndexes), LocalSecondaryIndexes: p.LocalSecondaryIndexes,
		StreamSpecification: p.StreamSpecification.input(), SSESpecification: p.SSESpecification.input(), TableClass: p.TableClass,
		DeletionProtectionEnabled: p.DeletionProtectionEnabled, Tags: p.Tags, ResourcePolicy: document(p.ResourcePolicy),
	}
	made := stack.Result{PhysicalID: name}
	if err := t.s.call(ctx, "CreateTable", in, nil); err != nil {
		return made, err
	}
	if err := t.s.active(ctx, name); err != nil {
		return made, err
	}
	if err := t.s.describeElsewhere(ctx, name, &tableProperties{}, p); err != nil {
		return made, err
	}
	return t.s.result(ctx, name)
}

// begin notes that the table is about to be made, unless there is one of that
// name, which is somebody else's.
func (t tables) begin(ctx context.Context, name string, r *stack.Request) error {
	_, err := t.s.describe(ctx, name)
	switch {
	case err == nil:
		return awserr.New("ResourceInUseException", 400, "Table already exists: %s", name)
	case !notFound(err):
		return err
	}
	return t.s.cfg.Ledger.Begin(ctx, kind, name, r)
}

// Update changes the table, one thing after the other as the service wants it.
func (t tables) Update(ctx context.Context, r *stack.Request, old *template.Node) (stack.Result, error) {
	p, err := decode(ctx, r)
	if err != nil {
		return stack.Result{}, err
	}
	var before tableProperties
	if err := old.Decode(&before); err != nil {
		return stack.Result{}, err
	}
	d, err := t.s.describe(ctx, r.PhysicalID)
	if err != nil {
		return stack.Result{}, err
	}
	begun := stack.Result{PhysicalID: r.PhysicalID}
	for _, in := range updates(r.PhysicalID, d.has(before), p) {
		if err := t.s.call(ctx, "UpdateTable", in, nil); err != nil {
			return begun, err
		}
		if err := t.s.active(ctx, r.PhysicalID); err != nil {
			return begun, err
		}
	}
	if err := t.s.retag(ctx, r.PhysicalID, before.Tags, p.Tags); err != nil {
		return begun, err
	}
	if err := t.s.describeElsewhere(ctx, r.PhysicalID, &before, p); err != nil {
		return begun, err
	}
	return t.s.result(ctx, r.PhysicalID)
}

// Delete removes the table, if a stack made it.
func (t tables) Delete(ctx context.Context, r *stack.Request) error {
	name := nameOf(r)
	if !t.s.cfg.Ledger.Owns(kind, name, r) {
		return nil
	}
	if err := t.s.call(ctx, "DeleteTable", named{name}, nil); err != nil && !notFound(err) {
		return err
	}
	if err := t.s.gone(ctx, name); err != nil {
		return err
	}
	return t.s.cfg.Ledger.End(ctx, kind, name)
}

// Restore makes the table again where the emulator lost it. See
// [stack.Restorer].
func (t tables) Restore(ctx context.Context, r *stack.Request) (bool, error) {
	if _, err := t.s.describe(ctx, r.PhysicalID); !notFound(err) {
		return false, err
	}
	_, err := t.Create(ctx, r)
	return err == nil, err
}

func notFound(err error) bool { return emulator.Refused(err, "ResourceNotFoundException") }

func (s *Service) call(ctx context.Context, operation string, in, out any) error {
	return s.cfg.Client.JSON(ctx, "1.0", "DynamoDB_20120810."+operation, in, out)
}

type named struct{ TableName string }

// A description is what matters of a table's.
type description struct {
	TableStatus, LatestStreamArn, TableArn string
	StreamSpecification                    *streamSpecification
	GlobalSecondaryIndexes                 []struct {
		globalIndex
		IndexStatus string
	}
}

// has returns p with the stream and the indexes that the table really has: after
// an update that failed half-way they are neither the old nor the new ones.
func (d *description) has(p tableProperties) *tableProperties {
	p.StreamSpecification = nil
	if s := d.StreamSpecification; s != nil && s.StreamEnabled {
		p.StreamSpecification = &streamProperties{StreamViewType: s.StreamViewType}
	}
	declared := p.GlobalSecondaryIndexes
	p.GlobalSecondaryIndexes = nil
	for _, i := range d.GlobalSecondaryIndexes {
		index := i.globalIndex
		index.ProvisionedThroughput, index.OnDemandThroughput, index.WarmThroughput = nil, nil, nil
		for _, g := range declared {
			if g.IndexName == i.IndexName {
				index.ProvisionedThroughput, index.OnDemandThroughput, index.WarmThroughput = g.ProvisionedThroughput, g.OnDemandThroughput, g.WarmThroughput
			}
		}
		p.GlobalSecondaryIndexes = append(p.GlobalSecondaryIndexes, index)
	}
	return &p
}

func (s *Service) describe(ctx context.Context, name string) (*description, error) {
	var out struct{ Table description }
	if err := s.call(ctx, "DescribeTable", named{name}, &out); err != nil {
		return nil, err
	}
	return &out.Table, nil
}

// Waiting for a table.
const (
	firstPoll = 20 * time.Millisecond
	lastPoll  = 2 * time.Second
	longest   = 15 * time.Minute
)

// poll asks until done says so.
func poll(ctx context.Context, what string, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	for wait := firstPoll; ; wait = min(2*wait, lastPoll) {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, ctx.Err())
		case <-time.After(wait):
		}
	}
}

// active waits until the table and its indexes are.
func (s *Service) active(ctx context.Context, name string) error {
	return poll(ctx, "wait for table "+name, func() (bool, error) {
		d, err := s.describe(ctx, name)
		if err != nil {
			return false, err
		}
		ready := d.TableStatus == "ACTIVE"
		for _, i := range d.GlobalSecondaryIndexes {
			ready = ready && (i.IndexStatus == "ACTIVE" || i.IndexStatus == "")
		}
		return ready, nil
	})
}

// gone waits until there is no such table.
func (s *Service) gone(ctx context.Context, name string) error {
	return poll(ctx, "wait for the end of table "+name, func() (bool, error) {
		_, err := s.describe(ctx, name)
		if notFound(err) {
			return true, nil
		}
		return false, err
	})
}

func (s *Service) arn(name string) string {
	return fmt.Sprintf("arn:%s:dynamodb:%s:%s:table/%s", s.cfg.Partition, s.cfg.Region, s.cfg.Account, name)
}

func (s *Service) result(ctx context.Context, name string) (stack.Result, error) {
	out := stack.Result{PhysicalID: name, Attributes: map[string]string{"Arn": s.arn(name)}}
	d, err := s.describe(ctx, name)
	if err != nil {
		return out, err
	}
	if d.LatestStreamArn != "" {
		out.Attributes["StreamArn"] = d.LatestStreamArn
	}
	return out, nil
}

// document returns the text of a resource policy.
func document(p *resourcePolicy) string {
	if p == nil || p.PolicyDocument.IsNull() {
		return ""
	}
	return string(p.PolicyDocument.JSON(""))
}

// decode reads the properties, and tells which of them act nowhere.
func decode(ctx context.Context, r *stack.Request) (*tableProperties, error) {
	p := &tableProperties{}
	if err := r.Properties.Decode(p); err != nil {
		return nil, err
	}
	for name, n := range map[string]*template.Node{
		"ContributorInsightsSpecification": p.ContributorInsightsSpecification, "KinesisStreamSpecification": p.KinesisStreamSpecification,
	} {
		if !n.IsNull() {
			stack.Warn(ctx, fmt.Sprintf("%s: %s has no effect here", r.LogicalID, name))
		}
	}
	if !p.ImportSourceSpecification.IsNull() {
		return nil, awserr.Validation("ImportSourceSpecification is not served here: tables are made empty")
	}
	return p, nil
}

// same reports whether two inputs are one.
func same(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}
