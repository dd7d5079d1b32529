package cloudformation

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

// A paperType is a resource type that exists on paper: its resources have the ids
// and attributes that other parts of a template need, and no effect. In ref and
// attributes stand {partition}, {region}, {account}, {name}, {uuid}, properties as
// {Property}, and {randomN}, N characters that are drawn once.
type paperType struct {
	name       string
	why        string // what does not happen
	named      string // the property that names it; "" if none does
	id         string // physical id, which is what Ref gives; "" means {name}
	attributes map[string]string
	required   []string
	replace    []string // beside the name
	properties string   // that it has, separated by blanks; "" means any
}

// paperTypes are those of services that are not here and that a template's APIs
// and functions can do without.
func paperTypes() []paperType {
	const noDNS = "names are not resolved; a custom domain name is found by the Host header"
	return []paperType{
		{
			name: "AWS::Events::Rule", why: "no event is sent and no schedule runs", named: "Name", attributes: map[string]string{"Arn": "arn:{partition}:events:{region}:{account}:rule/{name}"},
			replace: []string{"EventBusName"}, properties: "Description EventBusName EventPattern Name RoleArn ScheduleExpression State Tags Targets",
		},
		{
			name: "AWS::Events::EventBus", why: "no event is sent", named: "Name", required: []string{"Name"},
			attributes: map[string]string{"Arn": "arn:{partition}:events:{region}:{account}:event-bus/{name}", "Name": "{name}"},
			properties: "DeadLetterConfig Description EventSourceName KmsKeyIdentifier LogConfig Name Policy Tags",
		},
		{
			name: "AWS::StepFunctions::StateMachine", why: "no execution can be started", named: "StateMachineName", id: "arn:{partition}:states:{region}:{account}:stateMachine:{name}",
			attributes: map[string]string{"Arn": "arn:{partition}:states:{region}:{account}:stateMachine:{name}", "Name": "{name}", "StateMachineRevisionId": "INITIAL"},
			required:   []string{"RoleArn"}, replace: []string{"StateMachineType"},
			properties: "Definition DefinitionS3Location DefinitionString DefinitionSubstitutions EncryptionConfiguration LoggingConfiguration RoleArn " +
				"StateMachineName StateMachineType Tags TracingConfiguration",
		},
		{
			name: "AWS::SecretsManager::Secret", why: "no secret is kept", named: "Name", id: "arn:{partition}:secretsmanager:{region}:{account}:secret:{name}-{random6}",
			attributes: map[string]string{"Id": "arn:{partition}:secretsmanager:{region}:{account}:secret:{name}-{random6}"},
			properties: "Description GenerateSecretString KmsKeyId Name ReplicaRegions SecretString Tags Type",
		},
		{
			name: "AWS::KMS::Key", why: "nothing is encrypted with it", id: "{uuid}", attributes: map[string]string{"Arn": "arn:{partition}:kms:{region}:{account}:key/{uuid}", "KeyId": "{uuid}"},
			replace: []string{"KeySpec", "KeyUsage", "Origin", "MultiRegion"},
			properties: "BypassPolicyLockoutSafetyCheck Description EnableKeyRotation Enabled KeyPolicy KeySpec KeyUsage MultiRegion Origin PendingWindowInDays " +
				"RotationPeriodInDays Tags",
		},
		{name: "AWS::KMS::Alias", why: "nothing is encrypted with its key", named: "AliasName", required: []string{"AliasName", "TargetKeyId"}, properties: "AliasName TargetKeyId"},
		{
			name: "AWS::CloudWatch::Alarm", why: "no alarm is raised", named: "AlarmName", attributes: map[string]string{"Arn": "arn:{partition}:cloudwatch:{region}:{account}:alarm:{name}"},
			required: []string{"ComparisonOperator", "EvaluationPeriods"},
			properties: "ActionsEnabled AlarmActions AlarmDescription AlarmName ComparisonOperator DatapointsToAlarm Dimensions EvaluateLowSampleCountPercentile EvaluationPeriods " +
				"ExtendedStatistic InsufficientDataActions MetricName Metrics Namespace OKActions Period Statistic Tags Threshold ThresholdMetricId TreatMissingData Unit",
		},
		{
			name: "AWS::CloudWatch::CompositeAlarm", why: "no alarm is raised", named: "AlarmName", attributes: map[string]string{"Arn": "arn:{partition}:cloudwatch:{region}:{account}:alarm:{name}"},
			required: []string{"AlarmRule"},
		},
		{name: "AWS::CloudWatch::Dashboard", why: "nothing is shown", named: "DashboardName", required: []string{"DashboardBody"}, properties: "DashboardBody DashboardName Tags"},
		{
			name: "AWS::Cognito::UserPool", why: "nobody signs in and no token is issued: a JWT authorizer refuses everybody", id: "{region}_{random9}",
			attributes: map[string]string{
				"Arn": "arn:{partition}:cognito-idp:{region}:{account}:userpool/{region}_{random9}", "UserPoolId": "{region}_{random9}",
				"ProviderName": "cognito-idp.{region}.amazonaws.com/{region}_{random9}", "ProviderURL": "https://cognito-idp.{region}.amazonaws.com/{region}_{random9}",
			},
		},
		{
			name: "AWS::Cognito::UserPoolClient", why: "nobody signs in", id: "{random26}", required: []string{"UserPoolId"}, replace: []string{"UserPoolId", "GenerateSecret"},
			attributes: map[string]string{"ClientId": "{random26}", "ClientSecret": "{random51}", "Name": "{name}"},
		},
		{
			name: "AWS::Cognito::UserPoolDomain", why: "there are no pages for signing in", named: "Domain", required: []string{"Domain", "UserPoolId"},
			attributes: map[string]string{"CloudFrontDistribution": "{random14}.cloudfront.net", "Id": "{UserPoolId}"},
		},
		{name: "AWS::Cognito::IdentityPool", why: "nobody gets an identity", id: "{region}:{uuid}", attributes: map[string]string{"Id": "{region}:{uuid}", "Name": "{name}"}},
		{name: "AWS::Cognito::IdentityPoolRoleAttachment", why: "nobody gets an identity", required: []string{"IdentityPoolId"}, attributes: map[string]string{"Id": "{name}"}},
		{
			name: "AWS::CodeDeploy::Application", why: "aliases of functions move at once", named: "ApplicationName", properties: "ApplicationName ComputePlatform Tags",
		},
		{name: "AWS::CodeDeploy::DeploymentGroup", why: "aliases of functions move at once", named: "DeploymentGroupName", required: []string{"ApplicationName", "ServiceRoleArn"}},
		{
			name: "AWS::CertificateManager::Certificate", why: "custom domain names have certificates of this server", id: "arn:{partition}:acm:{region}:{account}:certificate/{uuid}",
			required: []string{"DomainName"}, replace: []string{"DomainName", "SubjectAlternativeNames", "ValidationMethod", "KeyAlgorithm"},
		},
		{
			name: "AWS::Route53::HostedZone", why: noDNS, id: "Z{random20}", attributes: map[string]string{"Id": "Z{random20}"}, replace: []string{"Name"},
			properties: "HostedZoneConfig HostedZoneFeatures HostedZoneTags Name QueryLoggingConfig VPCs",
		},
		{name: "AWS::Route53::RecordSet", why: noDNS, id: "{Name}", required: []string{"Name", "Type"}, replace: []string{"Name", "HostedZoneId", "HostedZoneName"}},
		{name: "AWS::Route53::RecordSetGroup", why: noDNS, replace: []string{"HostedZoneId", "HostedZoneName"}, properties: "Comment HostedZoneId HostedZoneName RecordSets"},
		{name: "AWS::ApiGateway::Account", why: "access logs need no role here", attributes: map[string]string{"Id": "{name}"}, properties: "CloudWatchRoleArn"},
		{
			name: "AWS::IAM::ServiceLinkedRole", why: "no service here works with it", id: "AWSServiceRoleFor{name}", attributes: map[string]string{"RoleName": "AWSServiceRoleFor{name}"},
			required: []string{"AWSServiceName"}, replace: []string{"AWSServiceName", "CustomSuffix"}, properties: "AWSServiceName CustomSuffix Description",
		},
	}
}

func (t *paperType) table() stack.Type {
	out := stack.Type{
		Name: t.name, Level: stack.Record, Required: t.required, Replace: t.replace, NameProperty: t.named, Attributes: []string{}, Handler: paper{t},
	}
	if t.named != "" {
		out.Replace = append([]string{t.named}, t.replace...)
	}
	out.Attributes = slices.AppendSeq(out.Attributes, maps.Keys(t.attributes))
	if t.properties != "" {
		out.Properties = stack.PropertyNames(strings.Fields(t.properties))
	}
	return out
}

// paper is the handler of a paperType. The stack is all that remembers.
type paper struct{ t *paperType }

// Create draws the ids.
func (p paper) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	stack.Warn(ctx, fmt.Sprintf("%s: %s is recorded and has no effect here: %s", r.LogicalID, p.t.name, p.t.why))
	name := r.Properties.Get(p.t.named).Str()
	if name == "" {
		name = r.ProposedName
	}
	values := map[string]string{"partition": r.Partition, "region": r.Region, "account": r.Account, "name": name, "uuid": uuid.NewString()}
	for _, pair := range r.Properties.Pairs {
		if pair.Value.IsScalar() {
			values[pair.Key] = pair.Value.Value
		}
	}
	drawn := random()
	fill := func(pattern string) string {
		var b strings.Builder
		for {
			before, after, ok := strings.Cut(pattern, "{")
			b.WriteString(before)
			if !ok {
				return b.String()
			}
			key, rest, _ := strings.Cut(after, "}")
			if n, err := strconv.Atoi(strings.TrimPrefix(key, "random")); err == nil {
				b.WriteString(drawn[:n])
			} else {
				b.WriteString(values[key])
			}
			pattern = rest
		}
	}
	out := stack.Result{PhysicalID: name, Attributes: map[string]string{}}
	if p.t.id != "" {
		out.PhysicalID = fill(p.t.id)
	}
	for attribute, pattern := range p.t.attributes {
		out.Attributes[attribute] = fill(pattern)
	}
	return out, nil
}

// random returns 52 characters, lower-case letters and digits.
func random() string {
	return strings.ToLower(rand.Text() + rand.Text())
}

// Update changes nothing: what is told of the resource is as it was.
func (paper) Update(context.Context, *stack.Request, *template.Node) (stack.Result, error) {
	return stack.Result{}, nil
}

// Delete has nothing to delete.
func (paper) Delete(context.Context, *stack.Request) error { return nil }
