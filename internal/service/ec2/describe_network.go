package ec2

import (
	"cmp"
	"context"
	"net/netip"
	"strings"
)

// records lists the records of a type.
func (s *Service) records(kind string) []Resource {
	var list []Resource
	for _, r := range s.resources.All() {
		if r.Type == "AWS::EC2::"+kind {
			list = append(list, r)
		}
	}
	return list
}

// Block returns the addresses of a VPC or subnet that is ours.
func (s *Service) Block(id string) string {
	r, _ := s.resources.Get(id)
	return r.text("CidrBlock")
}

type describeVpcsRequest struct {
	request
	paged
	VpcId []string
}

type describedVpcs struct {
	Vpcs      []describedVpc `query:"vpcSet"`
	NextToken string
}

type describedVpc struct {
	VpcId           string
	OwnerId         string
	State           string
	CidrBlock       string
	Blocks          []blockAssociation `query:"cidrBlockAssociationSet"`
	DhcpOptionsId   string
	InstanceTenancy string
	IsDefault       bool
	Tags            []tagged `query:"tagSet"`
}

type blockAssociation struct {
	AssociationId  string
	CidrBlock      string
	CidrBlockState named
}

func (s *Service) describeVpcs(_ context.Context, in *describeVpcsRequest) (*describedVpcs, error) {
	l := listing[describedVpc]{
		id:       func(v *describedVpc) string { return v.VpcId },
		notFound: func(id string) error { return invalid("InvalidVpcID.NotFound", "The vpc ID '%s' does not exist", id) },
		tags:     func(v *describedVpc) []tagged { return v.Tags },
		least:    5,
		filters: map[string]func(*describedVpc) []string{
			"cidr":            func(v *describedVpc) []string { return one(v.CidrBlock) },
			"cidr-block":      func(v *describedVpc) []string { return one(v.CidrBlock) },
			"dhcp-options-id": func(v *describedVpc) []string { return one(v.DhcpOptionsId) },
			"is-default":      func(v *describedVpc) []string { return flag(v.IsDefault) },
			"isDefault":       func(v *describedVpc) []string { return flag(v.IsDefault) },
			"owner-id":        func(v *describedVpc) []string { return one(v.OwnerId) },
			"state":           func(v *describedVpc) []string { return one(v.State) },
			"vpc-id":          func(v *describedVpc) []string { return one(v.VpcId) },
		},
	}
	for _, r := range s.records("VPC") {
		options := "default"
		for _, a := range s.records("VPCDHCPOptionsAssociation") {
			if a.text("VpcId") == r.ID {
				options = a.text("DhcpOptionsId")
			}
		}
		block := r.text("CidrBlock")
		l.all = append(l.all, describedVpc{
			r.ID, s.account, "available", block,
			[]blockAssociation{{r.Attributes["CidrBlockAssociations"], block, named{"associated"}}},
			options, cmp.Or(r.text("InstanceTenancy"), "default"), false, r.allTags(),
		})
	}
	found, next, err := l.page(&in.request, in.paged, in.VpcId)
	return &describedVpcs{found, next}, err
}

type describeSubnetsRequest struct {
	request
	paged
	SubnetId []string
}

type describedSubnets struct {
	Subnets   []describedSubnet `query:"subnetSet"`
	NextToken string
}

type describedSubnet struct {
	SubnetId                    string
	SubnetArn                   string
	State                       string
	OwnerId                     string
	VpcId                       string
	CidrBlock                   string
	AvailableIpAddressCount     int
	AvailabilityZone            string
	AvailabilityZoneId          string
	DefaultForAz                bool
	MapPublicIpOnLaunch         bool
	AssignIpv6AddressOnCreation bool
	Tags                        []tagged `query:"tagSet"`
}

func (s *Service) describeSubnets(_ context.Context, in *describeSubnetsRequest) (*describedSubnets, error) {
	l := listing[describedSubnet]{
		id: func(n *describedSubnet) string { return n.SubnetId },
		notFound: func(id string) error {
			return invalid("InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist", id)
		},
		tags:  func(n *describedSubnet) []tagged { return n.Tags },
		least: 5,
		filters: map[string]func(*describedSubnet) []string{
			"availability-zone":       func(n *describedSubnet) []string { return one(n.AvailabilityZone) },
			"availabilityZone":        func(n *describedSubnet) []string { return one(n.AvailabilityZone) },
			"availability-zone-id":    func(n *describedSubnet) []string { return one(n.AvailabilityZoneId) },
			"cidr":                    func(n *describedSubnet) []string { return one(n.CidrBlock) },
			"cidr-block":              func(n *describedSubnet) []string { return one(n.CidrBlock) },
			"default-for-az":          func(n *describedSubnet) []string { return flag(n.DefaultForAz) },
			"map-public-ip-on-launch": func(n *describedSubnet) []string { return flag(n.MapPublicIpOnLaunch) },
			"owner-id":                func(n *describedSubnet) []string { return one(n.OwnerId) },
			"state":                   func(n *describedSubnet) []string { return one(n.State) },
			"subnet-arn":              func(n *describedSubnet) []string { return one(n.SubnetArn) },
			"subnet-id":               func(n *describedSubnet) []string { return one(n.SubnetId) },
			"vpc-id":                  func(n *describedSubnet) []string { return one(n.VpcId) },
		},
	}
	taken := map[string]int{}
	for _, i := range s.Instances() {
		taken[i.SubnetID]++
	}
	for _, r := range s.records("Subnet") {
		free := 0
		if p, err := netip.ParsePrefix(r.text("CidrBlock")); err == nil {
			free = 1<<(32-p.Bits()) - 5 - taken[r.ID] // five are AWS's own
		}
		l.all = append(l.all, describedSubnet{
			SubnetId: r.ID, SubnetArn: s.arn("subnet", r.ID), State: "available", OwnerId: s.account, VpcId: r.text("VpcId"), CidrBlock: r.text("CidrBlock"),
			AvailableIpAddressCount: free, AvailabilityZone: r.Attributes["AvailabilityZone"], AvailabilityZoneId: r.Attributes["AvailabilityZoneId"],
			MapPublicIpOnLaunch: strings.EqualFold(r.text("MapPublicIpOnLaunch"), "true"), Tags: r.allTags(),
			AssignIpv6AddressOnCreation: strings.EqualFold(r.text("AssignIpv6AddressOnCreation"), "true"),
		})
	}
	found, next, err := l.page(&in.request, in.paged, in.SubnetId)
	return &describedSubnets{found, next}, err
}

type describeRouteTablesRequest struct {
	request
	paged
	RouteTableId []string
}

type describedRouteTables struct {
	RouteTables []describedRouteTable `query:"routeTableSet"`
	NextToken   string
}

type describedRouteTable struct {
	RouteTableId string
	VpcId        string
	OwnerId      string
	Routes       []route            `query:"routeSet"`
	Associations []routeAssociation `query:"associationSet"`
	Tags         []tagged           `query:"tagSet"`
}

type route struct {
	DestinationCidrBlock        string
	DestinationIpv6CidrBlock    string
	DestinationPrefixListId     string
	GatewayId                   string
	NatGatewayId                string
	InstanceId                  string
	NetworkInterfaceId          string
	TransitGatewayId            string
	VpcPeeringConnectionId      string
	EgressOnlyInternetGatewayId string
	State                       string
	Origin                      string
}

type routeAssociation struct {
	AssociationId    string `query:"routeTableAssociationId"`
	RouteTableId     string
	SubnetId         string
	GatewayId        string
	Main             bool
	AssociationState named
}

// routeTable puts a table together with its routes and associations.
func (s *Service) routeTable(r *Resource) describedRouteTable {
	d := describedRouteTable{RouteTableId: r.ID, VpcId: r.text("VpcId"), OwnerId: s.account, Associations: []routeAssociation{}, Tags: r.allTags()}
	if vpc, ok := s.resources.Get(d.VpcId); ok {
		d.Routes = append(d.Routes, route{DestinationCidrBlock: vpc.text("CidrBlock"), GatewayId: "local", State: "active", Origin: "CreateRouteTable"})
	}
	for _, e := range s.records("Route") {
		if e.text("RouteTableId") == r.ID {
			d.Routes = append(d.Routes, route{
				e.text("DestinationCidrBlock"), e.text("DestinationIpv6CidrBlock"), e.text("DestinationPrefixListId"), e.text("GatewayId"), e.text("NatGatewayId"),
				e.text("InstanceId"), e.text("NetworkInterfaceId"), e.text("TransitGatewayId"), e.text("VpcPeeringConnectionId"),
				e.text("EgressOnlyInternetGatewayId"), "active", "CreateRoute",
			})
		}
	}
	for _, kind := range []string{"SubnetRouteTableAssociation", "GatewayRouteTableAssociation"} {
		for _, a := range s.records(kind) {
			if a.text("RouteTableId") == r.ID {
				d.Associations = append(d.Associations, routeAssociation{a.ID, r.ID, a.text("SubnetId"), a.text("GatewayId"), false, named{"associated"}})
			}
		}
	}
	return d
}

func (s *Service) describeRouteTables(_ context.Context, in *describeRouteTablesRequest) (*describedRouteTables, error) {
	associated := func(what func(routeAssociation) string) func(*describedRouteTable) []string {
		return func(d *describedRouteTable) (list []string) {
			for _, a := range d.Associations {
				list = append(list, what(a))
			}
			return list
		}
	}
	routed := func(what func(route) string) func(*describedRouteTable) []string {
		return func(d *describedRouteTable) (list []string) {
			for _, r := range d.Routes {
				list = append(list, what(r))
			}
			return list
		}
	}
	l := listing[describedRouteTable]{
		id: func(d *describedRouteTable) string { return d.RouteTableId },
		notFound: func(id string) error {
			return invalid("InvalidRouteTableID.NotFound", "The routeTable ID '%s' does not exist", id)
		},
		tags:  func(d *describedRouteTable) []tagged { return d.Tags },
		least: 5,
		filters: map[string]func(*describedRouteTable) []string{
			"association.gateway-id":                 associated(func(a routeAssociation) string { return a.GatewayId }),
			"association.main":                       associated(func(a routeAssociation) string { return flag(a.Main)[0] }),
			"association.route-table-association-id": associated(func(a routeAssociation) string { return a.AssociationId }),
			"association.route-table-id":             associated(func(a routeAssociation) string { return a.RouteTableId }),
			"association.subnet-id":                  associated(func(a routeAssociation) string { return a.SubnetId }),
			"owner-id":                               func(d *describedRouteTable) []string { return one(d.OwnerId) },
			"route-table-id":                         func(d *describedRouteTable) []string { return one(d.RouteTableId) },
			"route.destination-cidr-block":           routed(func(r route) string { return r.DestinationCidrBlock }),
			"route.gateway-id":                       routed(func(r route) string { return r.GatewayId }),
			"route.nat-gateway-id":                   routed(func(r route) string { return r.NatGatewayId }),
			"route.state":                            routed(func(r route) string { return r.State }),
			"vpc-id":                                 func(d *describedRouteTable) []string { return one(d.VpcId) },
		},
	}
	for _, r := range s.records("RouteTable") {
		l.all = append(l.all, s.routeTable(&r))
	}
	found, next, err := l.page(&in.request, in.paged, in.RouteTableId)
	return &describedRouteTables{found, next}, err
}

type describeGatewaysRequest struct {
	request
	paged
	InternetGatewayId []string
}

type describedGateways struct {
	InternetGateways []describedGateway `query:"internetGatewaySet"`
	NextToken        string
}

type describedGateway struct {
	InternetGatewayId string
	OwnerId           string
	Attachments       []gatewayAttachment `query:"attachmentSet"`
	Tags              []tagged            `query:"tagSet"`
}

type gatewayAttachment struct{ VpcId, State string }

func (s *Service) describeInternetGateways(_ context.Context, in *describeGatewaysRequest) (*describedGateways, error) {
	attached := func(what func(gatewayAttachment) string) func(*describedGateway) []string {
		return func(d *describedGateway) (list []string) {
			for _, a := range d.Attachments {
				list = append(list, what(a))
			}
			return list
		}
	}
	l := listing[describedGateway]{
		id: func(d *describedGateway) string { return d.InternetGatewayId },
		notFound: func(id string) error {
			return invalid("InvalidInternetGatewayID.NotFound", "The internetGateway ID '%s' does not exist", id)
		},
		tags:  func(d *describedGateway) []tagged { return d.Tags },
		least: 5,
		filters: map[string]func(*describedGateway) []string{
			"attachment.state":    attached(func(a gatewayAttachment) string { return a.State }),
			"attachment.vpc-id":   attached(func(a gatewayAttachment) string { return a.VpcId }),
			"internet-gateway-id": func(d *describedGateway) []string { return one(d.InternetGatewayId) },
			"owner-id":            func(d *describedGateway) []string { return one(d.OwnerId) },
		},
	}
	for _, r := range s.records("InternetGateway") {
		d := describedGateway{InternetGatewayId: r.ID, OwnerId: s.account, Attachments: []gatewayAttachment{}, Tags: r.allTags()}
		for _, a := range s.records("VPCGatewayAttachment") {
			if a.text("InternetGatewayId") == r.ID {
				d.Attachments = append(d.Attachments, gatewayAttachment{a.text("VpcId"), "available"})
			}
		}
		l.all = append(l.all, d)
	}
	found, next, err := l.page(&in.request, in.paged, in.InternetGatewayId)
	return &describedGateways{found, next}, err
}
