//go:build conformance

package conformance

import (
	"strings"
	"testing"
)

// The functions, APIs and logs of the article, through aws and boto3.
func TestControlPlaneClients(t *testing.T) {
	s := start(t)
	administrator, role := s.environment(), s.environment("--role", "Ec2IamRole")

	t.Run("aws lambda invoke", func(t *testing.T) {
		out := t.TempDir() + "/out.json"
		got := s.run(administrator, "aws", "lambda", "invoke", "--function-name", "HelloWorld-Function", "--log-type", "Tail", out, "--query", "ExecutedVersion", "--output", "text")
		if strings.TrimSpace(got) != "$LATEST" {
			t.Errorf("aws lambda invoke printed %q", got)
		}
	})
	t.Run("aws apigatewayv2 get-apis", func(t *testing.T) {
		got := s.run(administrator, "aws", "apigatewayv2", "get-apis", "--query", "Items[].ApiId", "--output", "text")
		if strings.TrimSpace(got) != s.status.APIs[0].ID {
			t.Errorf("aws apigatewayv2 get-apis printed %q, want %s", got, s.status.APIs[0].ID)
		}
	})
	t.Run("aws logs filter-log-events", func(t *testing.T) {
		got := s.run(administrator, "aws", "logs", "filter-log-events", "--log-group-name", "/aws/lambda/HelloWorld-Function", "--filter-pattern", "REPORT", "--query", "events[].message", "--output", "text")
		if !strings.Contains(got, "REPORT RequestId: ") {
			t.Errorf("aws logs filter-log-events printed %q", got)
		}
	})
	for _, tt := range []struct {
		name        string
		environment []string
		script      string
		want        string
	}{
		{"a function's life", administrator, functionScript, "Pending 201\nb'{\"got\": {\"k\": 1}}' $LATEST\n9\n1\n1\n404\n"},
		{"an API's life", administrator, apiScript, "['GET /y']\nhttps://x.example\n{'k': 'v'}\n409\n{'c': 'd'}\n404\n"},
		{"a role without rights", role, deniedScript, "AccessDeniedException lambda:InvokeFunction\nAccessDeniedException apigateway:GET\nAccessDeniedException logs:FilterLogEvents\n"},
	} {
		t.Run("boto3: "+tt.name, func(t *testing.T) {
			if got := s.run(tt.environment, "python3", "-c", tt.script); got != tt.want {
				t.Errorf("boto3 printed\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

const functionScript = `
import boto3, botocore, io, zipfile
text = io.BytesIO()
with zipfile.ZipFile(text, "w") as z:
    z.writestr("index.py", "def handler(event, context):\n    return {'got': event}\n")
client = boto3.client("lambda")
role = client.get_function_configuration(FunctionName="HelloWorld-Function")["Role"]
made = client.create_function(FunctionName="made", Runtime="python3.11", Role=role, Handler="index.handler", Code={"ZipFile": text.getvalue()})
print(made["State"], made["ResponseMetadata"]["HTTPStatusCode"])
client.get_waiter("function_active_v2").wait(FunctionName="made")
out = client.invoke(FunctionName="made", Payload=b'{"k": 1}')
print(out["Payload"].read(), out["ExecutedVersion"])
print(client.update_function_configuration(FunctionName="made", Timeout=9)["Timeout"])
client.get_waiter("function_updated_v2").wait(FunctionName="made")
print(client.publish_version(FunctionName="made")["Version"])
client.create_alias(FunctionName="made", Name="live", FunctionVersion="1")
print(client.invoke(FunctionName=made["FunctionArn"] + ":live")["ExecutedVersion"])
client.delete_function(FunctionName="made")
try:
    client.get_function(FunctionName="made")
except client.exceptions.ResourceNotFoundException as e:
    print(e.response["ResponseMetadata"]["HTTPStatusCode"])
`

const apiScript = `
import boto3
client = boto3.client("apigatewayv2")
api = client.create_api(Name="made", ProtocolType="HTTP", Tags={"a": "b"})["ApiId"]
integration = client.create_integration(ApiId=api, IntegrationType="HTTP_PROXY", IntegrationUri="https://example.org", IntegrationMethod="GET", PayloadFormatVersion="1.0")["IntegrationId"]
route = client.create_route(ApiId=api, RouteKey="GET /x", AuthorizationType="AWS_IAM", Target="integrations/" + integration)["RouteId"]
client.update_route(ApiId=api, RouteId=route, RouteKey="GET /y")
print([r["RouteKey"] for r in client.get_routes(ApiId=api)["Items"]])
print(client.update_api(ApiId=api, CorsConfiguration={"AllowOrigins": ["https://x.example"]})["CorsConfiguration"]["AllowOrigins"][0])
client.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
print(client.update_stage(ApiId=api, StageName="$default", StageVariables={"k": "v"})["StageVariables"])
try:
    client.delete_integration(ApiId=api, IntegrationId=integration)
except client.exceptions.ConflictException as e:
    print(e.response["ResponseMetadata"]["HTTPStatusCode"])
arn = "arn:aws:apigateway:%s::/apis/%s" % (client.meta.region_name, api)
client.tag_resource(ResourceArn=arn, Tags={"c": "d"})
client.untag_resource(ResourceArn=arn, TagKeys=["a"])
print(client.get_tags(ResourceArn=arn)["Tags"])
client.delete_api(ApiId=api)
try:
    client.get_api(ApiId=api)
except client.exceptions.NotFoundException as e:
    print(e.response["ResponseMetadata"]["HTTPStatusCode"])
`

const deniedScript = `
import boto3, botocore
for call in (
    lambda: boto3.client("lambda").invoke(FunctionName="HelloWorld-Function"),
    lambda: boto3.client("apigatewayv2").get_apis(),
    lambda: boto3.client("logs").filter_log_events(logGroupName="/aws/lambda/HelloWorld-Function"),
):
    try:
        call()
        print("allowed")
    except botocore.exceptions.ClientError as e:
        print(e.response["Error"]["Code"], e.response["Error"]["Message"].split("perform: ")[1].split(" ")[0])
`
