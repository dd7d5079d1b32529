package sam

import "github.com/hakonegate/hakone/internal/template"

var scheduleV2Properties = []property{
	{name: "PermissionsBoundary", shape: text},
	{name: "ScheduleExpression", shape: text, required: true},
	{name: "FlexibleTimeWindow", shape: mapping},
	{name: "Name", shape: text},
	{name: "State", shape: text},
	{name: "Description", shape: text},
	{name: "StartDate", shape: text},
	{name: "EndDate", shape: text},
	{name: "ScheduleExpressionTimezone", shape: text},
	{name: "GroupName", shape: text},
	{name: "KmsKeyArn", shape: text},
	{name: "Input", shape: text},
	{name: "RoleArn", shape: text},
	{name: "DeadLetterConfig", shape: mapping},
	{name: "RetryPolicy", shape: mapping},
	{name: "OmitName", shape: boolean, literal: true},
}

// makeScheduleV2 makes an EventBridge Scheduler schedule, and the role with
// which it invokes the function unless one is given.
func makeScheduleV2(e *eventSource) error {
	if e.machine {
		return e.makeScheduler(e.invokedARN(), "StartExecutionPolicy", "states:StartExecution")
	}
	return e.makeScheduler(e.invokedARN(), "LambdaPolicy", "lambda:InvokeFunction")
}

func (e *eventSource) makeScheduler(target *template.Node, policy, action string) error {
	schedule := newResource(e.full, "AWS::Scheduler::Schedule", e.inherited())
	var queuePolicies []*template.Node
	var deadLetter *template.Node
	if config := e.get("DeadLetterConfig"); config != nil {
		_, arn, err := e.deadLetterQueue(config)
		if err != nil {
			return err
		}
		deadLetter = template.Map(template.P("Arn", arn))
		queuePolicies = append(queuePolicies, allow(e.full+"SQSPolicy", "sqs:SendMessage", arn, false))
	}
	for _, name := range []string{"ScheduleExpression", "State", "Description", "StartDate", "EndDate", "ScheduleExpressionTimezone", "GroupName", "KmsKeyArn"} {
		schedule.set(name, e.get(name))
	}
	if name := e.get("Name"); name != nil {
		schedule.set("Name", name)
	} else if !truthy(e.get("OmitName")) {
		schedule.set("Name", template.Text(e.full))
	}
	schedule.set("FlexibleTimeWindow", template.Map(template.P("Mode", template.Text("OFF"))))
	schedule.set("FlexibleTimeWindow", e.get("FlexibleTimeWindow"))
	role := e.get("RoleArn")
	if role == nil {
		r := newResource(e.full+"Role", "AWS::IAM::Role", e.inherited())
		r.set("AssumeRolePolicyDocument", trustPolicy("scheduler.amazonaws.com"))
		r.set("Policies", template.List(append([]*template.Node{allow(e.full+policy, action, target, false)}, queuePolicies...)...))
		r.set("PermissionsBoundary", e.get("PermissionsBoundary"))
		e.add(r)
		role = r.arn()
	}
	schedule.set("Target", pairs(
		template.P("Arn", target),
		template.P("RoleArn", role),
		template.P("Input", e.get("Input")),
		template.P("DeadLetterConfig", deadLetter),
		template.P("RetryPolicy", e.get("RetryPolicy")),
	))
	e.add(schedule)
	return nil
}
