//go:build conformance

package conformance

import (
	"path/filepath"
	"testing"
)

// Refusals that were recorded on AWS, asked for again through boto3.
func TestLambdaRefusals(t *testing.T) {
	s := start(t)
	recorded, err := filepath.Abs("testdata/lambda")
	if err != nil {
		t.Fatal(err)
	}
	environment := append(s.environment(), "RECORDED="+recorded)
	for name, script := range map[string]string{"names": namesScript, "errors": errorsScript} {
		t.Run(name, func(t *testing.T) {
			if got := s.run(environment, "python3", "-c", functionPreamble+script); got != "" {
				t.Errorf("differences:\n%s", got)
			}
		})
	}
}

const namesScript = `
from botocore.config import Config
client = boto3.client("lambda", config=Config(parameter_validation=False))
account, region = boto3.client("sts").get_caller_identity()["Account"], client.meta.region_name
import re
def here(v): # "a*65" stands for 65 times "a"
    return re.sub(r"a\*(\d+)", lambda m: "a" * int(m[1]), v.replace("111111111111", account).replace("us-east-1", region))
for line in open(os.environ["RECORDED"] + "/names.jsonl"):
    row = json.loads(line)
    args = {"FunctionName": here(row["FunctionName"])}
    if "Qualifier" in row:
        if row["operation"] == "create_function":
            args["FunctionName"] += ":" + here(row["Qualifier"])
        else:
            args["Qualifier"] = here(row["Qualifier"])
    if row["operation"] == "create_function":
        args.update(Runtime="python3.11", Role=role, Handler="index.handler", Code={"ZipFile": archive(index="")})
    e = refused(lambda: getattr(client, row["operation"])(**args))
    if e is None:
        print(row["operation"], args.get("FunctionName")[:60], args.get("Qualifier"), "is not refused; want", row["code"])
        continue
    got = e.response["Error"]
    if "message" in row:
        if got["Code"] != row["code"] or got["Message"] != here(row["message"]):
            print(row["operation"], args["FunctionName"][:80], args.get("Qualifier"), "\n got ", got["Code"], got["Message"][:400], "\n want", row["code"], row["message"][:400])
        continue
    want = "%d validation error%s detected: %s" % (row["count"], "s" if row["count"] > 1 else "", "; ".join(row["errors"]))
    want = here(want)
    parts = lambda m: (m.split(": ", 1)[0], sorted(m.split(": ", 1)[-1].split("; ")))
    if got["Code"] != row["code"] or parts(got["Message"]) != parts(want):
        print(row["operation"], args["FunctionName"][:60], args.get("Qualifier"), "\n got ", got["Code"], got["Message"][:400], "\n want", row["code"], want[:400])
`

const errorsScript = `
from botocore.config import Config
client = boto3.client("lambda", config=Config(parameter_validation=False))
account, region = boto3.client("sts").get_caller_identity()["Account"], client.meta.region_name
def here(v):
    return v.replace("111111111111", account).replace("us-east-1", region)
rows = {}
for line in open(os.environ["RECORDED"] + "/errors.jsonl"):
    row = json.loads(line)
    rows[row["seen"].split("/", 1)[-1]] = row
arn = make("fn", "def handler(event, context):\n    return 1\n")
def check(seen, fn, **names):
    row = rows[seen]
    e = refused(fn)
    if e is None:
        print(seen, "is not refused; want", row["message"])
        return
    want = here(row["message"])
    for old, new in names.items():
        want = want.replace(old, new)
    got = e.response["Error"]
    status = e.response["ResponseMetadata"]["HTTPStatusCode"]
    # The lists of runtimes have no order.
    plain = lambda m: m.split("enum value set: [")[0] if "nodejs" in m else m
    if got["Code"] != row["code"] or status != row["status"] or plain(got["Message"]) != plain(want) or e.response.get("Type") != row.get("Type"):
        print(seen, "\n got ", status, got["Code"], got["Message"][:500], e.response.get("Type"), "\n want", row["status"], row["code"], want[:500], row.get("Type"))
code = {"ZipFile": archive(index="def handler(event, context):\n    return 1\n")}
def create(**more):
    args = dict(FunctionName="other", Runtime="python3.11", Role=role, Handler="index.handler", Code=code)
    args.update(more)
    return lambda: client.create_function(**args)
check("invalid_role_arn_exc", create(Role="r1"))
check("invalid_runtime_exc", create(Runtime="non-existent-runtime"))
check("put_functionname_nootherargs", lambda: client.put_function_event_invoke_config(FunctionName="fn"))
check("put_functionname_name_notfound", lambda: client.put_function_event_invoke_config(FunctionName="doesnotexist", MaximumRetryAttempts=1))
target = lambda a: {"OnSuccess": {"Destination": a}}
check("put_destination_lambda_doesntexist", lambda: client.put_function_event_invoke_config(FunctionName="fn", DestinationConfig=target(arn.replace(":fn", ":doesnotexist"))))
check("put_destination_recursive", lambda: client.put_function_event_invoke_config(FunctionName="fn", DestinationConfig=target(arn)))
check("put_destination_invalid_service_arn", lambda: client.put_function_event_invoke_config(FunctionName="fn", DestinationConfig=target(arn.replace(":lambda:", ":iam:"))))
check("put_destination_invalid_arn_pattern", lambda: client.put_function_event_invoke_config(FunctionName="fn", DestinationConfig={"OnFailure": {"Destination": arn.replace(":lambda:", ":_-/!lambda:")}}))
check("delete_function_not_found", lambda: client.delete_function_event_invoke_config(FunctionName="fn"))
check("delete_function_doesnotexist", lambda: client.delete_function_event_invoke_config(FunctionName="doesnotexist"))
check("get_qualifier_doesnotexist", lambda: client.get_function_event_invoke_config(FunctionName="fn", Qualifier="doesnotexist"))
check("put_function_concurrency_with_qualified_arn", lambda: client.put_function_concurrency(FunctionName=arn + ":1", ReservedConcurrentExecutions=1))
check("put_function_concurrency_with_function_name_doesnotexist", lambda: client.put_function_concurrency(FunctionName="doesnotexist", ReservedConcurrentExecutions=1))
check("put_function_concurrency_account_limit_exceeded", lambda: client.put_function_concurrency(FunctionName="fn", ReservedConcurrentExecutions=1001))
check("put_provisioned_latest", lambda: client.put_provisioned_concurrency_config(FunctionName="fn", Qualifier="$LATEST", ProvisionedConcurrentExecutions=1))
check("get_provisioned_latest", lambda: client.get_provisioned_concurrency_config(FunctionName="fn", Qualifier="$LATEST"))
check("put_provisioned_qualifier_doesnotexist", lambda: client.put_provisioned_concurrency_config(FunctionName="fn", Qualifier="doesnotexist", ProvisionedConcurrentExecutions=1))
check("get_provisioned_qualifier_doesnotexist", lambda: client.get_provisioned_concurrency_config(FunctionName="fn", Qualifier="noalias"))
check("get_provisioned_functionname_doesnotexist", lambda: client.get_provisioned_concurrency_config(FunctionName="doesnotexist", Qualifier="noalias"))
check("delete_provisioned_functionname_doesnotexist", lambda: client.delete_provisioned_concurrency_config(FunctionName="doesnotexist", Qualifier="1"))
version = client.publish_version(FunctionName="fn")["Version"]
check("put_provisioned_invalid_param_0", lambda: client.put_provisioned_concurrency_config(FunctionName="fn", Qualifier=version, ProvisionedConcurrentExecutions=0))
check("get_provisioned_config_doesnotexist", lambda: client.get_provisioned_concurrency_config(FunctionName="fn", Qualifier=version))
check("put_provisioned_concurrency_account_limit_exceeded", lambda: client.put_provisioned_concurrency_config(FunctionName="fn", Qualifier=version, ProvisionedConcurrentExecutions=1001), **{"[900]": "[1000]"})
check("put_provisioned_concurrency_below_unreserved_min_value", lambda: client.put_provisioned_concurrency_config(FunctionName="fn", Qualifier=version, ProvisionedConcurrentExecutions=901))
check("create_function_url_config_qualifier_latest", lambda: client.create_function_url_config(FunctionName="fn", Qualifier="$LATEST", AuthType="NONE"))
check("create_function_url_config_name_doesnotexist_qualifier", lambda: client.create_function_url_config(FunctionName="doesnotexist", Qualifier="1", AuthType="NONE"))
check("create_function_url_config_qualifier_version_doesnotexist", lambda: client.create_function_url_config(FunctionName="fn", Qualifier="2", AuthType="NONE"))
check("list_function_notfound", lambda: client.list_function_url_configs(FunctionName="doesnotexist"))
client.create_function_url_config(FunctionName="fn", AuthType="NONE")
check("failed_duplication", lambda: client.create_function_url_config(FunctionName="fn", AuthType="NONE"), **{":function:resource": ":function:fn"})
check("tag_empty_tags", lambda: client.tag_resource(Resource=arn, Tags={}))
check("untag_empty_keys", lambda: client.untag_resource(Resource=arn, TagKeys=[]))
check("tag_lambda_qualifier_doesnotexist", lambda: client.tag_resource(Resource=arn + ":v1", Tags={"a": "b"}))
check("tag_lambda_doesnotexist", lambda: client.tag_resource(Resource=arn.replace(":fn", ":doesnotexist"), Tags={"a": "b"}))
check("tag_lambda_invalidarn", lambda: client.tag_resource(Resource="arn:aws:something", Tags={"a": "b"}))
check("routing_config_exc_version_latest", lambda: client.create_alias(FunctionName="fn", Name="custom", FunctionVersion=version, RoutingConfig={"AdditionalVersionWeights": {"$LATEST": 0.5}}))
check("target_version_exc_version_latest", lambda: client.create_alias(FunctionName="fn", Name="custom", FunctionVersion="$LATEST", RoutingConfig={"AdditionalVersionWeights": {version: 0.5}}))
check("create_alias_number_exception", lambda: client.create_alias(FunctionName="fn", Name="2024", FunctionVersion=version))
layer = client.publish_layer_version(LayerName="resource", Content=code)["LayerVersionArn"]
publish = lambda runtimes, architectures: lambda: client.publish_layer_version(LayerName="resource", Content=code, CompatibleRuntimes=runtimes, CompatibleArchitectures=architectures)
check("publish_layer_version_exc_invalid_runtime_arch", publish(["invalidruntime"], ["invalidarch"]))
check("publish_layer_version_exc_partially_invalid_values", publish(["invalidruntime", "invalidruntime2", "nodejs20.x"], ["invalidarch", "x86_64"]))
check("get_layer_version_by_arn_exc_invalidarn", lambda: client.get_layer_version_by_arn(Arn=layer[:-2]))
if client.get_layer_version_by_arn(Arn=layer)["Version"] != 1:
    print("GetLayerVersionByArn")
check("get_layer_version_exc_layer_version_doesnotexist_negative", lambda: client.get_layer_version(LayerName="resource", VersionNumber=-1))
check("list_layers_exc_compatiblearchitecture_invalid", lambda: client.list_layers(CompatibleArchitecture="archdoesnotexist"))
permit = lambda **more: lambda: client.add_layer_version_permission(**dict(dict(LayerName="resource", VersionNumber=1, StatementId="s1", Action="lambda:GetLayerVersion", Principal="*"), **more))
check("layer_permission_action_invalid", permit(Action="*"))
check("layer_permission_layername_doesnotexist_add", permit(LayerName="resource-doesnotexist"))
check("layer_permission_layerversion_doesnotexist_add", permit(VersionNumber=2))
made = permit()()
if json.loads(made["Statement"])["Sid"] != "s1" or json.loads(client.get_layer_version_policy(LayerName="resource", VersionNumber=1)["Policy"])["Statement"][0]["Resource"] != layer:
    print("AddLayerVersionPermission", made)
check("layer_permission_duplicate_statement", permit())
check("layer_permission_wrong_revision", permit(StatementId="s2", RevisionId="wrong"))
remove = lambda sid: lambda: client.remove_layer_version_permission(LayerName="resource", VersionNumber=1, StatementId=sid)
check("layer_permission_statementid_doesnotexist_remove", remove("doesnotexist"))
remove("s1")()
check("add_nonexistent_layer_exc", create(Layers=[layer.replace(":resource:", ":doesnotexist:")]))
check("add_permission_invalid_statement_id", lambda: client.add_permission(FunctionName="fn", StatementId="example.com", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"))
check("publish_wrong_revisionid_exc", lambda: client.publish_version(FunctionName="fn", RevisionId="wrong"))
`
