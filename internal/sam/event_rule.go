package sam

var ruleProperties = []property{
	{name: "EventBusName", shape: text},
	{name: "RuleName", shape: text},
	{name: "Pattern", shape: mapping},
	{name: "DeadLetterConfig", shape: mapping},
	{name: "RetryPolicy", shape: mapping},
	{name: "Input", shape: text},
	{name: "InputPath", shape: text},
	{name: "Target", shape: mapping},
	{name: "Enabled", shape: boolean},
	{name: "State", shape: text},
	{name: "InputTransformer", shape: mapping},
}

// makeRule makes an EventBridge rule that invokes the function for events of
// a pattern.
func makeRule(e *eventSource) error {
	rule := newResource(e.full, "AWS::Events::Rule", e.inherited())
	state, err := e.ruleState()
	if err != nil {
		return err
	}
	rule.set("EventBusName", e.get("EventBusName"))
	rule.set("EventPattern", e.get("Pattern"))
	rule.set("Name", e.get("RuleName"))
	rule.set("State", state)
	id := ruleTargetID(e.full, e.targetSuffix())
	if own := e.get("Target").Get("Id"); truthy(own) {
		id = own.Str()
	}
	return e.makeRuleTarget(rule, id, "Input", "InputPath", "InputTransformer")
}

// ruleTargetID keeps a target's id within EventBridge's 64 characters.
func ruleTargetID(id, suffix string) string {
	return id[:min(len(id), 64-len(suffix))] + suffix
}

func (e *eventSource) targetSuffix() string {
	if e.machine {
		return "StepFunctionsTarget"
	}
	return "LambdaTarget"
}
