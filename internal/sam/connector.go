package sam

import (
	"strings"

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
			t.fail(invalidResource(p.Key, connectors, "Property 'Connectors' should be a map."))
			return
		}
		for _, c := range connectors.Pairs {
			properties := c.Value.Get("Properties")
			if !properties.IsMap() {
				t.fail(invalidResource(p.Key, c.Value, "Property 'Connectors.%s.Properties' should be a map.", c.Key))
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

// An endpoint is one end of a connector.
type endpoint struct {
	id       string
	typ      string // as the template has it
	plain    string // the CloudFormation type that it stands for
	resource *template.Node
	arn      *template.Node
	given    *template.Node
}

// plainTypes are the CloudFormation types that SAM types become.
var plainTypes = map[string]string{
	"AWS::Serverless::Function":     "AWS::Lambda::Function",
	"AWS::Serverless::SimpleTable":  "AWS::DynamoDB::Table",
	"AWS::Serverless::StateMachine": "AWS::StepFunctions::StateMachine",
	"AWS::Serverless::Api":          "AWS::ApiGateway::RestApi",
	"AWS::Serverless::HttpApi":      "AWS::ApiGatewayV2::Api",
}

// expandConnector makes what lets a source use a destination: a managed
// policy on the source's role, or a permission on the destination function.
func expandConnector(m *macro) error {
	source, err := m.connectorEnd("Source", m.get("Source"))
	if err != nil {
		return err
	}
	destinations := listOf(m.get("Destination"))
	for i, d := range destinations {
		destination, err := m.connectorEnd("Destination", d)
		if err != nil {
			return err
		}
		id := m.id
		if len(destinations) > 1 {
			id += "Destination" + string(rune('0'+i%10))
		}
		if err := m.connect(id, source, destination); err != nil {
			return err
		}
	}
	return nil
}

func (m *macro) connectorEnd(name string, n *template.Node) (endpoint, error) {
	id := n.Get("Id").Str()
	if id == "" {
		return endpoint{}, invalidResource(m.id, n, "Connectors to resources outside the template are not supported here: '%s' must have an 'Id'.", name)
	}
	e := endpoint{id: id, resource: m.resources.Get(id), given: n}
	if e.resource == nil {
		return endpoint{}, invalidResource(m.id, n, "Unable to find resource with logical ID '%s'.", id)
	}
	e.typ = e.resource.Get("Type").Str()
	if e.plain = plainTypes[e.typ]; e.plain == "" {
		e.plain = e.typ
	}
	switch e.plain {
	case "AWS::SNS::Topic", "AWS::StepFunctions::StateMachine":
		e.arn = template.Ref(id)
	default:
		e.arn = template.GetAtt(id, "Arn")
	}
	return e, nil
}

// connect makes the resources of one connection.
func (m *macro) connect(id string, source, destination endpoint) error {
	refuse := func() error {
		return invalidResource(m.id, m.node, "Connectors from %s to %s are not supported here.", source.typ, destination.typ)
	}
	metadata := template.Map(template.P("aws:sam:connectors", template.Map(template.P(m.id, template.Map(
		template.P("Source", template.Map(template.P("Type", template.Text(source.typ)))),
		template.P("Destination", template.Map(template.P("Type", template.Text(destination.typ)))),
	)))))
	attr := m.inherited()
	attr.metadata = metadata
	if principal := permissionSources[source.plain]; principal != "" && destination.plain == "AWS::Lambda::Function" {
		r := newResource(id+"WriteLambdaPermission", "AWS::Lambda::Permission", attr)
		r.set("Action", template.Text("lambda:InvokeFunction"))
		r.set("FunctionName", destination.arn)
		r.set("Principal", template.Text(principal))
		r.set("SourceArn", m.connectorSourceARN(source))
		if source.plain == "AWS::S3::Bucket" {
			r.set("SourceAccount", template.Ref("AWS::AccountId"))
		}
		m.add(r)
		return nil
	}
	rules, role := connections[destination.plain], m.roleOf(source)
	if rules == nil {
		return refuse()
	}
	if role == "" {
		return invalidResource(m.id, m.node, "Unable to get IAM role name from 'Source' resource.")
	}
	statements := template.List()
	for _, permission := range items(m.get("Permissions")) {
		rule, ok := rules[permission.Str()]
		if !ok {
			return refuse()
		}
		resources := template.List()
		for _, suffix := range rule.suffixes {
			if suffix == "" {
				resources.Append(destination.arn.Clone())
			} else {
				resources.Append(sub("${DestinationArn}"+suffix, template.P("DestinationArn", destination.arn.Clone())))
			}
		}
		statements.Append(template.Map(
			template.P("Effect", template.Text("Allow")),
			template.P("Action", template.Texts(strings.Fields(rule.actions)...)),
			template.P("Resource", resources),
		))
	}
	r := newResource(id+"Policy", "AWS::IAM::ManagedPolicy", attr)
	r.set("PolicyDocument", template.Map(template.P("Version", template.Text("2012-10-17")), template.P("Statement", statements)))
	r.set("Roles", template.List(template.Ref(role)))
	m.add(r)
	return nil
}

// permissionSources are the types that invoke functions by a permission, with
// their service principals.
var permissionSources = map[string]string{
	"AWS::SNS::Topic":          "sns.amazonaws.com",
	"AWS::S3::Bucket":          "s3.amazonaws.com",
	"AWS::Events::Rule":        "events.amazonaws.com",
	"AWS::ApiGateway::RestApi": "apigateway.amazonaws.com",
	"AWS::ApiGatewayV2::Api":   "apigateway.amazonaws.com",
}

func (m *macro) connectorSourceARN(source endpoint) *template.Node {
	if !strings.HasPrefix(source.plain, "AWS::ApiGateway") {
		return source.arn
	}
	qualifier := source.given.Get("Qualifier")
	if qualifier.IsNull() {
		qualifier = template.Text("*")
	}
	return sub("arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${SourceResourceId}/${SourceQualifier}",
		template.P("SourceResourceId", template.Ref(source.id)), template.P("SourceQualifier", qualifier))
}

// roleOf returns the logical id of a source's role, "" when it has none in
// the template.
func (m *macro) roleOf(source endpoint) string {
	r := source.resource
	for _, made := range m.translator.made[source.id] {
		if made.typ() == source.plain {
			r = made.node
		}
	}
	for _, name := range []string{"Role", "RoleArn"} {
		if arn := r.Path("Properties", name).Get("Fn::GetAtt"); arn.IsList() && len(arn.Items) > 0 {
			return arn.Items[0].Str()
		}
	}
	return ""
}

// A connection is what a permission on a destination allows: actions, and
// what follows the destination's ARN in the resources.
type connection struct {
	actions  string
	suffixes []string
}

var connections = map[string]map[string]connection{
	"AWS::DynamoDB::Table": {
		"Read":  {"dynamodb:GetItem dynamodb:Query dynamodb:Scan dynamodb:BatchGetItem dynamodb:ConditionCheckItem dynamodb:PartiQLSelect", []string{"", "/index/*"}},
		"Write": {"dynamodb:PutItem dynamodb:UpdateItem dynamodb:DeleteItem dynamodb:BatchWriteItem dynamodb:PartiQLDelete dynamodb:PartiQLInsert dynamodb:PartiQLUpdate", []string{"", "/index/*"}},
	},
	"AWS::SQS::Queue": {
		"Read":  {"sqs:ReceiveMessage sqs:GetQueueAttributes", []string{""}},
		"Write": {"sqs:DeleteMessage sqs:SendMessage sqs:ChangeMessageVisibility sqs:PurgeQueue", []string{""}},
	},
	"AWS::SNS::Topic": {"Write": {"sns:Publish", []string{""}}},
	"AWS::S3::Bucket": {
		"Read": {
			"s3:GetObject s3:GetObjectAcl s3:GetObjectLegalHold s3:GetObjectRetention s3:GetObjectTorrent s3:GetObjectVersion s3:GetObjectVersionAcl s3:GetObjectVersionForReplication s3:GetObjectVersionTorrent s3:ListBucket s3:ListBucketMultipartUploads s3:ListBucketVersions s3:ListMultipartUploadParts",
			[]string{"", "/*"},
		},
		"Write": {"s3:AbortMultipartUpload s3:DeleteObject s3:DeleteObjectVersion s3:PutObject s3:PutObjectLegalHold s3:PutObjectRetention s3:RestoreObject", []string{"", "/*"}},
	},
	"AWS::Lambda::Function":            {"Write": {"lambda:InvokeAsync lambda:InvokeFunction", []string{""}}},
	"AWS::StepFunctions::StateMachine": {"Write": {"states:StartExecution states:StartSyncExecution", []string{""}}},
	"AWS::Events::EventBus":            {"Write": {"events:PutEvents", []string{""}}},
}
