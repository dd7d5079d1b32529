package ec2

import (
	"net/netip"
	"strconv"
	"strings"
)

// kinds are the resource types that are records, in AWS's order of the network
// from outside in.
func kinds() []recordKind {
	vpc := map[string]string{"VpcId": "vpc"}
	return []recordKind{
		{
			name: "VPC", prefix: "vpc",
			properties: "CidrBlock EnableDnsHostnames EnableDnsSupport InstanceTenancy Ipv4IpamPoolId Ipv4NetmaskLength",
			replace:    []string{"CidrBlock", "Ipv4IpamPoolId", "Ipv4NetmaskLength"}, idAs: []string{"VpcId"},
			attributes: []string{"CidrBlock", "DefaultSecurityGroup", "DefaultNetworkAcl", "CidrBlockAssociations", "Ipv6CidrBlocks"},
			check:      checkVPC, finish: finishVPC,
		},
		{
			name: "Subnet", prefix: "subnet",
			properties: "AssignIpv6AddressOnCreation AvailabilityZone AvailabilityZoneId CidrBlock EnableDns64 EnableLniAtDeviceIndex Ipv4IpamPoolId " +
				"Ipv4NetmaskLength Ipv6CidrBlock Ipv6CidrBlocks Ipv6IpamPoolId Ipv6Native Ipv6NetmaskLength MapPublicIpOnLaunch OutpostArn " +
				"PrivateDnsNameOptionsOnLaunch VpcId",
			required: []string{"VpcId"}, replace: []string{"CidrBlock", "AvailabilityZone", "AvailabilityZoneId", "VpcId", "OutpostArn"}, ids: vpc,
			idAs:       []string{"SubnetId"},
			attributes: []string{"AvailabilityZone", "AvailabilityZoneId", "CidrBlock", "VpcId", "NetworkAclAssociationId", "Ipv6CidrBlocks", "OutpostArn"},
			check:      checkSubnet, finish: finishSubnet,
		},
		{name: "InternetGateway", prefix: "igw", idAs: []string{"InternetGatewayId"}},
		{name: "EgressOnlyInternetGateway", prefix: "eigw", properties: "VpcId", required: []string{"VpcId"}, replace: []string{"VpcId"}, ids: vpc, idAs: []string{"Id"}},
		{
			name: "VPCGatewayAttachment", properties: "InternetGatewayId VpcId VpnGatewayId", required: []string{"VpcId"}, replace: []string{"VpcId"},
			ids: map[string]string{"VpcId": "vpc", "InternetGatewayId": "igw", "VpnGatewayId": "vgw"}, attributes: []string{"AttachmentType"},
			id: func(r *Resource) string { return "IGW|" + r.text("VpcId") },
			finish: func(_ *Service, r *Resource) {
				r.Attributes["AttachmentType"] = "IGW"
				if r.text("InternetGatewayId") == "" {
					r.Attributes["AttachmentType"] = "VGW"
				}
			},
		},
		{name: "RouteTable", prefix: "rtb", properties: "VpcId", required: []string{"VpcId"}, replace: []string{"VpcId"}, ids: vpc, idAs: []string{"RouteTableId"}},
		{
			name: "Route",
			properties: "CarrierGatewayId CoreNetworkArn DestinationCidrBlock DestinationIpv6CidrBlock DestinationPrefixListId EgressOnlyInternetGatewayId " +
				"GatewayId InstanceId LocalGatewayId NatGatewayId NetworkInterfaceId RouteTableId TransitGatewayId VpcEndpointId VpcPeeringConnectionId",
			required: []string{"RouteTableId"}, replace: []string{"RouteTableId", "DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId"},
			ids: map[string]string{"RouteTableId": "rtb", "NatGatewayId": "nat", "InstanceId": "i"}, attributes: []string{"CidrBlock"},
			id: func(r *Resource) string { return r.text("RouteTableId") + "|" + destination(r) }, check: checkRoute,
			finish: func(_ *Service, r *Resource) { r.Attributes["CidrBlock"] = destination(r) },
		},
		{
			name: "SubnetRouteTableAssociation", prefix: "rtbassoc", properties: "RouteTableId SubnetId", required: []string{"RouteTableId", "SubnetId"},
			replace: []string{"SubnetId"}, ids: map[string]string{"RouteTableId": "rtb", "SubnetId": "subnet"}, idAs: []string{"Id"},
		},
		{
			name: "GatewayRouteTableAssociation", prefix: "rtbassoc", properties: "RouteTableId GatewayId", required: []string{"RouteTableId", "GatewayId"},
			replace: []string{"GatewayId"}, ids: map[string]string{"RouteTableId": "rtb"}, idAs: []string{"AssociationId"},
		},
		{
			name: "NatGateway", prefix: "nat",
			properties: "AllocationId AvailabilityMode AvailabilityZoneAddresses ConnectivityType MaxDrainDurationSeconds PrivateIpAddress " +
				"SecondaryAllocationIds SecondaryPrivateIpAddressCount SecondaryPrivateIpAddresses SubnetId VpcId",
			replace: []string{"AllocationId", "ConnectivityType", "PrivateIpAddress", "SubnetId"},
			ids:     map[string]string{"SubnetId": "subnet", "AllocationId": "eipalloc"}, idAs: []string{"NatGatewayId"},
		},
		{name: "NetworkAcl", prefix: "acl", properties: "VpcId", required: []string{"VpcId"}, replace: []string{"VpcId"}, ids: vpc, idAs: []string{"Id"}},
		{
			name: "NetworkAclEntry", prefix: "aclentry",
			properties: "CidrBlock Egress Icmp Ipv6CidrBlock NetworkAclId PortRange Protocol RuleAction RuleNumber",
			required:   []string{"NetworkAclId", "Protocol", "RuleAction", "RuleNumber"}, replace: []string{"NetworkAclId", "RuleNumber", "Egress"},
			ids: map[string]string{"NetworkAclId": "acl"}, idAs: []string{"Id"}, check: checkBlocks("CidrBlock", "Ipv6CidrBlock"),
		},
		{
			name: "SubnetNetworkAclAssociation", prefix: "aclassoc", properties: "NetworkAclId SubnetId", required: []string{"NetworkAclId", "SubnetId"},
			replace: []string{"*"}, ids: map[string]string{"NetworkAclId": "acl", "SubnetId": "subnet"}, idAs: []string{"AssociationId"},
		},
		{
			name: "DHCPOptions", prefix: "dopt",
			properties: "DomainName DomainNameServers Ipv6AddressPreferredLeaseTime NetbiosNameServers NetbiosNodeType NtpServers",
			replace:    []string{"*"}, idAs: []string{"DhcpOptionsId"},
		},
		{
			name: "VPCDHCPOptionsAssociation", properties: "DhcpOptionsId VpcId", required: []string{"DhcpOptionsId", "VpcId"}, replace: []string{"VpcId"}, ids: vpc,
			id: func(r *Resource) string { return r.text("DhcpOptionsId") + "|" + r.text("VpcId") },
		},
		{
			name: "VPCCidrBlock", prefix: "vpc-cidr-assoc",
			properties: "AmazonProvidedIpv6CidrBlock CidrBlock Ipv4IpamPoolId Ipv4NetmaskLength Ipv6CidrBlock Ipv6CidrBlockNetworkBorderGroup " +
				"Ipv6IpamPoolId Ipv6NetmaskLength Ipv6Pool VpcId",
			required: []string{"VpcId"}, replace: []string{"*"}, ids: vpc, idAs: []string{"Id"}, check: checkBlocks("CidrBlock", "Ipv6CidrBlock"),
		},
		{
			name: "PrefixList", prefix: "pl", properties: "AddressFamily Entries MaxEntries PrefixListName",
			required: []string{"AddressFamily", "PrefixListName"}, replace: []string{"AddressFamily"}, idAs: []string{"PrefixListId"},
			attributes: []string{"Arn", "OwnerId", "Version"}, check: checkPrefixList, finish: func(s *Service, r *Resource) {
				r.Attributes["Arn"], r.Attributes["OwnerId"], r.Attributes["Version"] = s.arn("prefix-list", r.ID), s.account, "1"
			},
		},
		{
			name: "VPCEndpoint", prefix: "vpce",
			properties: "DnsOptions IpAddressType PolicyDocument PrivateDnsEnabled ResourceConfigurationArn RouteTableIds SecurityGroupIds ServiceName " +
				"ServiceNetworkArn ServiceRegion SubnetIds VpcEndpointType VpcId",
			required: []string{"VpcId"}, replace: []string{"ServiceName", "VpcId", "VpcEndpointType"}, ids: vpc, idAs: []string{"Id"},
			attributes: []string{"CreationTimestamp", "DnsEntries", "NetworkInterfaceIds"},
			finish: func(s *Service, r *Resource) {
				r.Attributes["CreationTimestamp"] = s.now().UTC().Format("Mon Jan 02 15:04:05 UTC 2006")
			},
		},
	}
}

func checkVPC(_ *Service, r *Resource) error {
	text := r.text("CidrBlock")
	if text == "" && r.text("Ipv4IpamPoolId") != "" {
		return nil
	}
	p, err := netip.ParsePrefix(text)
	switch {
	case err != nil || !p.Addr().Is4():
		return invalid("InvalidParameterValue", "Value (%s) for parameter cidrBlock is invalid. This is not a valid CIDR block.", text)
	case p.Bits() < 16 || p.Bits() > 28:
		return invalid("InvalidVpc.Range", "The CIDR '%s' is invalid.", text)
	default:
		return nil
	}
}

func finishVPC(s *Service, r *Resource) {
	for name, prefix := range map[string]string{
		"DefaultSecurityGroup": "sg", "DefaultNetworkAcl": "acl", "CidrBlockAssociations": "vpc-cidr-assoc",
	} {
		if r.Attributes[name] == "" {
			r.Attributes[name] = newID(prefix)
		}
	}
}

// checkSubnet refuses a block outside the VPC's or over a sibling's, when the VPC
// is ours.
func checkSubnet(s *Service, r *Resource) error {
	text := r.text("CidrBlock")
	if text == "" {
		return nil
	}
	block, err := netip.ParsePrefix(text)
	if err != nil || !block.Addr().Is4() {
		return invalid("InvalidParameterValue", "Value (%s) for parameter cidrBlock is invalid. This is not a valid CIDR block.", text)
	}
	if block.Bits() < 16 || block.Bits() > 28 {
		return invalid("InvalidSubnet.Range", "The CIDR '%s' is invalid.", text)
	}
	vpc, ours := s.resources.Get(r.text("VpcId"))
	if !ours {
		return nil
	}
	if network, err := netip.ParsePrefix(vpc.text("CidrBlock")); err == nil && (!network.Contains(block.Addr()) || network.Bits() > block.Bits()) {
		return invalid("InvalidSubnet.Range", "The CIDR '%s' is invalid.", text)
	}
	for id, other := range s.resources.All() {
		if other.Type != r.Type || other.text("VpcId") != r.text("VpcId") || id == r.ID {
			continue
		}
		if p, err := netip.ParsePrefix(other.text("CidrBlock")); err == nil && p.Overlaps(block) {
			return invalid("InvalidSubnet.Conflict", "The CIDR '%s' conflicts with another subnet", text)
		}
	}
	return nil
}

func finishSubnet(s *Service, r *Resource) {
	if r.Attributes["AvailabilityZone"] == "" {
		r.Attributes["AvailabilityZone"] = s.region + "a"
	}
	r.Attributes["AvailabilityZoneId"] = s.ZoneID(r.Attributes["AvailabilityZone"])
	if r.Attributes["NetworkAclAssociationId"] == "" {
		r.Attributes["NetworkAclAssociationId"] = newID("aclassoc")
	}
}

// ZoneID returns an id for a zone, such as apne1-az1 for ap-northeast-1a.
func (s *Service) ZoneID(zone string) string {
	parts := strings.Split(s.region, "-")
	letter, ok := strings.CutPrefix(zone, s.region)
	if len(parts) < 3 || !ok || len(letter) != 1 {
		return zone
	}
	direction := parts[len(parts)-2]
	short := strings.NewReplacer("north", "n", "south", "s", "east", "e", "west", "w", "central", "c").Replace(direction)
	return strings.Join(parts[:len(parts)-2], "") + short + parts[len(parts)-1] + "-az" + strconv.Itoa(int(letter[0]-'a')+1)
}

func destination(r *Resource) string {
	for _, property := range []string{"DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId"} {
		if v := r.text(property); v != "" {
			return v
		}
	}
	return ""
}

func checkRoute(_ *Service, r *Resource) error {
	for _, property := range []string{"DestinationCidrBlock", "DestinationIpv6CidrBlock"} {
		if v := r.text(property); v != "" {
			if _, err := netip.ParsePrefix(v); err != nil {
				return invalid("InvalidParameterValue", "Value (%s) for parameter %s is invalid. This is not a valid CIDR block.", v, lowerFirst(property))
			}
		}
	}
	if destination(r) == "" {
		return invalid("MissingParameter", "The request must contain exactly one of destinationCidrBlock, destinationIpv6CidrBlock or destinationPrefixListId")
	}
	return nil
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

func checkPrefixList(_ *Service, r *Resource) error {
	for _, entry := range r.items("Entries") {
		if _, err := cidr(entry.Get("Cidr").Str()); err != nil {
			return err
		}
	}
	return nil
}

// checkBlocks returns a check of properties that are address blocks.
func checkBlocks(properties ...string) func(*Service, *Resource) error {
	return func(_ *Service, r *Resource) error {
		for _, property := range properties {
			if v := r.text(property); v != "" {
				if _, err := cidr(v); err != nil {
					return err
				}
			}
		}
		return nil
	}
}
