package sam

import "github.com/hakonegate/hakone/internal/template"

var scheduleProperties = []property{
	{name: "Schedule", shape: text, required: true},
	{name: "RuleName", shape: text},
	{name: "Input", shape: text},
	{name: "Enabled", shape: boolean},
	{name: "State", shape: text},
	{name: "Name", shape: text},
	{name: "Description", shape: text},
	{name: "DeadLetterConfig", shape: mapping},
	{name: "RetryPolicy", shape: mapping},
}

// makeSchedule makes an EventBridge rule that invokes the function by the
// clock.
func makeSchedule(e *eventSource) error {
	rule := newResource(e.full, "AWS::Events::Rule", e.inherited())
	state, err := e.ruleState()
	if err != nil {
		return err
	}
	rule.set("ScheduleExpression", e.get("Schedule"))
	rule.set("State", state)
	rule.set("Name", e.get("Name"))
	rule.set("Description", e.get("Description"))
	return e.makeRuleTarget(rule, ruleTargetID(e.full, e.targetSuffix()), "Input")
}

// ruleState returns the State that a rule's State or Enabled means.
func (e *eventSource) ruleState() (*template.Node, error) {
	state, enabled := e.get("State"), e.get("Enabled")
	switch {
	case truthy(state) && enabled != nil:
		return nil, e.invalid(state, "State and Enabled Properties cannot both be specified.")
	case truthy(state):
		return state, nil
	case enabled == nil:
		return nil, nil
	case truthy(enabled):
		return template.Text("ENABLED"), nil
	default:
		return template.Text("DISABLED"), nil
	}
}

// makeRuleTarget points a rule to the function and lets it invoke it.
func (e *eventSource) makeRuleTarget(rule *resource, targetID string, settings ...string) error {
	target := pairs(template.P("Arn", e.invokedARN()), template.P("Id", template.Text(targetID)))
	for _, name := range settings {
		if value := e.get(name); value != nil {
			target.Set(name, value)
		}
	}
	deadLetter, err := e.ruleDeadLetter(rule)
	if err != nil {
		return err
	}
	if deadLetter != nil {
		target.Set("DeadLetterConfig", template.Map(template.P("Arn", deadLetter)))
	}
	if retry := e.get("RetryPolicy"); retry != nil {
		target.Set("RetryPolicy", retry)
	}
	if e.machine {
		target.Set("RoleArn", e.startRole("events.amazonaws.com"))
	}
	rule.set("Targets", template.List(target))
	e.add(rule)
	if e.machine {
		return nil
	}
	e.add(e.permission("events.amazonaws.com", e.full+"Permission", template.P("SourceArn", rule.arn())))
	return nil
}

// ruleDeadLetter returns the ARN of the queue for events that could not be
// delivered, making queue and queue policy if the event gives none.
func (e *eventSource) ruleDeadLetter(rule *resource) (*template.Node, error) {
	config := e.get("DeadLetterConfig")
	if config == nil {
		return nil, nil
	}
	made, arn, err := e.deadLetterQueue(config)
	if err != nil || made == nil {
		return arn, err
	}
	policy := newResource(e.full+"QueuePolicy", "AWS::SQS::QueuePolicy", e.inherited())
	policy.set("PolicyDocument", queuePolicy(template.Map(template.P("Service", template.Text("events.amazonaws.com"))), made.arn(), rule.arn()))
	policy.set("Queues", template.List(made.ref()))
	e.add(policy)
	return arn, nil
}

// deadLetterQueue returns the ARN that a DeadLetterConfig gives, or the queue
// that is made when it only gives a type.
func (e *eventSource) deadLetterQueue(config *template.Node) (made *resource, arn *template.Node, err error) {
	arn = present(config.Get("Arn"))
	typ := present(config.Get("Type"))
	switch {
	case arn != nil && typ != nil:
		return nil, nil, invalidEvent(e.full, config, "You can either set 'Type' or 'Arn' property of DeadLetterConfig")
	case arn != nil:
		return nil, arn, nil
	case typ == nil:
		return nil, nil, invalidEvent(e.full, config, "No 'Arn' or 'Type' property provided for DeadLetterConfig.")
	case typ.Str() != "SQS":
		return nil, nil, invalidEvent(e.full, config, "The only valid value for 'Type' property of DeadLetterConfig is 'SQS'.")
	}
	id := e.full + "Queue"
	if name := present(config.Get("QueueLogicalId")); name != nil {
		if !name.IsText() {
			return nil, nil, invalidEvent(e.full, name, "QueueLogicalId must be a string")
		}
		id = name.Value
	}
	made = e.add(newResource(id, "AWS::SQS::Queue", e.inherited()))
	return made, made.arn(), nil
}

// queuePolicy lets a source send messages to a queue.
func queuePolicy(principal, queue, source *template.Node) *template.Node {
	return template.Map(
		template.P("Version", template.Text("2012-10-17")),
		template.P("Statement", template.List(template.Map(
			template.P("Action", template.Text("sqs:SendMessage")),
			template.P("Effect", template.Text("Allow")),
			template.P("Principal", principal),
			template.P("Resource", queue),
			template.P("Condition", template.Map(template.P("ArnEquals", template.Map(template.P("aws:SourceArn", source))))),
		))),
	)
}
