package sam

import "github.com/hakonegate/hakone/internal/template"

var snsProperties = []property{
	{name: "Topic", shape: text, required: true},
	{name: "Region", shape: text},
	{name: "FilterPolicy", shape: anything},
	{name: "FilterPolicyScope", shape: anything},
	{name: "SqsSubscription", shape: mapping | boolean},
	{name: "RedrivePolicy", shape: mapping},
}

// makeSNS subscribes the function to a topic: directly, through a queue that
// is made, or through one that is given.
func makeSNS(e *eventSource) error {
	through := e.get("SqsSubscription")
	if !truthy(through) {
		e.add(e.permission("sns.amazonaws.com", e.full+"Permission", template.P("SourceArn", e.get("Topic"))))
		e.subscribe("lambda", e.invokedARN())
		return nil
	}
	var arn, url *template.Node
	policyID := e.full + "QueuePolicy"
	batch, enabled := template.Number(10), template.Bool(true)
	if through.IsBool() {
		queue := e.add(newResource(e.full+"Queue", "AWS::SQS::Queue", e.inherited()))
		arn, url = queue.arn(), queue.ref()
	} else {
		arn, url = through.Get("QueueArn"), through.Get("QueueUrl")
		if !truthy(arn) || !truthy(url) {
			return e.invalid(through, "No QueueARN or QueueURL provided.")
		}
		if id := through.Get("QueuePolicyLogicalId"); id.IsText() && id.Value != "" {
			policyID = id.Value
		}
		if size := through.Get("BatchSize"); truthy(size) {
			batch = size
		}
		if on := through.Get("Enabled"); truthy(on) {
			enabled = on
		}
	}
	mapping := newResource(e.full+"EventSourceMapping", "AWS::Lambda::EventSourceMapping", e.inherited())
	mapping.set("BatchSize", batch)
	mapping.set("Enabled", enabled)
	mapping.set("EventSourceArn", arn)
	mapping.set("FunctionName", e.invoked())
	e.add(mapping)
	e.grantManaged("service-role/AWSLambdaSQSQueueExecutionRole")

	policy := newResource(policyID, "AWS::SQS::QueuePolicy", e.inherited())
	policy.set("PolicyDocument", queuePolicy(template.Text("*"), arn, e.get("Topic")))
	policy.set("Queues", template.List(url))
	e.add(policy)
	e.subscribe("sqs", arn)
	return nil
}

func (e *eventSource) subscribe(protocol string, endpoint *template.Node) {
	s := e.add(newResource(e.full, "AWS::SNS::Subscription", e.inherited()))
	s.set("Protocol", template.Text(protocol))
	s.set("Endpoint", endpoint)
	s.set("TopicArn", e.get("Topic"))
	for _, name := range []string{"Region", "FilterPolicy", "FilterPolicyScope", "RedrivePolicy"} {
		s.set(name, e.get(name))
	}
}
