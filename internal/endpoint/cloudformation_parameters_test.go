package endpoint_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/policy"
)

const (
	topicsRole = "arn:aws:iam::123456789012:role/topics" // may make topics
	otherRole  = "arn:aws:iam::123456789012:role/other"  // does not trust CloudFormation
)

// deploymentRole returns the roles that stacks may be deployed with.
func deploymentRole(t *testing.T) func(string) (*access.Role, bool) {
	t.Helper()
	parse := func(kind policy.Kind, text string) *policy.Policy {
		d, err := policy.Parse(kind, []byte(`{"Version":"2012-10-17","Statement":`+text+`}`))
		if err != nil {
			t.Fatal(err)
		}
		return policy.New("p", "", d)
	}
	may := policy.Set{Identity: []*policy.Policy{parse(policy.Identity, `{"Effect":"Allow","Action":"sns:*","Resource":"*"}`)}}
	trust := func(service string) *policy.Policy {
		return parse(policy.Trust, `{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"`+service+`"}}`)
	}
	roles := map[string]*access.Role{
		topicsRole: {Name: "topics", ARN: topicsRole, ID: "AROA1", AccountID: "123456789012", Policies: may, Trust: trust("cloudformation.amazonaws.com")},
		otherRole:  {Name: "other", ARN: otherRole, ID: "AROA2", AccountID: "123456789012", Policies: may, Trust: trust("ec2.amazonaws.com")},
	}
	return func(arn string) (*access.Role, bool) {
		r, ok := roles[arn]
		return r, ok
	}
}

// Every parameter of AWS acts or is refused by its name.
func TestWireParametersActOrAreRefused(t *testing.T) {
	c := startFormation(t)
	for _, tt := range []struct {
		name   string
		action string
		more   []string
		want   string
	}{
		{"unknown", "CreateStack", []string{"Colour", "red"}, "hakone does not support the parameter Colour of CreateStack"},
		{"unknown in a list", "CreateStack", []string{"Tags.member.1.Colour", "red"}, "hakone does not support the parameter Tags.member.1.Colour of CreateStack"},
		{"deployment modes", "CreateChangeSet", []string{"DeploymentMode", "REVERT_DRIFT"}, "hakone does not support the parameter DeploymentMode of CreateChangeSet"},
		{"resources to skip", "ContinueUpdateRollback", []string{"ResourcesToSkip.member.1", "A"}, "hakone does not support the parameter ResourcesToSkip.member.1 of ContinueUpdateRollback"},
		{"notifications", "CreateStack", []string{"NotificationARNs.member.1", "arn:aws:sns:::x"}, "hakone does not support NotificationARNs: there are no topics to notify"},
		{"alarms", "UpdateStack", []string{"RollbackConfiguration.MonitoringTimeInMinutes", "5"}, "Stack [mine] does not exist"},
		{"alarms of a creation", "CreateStack", []string{"RollbackConfiguration.MonitoringTimeInMinutes", "5"}, "hakone does not support RollbackConfiguration: there are no alarms to watch"},
		{"stack policies", "CreateStack", []string{"StackPolicyBody", "{}"}, "hakone does not support stack policies"},
		{"stack policies on their own", "SetStackPolicy", []string{"StackPolicyBody", "{}"}, "hakone does not support stack policies"},
		{"retention", "CreateStack", []string{"RetainExceptOnCreate", "true"}, "hakone does not support RetainExceptOnCreate: set the DeletionPolicy RetainExceptOnCreate"},
		{"imports", "CreateChangeSet", []string{"ChangeSetName", "c", "ResourcesToImport.member.1.ResourceType", "AWS::S3::Bucket"}, "hakone does not support the import of existing resources"},
		{"express deployments that stay as they fail", "CreateChangeSet", []string{"ChangeSetName", "c", "DeploymentConfig.Mode", "EXPRESS"}, "hakone does not support express deployments without rollback: set DisableRollback of the DeploymentConfig to false (cdk deploy --express --rollback)"},
		{"two templates", "CreateStack", []string{"UsePreviousTemplate", "true"}, "hakone does not support UsePreviousTemplate with a TemplateBody or a TemplateURL: give one of them"},
		{"two values", "CreateStack", []string{"Parameters.member.1.ParameterKey", "P", "Parameters.member.1.ParameterValue", "v", "Parameters.member.1.UsePreviousValue", "true"}, "Invalid input for parameter key P. Cannot specify usePreviousValue as true and non empty value for a parameter"},
		{"modes of a deletion", "DeleteStack", []string{"DeploymentConfig.Mode", "SLOW"}, "1 validation error detected: Value 'SLOW' at 'deploymentConfig.mode' failed to satisfy constraint: Member must satisfy enum value set: [EXPRESS, STANDARD]"},
		{"other types", "CreateStack", []string{"ResourceTypes.member.1", "AWS::S3::*"}, "Resource type AWS::SNS::Topic of A is not among the ResourceTypes of the request"},
		{"capabilities that do not exist", "CreateStack", []string{"Capabilities.member.1", "CAPABILITY_ALL"}, "1 validation error detected: Value '[CAPABILITY_ALL]' at 'capabilities' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [CAPABILITY_IAM, CAPABILITY_NAMED_IAM, CAPABILITY_AUTO_EXPAND]]"},
		{"tags of AWS's own", "CreateStack", []string{"Tags.member.1.Key", "aws:x", "Tags.member.1.Value", "y"}, "aws: prefixed tag key names are not allowed for external use."},
		{"outcomes", "CreateStack", []string{"OnFailure", "SHRUG"}, "1 validation error detected: Value 'SHRUG' at 'onFailure' failed to satisfy constraint: Member must satisfy enum value set: [ROLLBACK, DO_NOTHING, DELETE]"},
		{"a role that does not exist", "CreateStack", []string{"RoleARN", "arn:aws:iam::123456789012:role/none"}, "Role arn:aws:iam::123456789012:role/none is invalid or cannot be assumed"},
		{"a role that trusts others", "CreateStack", []string{"RoleARN", otherRole}, "Role " + otherRole + " is invalid or cannot be assumed"},
		{"a role that may do less", "CreateStack", []string{"RoleARN", topicsRole, "Capabilities.member.1", "CAPABILITY_IAM", "TemplateBody", "Resources: {R: {Type: AWS::IAM::Role}}"}, "User: arn:aws:sts::123456789012:assumed-role/topics/AWSCloudFormation is not authorized to perform: iam:CreateRole on resource: * because no identity-based policy allows the iam:CreateRole action"},
		{"a page that does not exist", "DescribeStacks", []string{"NextToken", "x"}, "The specified NextToken is invalid."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pairs := tt.more
			if tt.action != "DescribeStacks" {
				pairs = append([]string{"StackName", "mine"}, pairs...)
			}
			if tt.action == "CreateStack" || tt.action == "CreateChangeSet" {
				pairs = append([]string{"TemplateBody", topic}, pairs...)
			}
			if got := facts(c.call("ADMINISTRATOR", tt.action, pairs...)); !strings.HasSuffix(got, " "+tt.want) {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
	if got := facts(c.call("ONESTACK", "CreateStack", "StackName", "mine", "TemplateBody", topic, "RoleARN", topicsRole)); !strings.Contains(got, "is not authorized to perform: iam:PassRole on resource: "+topicsRole) {
		t.Errorf("a caller who may not pass the role: %s", got)
	}
	if got := c.call("ADMINISTRATOR", "ListStacks"); strings.Contains(got, "<StackName>") {
		t.Errorf("refused calls left stacks:\n%s", got)
	}
}

func TestWireRolesStayWithTheStack(t *testing.T) {
	c := startFormation(t)
	c.call("ADMINISTRATOR", "CreateStack", "StackName", "mine", "TemplateBody", topic, "RoleARN", topicsRole)
	if got := c.settled("mine"); got != "CREATE_COMPLETE" {
		t.Fatal(got)
	}
	if got := c.call("ADMINISTRATOR", "DescribeStacks", "StackName", "mine"); !strings.Contains(got, "<RoleARN>"+topicsRole+"</RoleARN>") {
		t.Error(got)
	}
	// Without the role the caller could not: he has no permission for topics.
	c.call("DEPLOYER", "UpdateStack", "StackName", "mine", "UsePreviousTemplate", "true", "Parameters.member.1.ParameterKey", "Size", "Parameters.member.1.ParameterValue", "l")
	if got := c.settled("mine"); got != "UPDATE_COMPLETE" {
		t.Errorf("an update by somebody who cannot: %s", got)
	}
	const bootstrap = "arn:aws:iam::123456789012:role/cdk-hnb659fds-cfn-exec-role-123456789012-ap-northeast-1"
	if got := facts(c.call("DEPLOYER", "CreateStack", "StackName", "cdk", "TemplateBody", topic, "RoleARN", bootstrap)); !strings.Contains(got, "user/DEPLOYER is not authorized to perform: sns:CreateTopic") {
		t.Errorf("CDK's role, which is not there, leaves the caller with what he has: %s", got)
	}
}

func TestWireTokensMakeCallsIdempotent(t *testing.T) {
	c := startFormation(t)
	id := regexp.MustCompile(`<StackId>([^<]*)`)
	create := func(token string) string {
		return c.call("ADMINISTRATOR", "CreateStack", "StackName", "mine", "TemplateBody", topic, "ClientRequestToken", token)
	}
	first := id.FindString(create("t1"))
	c.settled("mine")
	if second := id.FindString(create("t1")); first == "" || second != first {
		t.Errorf("the same creation again: %q, then %q", first, second)
	}
	if got := facts(create("t2")); got != "AlreadyExistsException Stack [mine] already exists" {
		t.Errorf("another creation: %s", got)
	}
	if got := facts(c.call("ADMINISTRATOR", "DeleteStack", "StackName", "mine", "ClientRequestToken", "t1")); !strings.HasPrefix(got, "TokenAlreadyExistsException") {
		t.Errorf("the token of another operation: %s", got)
	}
	change := func(token string) string {
		return c.call("ADMINISTRATOR", "CreateChangeSet", "StackName", "mine", "ChangeSetName", "c", "TemplateBody", topic, "ClientToken", token,
			"Parameters.member.1.ParameterKey", "Size", "Parameters.member.1.ParameterValue", "l")
	}
	set := regexp.MustCompile(`<Id>([^<]*)`)
	if a, b := set.FindString(change("t")), set.FindString(change("t")); a == "" || a != b {
		t.Errorf("change sets %q and %q", a, b)
	}
	if got := facts(change("u")); !strings.HasPrefix(got, "AlreadyExistsException") {
		t.Error(got)
	}
	values := c.call("ADMINISTRATOR", "DescribeChangeSet", "StackName", "mine", "ChangeSetName", "c", "IncludePropertyValues", "true")
	for _, want := range []string{`<BeforeContext>{&#34;Properties&#34;:{&#34;Size&#34;:&#34;s&#34;}`, `<AfterContext>{&#34;Properties&#34;:{&#34;Size&#34;:&#34;l&#34;}`} {
		if !strings.Contains(values, want) {
			t.Errorf("%s is missing in\n%s", want, values)
		}
	}
	for range 2 {
		if got := facts(c.call("ADMINISTRATOR", "ExecuteChangeSet", "StackName", "mine", "ChangeSetName", "c", "ClientRequestToken", "x")); got != "" {
			t.Errorf("an execution: %s", got)
		}
		c.settled("mine")
	}
}

func TestWireTerminationProtection(t *testing.T) {
	c := startFormation(t)
	c.call("ADMINISTRATOR", "CreateStack", "StackName", "mine", "TemplateBody", topic, "EnableTerminationProtection", "true")
	c.settled("mine")
	const refusal = "ValidationError Stack [mine] cannot be deleted while TerminationProtection is enabled"
	if got := facts(c.call("ADMINISTRATOR", "DeleteStack", "StackName", "mine")); got != refusal {
		t.Error(got)
	}
	c.call("ADMINISTRATOR", "UpdateTerminationProtection", "StackName", "mine", "EnableTerminationProtection", "false")
	c.call("ADMINISTRATOR", "DeleteStack", "StackName", "mine")
	if got := c.settled("mine"); got != "ValidationError Stack with id mine does not exist" {
		t.Error(got)
	}
}

func TestWireChangeSetsThatDeleteOnFailure(t *testing.T) {
	c := startFormation(t)
	c.topics.fail = true
	c.call("ADMINISTRATOR", "CreateChangeSet", "StackName", "mine", "ChangeSetName", "c", "ChangeSetType", "CREATE", "TemplateBody", topic, "OnStackFailure", "DELETE")
	c.call("ADMINISTRATOR", "ExecuteChangeSet", "StackName", "mine", "ChangeSetName", "c")
	if got := c.settled("mine"); got != "ValidationError Stack with id mine does not exist" {
		t.Error(got)
	}
}

func TestWireListsComeInPages(t *testing.T) {
	c := startFormation(t)
	var b strings.Builder
	b.WriteString("Resources:\n")
	for i := range 130 {
		fmt.Fprintf(&b, "  T%03d: {Type: AWS::SNS::Topic}\n", i)
	}
	c.call("ADMINISTRATOR", "CreateStack", "StackName", "mine", "TemplateBody", b.String())
	c.settled("mine")
	token := regexp.MustCompile(`<NextToken>([^<]+)`)
	for action, want := range map[string]int{"ListStackResources": 130, "DescribeStackEvents": 2 + 3*130} {
		seen, next := map[string]bool{}, []string(nil)
		for range 10 {
			got := c.call("ADMINISTRATOR", action, append([]string{"StackName", "mine"}, next...)...)
			for _, m := range regexp.MustCompile(`(?s)<member>.*?</member>`).FindAllString(got, -1) {
				seen[m] = true
			}
			m := token.FindStringSubmatch(got)
			if m == nil {
				break
			}
			next = []string{"NextToken", m[1]}
		}
		if len(seen) != want {
			t.Errorf("%s: %d members; want %d", action, len(seen), want)
		}
	}
}
