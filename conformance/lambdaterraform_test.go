//go:build conformance

package conformance

import "testing"

// What Terraform's AWS provider asks of each aws_lambda_* resource: create, read
// until nothing differs, update, read, delete, read that it is gone.
func TestTerraformLambda(t *testing.T) {
	s := start(t)
	if got := s.run(s.environment(), "python3", "-c", functionPreamble+terraformLambdaScript); got != "" {
		t.Errorf("differences:\n%s", got)
	}
}

const terraformLambdaScript = `
import base64, hashlib
def same(what, got, want):
    for key, value in want.items():
        if got.get(key) != value:
            print(what, key, "is", got.get(key), "want", value)
def gone(what, fn, code="ResourceNotFoundException"):
    e = refused(fn)
    if e is None or e.response["Error"]["Code"] != code:
        print(what, "is not gone:", e)
zipped = archive(index="def handler(event, context):\n    return event\n")
sha = base64.b64encode(hashlib.sha256(zipped).digest()).decode()

# aws_lambda_layer_version, aws_lambda_layer_version_permission
layer = client.publish_layer_version(LayerName="tf", Description="d", LicenseInfo="MIT", CompatibleRuntimes=["python3.11"], CompatibleArchitectures=["x86_64"], Content={"ZipFile": zipped})
same("layer", client.get_layer_version(LayerName="tf", VersionNumber=layer["Version"]), {k: layer[k] for k in ("LayerArn", "LayerVersionArn", "Description", "LicenseInfo", "CompatibleRuntimes", "CompatibleArchitectures", "CreatedDate", "Version")})
same("layer content", client.get_layer_version_by_arn(Arn=layer["LayerVersionArn"])["Content"], {"CodeSha256": sha, "CodeSize": len(zipped)})
client.add_layer_version_permission(LayerName="tf", VersionNumber=1, StatementId="dev", Principal="111111111111", Action="lambda:GetLayerVersion")
statement = json.loads(client.get_layer_version_policy(LayerName="tf", VersionNumber=1)["Policy"])["Statement"][0]
same("layer permission", statement, {"Sid": "dev", "Effect": "Allow", "Action": "lambda:GetLayerVersion", "Principal": {"AWS": "arn:aws:iam::111111111111:root"}, "Resource": layer["LayerVersionArn"]})

# aws_cloudwatch_log_group
logs = boto3.client("logs")
logs.create_log_group(logGroupName="/tf/group", tags={"a": "1"})
logs.put_retention_policy(logGroupName="/tf/group", retentionInDays=14)
group = logs.describe_log_groups(logGroupNamePrefix="/tf/group")["logGroups"][0]
same("log group", group, {"logGroupName": "/tf/group", "retentionInDays": 14, "logGroupClass": "STANDARD"})
if logs.list_tags_for_resource(resourceArn=group["logGroupArn"])["tags"] != {"a": "1"}:
    print("tags of the log group")

# aws_lambda_function
wanted = dict(FunctionName="tf", Runtime="python3.11", Role=role, Handler="index.handler", Description="first", Timeout=7, MemorySize=256, EphemeralStorage={"Size": 600},
    Environment={"Variables": {"KEY": "b"}}, Architectures=["x86_64"], PackageType="Zip", TracingConfig={"Mode": "Active"},
    LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "WARN", "SystemLogLevel": "INFO", "LogGroup": "/tf/group"})
made = client.create_function(Code={"ZipFile": zipped}, Layers=[layer["LayerVersionArn"]], Publish=True, Tags={"t": "1"}, **wanted)
client.get_waiter("function_active_v2").wait(FunctionName="tf")
def read():
    out = client.get_function(FunctionName="tf")
    client.list_versions_by_function(FunctionName="tf")
    client.get_function_code_signing_config(FunctionName="tf")
    client.get_runtime_management_config(FunctionName="tf")
    client.get_function_recursion_config(FunctionName="tf")
    return out
out = read()
same("function", out["Configuration"], dict(wanted, CodeSha256=sha, CodeSize=len(zipped), State="Active", LastUpdateStatus="Successful", Version="$LATEST", SnapStart={"ApplyOn": "None", "OptimizationStatus": "Off"}))
if out["Tags"] != {"t": "1"} or [l["Arn"] for l in out["Configuration"]["Layers"]] != [layer["LayerVersionArn"]] or made["Version"] != "1":
    print("function", out)
if [v["Version"] for v in client.list_versions_by_function(FunctionName="tf")["Versions"]] != ["$LATEST", "1"]:
    print("versions")
changed = dict(wanted, Description="second", Timeout=9, Environment={"Variables": {"KEY": "c", "MORE": "d"}}, TracingConfig={"Mode": "PassThrough"}, LoggingConfig={"LogFormat": "Text", "LogGroup": "/aws/lambda/tf"})
update = {k: v for k, v in changed.items() if k not in ("Architectures", "PackageType")}
if client.update_function_configuration(Layers=[], **update)["LastUpdateStatus"] != "InProgress":
    print("update is not in progress")
client.get_waiter("function_updated_v2").wait(FunctionName="tf")
other = archive(index="def handler(event, context):\n    return 'other'\n")
client.update_function_code(FunctionName="tf", ZipFile=other, Architectures=["x86_64"], Publish=True)
client.get_waiter("function_updated_v2").wait(FunctionName="tf")
client.put_function_concurrency(FunctionName="tf", ReservedConcurrentExecutions=5)
client.tag_resource(Resource=made["FunctionArn"].removesuffix(":1"), Tags={"u": "2"})
client.untag_resource(Resource=made["FunctionArn"].removesuffix(":1"), TagKeys=["t"])
out = read()
same("changed function", out["Configuration"], dict(changed, CodeSha256=base64.b64encode(hashlib.sha256(other).digest()).decode()))
same("changed function", out, {"Tags": {"u": "2"}, "Concurrency": {"ReservedConcurrentExecutions": 5}})
if "Layers" in out["Configuration"]:
    print("layers stay")
client.delete_function_concurrency(FunctionName="tf")
if "Concurrency" in client.get_function(FunctionName="tf"):
    print("concurrency stays")

# aws_lambda_alias
client.create_alias(FunctionName="tf", Name="live", FunctionVersion="1", Description="x")
same("alias", client.get_alias(FunctionName="tf", Name="live"), {"Name": "live", "FunctionVersion": "1", "Description": "x", "AliasArn": made["FunctionArn"].removesuffix(":1") + ":live"})
client.update_alias(FunctionName="tf", Name="live", FunctionVersion="2", RoutingConfig={"AdditionalVersionWeights": {"1": 0.25}})
same("changed alias", client.get_alias(FunctionName="tf", Name="live"), {"FunctionVersion": "2", "RoutingConfig": {"AdditionalVersionWeights": {"1": 0.25}}})

# aws_lambda_permission
client.add_permission(FunctionName="tf", StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com", SourceArn="arn:aws:execute-api:*:*:x/*", Qualifier="live")
statement = json.loads(client.get_policy(FunctionName="tf", Qualifier="live")["Policy"])["Statement"][0]
same("permission", statement, {"Sid": "api", "Principal": {"Service": "apigateway.amazonaws.com"}, "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:execute-api:*:*:x/*"}}})
client.remove_permission(FunctionName="tf", StatementId="api", Qualifier="live")
gone("permission", lambda: client.get_policy(FunctionName="tf", Qualifier="live"))

# aws_lambda_function_url
cors = {"AllowOrigins": ["https://a.example"], "AllowMethods": ["GET"], "AllowHeaders": ["x"], "ExposeHeaders": ["y"], "MaxAge": 60, "AllowCredentials": True}
client.create_function_url_config(FunctionName="tf", AuthType="NONE", Cors=cors, InvokeMode="RESPONSE_STREAM")
same("URL", client.get_function_url_config(FunctionName="tf"), {"AuthType": "NONE", "Cors": cors, "InvokeMode": "RESPONSE_STREAM"})
client.update_function_url_config(FunctionName="tf", AuthType="AWS_IAM", InvokeMode="BUFFERED", Cors={})
same("changed URL", client.get_function_url_config(FunctionName="tf"), {"AuthType": "AWS_IAM", "InvokeMode": "BUFFERED"})
client.delete_function_url_config(FunctionName="tf")
gone("URL", lambda: client.get_function_url_config(FunctionName="tf"))

# aws_lambda_function_event_invoke_config
sink = make("tfsink", "def handler(event, context):\n    pass\n")
client.put_function_event_invoke_config(FunctionName="tf", Qualifier="live", MaximumRetryAttempts=1, MaximumEventAgeInSeconds=120, DestinationConfig={"OnFailure": {"Destination": sink}})
same("event invoke", client.get_function_event_invoke_config(FunctionName="tf", Qualifier="live"), {"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 120, "DestinationConfig": {"OnFailure": {"Destination": sink}, "OnSuccess": {}}})
client.delete_function_event_invoke_config(FunctionName="tf", Qualifier="live")
gone("event invoke", lambda: client.get_function_event_invoke_config(FunctionName="tf", Qualifier="live"))

# aws_lambda_provisioned_concurrency_config
client.update_alias(FunctionName="tf", Name="live", RoutingConfig={"AdditionalVersionWeights": {}})
client.put_provisioned_concurrency_config(FunctionName="tf", Qualifier="live", ProvisionedConcurrentExecutions=1)
if not poll(lambda: client.get_provisioned_concurrency_config(FunctionName="tf", Qualifier="live")["Status"] == "READY"):
    print("provisioned concurrency is not ready")
kind = json.load(client.invoke(FunctionName="tf", Qualifier="live")["Payload"])
client.delete_provisioned_concurrency_config(FunctionName="tf", Qualifier="live")
gone("provisioned concurrency", lambda: client.get_provisioned_concurrency_config(FunctionName="tf", Qualifier="live"), "ProvisionedConcurrencyConfigNotFoundException")

client.delete_alias(FunctionName="tf", Name="live")
gone("alias", lambda: client.get_alias(FunctionName="tf", Name="live"))
client.delete_function(FunctionName="tf")
gone("function", lambda: client.get_function(FunctionName="tf"))
client.remove_layer_version_permission(LayerName="tf", VersionNumber=1, StatementId="dev")
gone("layer permission", lambda: client.get_layer_version_policy(LayerName="tf", VersionNumber=1))
client.delete_layer_version(LayerName="tf", VersionNumber=1)
gone("layer", lambda: client.get_layer_version(LayerName="tf", VersionNumber=1))
logs.delete_log_group(logGroupName="/tf/group")
`
