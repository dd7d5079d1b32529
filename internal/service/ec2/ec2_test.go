package ec2_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/service/ec2"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/template"
)

// outside stands for IAM and the parameter store.
type outside struct{ secrets map[string]string }

func (o *outside) ProfileARN(name string) (string, bool) {
	return "arn:aws:iam::123456789012:instance-profile/" + name, name == "P"
}

func (o *outside) PutSecret(_ context.Context, name, _, value string) error {
	o.secrets[name] = value
	return nil
}

func (o *outside) DeleteSecret(_ context.Context, name string) error {
	delete(o.secrets, name)
	return nil
}

type fixture struct {
	*ec2.Service
	outside *outside
	types   stack.Types
}

func start(t *testing.T) *fixture {
	t.Helper()
	ctx := context.Background()
	e, err := engine.Start(ctx, engine.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	st, err := store.Open(ctx, e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	o := &outside{map[string]string{}}
	s := ec2.New(ec2.Config{Store: st, Profiles: o, Parameters: o, Account: "123456789012", Region: "ap-northeast-1"})
	return &fixture{s, o, stack.Collect(s.Types())}
}

// try creates a resource; the type is without AWS::EC2:: and the properties are in
// YAML's flow style.
func (f *fixture) try(t *testing.T, typ, properties string) (*stack.Request, stack.Result, error) {
	t.Helper()
	n, _, err := template.Parse("t.yaml", []byte("X: "+properties))
	if err != nil {
		t.Fatal(err)
	}
	r := &stack.Request{Type: "AWS::EC2::" + typ, StackName: "test", LogicalID: "My" + typ, ProposedName: "test-" + typ + "-ABC", Properties: n.Get("X")}
	h, ok := f.types[r.Type]
	if !ok {
		t.Fatalf("no type %s", r.Type)
	}
	result, err := h.Handler.Create(t.Context(), r)
	r.PhysicalID = result.PhysicalID
	return r, result, err
}

func (f *fixture) create(t *testing.T, typ, properties string) (*stack.Request, stack.Result) {
	t.Helper()
	r, result, err := f.try(t, typ, properties)
	if err != nil {
		t.Fatalf("create %s: %v", typ, err)
	}
	return r, result
}

func TestTheArticlesResources(t *testing.T) {
	f := start(t)
	_, vpc := f.create(t, "VPC", `{CidrBlock: 10.0.0.0/16, EnableDnsSupport: true, Tags: [{Key: Name, Value: Test-VPC}]}`)
	_, igw := f.create(t, "InternetGateway", `{Tags: [{Key: Name, Value: Test-IGW}]}`)
	_, attachment := f.create(t, "VPCGatewayAttachment", `{VpcId: `+vpc.PhysicalID+`, InternetGatewayId: `+igw.PhysicalID+`}`)
	_, subnet := f.create(t, "Subnet", `{VpcId: `+vpc.PhysicalID+`, CidrBlock: 10.0.0.0/24, AvailabilityZone: ap-northeast-1a, MapPublicIpOnLaunch: true}`)
	_, table := f.create(t, "RouteTable", `{VpcId: `+vpc.PhysicalID+`}`)
	_, route := f.create(t, "Route", `{RouteTableId: `+table.PhysicalID+`, DestinationCidrBlock: 0.0.0.0/0, GatewayId: `+igw.PhysicalID+`}`)
	f.create(t, "SubnetRouteTableAssociation", `{RouteTableId: `+table.PhysicalID+`, SubnetId: `+subnet.PhysicalID+`}`)
	_, group := f.create(t, "SecurityGroup", `{GroupDescription: SSH only from specific CIDR, VpcId: `+vpc.PhysicalID+`, SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 192.0.2.1/32}]}`)
	_, pair := f.create(t, "KeyPair", `{KeyName: Test-KeyPair, KeyType: ed25519, KeyFormat: pem, Tags: [{Key: Name, Value: Test-KeyPair}]}`)
	instanceRequest, instance := f.create(t, "Instance", `{InstanceType: t3.small, ImageId: ami-0123456789abcdef0, IamInstanceProfile: P, KeyName: Test-KeyPair, SecurityGroupIds: [`+group.PhysicalID+`], SubnetId: `+subnet.PhysicalID+`, UserData: IyEvYmluL3No, Tags: [{Key: Name, Value: Test-EC2}]}`)
	_, eip := f.create(t, "EIP", `{Domain: vpc}`)
	associationRequest, _ := f.create(t, "EIPAssociation", `{AllocationId: `+eip.Attributes["AllocationId"]+`, InstanceId: `+instance.PhysicalID+`}`)

	for id, pattern := range map[string]string{
		vpc.PhysicalID: `^vpc-[0-9a-f]{17}$`, igw.PhysicalID: `^igw-[0-9a-f]{17}$`, subnet.PhysicalID: `^subnet-[0-9a-f]{17}$`,
		table.PhysicalID: `^rtb-[0-9a-f]{17}$`, group.PhysicalID: `^sg-[0-9a-f]{17}$`, instance.PhysicalID: `^i-[0-9a-f]{17}$`,
		eip.PhysicalID: `^203\.0\.113\.[0-9]+$`, pair.PhysicalID: `^Test-KeyPair$`, pair.Attributes["KeyPairId"]: `^key-[0-9a-f]{17}$`,
		attachment.PhysicalID: `^IGW\|vpc-`, route.PhysicalID: `^rtb-[0-9a-f]{17}\|0\.0\.0\.0/0$`, vpc.Attributes["DefaultSecurityGroup"]: `^sg-`,
		subnet.Attributes["AvailabilityZoneId"]: `^apne1-az1$`,
	} {
		if !regexp.MustCompile(pattern).MatchString(id) {
			t.Errorf("id %q does not match %s", id, pattern)
		}
	}
	if group.Ref != "" {
		t.Errorf("Ref of a group in a VPC = %s, want the id", group.Ref)
	}
	for _, name := range []string{"", instance.PhysicalID, "MyInstance", "test/MyInstance", "Test-EC2"} {
		i, err := f.Find(name)
		if err != nil {
			t.Errorf("Find(%q): %v", name, err)
		}
		if i.ProfileARN != "arn:aws:iam::123456789012:instance-profile/P" || i.PublicIP() != eip.PhysicalID || i.PrivateIP != "10.0.0.10" || i.VPCID != vpc.PhysicalID {
			t.Errorf("Find(%q) = %+v", name, i)
		}
	}
	if _, err := f.Find("Other"); err == nil || !strings.Contains(err.Error(), "test/MyInstance") {
		t.Errorf("Find(Other) = %v, want the candidates", err)
	}
	if err := f.types["AWS::EC2::EIPAssociation"].Handler.Delete(t.Context(), associationRequest); err != nil {
		t.Fatal(err)
	}
	if i, _ := f.Find(""); i.PublicIP() == eip.PhysicalID || i.PublicIP() == "" {
		t.Errorf("without the association the address is the instance's own again: %s", i.PublicIP())
	}
	if err := f.types["AWS::EC2::Instance"].Handler.Delete(t.Context(), instanceRequest); err != nil {
		t.Fatal(err)
	}
	if len(f.Instances()) != 0 {
		t.Error("the instance is still there")
	}
}

func TestRefusals(t *testing.T) {
	f := start(t)
	_, vpc := f.create(t, "VPC", `{CidrBlock: 10.0.0.0/16}`)
	f.create(t, "Subnet", `{VpcId: `+vpc.PhysicalID+`, CidrBlock: 10.0.0.0/24}`)
	f.create(t, "KeyPair", `{KeyName: K}`)
	subnet := func(block string) string { return `{VpcId: ` + vpc.PhysicalID + `, CidrBlock: ` + block + `}` }
	group := func(rule string) string { return `{GroupDescription: d, SecurityGroupIngress: [` + rule + `]}` }
	tests := []struct{ name, typ, properties, want string }{
		{"the article's masked block", "SecurityGroup", group(`{IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: XX.XX.XX.XX/32}`), "InvalidParameterValue: CIDR block XX.XX.XX.XX/32 is malformed"},
		{"an IPv6 block as IPv4", "SecurityGroup", group(`{IpProtocol: -1, CidrIp: '::/0'}`), "InvalidParameterValue: CIDR block ::/0 is malformed"},
		{"a protocol that does not exist", "SecurityGroup", group(`{IpProtocol: tpc, CidrIp: 0.0.0.0/0}`), "InvalidParameterValue: Invalid value 'tpc' for IP protocol. Unknown protocol."},
		{"no ports", "SecurityGroup", group(`{IpProtocol: tcp, CidrIp: 0.0.0.0/0}`), "InvalidParameterValue: Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange."},
		{"ports the wrong way round", "SecurityGroupIngress", `{GroupId: sg-0123456789abcdef0, IpProtocol: tcp, FromPort: 23, ToPort: 22}`, "InvalidParameterValue: Invalid value '23-22' for portRange"},
		{"no block", "VPC", `{CidrBlock: 10.0.0.0}`, "InvalidParameterValue: Value (10.0.0.0) for parameter cidrBlock is invalid. This is not a valid CIDR block."},
		{"a VPC that is too large", "VPC", `{CidrBlock: 10.0.0.0/8}`, "InvalidVpc.Range: The CIDR '10.0.0.0/8' is invalid."},
		{"a subnet outside", "Subnet", subnet("10.1.0.0/24"), "InvalidSubnet.Range: The CIDR '10.1.0.0/24' is invalid."},
		{"a subnet over another", "Subnet", subnet("10.0.0.128/25"), "InvalidSubnet.Conflict: The CIDR '10.0.0.128/25' conflicts with another subnet"},
		{"an id of another kind", "RouteTable", `{VpcId: subnet-0123456789abcdef0}`, `InvalidVpcID.Malformed: Invalid id: "subnet-0123456789abcdef0" (expecting "vpc-...")`},
		{"a misspelt property", "VPC", `{CidrBlock: 10.0.0.0/16, EnableDNSSupport: true}`, "InvalidParameter: Encountered unsupported property EnableDNSSupport"},
		{"a key pair twice", "KeyPair", `{KeyName: K}`, "InvalidKeyPair.Duplicate: The keypair already exists"},
		{"a key for PuTTY", "KeyPair", `{KeyName: L, KeyFormat: ppk}`, "InvalidParameterValue: hakone writes private keys as pem"},
		{"a key of another type", "KeyPair", `{KeyName: L, KeyType: dsa}`, "InvalidParameterValue: Invalid value 'dsa' for keyType"},
		{"a public key that is none", "KeyPair", `{KeyName: L, PublicKeyMaterial: ssh-rsa AAAA}`, "InvalidKey.Format: Key is not in valid OpenSSH public key format"},
		{"an instance without an image", "Instance", `{InstanceType: t3.micro}`, "MissingParameter: The request must contain the parameter ImageId"},
		{"an image that is none", "Instance", `{ImageId: al2023}`, `InvalidAMIID.Malformed: Invalid id: "al2023" (expecting "ami-...")`},
		{"a key pair that does not exist", "Instance", `{ImageId: ami-0123456789abcdef0, KeyName: L}`, "InvalidKeyPair.NotFound: The key pair 'L' does not exist"},
		{"a profile that does not exist", "Instance", `{ImageId: ami-0123456789abcdef0, IamInstanceProfile: Q}`, "InvalidParameterValue: Value (Q) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"},
		{"two interfaces", "Instance", `{ImageId: ami-0123456789abcdef0, NetworkInterfaces: [{DeviceIndex: 0}, {DeviceIndex: 1}]}`, "hakone does not support NetworkInterfaces/1: an instance has one interface"},
		{"a group's name that does not exist", "Instance", `{ImageId: ami-0123456789abcdef0, SecurityGroups: [nobody]}`, "InvalidGroup.NotFound: The security group 'nobody' does not exist in default VPC"},
		{"an address that does not exist", "EIPAssociation", `{AllocationId: eipalloc-0123456789abcdef0, InstanceId: i-0123456789abcdef0}`, "InvalidAllocationID.NotFound: The allocation ID 'eipalloc-0123456789abcdef0' does not exist"},
	}
	for _, tt := range tests {
		_, _, err := f.try(t, tt.typ, tt.properties)
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s…", tt.name, err, tt.want)
		}
	}
}

func TestKeyPairsAreReal(t *testing.T) {
	for _, kind := range []string{"ed25519", "rsa"} {
		f := start(t)
		request, result := f.create(t, "KeyPair", `{KeyName: K, KeyType: `+kind+`}`)
		pair, _ := f.KeyPair("K")
		private := f.outside.secrets["/ec2/keypair/"+result.Attributes["KeyPairId"]]
		if private == "" {
			t.Fatalf("%s: no private key in the parameter store", kind)
		}
		t.Run(kind+" as OpenSSH reads it", func(t *testing.T) {
			if _, err := exec.LookPath("ssh-keygen"); err != nil {
				t.Skip("no ssh-keygen here")
			}
			file := filepath.Join(t.TempDir(), "key")
			if err := os.WriteFile(file, []byte(private), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.CommandContext(t.Context(), "ssh-keygen", "-y", "-f", file).CombinedOutput()
			if err != nil {
				t.Fatalf("ssh-keygen: %v: %s", err, out)
			}
			got, want := strings.Fields(string(out))[:2], strings.Fields(pair.PublicKey)[:2]
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
		// The same public key, imported, is recognised.
		_, imported := f.create(t, "KeyPair", `{KeyName: Imported, PublicKeyMaterial: "`+pair.PublicKey+`"}`)
		if copied, _ := f.KeyPair("Imported"); copied.KeyType != kind {
			t.Errorf("%s imported as %s", kind, copied.KeyType)
		}
		if _, ok := f.outside.secrets["/ec2/keypair/"+imported.Attributes["KeyPairId"]]; ok {
			t.Errorf("%s: a private key appeared for an imported one", kind)
		}
		if err := f.types["AWS::EC2::KeyPair"].Handler.Delete(t.Context(), request); err != nil {
			t.Fatal(err)
		}
		if len(f.outside.secrets) != 0 {
			t.Errorf("%s: the private key stays behind", kind)
		}
	}
}

func TestGroupOutsideAVPCIsReferredToByName(t *testing.T) {
	f := start(t)
	if _, result := f.create(t, "SecurityGroup", `{GroupDescription: d, GroupName: web}`); result.Ref != "web" {
		t.Errorf("Ref = %q, want the name", result.Ref)
	}
}

func TestInstancesNameTheirGroups(t *testing.T) {
	f := start(t)
	_, group := f.create(t, "SecurityGroup", `{GroupDescription: d, GroupName: web}`)
	const other = "sg-0123456789abcdef0"
	_, result := f.create(t, "Instance", `{ImageId: ami-0123456789abcdef0, SecurityGroups: [web, `+other+`]}`)
	i, err := f.Find(result.PhysicalID)
	if diff := cmp.Diff([]string{group.PhysicalID, other}, i.SecurityGroupIDs); err != nil || diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
}

func TestPropertiesOfInstancesThatNothingActsOnAreRefused(t *testing.T) {
	f := start(t)
	typ := f.types["AWS::EC2::Instance"]
	for properties, want := range map[string]string{
		`{ImageId: ami-0123456789abcdef0, LaunchTemplate: {LaunchTemplateName: t, Version: '1'}}`: "hakone does not support LaunchTemplate: there are no launch templates; put its properties here",
		`{ImageId: ami-0123456789abcdef0, NetworkInterfaces: [{NetworkInterfaceId: eni-1}]}`:      "hakone does not support NetworkInterfaces/0/NetworkInterfaceId: an instance has one interface of its own; give its SubnetId and GroupSet",
		`{ImageId: ami-0123456789abcdef0, SourceDestCheck: true, DisableApiTermination: true}`:    "",
	} {
		n, _, err := template.Parse("t.yaml", []byte("X: "+properties))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := n.Get("X").Refused(typ.Properties); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", properties, got, want)
		}
	}
	n, _, err := template.Parse("t.yaml", []byte(`NetworkInterfaces: [{DeviceIndex: 0}, {DeviceIndex: 1}]`))
	if err != nil {
		t.Fatal(err)
	}
	if err := typ.Check(n); err == nil {
		t.Error("a second interface is not told before the deployment")
	}
}
