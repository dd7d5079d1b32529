package sam

import (
	"slices"

	"github.com/hakonegate/hakone/internal/template"
)

// mappedProperties go from the event to the event source mapping as they are.
var mappedProperties = []string{
	"BatchSize", "StartingPosition", "StartingPositionTimestamp", "Enabled", "MaximumBatchingWindowInSeconds", "MaximumRetryAttempts", "BisectBatchOnFunctionError",
	"MaximumRecordAgeInSeconds", "ParallelizationFactor", "Topics", "Queues", "SourceAccessConfigurations", "TumblingWindowInSeconds", "FunctionResponseTypes",
	"FilterCriteria", "KmsKeyArn", "ScalingConfig", "ProvisionedPollerConfig", "MetricsConfig", "LoggingConfig",
}

// A mappingSource is what an event source mapping polls.
type mappingSource struct {
	arn      string   // the event property with the source's ARN
	required []string // properties that the event must have
	extra    []string // properties that only this kind has
	managed  string   // managed policy for the function's role
}

var mappingSources = map[string]mappingSource{
	"SQS":      {arn: "Queue", required: []string{"Queue"}, managed: "service-role/AWSLambdaSQSQueueExecutionRole"},
	"Kinesis":  {arn: "Stream", required: []string{"StartingPosition", "Stream"}, managed: "service-role/AWSLambdaKinesisExecutionRole"},
	"DynamoDB": {arn: "Stream", required: []string{"StartingPosition", "Stream"}, managed: "service-role/AWSLambdaDynamoDBExecutionRole"},
	"MSK":      {arn: "Stream", required: []string{"StartingPosition", "Stream"}, extra: []string{"ConsumerGroupId", "SchemaRegistryConfig"}, managed: "service-role/AWSLambdaMSKExecutionRole"},
	"MQ":       {arn: "Broker", required: []string{"Broker", "Queues"}, extra: []string{"DynamicPolicyName", "SecretsManagerKmsKeyId"}},
	"SelfManagedKafka": {
		extra: []string{"KafkaBootstrapServers", "ConsumerGroupId", "SchemaRegistryConfig", "SecretsManagerKmsKeyId"},
	},
	"DocumentDB": {
		arn: "Cluster", required: []string{"Cluster", "DatabaseName"}, extra: []string{"CollectionName", "FullDocument", "SecretsManagerKmsKeyId"},
	},
}

// mappingProperties returns what events of a mapping source may have.
func mappingProperties(name string) []property {
	source := mappingSources[name]
	var rules []property
	for _, p := range slices.Concat(source.required, mappedProperties, source.extra, []string{"DestinationConfig"}) {
		rule := property{name: p, shape: anything, required: slices.Contains(source.required, p)}
		switch p {
		case "Topics", "Queues", "FunctionResponseTypes", "KafkaBootstrapServers", "SourceAccessConfigurations":
			rule.shape = list
		case "DestinationConfig", "FilterCriteria", "ScalingConfig", "ProvisionedPollerConfig", "MetricsConfig", "LoggingConfig", "SchemaRegistryConfig":
			rule.shape = mapping
		case "BatchSize", "MaximumBatchingWindowInSeconds", "MaximumRetryAttempts", "MaximumRecordAgeInSeconds", "ParallelizationFactor", "TumblingWindowInSeconds":
			rule.shape = number
		case "Enabled", "BisectBatchOnFunctionError":
			rule.shape = boolean
		case "DynamicPolicyName":
			rule.shape, rule.literal = boolean, true
		case "ConsumerGroupId", "SecretsManagerKmsKeyId":
			rule.shape = text
		}
		if !slices.ContainsFunc(rules, func(known property) bool { return known.name == p }) {
			rules = append(rules, rule)
		}
	}
	return rules
}

// makeMapping makes the event source mapping, and gives the generated role
// what Lambda needs to poll the source.
func makeMapping(e *eventSource) error {
	source := mappingSources[e.typ]
	if filter := e.get("FilterCriteria"); truthy(filter) && !isIntrinsic(filter) && (len(filter.Pairs) != 1 || filter.Pairs[0].Key != "Filters") {
		return e.invalid(filter, "FilterCriteria field has a wrong format")
	}
	m := newResource(e.full, "AWS::Lambda::EventSourceMapping", e.inherited())
	m.set("FunctionName", e.invoked())
	if source.arn != "" {
		m.set("EventSourceArn", e.get(source.arn))
	}
	for _, name := range mappedProperties {
		m.set(name, e.get(name))
	}
	e.add(m)
	if servers := e.get("KafkaBootstrapServers"); truthy(servers) {
		m.set("SelfManagedEventSource", template.Map(template.P("Endpoints", template.Map(template.P("KafkaBootstrapServers", servers)))))
	}
	group := pairs(template.P("ConsumerGroupId", e.get("ConsumerGroupId")))
	if registry := e.get("SchemaRegistryConfig"); truthy(registry) {
		group.Set("SchemaRegistryConfig", registry)
	}
	if len(group.Pairs) > 0 {
		name := "AmazonManagedKafkaEventSourceConfig"
		if e.typ == "SelfManagedKafka" {
			name = "SelfManagedKafkaEventSourceConfig"
		}
		m.set(name, group)
	}
	if e.typ == "DocumentDB" {
		m.set("DocumentDBEventSourceConfig", pairs(
			template.P("DatabaseName", e.get("DatabaseName")), template.P("CollectionName", e.get("CollectionName")), template.P("FullDocument", e.get("FullDocument"))))
	}
	onFailure, err := e.mappingDestination(m)
	if err != nil {
		return err
	}
	documents, err := e.mappingPolicies()
	if err != nil {
		return err
	}
	if source.managed != "" {
		e.grantManaged(source.managed)
	}
	for _, d := range append(documents, onFailure...) {
		e.grant(d)
	}
	return nil
}

// mappingDestination passes DestinationConfig on; a Type beside the ARN only
// says which policy the role needs.
func (e *eventSource) mappingDestination(m *resource) ([]*template.Node, error) {
	config := e.get("DestinationConfig")
	if !truthy(config) {
		return nil, nil
	}
	config = config.Clone()
	m.set("DestinationConfig", config)
	onFailure := config.Get("OnFailure")
	if !onFailure.IsMap() {
		return nil, invalidEvent(e.full, config, "Property 'DestinationConfig.OnFailure' should be a map.")
	}
	typ := onFailure.Get("Type")
	if !truthy(typ) {
		return nil, nil
	}
	onFailure.Delete("Type")
	switch typ.Str() {
	case "SQS":
		return []*template.Node{allow(e.full+"SQSPolicy", "sqs:SendMessage", onFailure.Get("Destination"), false)}, nil
	case "SNS":
		return []*template.Node{allow(e.full+"SNSPolicy", "sns:publish", onFailure.Get("Destination"), false)}, nil
	case "S3":
		return []*template.Node{bucketPolicy(e.full+"S3Policy", onFailure.Get("Destination"))}, nil
	case "Kafka":
		return nil, nil
	default:
		return nil, invalidEvent(e.full, typ, "The only valid values for 'Type' are 'SQS', 'SNS', 'S3', and 'Kafka'")
	}
}

// grantManaged attaches a managed policy to the generated role.
func (e *eventSource) grantManaged(path string) {
	if e.role == nil {
		return
	}
	arns, arn := e.role.props().Get("ManagedPolicyArns"), e.awsPolicy(path)
	if !slices.ContainsFunc(arns.Items, func(known *template.Node) bool { return equal(known, arn) }) {
		arns.Append(arn)
	}
}

// grant adds an inline policy to the generated role, unless it has one of the
// same content.
func (e *eventSource) grant(policy *template.Node) {
	if e.role == nil {
		return
	}
	policies := e.role.props().Get("Policies")
	if policies == nil {
		policies = template.List()
		e.role.set("Policies", policies)
	}
	for _, known := range policies.Items {
		if equal(known.Get("PolicyDocument"), policy.Get("PolicyDocument")) {
			return
		}
	}
	policies.Append(policy)
}
