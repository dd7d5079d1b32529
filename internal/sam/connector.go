package sam

import (
	"fmt"

	"github.com/hakonegate/hakone/internal/template"
)

var connectorProperties = []property{
	{name: "Source", shape: mapping, required: true, old: true},
	{name: "Destination", shape: mapping | mapsListed, required: true},
	{name: "Permissions", shape: texts, required: true},
}

// embeddedConnectors makes a connector resource of each entry in a resource's
// Connectors attribute.
func (t *translator) embeddedConnectors() {
	for _, p := range append([]template.Pair(nil), t.resources.Pairs...) {
		connectors := p.Value.Get("Connectors")
		if connectors == nil {
			continue
		}
		p.Value.Delete("Connectors")
		if !connectors.IsMap() {
			t.fail(invalidResource(p.Key, connectors, "Attribute '%s.Connectors' should be a map.", p.Key))
			return
		}
		for _, c := range connectors.Pairs {
			if !c.Value.IsMap() {
				t.fail(invalidResource(p.Key+c.Key, c.Value, "%s.%s should be a map.", p.Key, p.Key+c.Key))
				return
			}
			properties := c.Value.Get("Properties")
			if !properties.IsMap() {
				t.fail(invalidResource(p.Key, c.Value, "Attribute 'Connectors.%s.Properties' should be a map.", c.Key))
				return
			}
			if reference := properties.Get("SourceReference"); reference != nil && !reference.IsMap() {
				t.fail(invalidResource(p.Key, reference, "Property 'Connectors.%s.Properties.SourceReference' should be a map.", c.Key))
				return
			}
			source := template.Map(template.P("Id", template.Text(p.Key)))
			for _, q := range pairsOf(properties.Get("SourceReference")) {
				source.Set(q.Key, q.Value)
			}
			properties.Delete("SourceReference")
			properties.Set("Source", source)
			t.resources.Set(p.Key+c.Key, template.Map(
				template.P("Type", template.Text(prefix+"Connector")),
				template.P("Properties", properties),
			).At(c.Value.Position))
		}
	}
}

// An endpoint is one end of a connector: a resource of the template, or what
// the connector says of one elsewhere.
type endpoint struct {
	typ   string         // as the template has it
	plain string         // the CloudFormation type that it stands for
	node  *template.Node // the resource, nil for one elsewhere

	arn, name, resourceID, qualifier, role, queueURL *template.Node // nil when unknown
}

// plainTypes are the CloudFormation types that SAM types become.
var plainTypes = map[string]string{
	"AWS::Serverless::Function":     "AWS::Lambda::Function",
	"AWS::Serverless::SimpleTable":  "AWS::DynamoDB::Table",
	"AWS::Serverless::StateMachine": "AWS::StepFunctions::StateMachine",
	"AWS::Serverless::Api":          "AWS::ApiGateway::RestApi",
	"AWS::Serverless::HttpApi":      "AWS::ApiGatewayV2::Api",
}

// expandConnector makes what lets a source use its destinations.
func expandConnector(m *macro) error {
	given := m.get("Destination")
	if given.IsList() && len(given.Items) == 0 {
		return invalidResource(m.id, given, "'Destination' is an empty list")
	}
	if !given.IsList() {
		return m.connect(m.get("Source"), given, "")
	}
	for i, destination := range given.Items {
		if err := m.connect(m.get("Source"), destination, fmt.Sprintf("Destination%d", i)); err != nil {
			return err
		}
	}
	return nil
}

func (m *macro) connectorEnd(n *template.Node) (endpoint, error) {
	if !n.Has("Id") {
		if len(n.Keys()) == 0 {
			return endpoint{}, invalidResource(m.id, n, connectorNeedsID)
		}
		typ := n.Get("Type")
		if !typ.IsText() || typ.Value == "" {
			return endpoint{}, invalidResource(m.id, n, "'Type' is missing or not a string.")
		}
		return endpoint{
			typ: plainType(typ.Value), plain: plainType(typ.Value), arn: n.Get("Arn"), name: n.Get("Name"),
			resourceID: n.Get("ResourceId"), qualifier: n.Get("Qualifier"), role: n.Get("RoleName"), queueURL: n.Get("QueueUrl"),
		}, nil
	}
	for _, key := range n.Keys() {
		if key != "Id" && key != "Qualifier" {
			return endpoint{}, invalidResource(m.id, n, connectorNeedsID)
		}
	}
	id := n.Get("Id")
	if !id.IsText() {
		return endpoint{}, invalidResource(m.id, n, "'Id' is missing or not a string.")
	}
	r := m.resources.Get(id.Value)
	if r == nil {
		return endpoint{}, invalidResource(m.id, n, "Unable to find resource with logical ID '%s'.", id.Value)
	}
	if !r.Get("Type").IsText() || r.Get("Type").Value == "" {
		return endpoint{}, invalidResource(m.id, n, "'Type' is missing or not a string.")
	}
	e := endpoint{typ: r.Get("Type").Value, qualifier: n.Get("Qualifier")}
	e.plain = e.typ
	if m.translator.made[id.Value] != nil { // it was expanded without fault
		e.plain = plainType(e.typ)
	}
	if e.qualifier == nil {
		e.qualifier = template.Text("*")
	}
	for _, made := range m.translator.made[id.Value] {
		if made.typ() == e.plain {
			r = made.node
		}
	}
	e.node = r
	e.describe(id.Value, r.Get("Properties"))
	return e, nil
}

const connectorNeedsID = "Must provide 'Id' (with optional 'Qualifier') or a supported combination of other properties."

func plainType(typ string) string {
	if plain := plainTypes[typ]; plain != "" {
		return plain
	}
	return typ
}

// describe finds what connections need to know of a resource.
func (e *endpoint) describe(id string, properties *template.Node) {
	e.arn = template.GetAtt(id, "Arn")
	switch e.plain {
	case "AWS::Lambda::Function":
		e.role = roleName(properties.Get("Role"))
	case "AWS::StepFunctions::StateMachine":
		e.arn, e.name = template.Ref(id), template.GetAtt(id, "Name")
		e.role = roleName(properties.Get("RoleArn"))
	case "AWS::AppSync::DataSource":
		e.role = roleName(properties.Get("ServiceRoleArn"))
	case "AWS::Events::Rule":
		for _, target := range items(properties.Get("Targets")) {
			e.role = roleName(target.Get("RoleArn"))
			break
		}
	case "AWS::SNS::Topic":
		e.arn = template.Ref(id)
	case "AWS::SQS::Queue":
		e.queueURL = template.Ref(id)
	case "AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api":
		e.resourceID = template.Ref(id)
	case "AWS::AppSync::GraphQLApi":
		e.resourceID = template.GetAtt(id, "ApiId")
	}
}

// roleName returns the name of a role that is given by its ARN: a reference to
// the role's resource. Other ARNs do not say it.
func roleName(arn *template.Node) *template.Node {
	if of := arn.Get("Fn::GetAtt"); of.IsList() && len(of.Items) > 0 && of.Items[0].IsText() {
		return template.Ref(of.Items[0].Value)
	}
	if arn.IsMap() && arn.Has("Ref") {
		return arn
	}
	return nil
}

// connect makes the resource of one connection.
func (m *macro) connect(from, to *template.Node, suffix string) error {
	source, err := m.connectorEnd(from)
	if err != nil {
		return err
	}
	destination, err := m.connectorEnd(to)
	if err != nil {
		return err
	}
	c := connections()[[2]string{source.plain, destination.plain}]
	if c == nil {
		return invalidResource(m.id, m.node, "Unable to create connector from %s to %s; it's not supported or the template is invalid.", source.plain, destination.plain)
	}
	if err := c.check(m, source, destination); err != nil {
		return err
	}
	var r *resource
	switch c.how {
	case "permission":
		r, err = m.connectByPermission(c, source, destination)
	case "queue", "topic":
		r, err = m.connectByTargetPolicy(c, source, destination)
	case "destination":
		r, err = m.connectByRole(c, source, destination, destination.role, "Destination")
	default:
		r, err = m.connectByRole(c, source, destination, source.role, "Source")
	}
	if err != nil {
		return err
	}
	r.id += suffix
	if on := m.node.Get("DependsOn"); on != nil {
		r.node.Set("DependsOn", on.Clone())
	}
	metadata := template.Map()
	if own := m.node.Get("Metadata"); own.IsMap() {
		metadata = own.Clone()
	}
	metadata.Set("aws:sam:connectors", template.Map(template.P(m.id, template.Map(
		template.P("Source", template.Map(template.P("Type", template.Text(source.typ)))),
		template.P("Destination", template.Map(template.P("Type", template.Text(destination.typ)))),
	))))
	r.node.Set("Metadata", metadata)
	m.add(r)
	if source.node != nil && source.plain == "AWS::StepFunctions::StateMachine" && source.plain == destination.plain {
		// A state machine that starts others is checked when it is made.
		on := template.List(listOf(source.node.Get("DependsOn"))...)
		on.Append(template.Text(r.id))
		source.node.Set("DependsOn", on)
	}
	return nil
}

func (m *macro) connectByRole(c *connection, source, destination endpoint, role *template.Node, end string) (*resource, error) {
	if role.IsNull() {
		return nil, invalidResource(m.id, m.node, "Unable to get IAM role name from '%s' resource.", end)
	}
	asked := map[string]bool{}
	for _, p := range items(m.get("Permissions")) {
		asked[p.Str()] = true
	}
	statements := template.List()
	for _, s := range c.statements {
		if !asked[s.permission] {
			continue
		}
		resources := template.List()
		for _, text := range s.resources {
			on, err := m.fill(text, m.variables(source, destination))
			if err != nil {
				return nil, err
			}
			resources.Append(on)
		}
		statements.Append(template.Map(
			template.P("Effect", template.Text("Allow")),
			template.P("Action", template.Texts(s.actions...)),
			template.P("Resource", resources),
		))
	}
	r := newResource(m.id+"Policy", "AWS::IAM::ManagedPolicy", m.inherited())
	r.set("PolicyDocument", template.Map(template.P("Version", template.Text("2012-10-17")), template.P("Statement", statements)))
	r.set("Roles", template.List(role))
	return r, nil
}

func (m *macro) connectByPermission(c *connection, source, destination endpoint) (*resource, error) {
	arn, err := m.fill(c.sourceARN, m.variables(source, destination))
	if err != nil {
		return nil, err
	}
	function, err := m.fill("${DestinationArn}", m.variables(source, destination))
	if err != nil {
		return nil, err
	}
	r := newResource(m.id+"WriteLambdaPermission", "AWS::Lambda::Permission", m.inherited())
	r.set("Action", template.Text("lambda:InvokeFunction"))
	r.set("FunctionName", function)
	r.set("Principal", template.Text(c.principal))
	r.set("SourceArn", arn)
	if source.plain == "AWS::S3::Bucket" {
		r.set("SourceAccount", template.Sub("${AWS::AccountId}"))
	}
	return r, nil
}

// connectByTargetPolicy lets a service write to a queue or a topic.
func (m *macro) connectByTargetPolicy(c *connection, source, destination endpoint) (*resource, error) {
	suffix, typ, list, action, target := "QueuePolicy", "AWS::SQS::QueuePolicy", "Queues", "sqs:SendMessage", destination.queueURL
	if c.how == "topic" {
		suffix, typ, list, action, target = "TopicPolicy", "AWS::SNS::TopicPolicy", "Topics", "sns:Publish", destination.arn
	}
	if target.IsNull() {
		what := "SQS queue URL"
		if c.how == "topic" {
			what = "SNS topic ARN"
		}
		return nil, invalidResource(m.id, m.node, "Unable to get %s from 'Destination' resource.", what)
	}
	from, err := m.fill(c.sourceARN, m.variables(source, destination))
	if err != nil {
		return nil, err
	}
	on, err := m.fill("${DestinationArn}", m.variables(source, destination))
	if err != nil {
		return nil, err
	}
	r := newResource(m.id+suffix, typ, m.inherited())
	r.set("PolicyDocument", template.Map(
		template.P("Version", template.Text("2012-10-17")),
		template.P("Statement", template.List(template.Map(
			template.P("Effect", template.Text("Allow")),
			template.P("Principal", template.Map(template.P("Service", template.Text(c.principal)))),
			template.P("Resource", on),
			template.P("Action", template.Text(action)),
			template.P("Condition", template.Map(template.P("ArnEquals", template.Map(template.P("aws:SourceArn", from))))),
		))),
	))
	r.set(list, template.List(target))
	return r, nil
}
