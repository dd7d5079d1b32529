package sns

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

// subscriptions is AWS::SNS::Subscription. Its physical id is its ARN.
type subscriptions struct{ s *Service }

type subscriptionProperties struct {
	TopicArn            string `required:"true"`
	Protocol            string `required:"true" oneof:"http,https,email,email-json,sms,sqs,application,lambda,firehose"`
	Endpoint            string
	Region              string
	RawMessageDelivery  *bool
	FilterPolicy        *template.Node
	FilterPolicyScope   *string `oneof:"MessageAttributes,MessageBody"`
	DeliveryPolicy      *template.Node
	RedrivePolicy       *template.Node
	ReplayPolicy        *template.Node
	SubscriptionRoleArn *string
}

// checkProtocol refuses what would silently deliver nothing: an emulator does not
// know the functions here.
func checkProtocol(protocol string) error {
	if protocol == "lambda" {
		return awserr.Validation("a subscription with Protocol lambda is not served here: the emulator's topic cannot call a function of this server")
	}
	return nil
}

// checkSubscription refuses topics of another region, which the endpoint does not
// have.
func (s *Service) checkSubscription(n *template.Node) error {
	region := n.Get("Region")
	if s.cfg.Client == nil || !region.IsScalar() || region.Value == "" || region.Value == s.cfg.Client.Region {
		return nil
	}
	return &template.Error{
		Message: "hakone does not support Region: topics of " + region.Value + " are not here", Notes: []template.Note{{Position: region.Position}},
	}
}

func (p *subscriptionProperties) attributes() map[string]string {
	out := map[string]string{}
	if p.RawMessageDelivery != nil {
		out["RawMessageDelivery"] = strconv.FormatBool(*p.RawMessageDelivery)
	}
	for name, v := range map[string]*string{"FilterPolicyScope": p.FilterPolicyScope, "SubscriptionRoleArn": p.SubscriptionRoleArn} {
		if v != nil {
			out[name] = *v
		}
	}
	for name, v := range map[string]*template.Node{
		"FilterPolicy": p.FilterPolicy, "DeliveryPolicy": p.DeliveryPolicy, "RedrivePolicy": p.RedrivePolicy, "ReplayPolicy": p.ReplayPolicy,
	} {
		switch {
		case v.IsMap():
			out[name] = string(v.JSON(""))
		case v.IsScalar():
			out[name] = v.Value
		}
	}
	return out
}

func (s *Service) subscribe(ctx context.Context, topic, protocol, endpoint string, attributes map[string]string) (string, error) {
	in := url.Values{"TopicArn": {topic}, "Protocol": {protocol}, "Endpoint": {endpoint}, "ReturnSubscriptionArn": {"true"}}
	setAttributes(in, attributes)
	var out struct {
		Arn string `xml:"SubscribeResult>SubscriptionArn"`
	}
	return out.Arn, s.call(ctx, "Subscribe", in, &out)
}

// resubscribe makes a topic's own subscriptions what they should be.
func (s *Service) resubscribe(ctx context.Context, topic string, before, after []topicSubscription) error {
	for _, sub := range after {
		if slices.Contains(before, sub) {
			continue
		}
		if _, err := s.subscribe(ctx, topic, sub.Protocol, sub.Endpoint, nil); err != nil {
			return err
		}
	}
	gone := slices.DeleteFunc(slices.Clone(before), func(sub topicSubscription) bool { return slices.Contains(after, sub) })
	if len(gone) == 0 {
		return nil
	}
	var out struct {
		Members []struct{ SubscriptionArn, Protocol, Endpoint string } `xml:"ListSubscriptionsByTopicResult>Subscriptions>member"`
	}
	if err := s.call(ctx, "ListSubscriptionsByTopic", url.Values{"TopicArn": {topic}}, &out); err != nil {
		return err
	}
	for _, m := range out.Members {
		if !slices.Contains(gone, topicSubscription{m.Endpoint, m.Protocol}) {
			continue
		}
		if err := s.call(ctx, "Unsubscribe", url.Values{"SubscriptionArn": {m.SubscriptionArn}}, nil); err != nil && !notFound(err) {
			return err
		}
	}
	return nil
}

// Create subscribes.
func (h subscriptions) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	var p subscriptionProperties
	if err := r.Properties.Decode(&p); err != nil {
		return stack.Result{}, err
	}
	if err := checkProtocol(p.Protocol); err != nil {
		return stack.Result{}, err
	}
	if err := h.s.checkSubscription(r.Properties); err != nil {
		return stack.Result{}, err
	}
	arn, err := h.s.subscribe(ctx, p.TopicArn, p.Protocol, p.Endpoint, p.attributes())
	if err != nil {
		return stack.Result{}, err
	}
	return stack.Result{PhysicalID: arn, Attributes: map[string]string{"Arn": arn}}, nil
}

// Update changes the subscription's attributes.
func (h subscriptions) Update(ctx context.Context, r *stack.Request, old *template.Node) (stack.Result, error) {
	var p, before subscriptionProperties
	if err := r.Properties.Decode(&p); err != nil {
		return stack.Result{}, err
	}
	if err := old.Decode(&before); err != nil {
		return stack.Result{}, err
	}
	for key, value := range changed(before.attributes(), p.attributes()) {
		in := url.Values{"SubscriptionArn": {r.PhysicalID}, "AttributeName": {key}, "AttributeValue": {value}}
		if err := h.s.call(ctx, "SetSubscriptionAttributes", in, nil); err != nil {
			return stack.Result{PhysicalID: r.PhysicalID}, err
		}
	}
	return stack.Result{PhysicalID: r.PhysicalID}, nil
}

// Delete unsubscribes. A creation that was cut off left nothing that could be
// named; it goes with its topic.
func (h subscriptions) Delete(ctx context.Context, r *stack.Request) error {
	if !strings.HasPrefix(r.PhysicalID, "arn:") {
		return nil
	}
	err := h.s.call(ctx, "Unsubscribe", url.Values{"SubscriptionArn": {r.PhysicalID}}, nil)
	if notFound(err) {
		return nil
	}
	return err
}

// last returns the last part of an ARN.
func last(arn string) string { return arn[strings.LastIndexByte(arn, ':')+1:] }
