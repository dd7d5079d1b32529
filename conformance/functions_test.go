//go:build conformance

package conformance

import "testing"

// Asynchronous calls, function URLs, layers and the rest of Lambda's API,
// through boto3.
func TestFunctionClients(t *testing.T) {
	s := start(t, "--async-retry-scale", "0.001")
	administrator := append(s.environment(), "DATA_PLANE="+s.status.HTTPS, "CA="+s.status.CAFile)
	for _, tt := range []struct{ name, script, want string }{
		{"asynchronous calls", asyncScript, "202 b''\n204\nRetriesExhausted 3 True\nSuccess 1 {'ok': True}\nInvalidParameterValueException\n404\n"},
		{"function URLs", urlScript, "201 NONE False\n403\nBUFFERED\n200 /a%20b /a b anonymous\n200 ok\n403\n1\n404\n"},
		{
			"response streams", streamScript,
			"200 b'{\"a\": 1}' {}\nException boom True\nb'one' 0 [b'two'] None None\nb'one' 1 [] TypeError late\nResourceNotFoundException\n",
		},
		{"layers", layerScript, "1 MIT\n2\n[2, 1] 1\n'from layer'\n404\n"},
		{"provisioned concurrency", provisionedScript, "202 IN_PROGRESS\nREADY 2\nNone 1\nInvalidParameterValueException\n1\nProvisionedConcurrencyConfigNotFoundException\n"},
		{"what Terraform reads", readScript, "None\nAuto\nAllow\n1000 1000\n413 RequestEntityTooLargeException\n['$LATEST', '1', '2']\nTrue 1\nInvalidParameterValueException\n"},
	} {
		t.Run("boto3: "+tt.name, func(t *testing.T) {
			if got := s.run(administrator, "python3", "-c", functionPreamble+tt.script); got != tt.want {
				t.Errorf("boto3 printed\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

const functionPreamble = `
import boto3, botocore, io, json, os, time, zipfile
def archive(**files):
    text = io.BytesIO()
    with zipfile.ZipFile(text, "w") as z:
        for name, body in files.items():
            z.writestr(name.replace("__", "/") + ".py", body)
    return text.getvalue()
client = boto3.client("lambda")
iam = boto3.client("iam")
trust = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
try:
    role = iam.create_role(RoleName="caller", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName="caller", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}]}))
except iam.exceptions.EntityAlreadyExistsException:
    role = iam.get_role(RoleName="caller")["Role"]["Arn"]
def make(name, body, **more):
    made = client.create_function(FunctionName=name, Runtime="python3.11", Role=role, Handler="index.handler", Code={"ZipFile": archive(index=body)}, **more)
    client.get_waiter("function_active_v2").wait(FunctionName=name)
    return made["FunctionArn"]
def poll(fn):
    end = time.time() + 30
    while time.time() < end:
        got = fn()
        if got:
            return got
        time.sleep(0.05)
def refused(fn):
    try:
        fn()
    except botocore.exceptions.ClientError as e:
        return e
`

const asyncScript = `
sink = make("sink", "def handler(event, context):\n    import json\n    print('RECORD ' + json.dumps(event))\n")
make("work", "def handler(event, context):\n    if 'fail' in event:\n        raise Exception(context.aws_request_id)\n    return {'ok': True}\n")
client.put_function_event_invoke_config(FunctionName="work", DestinationConfig={"OnSuccess": {"Destination": sink}, "OnFailure": {"Destination": sink}})
logs = boto3.client("logs")
def record(condition):
    def look():
        try:
            found = logs.filter_log_events(logGroupName="/aws/lambda/sink", filterPattern="RECORD")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return None
        for e in found:
            r = json.loads(e["message"][7:])
            if r["requestContext"]["condition"] == condition:
                return r
    return poll(look)
out = client.invoke(FunctionName="work", InvocationType="Event", Payload=b'{"fail": 1}')
print(out["StatusCode"], out["Payload"].read())
print(client.invoke(FunctionName="work", InvocationType="DryRun")["StatusCode"])
r = record("RetriesExhausted")
print(r["requestContext"]["condition"], r["requestContext"]["approximateInvokeCount"], r["responsePayload"]["errorMessage"] == r["requestContext"]["requestId"] == out["ResponseMetadata"]["RequestId"])
client.invoke(FunctionName="work", InvocationType="Event")
r = record("Success")
print(r["requestContext"]["condition"], r["requestContext"]["approximateInvokeCount"], r["responsePayload"])
topic = "arn:aws:sns:%s:123456789012:t" % client.meta.region_name
print(refused(lambda: client.put_function_event_invoke_config(FunctionName="work", DestinationConfig={"OnFailure": {"Destination": topic}})).response["Error"]["Code"])
client.delete_function_event_invoke_config(FunctionName="work")
print(refused(lambda: client.get_function_event_invoke_config(FunctionName="work")).response["ResponseMetadata"]["HTTPStatusCode"])
`

const urlScript = `
import ssl, urllib.request, urllib.error
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
make("web", "def handler(event, context):\n    c = event['requestContext']\n    if event['rawPath'] == '/signed':\n        return 'ok'\n    return ' '.join([event['rawPath'], c['http']['path'], c['accountId']])\n")
made = client.create_function_url_config(FunctionName="web", AuthType="NONE")
print(made["ResponseMetadata"]["HTTPStatusCode"], made["AuthType"], "InvokeMode" in made)
base = os.environ["DATA_PLANE"] + "/_aws/lambda-url/" + made["FunctionUrl"].split("/")[2].split(".")[0]
context = ssl.create_default_context(cafile=os.environ["CA"])
def get(path, headers={}):
    try:
        r = urllib.request.urlopen(urllib.request.Request(base + path, headers=headers), context=context)
        return r.status, r.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, ""
print(get("/")[0])
client.add_permission(FunctionName="web", StatementId="u", Action="lambda:InvokeFunctionUrl", Principal="*", FunctionUrlAuthType="NONE")
client.add_permission(FunctionName="web", StatementId="f", Action="lambda:InvokeFunction", Principal="*", InvokedViaFunctionUrl=True)
print(client.get_function_url_config(FunctionName="web")["InvokeMode"])
print(*get("/a%20b"))
client.update_function_url_config(FunctionName="web", AuthType="AWS_IAM")
r = AWSRequest("GET", base + "/signed")
SigV4Auth(boto3.Session().get_credentials().get_frozen_credentials(), "lambda", client.meta.region_name).add_auth(r)
print(*get("/signed", dict(r.headers)))
print(get("/signed")[0])
print(len(client.list_function_url_configs(FunctionName="web")["FunctionUrlConfigs"]))
client.delete_function_url_config(FunctionName="web")
print(refused(lambda: client.get_function_url_config(FunctionName="web")).response["ResponseMetadata"]["HTTPStatusCode"])
`

const streamScript = `
make("stream", "def handler(event, context):\n    if event:\n        raise Exception('boom')\n    return {'a': 1}\n")
out = client.invoke_with_response_stream(FunctionName="stream")
chunk, complete = list(out["EventStream"])
print(out["StatusCode"], chunk["PayloadChunk"]["Payload"], complete["InvokeComplete"])
out = client.invoke_with_response_stream(FunctionName="stream", Payload=b'{"x": 1}', LogType="Tail")
complete = list(out["EventStream"])[-1]["InvokeComplete"]
print(complete["ErrorCode"], json.loads(complete["ErrorDetails"])["errorMessage"], len(complete["LogResult"]) > 0)
text = io.BytesIO()
with zipfile.ZipFile(text, "w") as z:
    z.writestr("index.js", """exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.write("one");
  await new Promise(done => setTimeout(done, 5000));
  if (event.fail) throw new TypeError("late");
  stream.end("two");
});""")
client.create_function(FunctionName="chunks", Runtime="nodejs20.x", Role=role, Handler="index.handler", Timeout=30, Code={"ZipFile": text.getvalue()})
logs = boto3.client("logs")
for payload in (b"{}", b'{"fail": 1}'):
    events = iter(client.invoke_with_response_stream(FunctionName="chunks", Payload=payload)["EventStream"])
    first = next(events)["PayloadChunk"]["Payload"]
    ended = len(logs.filter_log_events(logGroupName="/aws/lambda/chunks", filterPattern="REPORT")["events"])
    rest = list(events)
    complete = rest[-1]["InvokeComplete"]
    print(first, ended, [e["PayloadChunk"]["Payload"] for e in rest[:-1]], complete.get("ErrorCode"), json.loads(complete.get("ErrorDetails", "{}")).get("errorMessage"))
print(refused(lambda: client.invoke_with_response_stream(FunctionName="none")).response["Error"]["Code"])
`

const layerScript = `
one = client.publish_layer_version(LayerName="text", LicenseInfo="MIT", CompatibleRuntimes=["python3.11"], Content={"ZipFile": archive(python__layered="text = 'from layer'\n")})
print(one["Version"], one["LicenseInfo"])
print(client.publish_layer_version(LayerName="text", Content={"ZipFile": archive(python__layered="text = 'two'\n")})["Version"])
print([v["Version"] for v in client.list_layer_versions(LayerName="text")["LayerVersions"]], client.list_layers(CompatibleRuntime="python3.11")["Layers"][0]["LatestMatchingVersion"]["Version"])
make("layered", "import layered\ndef handler(event, context):\n    return layered.text\n", Layers=[one["LayerVersionArn"]])
print(repr(json.load(client.invoke(FunctionName="layered")["Payload"])))
client.delete_layer_version(LayerName="text", VersionNumber=1)
print(refused(lambda: client.get_layer_version(LayerName="text", VersionNumber=1)).response["ResponseMetadata"]["HTTPStatusCode"])
`

const provisionedScript = `
make("kept", "def handler(event, context):\n    return 1\n", Publish=True)
out = client.put_provisioned_concurrency_config(FunctionName="kept", Qualifier="1", ProvisionedConcurrentExecutions=2)
print(out["ResponseMetadata"]["HTTPStatusCode"], out["Status"])
def ready():
    c = client.get_provisioned_concurrency_config(FunctionName="kept", Qualifier="1")
    return c if c["Status"] == "READY" else None
c = poll(ready)
print(c["Status"], c["AvailableProvisionedConcurrentExecutions"])
import base64, re
out = client.invoke(FunctionName="kept", Qualifier="1", LogType="Tail")
print(re.search("Init Duration", base64.b64decode(out["LogResult"]).decode()), out["ExecutedVersion"])
print(refused(lambda: client.put_function_concurrency(FunctionName="kept", ReservedConcurrentExecutions=1)).response["Error"]["Code"])
print(len(client.list_provisioned_concurrency_configs(FunctionName="kept")["ProvisionedConcurrencyConfigs"]))
client.delete_provisioned_concurrency_config(FunctionName="kept", Qualifier="1")
print(refused(lambda: client.get_provisioned_concurrency_config(FunctionName="kept", Qualifier="1")).response["Error"]["Code"])
`

const readScript = `
make("read", "def handler(event, context):\n    return 1\n")
print(client.get_function_code_signing_config(FunctionName="read").get("CodeSigningConfigArn"))
print(client.get_runtime_management_config(FunctionName="read")["UpdateRuntimeOn"])
print(client.get_function_recursion_config(FunctionName="read")["RecursiveLoop"])
limits = client.get_account_settings()["AccountLimit"]
print(limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"])
e = refused(lambda: client.invoke(FunctionName="read", Payload=b'"' + b"a" * 6291456 + b'"'))
print(e.response["ResponseMetadata"]["HTTPStatusCode"], e.response["Error"]["Code"])
client.publish_version(FunctionName="read")
client.update_function_configuration(FunctionName="read", Timeout=9)
client.publish_version(FunctionName="read")
pages = client.get_paginator("list_versions_by_function").paginate(FunctionName="read", PaginationConfig={"PageSize": 2})
print([v["Version"] for p in pages for v in p["Versions"]])
pages = client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 1})
names = [f["FunctionName"] for p in pages for f in p["Functions"]]
print("read" in names and names == sorted(names), max(len(p["Functions"]) for p in client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 1})))
print(refused(lambda: client.update_function_configuration(FunctionName="read", SnapStart={"ApplyOn": "PublishedVersions"})).response["Error"]["Code"])
`
