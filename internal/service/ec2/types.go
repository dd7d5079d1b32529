package ec2

import "github.com/hakonegate/hakone/internal/stack"

// Types returns the CloudFormation resource types that EC2 serves.
func (s *Service) Types() []stack.Type {
	types := []stack.Type{
		{
			Name: "AWS::EC2::Instance", Level: stack.Real, Handler: instanceType{s}, Properties: instanceProperties{}, Check: checkInterfaces,
			Replace: []string{
				"ImageId", "KeyName", "SubnetId", "AvailabilityZone", "NetworkInterfaces", "PrivateIpAddress", "LaunchTemplate", "SecurityGroups",
				"CpuOptions", "EnclaveOptions", "HibernationOptions", "ElasticGpuSpecifications", "ElasticInferenceAccelerators", "Ipv6Addresses",
				"Ipv6AddressCount", "LicenseSpecifications", "PlacementGroupName", "HostResourceGroupArn",
			},
			Attributes: []string{
				"InstanceId", "AvailabilityZone", "PrivateIp", "PublicIp", "PrivateDnsName", "PublicDnsName", "VpcId", "State.Name",
			},
		},
		{
			Name: "AWS::EC2::KeyPair", Level: stack.Real, Handler: keyPairType{s}, Properties: keyPairProperties{}, Required: []string{"KeyName"},
			Replace: []string{"KeyName", "KeyType", "KeyFormat", "PublicKeyMaterial"}, Attributes: []string{"KeyFingerprint", "KeyPairId"},
			NameProperty: "KeyName", MaxName: 255,
		},
		{
			Name: "AWS::EC2::EIP", Level: stack.Record, Handler: eipType{s}, Properties: eipProperties{},
			Replace: []string{"Address", "Domain", "NetworkBorderGroup", "TransferAddress", "IpamPoolId"}, Attributes: []string{"AllocationId", "PublicIp"},
		},
		{
			Name: "AWS::EC2::EIPAssociation", Level: stack.Record, Handler: associationType{s}, Properties: associationProperties{}, Replace: []string{"*"}, Attributes: []string{"Id"},
		},
		{
			Name: "AWS::EC2::SecurityGroup", Level: stack.Record, Handler: groupType{s}, Properties: groupProperties{}, Required: []string{"GroupDescription"},
			Replace: []string{"GroupDescription", "GroupName", "VpcId"}, Attributes: []string{"GroupId", "Id", "GroupName", "VpcId"},
			NameProperty: "GroupName", MaxName: 255,
		},
	}
	for _, name := range []string{"AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"} {
		types = append(types, stack.Type{
			Name: name, Level: stack.Record, Handler: ruleType{s}, Properties: ruleProperties{}, Required: []string{"IpProtocol"}, Attributes: []string{"Id"},
			Replace: []string{
				"GroupId", "GroupName", "IpProtocol", "FromPort", "ToPort", "CidrIp", "CidrIpv6", "SourcePrefixListId", "SourceSecurityGroupId",
				"SourceSecurityGroupName", "DestinationPrefixListId", "DestinationSecurityGroupId",
			},
		})
	}
	for _, k := range kinds() {
		types = append(types, recordType{s, k}.table())
	}
	return types
}
