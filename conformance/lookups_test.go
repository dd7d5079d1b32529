//go:build conformance

package conformance

import (
	"regexp"
	"strings"
	"testing"
)

// TestScriptsThatLookThingsUp asks EC2 and the parameter store for what the
// article's stacks made, by boto3 and the AWS CLI.
func TestScriptsThatLookThingsUp(t *testing.T) {
	s := start(t)
	const script = `
import boto3, botocore.exceptions
ec2, ssm = boto3.client("ec2"), boto3.client("ssm")
name = [{"Name": "tag:Name", "Values": ["Test-*"]}]
ec2.get_waiter("instance_running").wait(Filters=name)
pages = ec2.get_paginator("describe_instances").paginate(Filters=name, PaginationConfig={"PageSize": 5})
i = [i for p in pages for r in p["Reservations"] for i in r["Instances"]][0]
assert i["KeyName"] == "Test-KeyPair" and i["InstanceType"] == "t3.small" and i["State"]["Name"] == "running", i
assert i["IamInstanceProfile"]["Arn"].startswith("arn:aws:iam::"), i
assert {t["Key"] for t in i["Tags"]} >= {"Name", "aws:cloudformation:stack-name", "aws:cloudformation:logical-id"}, i["Tags"]
vpc = ec2.describe_vpcs(VpcIds=[i["VpcId"]])["Vpcs"][0]
assert vpc["CidrBlock"] == "10.0.0.0/16", vpc
subnet = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [i["VpcId"]]}])["Subnets"][0]
assert subnet["SubnetId"] == i["SubnetId"] and subnet["AvailableIpAddressCount"] == 250 and subnet["MapPublicIpOnLaunch"], subnet
group = ec2.describe_security_groups(GroupIds=[i["SecurityGroups"][0]["GroupId"]])["SecurityGroups"][0]
assert group["IpPermissions"][0]["FromPort"] == 22 and group["IpPermissionsEgress"][0]["IpProtocol"] == "-1", group
rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group["GroupId"]]}])["SecurityGroupRules"]
assert sorted(r["IsEgress"] for r in rules) == [False, True], rules
table = ec2.describe_route_tables(Filters=[{"Name": "association.subnet-id", "Values": [i["SubnetId"]]}])["RouteTables"][0]
igw = ec2.describe_internet_gateways(Filters=[{"Name": "attachment.vpc-id", "Values": [i["VpcId"]]}])["InternetGateways"][0]
assert table["Routes"][1]["GatewayId"] == igw["InternetGatewayId"], table
address = ec2.describe_addresses(Filters=[{"Name": "instance-id", "Values": [i["InstanceId"]]}])["Addresses"][0]
assert address["PublicIp"] == i["PublicIpAddress"], address
assert ec2.describe_images(ImageIds=[i["ImageId"]])["Images"][0]["State"] == "available"
assert len(ec2.describe_availability_zones()["AvailabilityZones"]) == 3
assert ec2.describe_regions()["Regions"][0]["RegionName"] == "ap-northeast-1"
assert ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [i["InstanceId"]]}])["Tags"]
def refused(code, call, **args):
    try: call(**args)
    except botocore.exceptions.ClientError as e: assert e.response["Error"]["Code"] == code, e
    else: raise AssertionError(code)
refused("InvalidInstanceID.NotFound", ec2.describe_instances, InstanceIds=["i-0123456789abcdef0"])
refused("InvalidAction", ec2.run_instances, ImageId="ami-12345678", MinCount=1, MaxCount=1)
refused("DryRunOperation", ec2.describe_vpcs, DryRun=True)
refused("InvalidParameterValue", ec2.describe_vpcs, Filters=[{"Name": "colour", "Values": ["red"]}])

key = ec2.describe_key_pairs(KeyNames=["Test-KeyPair"], IncludePublicKey=True)["KeyPairs"][0]
secret = "/ec2/keypair/" + key["KeyPairId"]
assert key["PublicKey"].startswith("ssh-ed25519 "), key
assert "OPENSSH PRIVATE KEY" not in ssm.get_parameter(Name=secret)["Parameter"]["Value"]
assert "OPENSSH PRIVATE KEY" in ssm.get_parameter(Name=secret, WithDecryption=True)["Parameter"]["Value"]
for value in ["1", "2", "3"]:
    ssm.put_parameter(Name="/app/list", Value=value + ",x", Type="StringList", Overwrite=True)
ssm.label_parameter_version(Name="/app/list", ParameterVersion=2, Labels=["prod"])
assert ssm.get_parameter(Name="/app/list:prod")["Parameter"]["Value"] == "2,x"
assert ssm.get_parameter(Name="/app/list:1")["Parameter"]["Value"] == "1,x"
history = [v for p in ssm.get_paginator("get_parameter_history").paginate(Name="/app/list", PaginationConfig={"PageSize": 2}) for v in p["Parameters"]]
assert [v["Version"] for v in history] == [1, 2, 3] and history[1]["Labels"] == ["prod"], history
ssm.put_parameter(Name="/app/db/password", Value="hunter2", Type="SecureString", Tags=[{"Key": "team", "Value": "red"}])
found = ssm.get_parameters_by_path(Path="/app", Recursive=True, WithDecryption=True)["Parameters"]
assert {p["Name"]: p["Value"] for p in found} == {"/app/list": "3,x", "/app/db/password": "hunter2"}, found
assert [p["Name"] for p in ssm.describe_parameters(ParameterFilters=[{"Key": "tag:team", "Values": ["red"]}])["Parameters"]] == ["/app/db/password"]
image = ssm.get_parameter(Name="/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64")["Parameter"]
assert image["Value"] == i["ImageId"], image
ssm.delete_parameters(Names=["/app/list", "/app/db/password"])
print("all there")
`
	if got := s.run(s.environment(), "python3", "-c", script); got != "all there\n" {
		t.Errorf("boto3 printed %q", got)
	}
	got := s.run(s.environment(), "aws", "ec2", "describe-instances", "--query", "Reservations[].Instances[].InstanceId", "--output", "text")
	if !regexp.MustCompile(`^i-[0-9a-f]{17}\n$`).MatchString(got) {
		t.Errorf("aws printed %q", got)
	}
	denied := s.run(s.environment("--role", "Ec2IamRole"), "python3", "-c", `
import boto3, botocore.exceptions
try: boto3.client("ec2").describe_instances()
except botocore.exceptions.ClientError as e: print(e.response["Error"]["Code"])`)
	if strings.TrimSpace(denied) != "UnauthorizedOperation" {
		t.Errorf("a role without ec2:DescribeInstances gets %q", denied)
	}
}
