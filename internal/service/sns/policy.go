package sns

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"

	"github.com/hakonegate/hakone/arn"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

// topicPolicies is AWS::SNS::TopicPolicy: one policy for some topics.
type topicPolicies struct{ s *Service }

type policyProperties struct {
	PolicyDocument *template.Node `required:"true"`
	Topics         []string       `required:"true"` // ARNs
}

func (h topicPolicies) set(ctx context.Context, topic, policy string) error {
	in := url.Values{"TopicArn": {topic}, "AttributeName": {"Policy"}, "AttributeValue": {policy}}
	return h.s.call(ctx, "SetTopicAttributes", in, nil)
}

func (h topicPolicies) put(ctx context.Context, p *policyProperties) error {
	for _, topic := range p.Topics {
		if err := h.set(ctx, topic, string(p.PolicyDocument.JSON(""))); err != nil {
			return err
		}
	}
	return nil
}

// Create gives the topics the policy.
func (h topicPolicies) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	var p policyProperties
	if err := r.Properties.Decode(&p); err != nil {
		return stack.Result{}, err
	}
	return stack.Result{PhysicalID: r.ProposedName, Attributes: map[string]string{"Id": r.ProposedName}}, h.put(ctx, &p)
}

// Update gives the topics the new policy, and takes it from those that are no
// longer named.
func (h topicPolicies) Update(ctx context.Context, r *stack.Request, old *template.Node) (stack.Result, error) {
	var p, before policyProperties
	if err := r.Properties.Decode(&p); err != nil {
		return stack.Result{}, err
	}
	if err := old.Decode(&before); err != nil {
		return stack.Result{}, err
	}
	begun := stack.Result{PhysicalID: r.PhysicalID}
	if err := h.put(ctx, &p); err != nil {
		return begun, err
	}
	dropped := slices.DeleteFunc(before.Topics, func(a string) bool { return slices.Contains(p.Topics, a) })
	return begun, h.forget(ctx, dropped)
}

// Delete takes the policy from the topics.
func (h topicPolicies) Delete(ctx context.Context, r *stack.Request) error {
	var p policyProperties
	if err := r.Properties.Decode(&p); err != nil {
		return err
	}
	return h.forget(ctx, p.Topics)
}

// forget gives topics, which may be gone, the policy that they were made with.
func (h topicPolicies) forget(ctx context.Context, topics []string) error {
	for _, topic := range topics {
		if err := h.set(ctx, topic, firstPolicy(topic)); err != nil && !notFound(err) {
			return err
		}
	}
	return nil
}

// ownersActions are what the policy that a topic is made with allows.
var ownersActions = []string{
	"SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:AddPermission", "SNS:RemovePermission", "SNS:DeleteTopic", "SNS:Subscribe",
	"SNS:ListSubscriptionsByTopic", "SNS:Publish",
}

// firstPolicy is the policy that SNS makes a topic with: for its owner. A topic is
// never without one.
func firstPolicy(topic string) string {
	type object = map[string]any
	owner := ""
	if a, err := arn.Parse(topic); err == nil {
		owner = a.Account
	}
	text, _ := json.Marshal(object{"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": []object{{ // strings do not fail
		"Sid": "__default_statement_ID", "Effect": "Allow", "Principal": object{"AWS": "*"}, "Action": ownersActions, "Resource": topic,
		"Condition": object{"StringEquals": object{"AWS:SourceOwner": owner}},
	}}})
	return string(text)
}
