package sam

import "github.com/hakonegate/hakone/internal/template"

var logsProperties = []property{
	{name: "LogGroupName", shape: text, required: true},
	{name: "FilterPattern", shape: text, required: true},
}

// makeLogs sends the log events of a group that match a filter to the
// function.
func makeLogs(e *eventSource) error {
	source := sub("arn:"+e.partition()+":logs:${AWS::Region}:${AWS::AccountId}:log-group:${__LogGroupName__}:*", template.P("__LogGroupName__", e.get("LogGroupName")))
	permission := e.add(e.permission("logs.amazonaws.com", e.full+"Permission", template.P("SourceArn", source)))
	a := e.inherited()
	a.dependsOn = template.Texts(permission.id)
	filter := e.add(newResource(e.full, "AWS::Logs::SubscriptionFilter", a))
	filter.set("DestinationArn", e.invokedARN())
	filter.set("FilterPattern", e.get("FilterPattern"))
	filter.set("LogGroupName", e.get("LogGroupName"))
	return nil
}

var iotProperties = []property{
	{name: "Sql", shape: text, required: true},
	{name: "AwsIotSqlVersion", shape: text},
}

// makeIoT makes an AWS IoT rule that invokes the function.
func makeIoT(e *eventSource) error {
	source := sub("arn:"+e.partition()+":iot:${AWS::Region}:${AWS::AccountId}:rule/${RuleName}", template.P("RuleName", template.Ref(e.full)))
	e.add(e.permission("iot.amazonaws.com", e.full+"Permission",
		template.P("SourceAccount", template.Sub("${AWS::AccountId}")), template.P("SourceArn", source)))
	rule := e.add(newResource(e.full, "AWS::IoT::TopicRule", e.inherited()))
	rule.set("TopicRulePayload", pairs(
		template.P("Sql", e.get("Sql")),
		template.P("RuleDisabled", template.Bool(false)),
		template.P("Actions", template.List(template.Map(template.P("Lambda", template.Map(template.P("FunctionArn", e.invokedARN())))))),
		template.P("AwsIotSqlVersion", e.get("AwsIotSqlVersion")),
	))
	return nil
}

// makeAlexa lets Alexa skills invoke the function.
func makeAlexa(e *eventSource) error {
	e.add(e.permission("alexa-appkit.amazon.com", e.full+"Permission", template.P("EventSourceToken", e.get("SkillId"))))
	return nil
}

var cognitoProperties = []property{
	{name: "UserPool", shape: text, required: true},
	{name: "Trigger", shape: text | texts, required: true, literal: true},
}

func linkCognito(e *eventSource) error {
	pool := e.get("UserPool")
	if id := pool.Get("Ref"); pool.IsMap() && id != nil {
		if !id.IsText() {
			return e.invalid(pool, "'Ref' value in Cognito events is not a valid string.")
		}
		if e.resources.Has(id.Value) {
			return nil
		}
	}
	return e.invalid(pool, "Cognito events must reference a Cognito UserPool in the same template.")
}

// makeCognito makes the function a trigger of a user pool.
func makeCognito(e *eventSource) error {
	id := e.get("UserPool").Get("Ref").Value
	pool := e.resources.Get(id)
	if err := expectType(pool, id, "AWS::Cognito::UserPool"); err != nil {
		return err
	}
	prefix := e.id
	if e.alias != nil {
		prefix = e.alias.id
	}
	e.add(e.permission("cognito-idp.amazonaws.com", prefix+"CognitoPermission", template.P("SourceArn", template.GetAtt(id, "Arn"))))

	properties := pool.Get("Properties")
	if properties.IsNull() {
		properties = template.Map().At(e.node.Position)
		pool.Set("Properties", properties)
	}
	triggers := sectionOf(properties, "LambdaConfig")
	names := []*template.Node{e.get("Trigger")}
	if names[0].IsList() {
		names = names[0].Items
	}
	for _, name := range names {
		if triggers.Has(name.Str()) {
			return e.invalid(name, `Cognito trigger "%s" defined multiple times.`, name.Str())
		}
		triggers.Set(name.Str(), e.invokedARN().At(e.node.Position))
	}
	return nil
}

// expectType checks that an event refers to a resource of the type that it
// changes.
func expectType(r *template.Node, id, typ string) error {
	if got := r.Get("Type"); got.Str() != typ {
		return invalidResource(id, got, "Resource has incorrect Type; expected '%s', got '%s'", typ, pythonText(got))
	}
	return nil
}
