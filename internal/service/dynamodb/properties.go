package dynamodb

import "github.com/hakonegate/hakone/internal/template"

// tableProperties are the properties of AWS::DynamoDB::Table. Where CloudFormation
// and the API spell a thing alike, one type serves both.
type tableProperties struct {
	TableName                        string
	AttributeDefinitions             []attributeDefinition
	KeySchema                        []keyElement
	BillingMode                      string `oneof:"PROVISIONED,PAY_PER_REQUEST"`
	ProvisionedThroughput            *throughput
	OnDemandThroughput               *onDemandThroughput
	WarmThroughput                   *warmThroughput
	GlobalSecondaryIndexes           []globalIndex
	LocalSecondaryIndexes            []localIndex
	StreamSpecification              *streamProperties
	SSESpecification                 *sseProperties
	TimeToLiveSpecification          *timeToLive
	PointInTimeRecoverySpecification *pointInTimeRecovery
	TableClass                       string `oneof:"STANDARD,STANDARD_INFREQUENT_ACCESS"`
	DeletionProtectionEnabled        bool
	ResourcePolicy                   *resourcePolicy
	Tags                             []tag
	ContributorInsightsSpecification *template.Node
	KinesisStreamSpecification       *template.Node
	ImportSourceSpecification        *template.Node
}

type attributeDefinition struct {
	AttributeName string `required:"true"`
	AttributeType string `required:"true" oneof:"S,N,B"`
}

type keyElement struct {
	AttributeName string `required:"true"`
	KeyType       string `required:"true" oneof:"HASH,RANGE"`
}

type throughput struct {
	ReadCapacityUnits  int `required:"true"`
	WriteCapacityUnits int `required:"true"`
}

type onDemandThroughput struct {
	MaxReadRequestUnits  int `json:",omitempty"`
	MaxWriteRequestUnits int `json:",omitempty"`
}

type warmThroughput struct {
	ReadUnitsPerSecond  int `json:",omitempty"`
	WriteUnitsPerSecond int `json:",omitempty"`
}

type projection struct {
	ProjectionType   string   `json:",omitempty" oneof:"ALL,KEYS_ONLY,INCLUDE"`
	NonKeyAttributes []string `json:",omitempty"`
}

type globalIndex struct {
	IndexName                        string              `required:"true"`
	KeySchema                        []keyElement        `required:"true"`
	Projection                       projection          `required:"true"`
	ProvisionedThroughput            *throughput         `json:",omitempty"`
	OnDemandThroughput               *onDemandThroughput `json:",omitempty"`
	WarmThroughput                   *warmThroughput     `json:",omitempty"`
	ContributorInsightsSpecification *template.Node      `json:",omitempty"`
}

type localIndex struct {
	IndexName  string       `required:"true"`
	KeySchema  []keyElement `required:"true"`
	Projection projection   `required:"true"`
}

type streamProperties struct {
	StreamViewType string          `required:"true" oneof:"KEYS_ONLY,NEW_IMAGE,OLD_IMAGE,NEW_AND_OLD_IMAGES"`
	ResourcePolicy *resourcePolicy `refuse:"nobody asks the policy of a stream"`
}

type sseProperties struct {
	SSEEnabled     bool `required:"true"`
	SSEType        string
	KMSMasterKeyID string `json:"KMSMasterKeyId"`
}

type timeToLive struct {
	AttributeName string `json:",omitempty"`
	Enabled       bool   `required:"true"`
}

type pointInTimeRecovery struct {
	PointInTimeRecoveryEnabled bool
	RecoveryPeriodInDays       int `json:",omitempty"`
}

type resourcePolicy struct{ PolicyDocument *template.Node }

type tag struct{ Key, Value string }
