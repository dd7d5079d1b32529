// Package sns makes the topics and subscriptions of templates at the endpoint
// that the operator gives for SNS, such as an emulator's. There is no SNS here.
package sns

import (
	"context"
	"fmt"
	"net/url"
	"strconv"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/emulator"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

// A Config says what a [Service] works with. All but Client is required; a nil
// Client means that the operator gave no endpoint.
type Config struct {
	Client *emulator.Client
	Ledger *emulator.Ledger
}

// A Service makes topics. It is safe for concurrent use.
type Service struct{ cfg Config }

// New returns the service.
func New(c Config) *Service { return &Service{c} }

const needs = "SNS is made by an emulator: start \"moto_server -p 5000\" (pip install 'moto[server]'), " +
	"then hakone up --service-endpoint sns=http://127.0.0.1:5000"

// Types returns the resource types of CloudFormation that the service makes.
func (s *Service) Types() []stack.Type {
	return s.cfg.Client.Types(needs, []stack.Type{
		{
			Name: "AWS::SNS::Topic", Level: stack.Real, Handler: topics{s}, Replace: []string{"TopicName", "FifoTopic"},
			Attributes: []string{"TopicArn", "TopicName"}, NameProperty: "TopicName", MaxName: 251, Outside: true, Properties: topicProperties{},
		},
		{
			Name: "AWS::SNS::Subscription", Level: stack.Real, Handler: subscriptions{s}, Replace: []string{"TopicArn", "Protocol", "Endpoint", "Region"},
			Required: []string{"Protocol", "TopicArn"}, Attributes: []string{"Arn"}, Outside: true, Properties: subscriptionProperties{}, Check: s.checkSubscription,
		},
		{
			Name: "AWS::SNS::TopicPolicy", Level: stack.Real, Handler: topicPolicies{s}, Required: []string{"PolicyDocument", "Topics"},
			Attributes: []string{"Id"}, Outside: true, Properties: policyProperties{},
		},
	})
}

// topicProperties are the properties of AWS::SNS::Topic.
type topicProperties struct {
	TopicName                 string
	DisplayName               *string
	FifoTopic                 bool
	ContentBasedDeduplication *bool
	FifoThroughputScope       *string `oneof:"Topic,MessageGroup"`
	KmsMasterKeyID            *string `json:"KmsMasterKeyId"`
	SignatureVersion          *string
	TracingConfig             *string `oneof:"PassThrough,Active"`
	ArchivePolicy             *template.Node
	DataProtectionPolicy      *template.Node
	DeliveryStatusLogging     *template.Node
	Subscription              []topicSubscription
	Tags                      []struct{ Key, Value string }
}

type topicSubscription struct {
	Endpoint string `required:"true"`
	Protocol string `required:"true"`
}

// attributes returns the properties as SNS's API has them.
func (p *topicProperties) attributes() map[string]string {
	out := map[string]string{}
	for name, v := range map[string]*string{
		"DisplayName": p.DisplayName, "FifoThroughputScope": p.FifoThroughputScope, "KmsMasterKeyId": p.KmsMasterKeyID,
		"SignatureVersion": p.SignatureVersion, "TracingConfig": p.TracingConfig,
	} {
		if v != nil {
			out[name] = *v
		}
	}
	if p.ContentBasedDeduplication != nil {
		out["ContentBasedDeduplication"] = strconv.FormatBool(*p.ContentBasedDeduplication)
	}
	if p.FifoTopic {
		out["FifoTopic"] = "true"
	}
	return out
}

// refuse names what would silently do nothing.
func (p *topicProperties) refuse() error {
	for name, n := range map[string]*template.Node{
		"ArchivePolicy": p.ArchivePolicy, "DataProtectionPolicy": p.DataProtectionPolicy, "DeliveryStatusLogging": p.DeliveryStatusLogging,
	} {
		if !n.IsNull() {
			return awserr.Validation("%s of AWS::SNS::Topic is not served here", name)
		}
	}
	for _, s := range p.Subscription {
		if err := checkProtocol(s.Protocol); err != nil {
			return err
		}
	}
	return nil
}

const (
	kind    = "sns:topic"
	version = "2010-03-31"
)

// topics is AWS::SNS::Topic. Its physical id is the topic's ARN, which is the
// emulator's: calls name topics by it.
type topics struct{ s *Service }

func nameOf(r *stack.Request, p *topicProperties) string {
	switch {
	case p.TopicName != "":
		return p.TopicName
	case p.FifoTopic:
		return r.ProposedName + ".fifo"
	default:
		return r.ProposedName
	}
}

func (s *Service) call(ctx context.Context, action string, in url.Values, out any) error {
	return s.cfg.Client.Query(ctx, version, action, in, out)
}

func notFound(err error) bool { return emulator.Refused(err, "NotFound") }

// Create makes the topic with its subscriptions. CreateTopic gives back a topic
// that exists; one that no stack made is not taken over.
func (t topics) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	p := &topicProperties{}
	if err := r.Properties.Decode(p); err != nil {
		return stack.Result{}, err
	}
	if err := p.refuse(); err != nil {
		return stack.Result{}, err
	}
	name := nameOf(r, p)
	switch have, err := t.s.find(ctx, name); {
	case err != nil:
		return stack.Result{}, err
	case have != "":
		return stack.Result{}, awserr.New("InvalidParameter", 400, "Topic already exists: %s", have)
	}
	if err := t.s.cfg.Ledger.Begin(ctx, kind, name, r); err != nil {
		return stack.Result{}, err
	}
	in := url.Values{"Name": {name}}
	setAttributes(in, p.attributes())
	setTags(in, p)
	var out struct {
		TopicArn string `xml:"CreateTopicResult>TopicArn"`
	}
	if err := t.s.call(ctx, "CreateTopic", in, &out); err != nil {
		return stack.Result{PhysicalID: name}, err
	}
	for _, sub := range p.Subscription {
		if _, err := t.s.subscribe(ctx, out.TopicArn, sub.Protocol, sub.Endpoint, nil); err != nil {
			return stack.Result{PhysicalID: out.TopicArn}, err
		}
	}
	return result(out.TopicArn, name), nil
}

func setAttributes(in url.Values, attributes map[string]string) {
	i := 0
	for key, value := range attributes {
		i++
		in.Set(fmt.Sprintf("Attributes.entry.%d.key", i), key)
		in.Set(fmt.Sprintf("Attributes.entry.%d.value", i), value)
	}
}

// changed returns the attributes that are not as they were; those that are no more
// are empty.
func changed(was, is map[string]string) map[string]string {
	out := map[string]string{}
	for key, value := range is {
		if was[key] != value {
			out[key] = value
		}
	}
	for key, value := range was {
		if _, ok := is[key]; !ok && value != "" {
			out[key] = ""
		}
	}
	return out
}

func setTags(in url.Values, p *topicProperties) {
	for i, tag := range p.Tags {
		in.Set(fmt.Sprintf("Tags.member.%d.Key", i+1), tag.Key)
		in.Set(fmt.Sprintf("Tags.member.%d.Value", i+1), tag.Value)
	}
}

// Update changes attributes, tags and subscriptions.
func (t topics) Update(ctx context.Context, r *stack.Request, old *template.Node) (stack.Result, error) {
	p, before := &topicProperties{}, &topicProperties{}
	if err := r.Properties.Decode(p); err != nil {
		return stack.Result{}, err
	}
	if err := old.Decode(before); err != nil {
		return stack.Result{}, err
	}
	if err := p.refuse(); err != nil {
		return stack.Result{}, err
	}
	begun := stack.Result{PhysicalID: r.PhysicalID}
	for key, value := range changed(before.attributes(), p.attributes()) {
		in := url.Values{"TopicArn": {r.PhysicalID}, "AttributeName": {key}, "AttributeValue": {value}}
		if err := t.s.call(ctx, "SetTopicAttributes", in, nil); err != nil {
			return begun, err
		}
	}
	if err := t.s.retag(ctx, r.PhysicalID, before, p); err != nil {
		return begun, err
	}
	if err := t.s.resubscribe(ctx, r.PhysicalID, before.Subscription, p.Subscription); err != nil {
		return begun, err
	}
	return result(r.PhysicalID, nameOf(r, p)), nil
}

func (s *Service) retag(ctx context.Context, arn string, before, after *topicProperties) error {
	gone := url.Values{"ResourceArn": {arn}}
	for _, tag := range before.Tags {
		kept := false
		for _, other := range after.Tags {
			kept = kept || other.Key == tag.Key
		}
		if !kept {
			gone.Set(fmt.Sprintf("TagKeys.member.%d", len(gone)), tag.Key)
		}
	}
	if len(gone) > 1 {
		if err := s.call(ctx, "UntagResource", gone, nil); err != nil {
			return err
		}
	}
	if len(after.Tags) == 0 {
		return nil
	}
	in := url.Values{"ResourceArn": {arn}}
	setTags(in, after)
	return s.call(ctx, "TagResource", in, nil)
}

// Delete removes the topic, if a stack made it.
func (t topics) Delete(ctx context.Context, r *stack.Request) error {
	p := &topicProperties{}
	if err := r.Properties.Decode(p); err != nil {
		return err
	}
	name := nameOf(r, p)
	if !t.s.cfg.Ledger.Owns(kind, name, r) {
		return nil
	}
	arn, err := t.s.find(ctx, name)
	if err == nil && arn != "" {
		err = t.s.call(ctx, "DeleteTopic", url.Values{"TopicArn": {arn}}, nil)
	}
	if err != nil && !notFound(err) {
		return err
	}
	return t.s.cfg.Ledger.End(ctx, kind, name)
}

// Restore makes the topic again where the emulator lost it. See
// [stack.Restorer].
func (t topics) Restore(ctx context.Context, r *stack.Request) (bool, error) {
	p := &topicProperties{}
	if err := r.Properties.Decode(p); err != nil {
		return false, err
	}
	if arn, err := t.s.find(ctx, nameOf(r, p)); err != nil || arn != "" {
		return false, err
	}
	_, err := t.Create(ctx, r)
	return err == nil, err
}

// find returns the ARN of a topic; "" if there is none.
func (s *Service) find(ctx context.Context, name string) (string, error) {
	token := ""
	for range 1000 {
		var out struct {
			Arns []string `xml:"ListTopicsResult>Topics>member>TopicArn"`
			Next string   `xml:"ListTopicsResult>NextToken"`
		}
		in := url.Values{}
		if token != "" {
			in.Set("NextToken", token)
		}
		if err := s.call(ctx, "ListTopics", in, &out); err != nil {
			return "", err
		}
		for _, arn := range out.Arns {
			if last(arn) == name {
				return arn, nil
			}
		}
		if token = out.Next; token == "" {
			break
		}
	}
	return "", nil
}

func result(arn, name string) stack.Result {
	return stack.Result{PhysicalID: arn, Attributes: map[string]string{"TopicArn": arn, "TopicName": name}}
}
