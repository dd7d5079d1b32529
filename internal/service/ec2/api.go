package ec2

import (
	"github.com/hakonegate/hakone/internal/wire"
)

// API returns what of EC2's surface looks things up. EC2's policies know only "*"
// as the resource of these operations.
func (s *Service) API() wire.Service {
	return wire.Service{
		Name:      "ec2",
		Protocol:  wire.EC2Query,
		Version:   "2016-11-15",
		Namespace: "http://ec2.amazonaws.com/doc/2016-11-15/",
		Strict:    true,
		Operations: []wire.Operation{
			wire.Op("DescribeInstances", s.describeInstances, nil),
			wire.Op("DescribeKeyPairs", s.describeKeyPairs, nil),
			wire.Op("DescribeSecurityGroups", s.describeSecurityGroups, nil),
			wire.Op("DescribeSecurityGroupRules", s.describeSecurityGroupRules, nil),
			wire.Op("DescribeAddresses", s.describeAddresses, nil),
			wire.Op("DescribeVpcs", s.describeVpcs, nil),
			wire.Op("DescribeSubnets", s.describeSubnets, nil),
			wire.Op("DescribeRouteTables", s.describeRouteTables, nil),
			wire.Op("DescribeInternetGateways", s.describeInternetGateways, nil),
			wire.Op("DescribeTags", s.describeTags, nil),
			wire.Op("DescribeImages", s.describeImages, nil),
			wire.Op("DescribeRegions", s.describeRegions, nil),
			wire.Op("DescribeAvailabilityZones", s.describeZones, nil),
		},
	}
}
