package sam

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

var stateMachineProperties = []property{
	{name: "Definition", shape: mapping},
	{name: "DefinitionUri", shape: text | mapping},
	{name: "Logging", shape: mapping},
	{name: "Role", shape: text},
	{name: "RolePath", shape: anything},
	{name: "PermissionsBoundary", shape: text},
	{name: "DefinitionSubstitutions", shape: mapping},
	{name: "Events", shape: mapsByName},
	{name: "Name", shape: text},
	{name: "Type", shape: text},
	{name: "Tags", shape: mapping},
	{name: "PropagateTags", shape: boolean},
	{name: "Policies", shape: text | textsOrMaps},
	{name: "Tracing", shape: mapping},
	{name: "AutoPublishAlias", shape: anything},
	{name: "DeploymentPreference", shape: anything},
	{name: "UseAliasAsEventTarget", shape: boolean, literal: true},
}

// stateMachineEvents are the event types of state machines. Most properties
// are those of functions' events.
func stateMachineEvents(name string) (eventKind, bool) {
	kind, ok := functionEvents(name)
	without := func(names ...string) {
		kind.rules = slices.DeleteFunc(slices.Clone(kind.rules), func(p property) bool { return slices.Contains(names, p.name) })
	}
	switch name {
	case "Schedule":
		without("RuleName")
		kind.rules = append(kind.rules, property{name: "RoleArn", shape: text, literal: true})
	case "CloudWatchEvent", "EventBridgeRule":
		without("Enabled")
	case "ScheduleV2":
	case "Api":
		without("RequestModel", "RequestParameters", "TimeoutInMillis", "ResponseTransferMode")
		kind.rules = append(kind.rules, property{name: "UnescapeMappingTemplate", shape: boolean, literal: true})
		kind.make = makeStateMachineAPI
	default:
		return eventKind{}, false
	}
	return kind, ok
}

func expandStateMachine(m *macro) error {
	f := &function{macro: m, machine: true}
	if err := f.linkEvents(); err != nil {
		return err
	}
	machine := m.add(newResource(m.id, "AWS::StepFunctions::StateMachine", m.own()))
	f.lambda = machine
	machine.set("StateMachineName", m.get("Name"))
	machine.set("StateMachineType", m.get("Type"))
	machine.set("LoggingConfiguration", m.get("Logging"))
	machine.set("TracingConfiguration", m.get("Tracing"))
	machine.set("DefinitionSubstitutions", m.get("DefinitionSubstitutions"))
	if err := f.definition(); err != nil {
		return err
	}
	if err := f.stateMachineRole(); err != nil {
		return err
	}
	machine.set("Tags", m.tagList("stateMachine:createdBy"))
	if err := f.publishStateMachine(); err != nil {
		return err
	}
	if err := f.makeEvents(); err != nil {
		if e, ok := errors.AsType[*eventError](err); ok {
			// AWS does not say in whose resource the event is.
			return &fault{sortKey: f.id, message: e.message, place: e.place}
		}
		return err
	}
	f.propagateTags()
	return nil
}

// definition sets where the state machine's definition is, or its text.
func (f *function) definition() error {
	inline, uri := f.get("Definition"), f.get("DefinitionUri")
	switch {
	case truthy(inline) && truthy(uri):
		return invalidResource(f.id, inline, "Specify either 'Definition' or 'DefinitionUri' property and not both.")
	case truthy(inline):
		values := template.Map()
		text := substituteFunctions(inline.Clone(), values)
		if len(values.Pairs) > 0 {
			all := template.Map()
			if own := f.get("DefinitionSubstitutions"); own.IsMap() {
				all = own.Clone()
			}
			for _, p := range values.Pairs {
				all.Set(p.Key, p.Value)
			}
			f.lambda.set("DefinitionSubstitutions", all)
		}
		lines := template.List()
		for line := range strings.SplitSeq(indented(text), "\n") {
			lines.Append(template.Text(line))
		}
		f.lambda.set("DefinitionString", template.Map(template.P("Fn::Join", template.List(template.Text("\n"), lines))))
	case truthy(uri):
		location, err := f.s3Location("DefinitionUri", uri)
		if err != nil {
			return err
		}
		f.lambda.set("DefinitionS3Location", location.body())
	default:
		return invalidResource(f.id, f.node, "Either 'Definition' or 'DefinitionUri' property must be specified.")
	}
	return nil
}

// substituteFunctions replaces intrinsic functions in a definition with
// substitution variables, whose values CloudFormation fills in.
func substituteFunctions(n, values *template.Node) *template.Node {
	if isIntrinsic(n) {
		name := fmt.Sprintf("definition_substitution_%d", len(values.Pairs)+1)
		values.Set(name, n)
		return template.Text("${" + name + "}")
	}
	for i, item := range n.Items {
		n.Items[i] = substituteFunctions(item, values)
	}
	keys := n.Keys()
	slices.Sort(keys)
	for _, key := range keys {
		n.Set(key, substituteFunctions(n.Get(key), values))
	}
	return n
}

// indented returns n as JSON with sorted keys, indented by four.
func indented(n *template.Node) string {
	var b strings.Builder
	var write func(n *template.Node, indent string)
	write = func(n *template.Node, indent string) {
		inner := indent + "    "
		switch {
		case n.IsMap() && len(n.Pairs) > 0:
			keys := n.Keys()
			slices.Sort(keys)
			b.WriteString("{\n")
			for i, key := range keys {
				b.WriteString(inner)
				writeASCII(&b, key)
				b.WriteString(": ")
				write(n.Get(key), inner)
				if i < len(keys)-1 {
					b.WriteByte(',')
				}
				b.WriteByte('\n')
			}
			b.WriteString(indent + "}")
		case n.IsList() && len(n.Items) > 0:
			b.WriteString("[\n")
			for i, item := range n.Items {
				b.WriteString(inner)
				write(item, inner)
				if i < len(n.Items)-1 {
					b.WriteByte(',')
				}
				b.WriteByte('\n')
			}
			b.WriteString(indent + "]")
		default:
			writeCanonical(&b, n)
		}
	}
	write(n, "")
	return b.String()
}

func (f *function) stateMachineRole() error {
	if role := f.get("Role"); truthy(role) {
		if truthy(f.get("Policies")) {
			return invalidResource(f.id, role, "Specify either 'Role' or 'Policies' (but not both at the same time) or neither of them")
		}
		f.lambda.set("RoleArn", role)
		return nil
	}
	spec := roleSpec{
		trust: trustPolicy("states.amazonaws.com"), path: f.get("RolePath"),
		boundary: f.get("PermissionsBoundary"), tags: f.tagList("stateMachine:createdBy"),
	}
	if isTrue(f.get("Tracing").Get("Enabled")) {
		xray := "AWSXrayWriteOnlyAccess"
		if f.partition() != "aws" {
			xray = "AWSXRayDaemonWriteAccess"
		}
		spec.managed = append(spec.managed, f.awsPolicy(xray))
	}
	role, err := f.executionRole(spec)
	if err != nil {
		return err
	}
	f.add(role)
	f.lambda.set("RoleArn", role.arn())
	return nil
}

// publishStateMachine makes the version and alias that AutoPublishAlias asks
// for.
func (f *function) publishStateMachine() error {
	name := f.get("AutoPublishAlias")
	if !truthy(name) {
		if preference := f.get("DeploymentPreference"); truthy(preference) && !truthy(f.get("UseAliasAsEventTarget")) {
			return invalidResource(f.id, preference, "'DeploymentPreference' requires 'AutoPublishAlias' property to be specified.")
		}
		if truthy(f.get("UseAliasAsEventTarget")) {
			return invalidResource(f.id, f.node, "'UseAliasAsEventTarget' requires 'AutoPublishAlias' property to be specified.")
		}
		return nil
	}
	retain := f.inherited()
	if retain.deletionPolicy == nil {
		retain.deletionPolicy = template.Text("Retain")
	}
	if retain.updateReplacePolicy == nil {
		retain.updateReplacePolicy = template.Text("Retain")
	}
	version := f.add(newResource(f.id+"Version", "AWS::StepFunctions::StateMachineVersion", retain))
	version.set("StateMachineArn", f.lambda.ref())
	version.set("StateMachineRevisionId", template.GetAtt(f.id, "StateMachineRevisionId"))
	id := f.id + "Alias" + pythonText(name)
	if !isAlphanumeric(id) {
		return invalidResource(id, name, "Logical ids must be alphanumeric.")
	}
	alias := f.add(newResource(id, "AWS::StepFunctions::StateMachineAlias", f.inherited()))
	alias.set("Name", name)
	preference := template.Map(template.P("Type", template.Text("ALL_AT_ONCE")))
	if own := f.get("DeploymentPreference"); truthy(own) {
		preference = own.Clone()
	}
	preference.Set("StateMachineVersionArn", version.ref())
	alias.set("DeploymentPreference", preference)
	f.refer("Version", version)
	f.refer("Alias", alias)
	if truthy(f.get("UseAliasAsEventTarget")) {
		f.alias = alias
	}
	return nil
}

func pairsOf(n *template.Node) []template.Pair {
	if n.IsMap() {
		return n.Pairs
	}
	return nil
}

// startRole returns the ARN of the role with which a service starts
// executions: the event's own, or one that is made.
func (e *eventSource) startRole(service string) *template.Node {
	if own := e.get("RoleArn"); own != nil {
		return own
	}
	role := e.add(newResource(e.full+"Role", "AWS::IAM::Role", e.inherited()))
	role.set("PermissionsBoundary", e.function.get("PermissionsBoundary"))
	role.set("AssumeRolePolicyDocument", trustPolicy(service))
	role.set("Policies", template.List(allow(role.id+"StartExecutionPolicy", "states:StartExecution", e.invokedARN(), false)))
	return role.arn()
}

// makeStateMachineAPI lets a method of a REST API start executions.
func makeStateMachineAPI(e *eventSource) error {
	path, method := e.get("Path").Str(), strings.ToLower(e.get("Method").Str())
	body := e.restBody()
	role := e.startRole("apigateway.amazonaws.com")
	if body == nil {
		return nil
	}
	if hasIntegration(body.Get("paths"), path, method) {
		return e.invalid(nil, `API method "%s" defined multiple times for path "%s".`, method, path)
	}
	input := "$util.escapeJavaScript($input.json('$'))"
	if isTrue(e.get("UnescapeMappingTemplate")) {
		input += `.replaceAll("\\'","'")`
	}
	// The input is a call in the mapping language, in quotes as AWS's transform puts them.
	request := `{"input": "` + input + `", "stateMachineArn": "${` + e.invoked().Get("Ref").Str() + `}"}`
	status := func(code string) template.Pair {
		return template.P(code, template.Map(template.P("statusCode", template.Text(code))))
	}
	with := template.Map(
		template.P("type", template.Text("aws")),
		template.P("httpMethod", template.Text("POST")),
		template.P("uri", template.Sub("arn:${AWS::Partition}:apigateway:${AWS::Region}:states:action/StartExecution")),
		template.P("credentials", role),
		template.P("requestTemplates", template.Map(template.P("application/json", template.Sub(request)))),
		template.P("responses", template.Map(status("200"), status("400"))),
	)
	if err := enterMethod(body.Get("paths"), path, method, with, e.macro.node.Get("Condition").Str(), e.node.Position); err != nil {
		return err
	}
	for _, op := range operations(body.Get("paths"), path, method) {
		op.Set("responses", template.Map(
			template.P("200", template.Map(template.P("description", template.Text("OK")))),
			template.P("400", template.Map(template.P("description", template.Text("Bad Request")))),
		))
	}
	return e.configureMethod(body, path, method)
}
