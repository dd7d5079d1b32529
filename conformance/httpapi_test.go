//go:build conformance

package conformance

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

// The rest of API Gateway's operations, by aws, boto3 and the JavaScript SDK: what
// a creation answers is what is read and listed, so that a plan after an apply
// is empty.
func TestHTTPAPIClients(t *testing.T) {
	queue := make(chan map[string]any, 1)
	sqs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		message := map[string]any{}
		if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
			t.Error(err)
		}
		message["target"], message["signed"] = r.Header.Get("X-Amz-Target"), strings.Contains(r.Header.Get("Authorization"), "/ap-northeast-1/sqs/aws4_request")
		queue <- message
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = io.WriteString(w, `{"MessageId":"m-1"}`)
	}))
	defer sqs.Close()
	s := start(t, "--service-endpoint", "sqs="+sqs.URL)
	administrator := s.environment()

	t.Run("boto3: made, read and listed alike", func(t *testing.T) {
		want := "Api same\nIntegration same\nAuthorizer same\nRoute same\nStage same\nDeployment same\nDomainName same\nApiMapping same\nVpcLink same\n" +
			"{'a': 'b'}\n400 BadRequestException\n2 pages\nsame after import\n"
		if got := s.run(administrator, "python3", "-c", sameScript); got != want {
			t.Errorf("boto3 printed\n%s\nwant\n%s", got, want)
		}
	})
	t.Run("boto3: a message to SQS", func(t *testing.T) {
		api := strings.TrimSpace(s.run(administrator, "python3", "-c", queueScript))
		base, _, _ := strings.Cut(s.status.HTTPS, "/_")
		got := s.run(administrator, "curl", "-sk", "-H", "Host: "+api+".execute-api.ap-northeast-1.amazonaws.com", "-d", "hello", base+"/send")
		if got != `{"MessageId":"m-1"}` {
			t.Errorf("the client got %s", got)
		}
		select {
		case message := <-queue:
			if message["MessageBody"] != "hello" || message["target"] != "AmazonSQS.SendMessage" || message["signed"] != true {
				t.Errorf("SQS got %v", message)
			}
		default:
			t.Error("SQS got nothing")
		}
	})
	t.Run("aws: export-api", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "api.yaml")
		s.run(administrator, "aws", "apigatewayv2", "export-api", "--api-id", s.status.APIs[0].ID, "--specification", "OAS30", "--output-type", "YAML", file)
		got := s.run(administrator, "aws", "apigatewayv2", "import-api", "--body", "file://"+file, "--query", "ProtocolType", "--output", "text")
		if strings.TrimSpace(got) != "HTTP" {
			t.Errorf("aws apigatewayv2 import-api printed %q", got)
		}
	})
	t.Run("JavaScript SDK", func(t *testing.T) {
		modules, err := filepath.Abs(filepath.Join("..", ".venv", "js", "node_modules"))
		if err != nil {
			t.Fatal(err)
		}
		want := "GET /x 1\nNotFoundException 404 Invalid Route identifier specified\nConflictException 409\n{\"k\":\"v\"}\nAVAILABLE\nopenapi: 3.0.1\n204\n"
		if got := s.run(append(administrator, "NODE_PATH="+modules), "node", "-e", javaScript); got != want {
			t.Errorf("the JavaScript SDK printed\n%s\nwant\n%s", got, want)
		}
	})
}

const sameScript = `
import boto3, json
c = boto3.client("apigatewayv2")
plain = lambda answer: {k: v for k, v in answer.items() if k not in ("ResponseMetadata", "NextToken")}
def same(kind, key, parent, **given):
    made = plain(getattr(c, "create_" + kind[0])(**parent, **given))
    read = plain(getattr(c, "get_" + kind[0])(**parent, **{key: made[key]}))
    listed = [i for i in getattr(c, "get_" + kind[0] + "s")(**parent)["Items"] if i[key] == made[key]]
    print(kind[1], "same" if made == read and [made] == listed else (made, read, listed))
    return made[key]
role = "arn:aws:iam::123456789012:role/any"
api = same(("api", "Api"), "ApiId", {}, Name="all", ProtocolType="HTTP", Description="d", CorsConfiguration={"AllowOrigins": ["https://a.example"], "MaxAge": 3}, Tags={"a": "b"})
of = {"ApiId": api}
integration = same(("integration", "Integration"), "IntegrationId", of, IntegrationType="HTTP_PROXY", IntegrationUri="https://example.org/{id}", IntegrationMethod="GET", PayloadFormatVersion="1.0",
    RequestParameters={"append:header.x": "$context.requestId"}, ResponseParameters={"200": {"remove:header.y": "''"}}, TimeoutInMillis=1000)
authorizer = same(("authorizer", "Authorizer"), "AuthorizerId", of, Name="j", AuthorizerType="JWT", IdentitySource=["$request.header.Authorization"], JwtConfiguration={"Audience": ["x"], "Issuer": "https://issuer.example"})
same(("route", "Route"), "RouteId", of, RouteKey="GET /x/{id}", Target="integrations/" + integration, AuthorizationType="JWT", AuthorizerId=authorizer, AuthorizationScopes=["s"])
same(("stage", "Stage"), "StageName", of, StageName="prod", StageVariables={"k": "v"}, DefaultRouteSettings={"ThrottlingBurstLimit": 5, "ThrottlingRateLimit": 2.5}, Tags={"c": "d"})
same(("deployment", "Deployment"), "DeploymentId", of, Description="first")
domain = {"DomainName": "all.example.com"}
same(("domain_name", "DomainName"), "DomainName", {}, DomainName="all.example.com", DomainNameConfigurations=[{"CertificateArn": "arn:aws:acm:ap-northeast-1:123456789012:certificate/c", "EndpointType": "REGIONAL", "SecurityPolicy": "TLS_1_2"}], Tags={"a": "b"})
same(("api_mapping", "ApiMapping"), "ApiMappingId", domain, ApiId=api, Stage="prod", ApiMappingKey="v1")
same(("vpc_link", "VpcLink"), "VpcLinkId", {}, Name="v", SubnetIds=["subnet-1"], SecurityGroupIds=["sg-1"])
print(c.get_tags(ResourceArn="arn:aws:apigateway:%s::/domainnames/all.example.com" % c.meta.region_name)["Tags"])
try:
    c.create_model(ApiId=api, Name="m", Schema="{}")
except c.exceptions.BadRequestException as e:
    print(e.response["ResponseMetadata"]["HTTPStatusCode"], e.response["Error"]["Code"])
c.create_vpc_link(Name="w", SubnetIds=["subnet-1"])
first = c.get_vpc_links(MaxResults="1")
second = c.get_vpc_links(MaxResults="1", NextToken=first["NextToken"])
print(len(first["Items"]) + len(second["Items"]), "pages" if "NextToken" not in second else "more")
def export(id):
    text = c.export_api(ApiId=id, Specification="OAS30", OutputType="JSON", ExportVersion="1.0", IncludeExtensions=True)["body"].read()
    return text.decode().replace(id, "ID")
again = c.import_api(Body=export(api).replace("ID", api))["ApiId"]
print("same after import" if export(api) == export(again) else export(again))
`

const queueScript = `
import boto3, json
iam, c = boto3.client("iam"), boto3.client("apigatewayv2")
role = iam.create_role(RoleName="queue", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}]}))["Role"]["Arn"]
iam.put_role_policy(RoleName="queue", PolicyName="send", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:ap-northeast-1:123456789012:q"}]}))
api = c.create_api(Name="queue", ProtocolType="HTTP")["ApiId"]
integration = c.create_integration(ApiId=api, IntegrationType="AWS_PROXY", IntegrationSubtype="SQS-SendMessage", PayloadFormatVersion="1.0", CredentialsArn=role,
    RequestParameters={"QueueUrl": "https://sqs.ap-northeast-1.amazonaws.com/123456789012/q", "MessageBody": "$request.body"})["IntegrationId"]
c.create_route(ApiId=api, RouteKey="POST /send", Target="integrations/" + integration)
c.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
print(api)
`

const javaScript = `
const sdk = require("@aws-sdk/client-apigatewayv2");
const c = new sdk.ApiGatewayV2Client({});
const call = (name, input) => c.send(new sdk[name + "Command"](input));
(async () => {
  const { ApiId } = await call("CreateApi", { Name: "js", ProtocolType: "HTTP" });
  const { IntegrationId } = await call("CreateIntegration", { ApiId, IntegrationType: "HTTP_PROXY", IntegrationMethod: "GET", IntegrationUri: "https://example.org", PayloadFormatVersion: "1.0" });
  const { RouteId } = await call("CreateRoute", { ApiId, RouteKey: "GET /x", Target: "integrations/" + IntegrationId });
  const routes = await call("GetRoutes", { ApiId });
  console.log(routes.Items[0].RouteKey, routes.Items.length);
  try { await call("GetRoute", { ApiId, RouteId: "nope" }); } catch (e) { console.log(e.name, e.$metadata.httpStatusCode, e.message); }
  try { await call("DeleteIntegration", { ApiId, IntegrationId }); } catch (e) { console.log(e.name, e.$metadata.httpStatusCode); }
  await call("CreateStage", { ApiId, StageName: "$default", AutoDeploy: true });
  console.log(JSON.stringify((await call("UpdateStage", { ApiId, StageName: "$default", StageVariables: { k: "v" } })).StageVariables));
  console.log((await call("CreateVpcLink", { Name: "js", SubnetIds: ["subnet-1"] })).VpcLinkStatus);
  const { body } = await call("ExportApi", { ApiId, Specification: "OAS30", OutputType: "YAML" });
  console.log(Buffer.from(body).toString().split("\n")[0]);
  await call("DeleteRoute", { ApiId, RouteId });
  console.log((await call("DeleteApi", { ApiId })).$metadata.httpStatusCode);
})().catch((e) => { console.error(e); process.exit(1); });
`
