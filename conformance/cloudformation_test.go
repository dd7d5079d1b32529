//go:build conformance

package conformance

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestAWSCommandLineDeploys drives stacks with the AWS CLI: its deploy command
// polls and waits as all deployment tools do.
func TestAWSCommandLineDeploys(t *testing.T) {
	s := start(t)
	administrator := s.environment()
	article, err := filepath.Abs("../examples/article")
	if err != nil {
		t.Fatal(err)
	}
	s.run(administrator, "hakone", "delete", "--data-dir", s.dataDir, "hello-api")
	s.run(administrator, "hakone", "delete", "--data-dir", s.dataDir, "network")
	documents := map[string]string{
		"$NETWORK": filepath.Join(article, "network.yaml"), "$API": filepath.Join(article, "template.yaml"), "$BODY": "file://" + filepath.Join(article, "template.yaml"),
	}
	s.walk(administrator, documents, []step{
		{call: "cloudformation validate-template --template-body $BODY", want: `"CAPABILITY_NAMED_IAM"`},
		{call: "cloudformation get-template-summary --template-body $BODY", want: `"AWS::Serverless::Function"`},
		{call: "cloudformation deploy --template-file $NETWORK --stack-name net", want: "Successfully created/updated stack - net"},
		{call: "cloudformation deploy --template-file $NETWORK --stack-name net --no-fail-on-empty-changeset", want: "No changes to deploy. Stack net is up to date"},
		{call: "cloudformation deploy --template-file $API --stack-name api", want: "(InsufficientCapabilitiesException) when calling the CreateChangeSet operation: Requires capabilities : [CAPABILITY_NAMED_IAM]", refused: true},
		{call: "cloudformation deploy --template-file $API --stack-name api --capabilities CAPABILITY_NAMED_IAM", want: "Successfully created/updated stack - api"},
		{call: "cloudformation deploy --template-file $API --stack-name api --capabilities CAPABILITY_NAMED_IAM --parameter-overrides AllowedSSHCidr1=198.51.100.0/24", want: "Successfully created/updated stack - api"},
		{call: "cloudformation describe-stacks --stack-name api", want: `"StackStatus": "UPDATE_COMPLETE"`},
		{call: "cloudformation describe-stack-events --stack-name api", want: `"ResourceStatus": "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"`},
		{call: "cloudformation describe-stack-resource --stack-name api --logical-resource-id HelloWorldFunction", want: `"PhysicalResourceId": "HelloWorld-Function"`},
		{call: "cloudformation list-stack-resources --stack-name api", want: `"AWS::ApiGatewayV2::Stage"`},
		{call: "cloudformation list-imports --export-name TestVpcIdExport", want: `"api"`},
		{call: "cloudformation list-exports", want: `"TestPublicSubnetIdExport"`},
		{call: "cloudformation list-change-sets --stack-name api", want: `"EXECUTE_COMPLETE"`},
		{call: "cloudformation get-template --stack-name api --template-stage Processed", want: `"AWS::Lambda::Function"`},
		{call: "cloudformation delete-stack --stack-name net", want: "Export TestPublicSubnetIdExport cannot be deleted as it is in use by api", refused: true},
	})
	if t.Failed() {
		return
	}
	out := s.run(administrator, "aws", "cloudformation", "describe-stacks", "--stack-name", "api", "--query", "Stacks[0].Outputs[?OutputKey=='ApiEndpoint'].OutputValue", "--output", "text")
	if !strings.HasPrefix(out, "https://") {
		t.Errorf("output ApiEndpoint: %q", out)
	}
	s.walk(administrator, documents, []step{
		{call: "cloudformation delete-stack --stack-name api"},
		{call: "cloudformation wait stack-delete-complete --stack-name api"},
		{call: "cloudformation delete-stack --stack-name net"},
		{call: "cloudformation wait stack-delete-complete --stack-name net"},
		{call: "cloudformation describe-stacks --stack-name net", want: "(ValidationError) when calling the DescribeStacks operation: Stack with id net does not exist", refused: true},
		{call: "cloudformation list-stacks --stack-status-filter DELETE_COMPLETE", want: `"StackName": "net"`},
	})
}
