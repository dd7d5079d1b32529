// Package sqs makes the queues of templates at the endpoint that the operator
// gives for SQS, such as an emulator's. There is no SQS here.
package sqs

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"

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

// A Service makes queues. It is safe for concurrent use.
type Service struct{ cfg Config }

// New returns the service.
func New(c Config) *Service { return &Service{c} }

const needs = "SQS is made by an emulator: start \"java -jar elasticmq-server.jar\" (port 9324) or \"moto_server -p 9324\" " +
	"(pip install 'moto[server]'), then hakone up --service-endpoint sqs=http://127.0.0.1:9324"

// Types returns the resource types of CloudFormation that the service makes.
func (s *Service) Types() []stack.Type {
	return s.cfg.Client.Types(needs, []stack.Type{
		{
			Name: "AWS::SQS::Queue", Level: stack.Real, Handler: queues{s}, Replace: []string{"QueueName", "FifoQueue"},
			Attributes: []string{"Arn", "QueueName", "QueueUrl"}, NameProperty: "QueueName", MaxName: 75, Outside: true, Properties: queueProperties{},
		},
		{
			Name: "AWS::SQS::QueuePolicy", Level: stack.Real, Handler: queuePolicies{s}, Required: []string{"PolicyDocument", "Queues"},
			Attributes: []string{"Id"}, Outside: true, Properties: policyProperties{},
		},
	})
}

// queueProperties are the properties of AWS::SQS::Queue.
type queueProperties struct {
	QueueName                     string
	FifoQueue                     bool
	ContentBasedDeduplication     *bool
	DeduplicationScope            *string `oneof:"messageGroup,queue"`
	FifoThroughputLimit           *string `oneof:"perQueue,perMessageGroupId"`
	DelaySeconds                  *int
	MaximumMessageSize            *int
	MessageRetentionPeriod        *int
	ReceiveMessageWaitTimeSeconds *int
	VisibilityTimeout             *int
	KmsMasterKeyID                *string `json:"KmsMasterKeyId"`
	KmsDataKeyReusePeriodSeconds  *int
	SqsManagedSseEnabled          *bool
	RedrivePolicy                 *template.Node
	RedriveAllowPolicy            *template.Node
	Tags                          []struct{ Key, Value string }
}

// attributes returns the properties as SQS's API has them. What is nil has the
// service's default.
func (p *queueProperties) attributes() map[string]string {
	out := map[string]string{}
	for name, v := range map[string]*int{
		"DelaySeconds": p.DelaySeconds, "MaximumMessageSize": p.MaximumMessageSize, "MessageRetentionPeriod": p.MessageRetentionPeriod,
		"ReceiveMessageWaitTimeSeconds": p.ReceiveMessageWaitTimeSeconds, "VisibilityTimeout": p.VisibilityTimeout,
		"KmsDataKeyReusePeriodSeconds": p.KmsDataKeyReusePeriodSeconds,
	} {
		if v != nil {
			out[name] = strconv.Itoa(*v)
		}
	}
	for name, v := range map[string]*bool{"ContentBasedDeduplication": p.ContentBasedDeduplication, "SqsManagedSseEnabled": p.SqsManagedSseEnabled} {
		if v != nil {
			out[name] = strconv.FormatBool(*v)
		}
	}
	for name, v := range map[string]*string{"DeduplicationScope": p.DeduplicationScope, "FifoThroughputLimit": p.FifoThroughputLimit, "KmsMasterKeyId": p.KmsMasterKeyID} {
		if v != nil {
			out[name] = *v
		}
	}
	for name, v := range map[string]*template.Node{"RedrivePolicy": p.RedrivePolicy, "RedriveAllowPolicy": p.RedriveAllowPolicy} {
		switch {
		case v.IsMap():
			out[name] = string(v.JSON(""))
		case v.IsScalar():
			out[name] = v.Value
		}
	}
	if p.FifoQueue {
		out["FifoQueue"] = "true"
	}
	return out
}

// defaults are what an attribute becomes again when a template no longer has it.
var defaults = map[string]string{
	"DelaySeconds": "0", "MaximumMessageSize": "262144", "MessageRetentionPeriod": "345600", "ReceiveMessageWaitTimeSeconds": "0",
	"VisibilityTimeout": "30", "KmsDataKeyReusePeriodSeconds": "300", "ContentBasedDeduplication": "false",
}

func (p *queueProperties) tags() map[string]string {
	out := map[string]string{}
	for _, t := range p.Tags {
		out[t.Key] = t.Value
	}
	return out
}

// queues is AWS::SQS::Queue. Its physical id is the queue's URL.
type queues struct{ s *Service }

const kind = "sqs:queue"

// nameOf returns the name that a queue has or will have.
func nameOf(r *stack.Request, p *queueProperties) string {
	switch {
	case p.QueueName != "":
		return p.QueueName
	case p.FifoQueue:
		return r.ProposedName + ".fifo"
	default:
		return r.ProposedName
	}
}

func (s *Service) call(ctx context.Context, operation string, in, out any) error {
	return s.cfg.Client.JSON(ctx, "1.0", "AmazonSQS."+operation, in, out)
}

func notFound(err error) bool { return emulator.Refused(err, "QueueDoesNotExist", "NonExistentQueue") }

// find returns the URL of a queue; "" if there is none.
func (s *Service) find(ctx context.Context, name string) (string, error) {
	var out struct {
		QueueURL string `json:"QueueUrl"`
	}
	err := s.call(ctx, "GetQueueUrl", map[string]string{"QueueName": name}, &out)
	if notFound(err) {
		return "", nil
	}
	return out.QueueURL, err
}

// Create makes the queue.
func (q queues) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	var p queueProperties
	if err := r.Properties.Decode(&p); err != nil {
		return stack.Result{}, err
	}
	name := nameOf(r, &p)
	switch have, err := q.s.find(ctx, name); {
	case err != nil:
		return stack.Result{}, err
	case have != "":
		return stack.Result{}, awserr.New("QueueAlreadyExists", 400, "A queue named %s already exists", name)
	}
	if err := q.s.cfg.Ledger.Begin(ctx, kind, name, r); err != nil {
		return stack.Result{}, err
	}
	in := map[string]any{"QueueName": name, "Attributes": p.attributes(), "tags": p.tags()}
	var out struct {
		QueueURL string `json:"QueueUrl"`
	}
	if err := q.s.call(ctx, "CreateQueue", in, &out); err != nil {
		return stack.Result{PhysicalID: name}, err
	}
	return q.s.result(out.QueueURL, name), nil
}

// Update changes the queue's attributes and tags.
func (q queues) Update(ctx context.Context, r *stack.Request, old *template.Node) (stack.Result, error) {
	var p, before queueProperties
	if err := r.Properties.Decode(&p); err != nil {
		return stack.Result{}, err
	}
	if err := old.Decode(&before); err != nil {
		return stack.Result{}, err
	}
	begun := stack.Result{PhysicalID: r.PhysicalID}
	attributes := p.attributes()
	delete(attributes, "FifoQueue")
	for name := range before.attributes() {
		if _, ok := attributes[name]; !ok && name != "FifoQueue" {
			attributes[name] = defaults[name]
		}
	}
	if len(attributes) > 0 {
		if err := q.s.call(ctx, "SetQueueAttributes", map[string]any{"QueueUrl": r.PhysicalID, "Attributes": attributes}, nil); err != nil {
			return begun, err
		}
	}
	tags := p.tags()
	var gone []string
	for key := range before.tags() {
		if _, ok := tags[key]; !ok {
			gone = append(gone, key)
		}
	}
	if gone != nil {
		if err := q.s.call(ctx, "UntagQueue", map[string]any{"QueueUrl": r.PhysicalID, "TagKeys": gone}, nil); err != nil {
			return begun, err
		}
	}
	if len(tags) > 0 {
		if err := q.s.call(ctx, "TagQueue", map[string]any{"QueueUrl": r.PhysicalID, "Tags": tags}, nil); err != nil {
			return begun, err
		}
	}
	return q.s.result(r.PhysicalID, path.Base(r.PhysicalID)), nil
}

// Delete removes the queue, if a stack made it.
func (q queues) Delete(ctx context.Context, r *stack.Request) error {
	var p queueProperties
	if err := r.Properties.Decode(&p); err != nil {
		return err
	}
	name := nameOf(r, &p)
	if !q.s.cfg.Ledger.Owns(kind, name, r) {
		return nil
	}
	address, err := q.s.find(ctx, name)
	if err == nil && address != "" {
		err = q.s.call(ctx, "DeleteQueue", map[string]string{"QueueUrl": address}, nil)
	}
	if err != nil && !notFound(err) {
		return err
	}
	return q.s.cfg.Ledger.End(ctx, kind, name)
}

// Restore makes the queue again where the emulator lost it. See
// [stack.Restorer].
func (q queues) Restore(ctx context.Context, r *stack.Request) (bool, error) {
	if address, err := q.s.find(ctx, path.Base(r.PhysicalID)); err != nil || address != "" {
		return false, err
	}
	_, err := q.Create(ctx, r)
	return err == nil, err
}

var account = regexp.MustCompile(`^\d{12}$`)

// arn returns a queue's ARN: of this region, and of the account that the
// emulator put into the URL.
func (s *Service) arn(address string) string {
	owner, name := s.cfg.Account, path.Base(address)
	if u, err := url.Parse(address); err == nil {
		parts := strings.Split(strings.Trim(u.Path, "/"), "/")
		if n := len(parts); n >= 2 && account.MatchString(parts[n-2]) {
			owner = parts[n-2]
		}
	}
	return fmt.Sprintf("arn:%s:sqs:%s:%s:%s", s.cfg.Partition, s.cfg.Region, owner, name)
}

func (s *Service) result(address, name string) stack.Result {
	return stack.Result{PhysicalID: address, Attributes: map[string]string{"Arn": s.arn(address), "QueueName": name, "QueueUrl": address}}
}
