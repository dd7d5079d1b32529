//go:build conformance

package conformance

import "testing"

// What Terraform's provider asks of each of its resources aws_apigatewayv2_…: it
// creates one, reads it back and compares all that it reads with what was
// configured; a difference would be a plan that is not empty. Then it changes
// it, reads again, deletes it and wants a 404. The provider itself is not run:
// the calls and their members are the ones that its resources make.
func TestTerraformSeesWhatItSaid(t *testing.T) {
	s := start(t)
	administrator := s.environment()
	want := `aws_apigatewayv2_api: created, read, updated, deleted
aws_apigatewayv2_api with a body: created, read, updated, deleted
aws_apigatewayv2_api by quick create: created, read, updated, deleted
aws_apigatewayv2_integration to a function: created, read, updated, deleted
aws_apigatewayv2_integration to a URL: created, read, updated, deleted
aws_apigatewayv2_authorizer with JWT: created, read, updated, deleted
aws_apigatewayv2_authorizer with a function: created, read, updated, deleted
aws_apigatewayv2_route with IAM: created, read, updated, deleted
aws_apigatewayv2_route with JWT: created, read, updated, deleted
aws_apigatewayv2_stage: created, read, updated, deleted
aws_apigatewayv2_deployment: created, read, updated, deleted
aws_apigatewayv2_domain_name: created, read, updated, deleted
aws_apigatewayv2_api_mapping: created, read, updated, deleted
aws_apigatewayv2_routing_rule: created, read, updated, deleted
aws_apigatewayv2_vpc_link: created, read, updated, deleted
aws_apigatewayv2_model: BadRequestException Models are not supported for HTTP APIs
aws_apigatewayv2_route_response: BadRequestException Route responses are not supported for HTTP APIs
aws_apigatewayv2_integration_response: BadRequestException Integration responses are not supported for HTTP APIs
data aws_apigatewayv2_apis: 3 of 3
data aws_apigatewayv2_export: 3.0.1
`
	if got := s.run(administrator, "python3", "-c", terraformScript); got != want {
		t.Errorf("boto3 printed\n%s\nwant\n%s", got, want)
	}
}

const terraformScript = `
import boto3, json
from botocore.exceptions import ClientError

c = boto3.client("apigatewayv2")
region, account = c.meta.region_name, boto3.client("sts").get_caller_identity()["Account"]
function = f"arn:aws:lambda:{region}:{account}:function:HelloWorld-Function"
invoke = f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{function}/invocations"
role = f"arn:aws:iam::{account}:role/Ec2IamRole"
logs = f"arn:aws:logs:{region}:{account}:log-group:access"

def differences(read, configured, computed):
    read = {k: v for k, v in read.items() if k not in computed and k != "ResponseMetadata"}
    out = []
    for k in sorted(set(read) | set(configured)):
        # What is empty and what is not there is one to Terraform.
        a, b = read.get(k) or None, configured.get(k) or None
        if k in ("IdentitySource", "AuthorizationScopes", "AllowOrigins") and a and b:
            a, b = sorted(a), sorted(b)
        if a != b:
            out.append(f"{k}: configured {b!r}, read {a!r}")
    return out

def resource(name, create, get, update, delete, ids, config, defaults, changed, computed, after=None, extra=None):
    made = getattr(c, create)(**config)
    key = {k: made[k] if k in made else config[k] for k in ids}
    ignored = set(computed) | {k for k in ids}
    steps = []
    def compare(step, want):
        read = getattr(c, get)(**key)
        wrong = differences(read, {k: v for k, v in {**defaults, **want}.items() if k not in ignored}, ignored)
        steps.append(step if not wrong else f"{step} {'; '.join(wrong)}")
    wrong = differences(made, {k: v for k, v in {**defaults, **config}.items() if k not in ignored}, ignored)
    steps.append("created" if not wrong else f"created {'; '.join(wrong)}")
    compare("read", config)
    sent, want = changed if isinstance(changed, tuple) else (changed, {**config, **changed})
    if after: after(key)
    if sent: getattr(c, update)(**key, **sent)
    compare("updated", want)
    if extra: extra(key)
    getattr(c, delete)(**key)
    try:
        getattr(c, get)(**key)
        steps.append("still there")
    except ClientError as e:
        found = e.response["Error"]["Code"], e.response["ResponseMetadata"]["HTTPStatusCode"]
        steps.append("deleted" if found == ("NotFoundException", 404) else f"deleted {found}")
    print(f"{name}: {', '.join(steps)}")

api_defaults = {"ApiKeySelectionExpression": "$request.header.x-api-key", "RouteSelectionExpression": "$request.method $request.path", "IpAddressType": "ipv4", "DisableExecuteApiEndpoint": False}
api_computed = ["ApiEndpoint", "ApiId", "CreatedDate", "ImportInfo", "Warnings"]
cors = {"AllowCredentials": True, "AllowHeaders": ["authorization", "x-a"], "AllowMethods": ["GET", "OPTIONS"], "AllowOrigins": ["https://a.example", "https://b.example"], "ExposeHeaders": ["x-b"], "MaxAge": 300}
def tags(key):
    arn = f"arn:aws:apigateway:{region}::/apis/{key['ApiId']}"
    c.untag_resource(ResourceArn=arn, TagKeys=["a"])
    c.tag_resource(ResourceArn=arn, Tags={"c": "d"})
    c.delete_cors_configuration(ApiId=key["ApiId"])
config = {"Name": "n", "ProtocolType": "HTTP", "Description": "d", "Version": "1", "CorsConfiguration": cors, "Tags": {"a": "b"}, "DisableExecuteApiEndpoint": True, "IpAddressType": "dualstack"}
changes = {"Name": "m", "Description": "e", "Version": "2", "DisableExecuteApiEndpoint": False, "IpAddressType": "ipv4"}
resource("aws_apigatewayv2_api", "create_api", "get_api", "update_api", "delete_api", ["ApiId"], config, api_defaults,
    (changes, {**config, **changes, "CorsConfiguration": None, "Tags": {"c": "d"}}), api_computed, after=tags)

# With a body, the provider imports it over the new API and then sets what the configuration says.
body = json.dumps({"openapi": "3.0.1", "info": {"title": "of the body", "version": "9"}, "paths": {"/x": {"get": {"x-amazon-apigateway-integration": {
    "type": "AWS_PROXY", "httpMethod": "POST", "uri": function, "payloadFormatVersion": "2.0"}}}}})
def reimport(key):
    c.reimport_api(ApiId=key["ApiId"], Body=body)
    if [r["RouteKey"] for r in c.get_routes(ApiId=key["ApiId"])["Items"]] != ["GET /x"]: print("no route of the body")
config = {"Name": "n", "ProtocolType": "HTTP", "Description": "d", "Version": "1", "Tags": {"a": "b"}}
changes = {"Name": "n", "Description": "d", "Version": "1"}
def again(key):
    reimport(key)
    c.tag_resource(ResourceArn=f"arn:aws:apigateway:{region}::/apis/{key['ApiId']}", Tags={"a": "b"})
resource("aws_apigatewayv2_api with a body", "create_api", "get_api", "update_api", "delete_api", ["ApiId"], config, api_defaults, (changes, config), api_computed, after=again)
config = {"Name": "q", "ProtocolType": "HTTP", "Target": function, "RouteKey": "GET /q", "CredentialsArn": role}
plain = {"Name": "q", "ProtocolType": "HTTP"}
resource("aws_apigatewayv2_api by quick create", "create_api", "get_api", "update_api", "delete_api", ["ApiId"], config, api_defaults,
    ({"RouteKey": "GET /r", "Target": function, "CredentialsArn": role}, plain), api_computed + ["Target", "RouteKey", "CredentialsArn"])

api = c.create_api(Name="parts", ProtocolType="HTTP")["ApiId"]
def part(name, kind, config, defaults, changed, computed=(), **more):
    resource(name, f"create_{kind.lower()}", f"get_{kind.lower()}", f"update_{kind.lower()}", f"delete_{kind.lower()}", ["ApiId", f"{kind}Id"],
        {"ApiId": api, **config}, defaults, changed, computed, **more)
integration_defaults = {"ConnectionType": "INTERNET", "PayloadFormatVersion": "1.0", "TimeoutInMillis": 30000}
# The provider sends passthroughBehavior always, and takes its absence for the default.
config = {"IntegrationType": "AWS_PROXY", "ConnectionType": "INTERNET", "IntegrationMethod": "POST", "IntegrationUri": invoke, "PassthroughBehavior": "WHEN_NO_MATCH", "PayloadFormatVersion": "2.0", "Description": "d", "CredentialsArn": role}
changes = {"TimeoutInMillis": 1000, "Description": "e"}
part("aws_apigatewayv2_integration to a function", "Integration", config, integration_defaults, (changes, {**config, **changes}), ["PassthroughBehavior"])
config = {"IntegrationType": "HTTP_PROXY", "ConnectionType": "INTERNET", "IntegrationMethod": "ANY", "IntegrationUri": "https://example.org/{proxy}", "PassthroughBehavior": "WHEN_NO_MATCH", "PayloadFormatVersion": "1.0",
    "RequestParameters": {"append:header.a": "$context.requestId", "overwrite:path": "$request.path", "remove:querystring.q": "''"},
    "ResponseParameters": {"200": {"overwrite:header.x": "1"}, "500": {"overwrite:statuscode": "502"}}, "TimeoutInMillis": 5000}
sent = {"RequestParameters": {"append:header.a": "$context.stage", "remove:querystring.q": ""}, "ResponseParameters": {"200": {"overwrite:header.x": "2"}, "500": {}}, "IntegrationMethod": "GET"}
part("aws_apigatewayv2_integration to a URL", "Integration", config, integration_defaults, (sent, {**config, "IntegrationMethod": "GET",
    "RequestParameters": {"append:header.a": "$context.stage", "overwrite:path": "$request.path"}, "ResponseParameters": {"200": {"overwrite:header.x": "2"}}}), ["PassthroughBehavior"])

config = {"AuthorizerType": "JWT", "IdentitySource": ["$request.header.Authorization"], "Name": "j", "JwtConfiguration": {"Audience": ["a", "b"], "Issuer": "https://issuer.example"}}
part("aws_apigatewayv2_authorizer with JWT", "Authorizer", config, {}, {"Name": "k", "IdentitySource": ["$request.querystring.t"], "JwtConfiguration": {"Audience": ["c"], "Issuer": "https://issuer.example/x"}})
config = {"AuthorizerType": "REQUEST", "IdentitySource": ["$request.header.b", "$request.header.a"], "Name": "r", "AuthorizerUri": invoke, "AuthorizerPayloadFormatVersion": "2.0", "EnableSimpleResponses": True, "AuthorizerCredentialsArn": role}
changes = {"AuthorizerResultTtlInSeconds": 0, "EnableSimpleResponses": False, "AuthorizerPayloadFormatVersion": "1.0", "AuthorizerCredentialsArn": ""}
part("aws_apigatewayv2_authorizer with a function", "Authorizer", config, {"AuthorizerResultTtlInSeconds": 300}, (changes, {**config, **changes}))

target = "integrations/" + c.create_integration(ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=function, PayloadFormatVersion="2.0")["IntegrationId"]
authorizer = c.create_authorizer(ApiId=api, AuthorizerType="JWT", IdentitySource=["$request.header.Authorization"], Name="j", JwtConfiguration={"Audience": ["a"], "Issuer": "https://issuer.example"})["AuthorizerId"]
config = {"ApiKeyRequired": False, "AuthorizationType": "AWS_IAM", "RouteKey": "GET /a/{id}", "Target": target, "OperationName": "GetA"}
part("aws_apigatewayv2_route with IAM", "Route", config, {}, {"AuthorizationType": "NONE", "RouteKey": "ANY /a/{proxy+}", "OperationName": "B"})
config = {"ApiKeyRequired": False, "AuthorizationType": "JWT", "RouteKey": "$default", "Target": target, "AuthorizerId": authorizer, "AuthorizationScopes": ["b", "a"]}
part("aws_apigatewayv2_route with JWT", "Route", config, {}, ({"AuthorizationType": "NONE", "AuthorizerId": "", "AuthorizationScopes": []},
    {"ApiKeyRequired": False, "AuthorizationType": "NONE", "RouteKey": "$default", "Target": target}))

c.create_route(ApiId=api, RouteKey="GET /s", Target=target)
config = {"ApiId": api, "StageName": "s", "AutoDeploy": True, "Description": "d", "StageVariables": {"a": "1", "b": "2"}, "Tags": {"a": "b"},
    "AccessLogSettings": {"DestinationArn": logs, "Format": "$context.requestId"}, "DefaultRouteSettings": {"DetailedMetricsEnabled": True, "ThrottlingBurstLimit": 5, "ThrottlingRateLimit": 10.0},
    "RouteSettings": {"GET /s": {"DetailedMetricsEnabled": False, "ThrottlingBurstLimit": 1, "ThrottlingRateLimit": 0.5}}}
def removed(key):
    c.delete_route_settings(**key, RouteKey="GET /s")
    c.delete_access_log_settings(**key)
    c.untag_resource(ResourceArn=f"arn:aws:apigateway:{region}::/apis/{api}/stages/s", TagKeys=["a"])
sent = {"AutoDeploy": True, "Description": "e", "StageVariables": {"a": "", "b": "3"}, "DefaultRouteSettings": {"DetailedMetricsEnabled": False, "ThrottlingBurstLimit": 6, "ThrottlingRateLimit": 11.0}}
resource("aws_apigatewayv2_stage", "create_stage", "get_stage", "update_stage", "delete_stage", ["ApiId", "StageName"], config, {}, (sent, {**config, **sent, "StageVariables": {"b": "3"},
    "AccessLogSettings": None, "RouteSettings": {}, "Tags": {}}), ["CreatedDate", "LastUpdatedDate", "DeploymentId", "LastDeploymentStatusMessage"], after=removed)
part("aws_apigatewayv2_deployment", "Deployment", {"Description": "d"}, {"AutoDeployed": False, "DeploymentStatus": "DEPLOYED"}, {"Description": "e"}, ["CreatedDate"])

def configurations(kind="REGIONAL"):
    return [{"CertificateArn": f"arn:aws:acm:{region}:{account}:certificate/x", "EndpointType": kind, "SecurityPolicy": "TLS_1_2", "IpAddressType": "ipv4"}]
class Domain:
    # Of a configuration, the provider compares what it can set.
    def __getattr__(self, name):
        call = getattr(client, name)
        def run(**kw):
            out = call(**kw)
            for one in out.get("DomainNameConfigurations", []):
                if one.pop("DomainNameStatus", None) != "AVAILABLE" or not one.pop("ApiGatewayDomainName", None) or not one.pop("HostedZoneId", None): print("a domain name is not ready")
            return out
        return run
client, c = c, Domain()
domain_defaults, domain_computed = {"RoutingMode": "API_MAPPING_ONLY"}, ["ApiMappingSelectionExpression", "DomainNameArn"]
config = {"DomainName": "api.example.org", "DomainNameConfigurations": configurations(), "Tags": {"a": "b"}}
resource("aws_apigatewayv2_domain_name", "create_domain_name", "get_domain_name", "update_domain_name", "delete_domain_name", ["DomainName"], config, domain_defaults,
    {"RoutingMode": "ROUTING_RULE_THEN_API_MAPPING"}, domain_computed)
c.create_domain_name(DomainName="m.example.org", DomainNameConfigurations=configurations())
c.create_domain_name(DomainName="r.example.org", DomainNameConfigurations=configurations(), RoutingMode="ROUTING_RULE_ONLY")
c.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
c.create_stage(ApiId=api, StageName="two", AutoDeploy=True)
config = {"DomainName": "m.example.org", "ApiId": api, "Stage": "$default", "ApiMappingKey": "v1/x"}
resource("aws_apigatewayv2_api_mapping", "create_api_mapping", "get_api_mapping", "update_api_mapping", "delete_api_mapping", ["DomainName", "ApiMappingId"], config, {},
    ({"ApiId": api, "Stage": "two", "ApiMappingKey": ""}, {"ApiId": api, "Stage": "two"}), [])
config = {"DomainName": "r.example.org", "Priority": 10, "Conditions": [{"MatchBasePaths": {"AnyOf": ["v1"]}}], "Actions": [{"InvokeApi": {"ApiId": api, "Stage": "two", "StripBasePath": True}}]}
changes = {"Priority": 20, "Conditions": [{"MatchHeaders": {"AnyOf": [{"Header": "x", "ValueGlob": "a*"}]}}], "Actions": [{"InvokeApi": {"ApiId": api, "Stage": "two", "StripBasePath": False}}]}
resource("aws_apigatewayv2_routing_rule", "create_routing_rule", "get_routing_rule", "put_routing_rule", "delete_routing_rule", ["DomainName", "RoutingRuleId"], config, {}, changes, ["RoutingRuleArn"])
config = {"Name": "l", "SecurityGroupIds": ["sg-1"], "SubnetIds": ["subnet-2", "subnet-1"], "Tags": {"a": "b"}}
resource("aws_apigatewayv2_vpc_link", "create_vpc_link", "get_vpc_link", "update_vpc_link", "delete_vpc_link", ["VpcLinkId"], config, {"VpcLinkStatus": "AVAILABLE", "VpcLinkVersion": "V2"}, {"Name": "m"}, ["CreatedDate", "VpcLinkStatusMessage"])
c = client

route, integration = c.get_routes(ApiId=api)["Items"][0]["RouteId"], target.split("/")[1]
for name, call, members in (
    ("model", c.create_model, {"ContentType": "application/json", "Name": "M", "Schema": "{}"}),
    ("route_response", c.create_route_response, {"RouteId": route, "RouteResponseKey": "$default"}),
    ("integration_response", c.create_integration_response, {"IntegrationId": integration, "IntegrationResponseKey": "/200/"}),
):
    try:
        call(ApiId=api, **members)
        print("made", name)
    except ClientError as e:
        print(f"aws_apigatewayv2_{name}: {e.response['Error']['Code']} {e.response['Error']['Message']}")

c.create_api(Name="another", ProtocolType="HTTP")
found, token = set(), None
while True:
    page = c.get_apis(**({"NextToken": token} if token else {}), MaxResults="1")
    found |= {a["ApiId"] for a in page["Items"]}
    token = page.get("NextToken")
    if not token: break
print(f"data aws_apigatewayv2_apis: {len(found)} of {len(c.get_apis()['Items'])}")
print("data aws_apigatewayv2_export:", json.loads(c.export_api(ApiId=api, Specification="OAS30", OutputType="JSON", IncludeExtensions=True)["body"].read())["openapi"])
`
