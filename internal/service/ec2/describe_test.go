package ec2_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/wire/query"
)

// ask calls an operation as clients do, and returns its answer.
func (f *fixture) ask(t *testing.T, form string) (string, error) {
	t.Helper()
	values, err := url.ParseQuery(form)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range f.API().Operations {
		if o.Name != values.Get("Action") {
			continue
		}
		in := o.NewInput()
		if name := query.Unknown(values, in); name != "" {
			t.Fatalf("%s does not read %s", o.Name, name)
		}
		if err := query.Decode(values, in); err != nil {
			return "", err
		}
		out, err := o.Run(t.Context(), in)
		if err != nil {
			return "", err
		}
		text, err := query.EncodeEC2(o.Name, "", "", out)
		return string(text), err
	}
	t.Fatalf("there is no operation %s", values.Get("Action"))
	return "", nil
}

// values lists what an answer has in elements of a name.
func values(text, element string) []string {
	list := []string{}
	for _, m := range regexp.MustCompile(`<`+element+`>([^<]*)</`+element+`>`).FindAllStringSubmatch(text, -1) {
		list = append(list, m[1])
	}
	return list
}

func TestDescribeFindsWhatStacksMade(t *testing.T) {
	f := start(t)
	_, vpc := f.create(t, "VPC", "{CidrBlock: 10.0.0.0/16, Tags: [{Key: Name, Value: main}]}")
	_, subnet := f.create(t, "Subnet", "{VpcId: "+vpc.PhysicalID+", CidrBlock: 10.0.0.0/24, MapPublicIpOnLaunch: true}")
	group := f.group(t, "{GroupDescription: d, GroupName: web, VpcId: "+vpc.PhysicalID+", SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 192.0.2.1/32, Description: office}]}")
	f.create(t, "KeyPair", "{KeyName: k, KeyType: ed25519}")
	_, table := f.create(t, "RouteTable", "{VpcId: "+vpc.PhysicalID+"}")
	_, igw := f.create(t, "InternetGateway", "{}")
	f.create(t, "VPCGatewayAttachment", "{VpcId: "+vpc.PhysicalID+", InternetGatewayId: "+igw.PhysicalID+"}")
	f.create(t, "Route", "{RouteTableId: "+table.PhysicalID+", DestinationCidrBlock: 0.0.0.0/0, GatewayId: "+igw.PhysicalID+"}")
	f.create(t, "SubnetRouteTableAssociation", "{RouteTableId: "+table.PhysicalID+", SubnetId: "+subnet.PhysicalID+"}")
	_, one := f.create(t, "Instance", "{ImageId: ami-12345678, InstanceType: t3.nano, KeyName: k, SubnetId: "+subnet.PhysicalID+", SecurityGroupIds: ["+group+"], Tags: [{Key: Name, Value: web-1}]}")
	_, two := f.create(t, "Instance", "{ImageId: ami-87654321, Tags: [{Key: Name, Value: 'a/b'}]}")
	_, address := f.create(t, "EIP", "{InstanceId: "+two.PhysicalID+"}")
	own := func(filters string) string { return "Action=DescribeInstances&" + filters }
	tests := []struct {
		form, element string
		want          []string
	}{
		{own("InstanceId.1=" + one.PhysicalID), "instanceId", []string{one.PhysicalID}},
		{own("Filter.1.Name=tag:Name&Filter.1.Value.1=web-*"), "instanceId", []string{one.PhysicalID}},
		{own("Filter.1.Name=tag:Name&Filter.1.Value.1=a*b"), "instanceId", []string{two.PhysicalID}},
		{own("Filter.1.Name=tag:Name&Filter.1.Value.1=web"), "instanceId", []string{}},
		{own("Filter.1.Name=tag:Name&Filter.1.Value.1=x&Filter.1.Value.2=web-?"), "keyName", []string{"k"}},
		{own("Filter.1.Name=vpc-id&Filter.1.Value.1=" + vpc.PhysicalID + "&Filter.2.Name=instance-type&Filter.2.Value.1=m5.*"), "instanceId", []string{}},
		{own("Filter.1.Name=instance.group-name&Filter.1.Value.1=web"), "groupId", []string{group, group}},
		{own("Filter.1.Name=ip-address&Filter.1.Value.1=" + address.PhysicalID), "instanceId", []string{two.PhysicalID}},
		{"Action=DescribeKeyPairs&KeyName.1=k", "keyType", []string{"ed25519"}},
		{"Action=DescribeKeyPairs", "publicKey", []string{}},
		{"Action=DescribeSecurityGroups&GroupName.1=web", "cidrIp", []string{"192.0.2.1/32", "0.0.0.0/0"}},
		{"Action=DescribeSecurityGroups&Filter.1.Name=group-name&Filter.1.Value.1=default", "vpcId", []string{vpc.PhysicalID}},
		{"Action=DescribeSecurityGroupRules&Filter.1.Name=group-id&Filter.1.Value.1=" + group, "description", []string{"office"}},
		{"Action=DescribeAddresses&PublicIp.1=" + address.PhysicalID, "instanceId", []string{two.PhysicalID}},
		{"Action=DescribeAddresses&AllocationId.1=" + address.Attributes["AllocationId"], "publicIp", []string{address.PhysicalID}},
		{"Action=DescribeVpcs&Filter.1.Name=tag-key&Filter.1.Value.1=Name", "vpcId", []string{vpc.PhysicalID}},
		{"Action=DescribeSubnets&Filter.1.Name=vpc-id&Filter.1.Value.1=" + vpc.PhysicalID, "availableIpAddressCount", []string{"250"}},
		{"Action=DescribeRouteTables&Filter.1.Name=association.subnet-id&Filter.1.Value.1=" + subnet.PhysicalID, "gatewayId", []string{"local", igw.PhysicalID}},
		{"Action=DescribeInternetGateways&Filter.1.Name=attachment.vpc-id&Filter.1.Value.1=" + vpc.PhysicalID, "internetGatewayId", []string{igw.PhysicalID}},
		{"Action=DescribeTags&Filter.1.Name=resource-type&Filter.1.Value.1=vpc", "value", []string{"main"}},
		{"Action=DescribeImages&ImageId.1=ami-87654321", "imageState", []string{"available"}},
		{"Action=DescribeImages&Owner.1=self", "imageId", []string{}},
		{"Action=DescribeRegions", "regionName", []string{"ap-northeast-1"}},
		{"Action=DescribeAvailabilityZones&ZoneId.1=apne1-az2", "zoneName", []string{"ap-northeast-1b"}},
	}
	for _, tt := range tests {
		text, err := f.ask(t, tt.form)
		if err != nil {
			t.Errorf("%s: %v", tt.form, err)
			continue
		}
		if diff := cmp.Diff(tt.want, values(text, tt.element)); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s\n%s", tt.form, tt.element, diff, text)
		}
	}
}

func TestDescribeRefuses(t *testing.T) {
	f := start(t)
	tests := []struct{ form, want string }{
		{"Action=DescribeInstances&InstanceId.1=i-0123456789abcdef0", "InvalidInstanceID.NotFound"},
		{"Action=DescribeInstances&Filter.1.Name=bogus&Filter.1.Value.1=x", "InvalidParameterValue: The filter 'bogus' is invalid"},
		{"Action=DescribeInstances&Filter.1.Name=vpc-id", "InvalidParameterValue: The filter 'vpc-id' has no value"},
		{"Action=DescribeInstances&MaxResults=4", "InvalidParameterValue: Value ( 4 ) for parameter maxResults is invalid"},
		{"Action=DescribeInstances&MaxResults=5&InstanceId.1=i-0123456789abcdef0", "InvalidParameterCombination"},
		{"Action=DescribeInstances&NextToken=%25", "InvalidParameterValue: Unable to parse pagination token"},
		{"Action=DescribeInstances&DryRun=true", "DryRunOperation: Request would have succeeded"},
		{"Action=DescribeKeyPairs&KeyPairId.1=key-0123456789abcdef0", "InvalidKeyPair.NotFound"},
		{"Action=DescribeAddresses&AllocationId.1=eipalloc-1", "InvalidAllocationID.NotFound"},
		{"Action=DescribeVpcs&VpcId.1=vpc-12345678", "InvalidVpcID.NotFound"},
	}
	for _, tt := range tests {
		if _, err := f.ask(t, tt.form); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.form, err, tt.want)
		}
	}
}

func TestDescribeComesInPages(t *testing.T) {
	f := start(t)
	for range 12 {
		f.create(t, "Instance", "{ImageId: ami-12345678}")
	}
	var got []string
	pages, next := 0, ""
	for {
		text, err := f.ask(t, "Action=DescribeInstances&MaxResults=5&NextToken="+url.QueryEscape(next))
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, values(text, "instanceId")...)
		pages++
		token := values(text, "nextToken")
		if len(token) == 0 {
			break
		}
		next = token[0]
	}
	if pages != 3 || len(got) != 12 {
		t.Errorf("%d pages with %d instances: %v", pages, len(got), got)
	}
}
