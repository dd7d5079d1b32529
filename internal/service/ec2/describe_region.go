package ec2

import (
	"context"
	"slices"
	"strings"
)

type describeAddressesRequest struct {
	request
	AllocationId []string
	PublicIp     []string
}

type describedAddresses struct {
	Addresses []describedAddress `query:"addressesSet"`
}

type describedAddress struct {
	PublicIp                string
	AllocationId            string
	AssociationId           string
	Domain                  string
	InstanceId              string
	NetworkInterfaceId      string
	NetworkInterfaceOwnerId string
	PrivateIpAddress        string
	PublicIpv4Pool          string
	NetworkBorderGroup      string
	Tags                    []tagged `query:"tagSet"`
}

func (s *Service) describeAddresses(_ context.Context, in *describeAddressesRequest) (*describedAddresses, error) {
	l := listing[describedAddress]{
		id: func(d *describedAddress) string { return d.PublicIp },
		notFound: func(address string) error {
			return invalid("InvalidAddress.NotFound", "Address '%s' not found.", address)
		},
		tags: func(d *describedAddress) []tagged { return d.Tags },
		filters: map[string]func(*describedAddress) []string{
			"allocation-id":        func(d *describedAddress) []string { return one(d.AllocationId) },
			"association-id":       func(d *describedAddress) []string { return one(d.AssociationId) },
			"domain":               func(d *describedAddress) []string { return one(d.Domain) },
			"instance-id":          func(d *describedAddress) []string { return one(d.InstanceId) },
			"network-border-group": func(d *describedAddress) []string { return one(d.NetworkBorderGroup) },
			"private-ip-address":   func(d *describedAddress) []string { return one(d.PrivateIpAddress) },
			"public-ip":            func(d *describedAddress) []string { return one(d.PublicIp) },
		},
	}
	for address, lease := range s.addresses.All() {
		if lease.AllocationID == "" {
			continue // an instance's own
		}
		d := describedAddress{
			PublicIp: address, AllocationId: lease.AllocationID, AssociationId: lease.AssociationID, Domain: "vpc", InstanceId: lease.InstanceID,
			PublicIpv4Pool: "amazon", NetworkBorderGroup: s.region, Tags: allTags(lease.Tags, "", ""),
		}
		if i, ok := s.instances.Get(lease.InstanceID); ok {
			d.PrivateIpAddress, d.NetworkInterfaceOwnerId = i.PrivateIP, s.account
			d.NetworkInterfaceId = "eni-" + strings.TrimPrefix(i.InstanceID, "i-")
		}
		l.all = append(l.all, d)
	}
	wanted := in.PublicIp
	for _, id := range in.AllocationId {
		address, ok := s.allocation(id)
		if !ok {
			return nil, invalid("InvalidAllocationID.NotFound", "The allocation ID '%s' does not exist", id)
		}
		wanted = append(wanted, address)
	}
	found, err := l.find(&in.request, wanted)
	return &describedAddresses{found}, err
}

type describeTagsRequest struct {
	request
	paged
}

type describedTags struct {
	Tags      []describedTag `query:"tagSet"`
	NextToken string
}

type describedTag struct{ ResourceId, ResourceType, Key, Value string }

// resourceTypes are what tags call the types.
var resourceTypes = map[string]string{
	"VPC": "vpc", "Subnet": "subnet", "InternetGateway": "internet-gateway", "RouteTable": "route-table", "SecurityGroup": "security-group",
	"NatGateway": "natgateway", "NetworkAcl": "network-acl", "DHCPOptions": "dhcp-options", "VPCEndpoint": "vpc-endpoint", "PrefixList": "prefix-list",
}

func (s *Service) describeTags(_ context.Context, in *describeTagsRequest) (*describedTags, error) {
	l := listing[describedTag]{
		id:    func(d *describedTag) string { return d.ResourceId + "/" + d.Key },
		least: 5,
		filters: map[string]func(*describedTag) []string{
			"key":           func(d *describedTag) []string { return one(d.Key) },
			"resource-id":   func(d *describedTag) []string { return one(d.ResourceId) },
			"resource-type": func(d *describedTag) []string { return one(d.ResourceType) },
			"value":         func(d *describedTag) []string { return one(d.Value) },
		},
	}
	add := func(id, kind string, tags []tagged) {
		for _, t := range tags {
			l.all = append(l.all, describedTag{id, kind, t.Key, t.Value})
		}
	}
	for id, r := range s.resources.All() {
		if kind := resourceTypes[strings.TrimPrefix(r.Type, "AWS::EC2::")]; kind != "" {
			add(id, kind, r.allTags())
		}
	}
	for _, i := range s.Instances() {
		add(i.InstanceID, "instance", allTags(i.Tags, i.StackID, i.LogicalID))
	}
	for _, k := range s.pairs.All() {
		add(k.KeyPairID, "key-pair", allTags(k.Tags, "", ""))
	}
	for _, a := range s.addresses.All() {
		if a.AllocationID != "" {
			add(a.AllocationID, "elastic-ip", allTags(a.Tags, "", ""))
		}
	}
	found, next, err := l.page(&in.request, in.paged, nil)
	return &describedTags{found, next}, err
}

type describeImagesRequest struct {
	request
	paged
	ImageId []string
	Owner   []string
}

type describedImages struct {
	Images    []describedImage `query:"imagesSet"`
	NextToken string
}

type describedImage struct {
	ImageId            string
	Name               string
	State              string `query:"imageState"`
	OwnerId            string `query:"imageOwnerId"`
	OwnerAlias         string `query:"imageOwnerAlias"`
	IsPublic           bool
	Architecture       string
	ImageType          string
	RootDeviceType     string
	RootDeviceName     string
	VirtualizationType string
	Hypervisor         string
	EnaSupport         bool
	Tags               []tagged `query:"tagSet"`
}

// describeImages knows the images that instances are made of, and nothing of them
// but their ids.
func (s *Service) describeImages(_ context.Context, in *describeImagesRequest) (*describedImages, error) {
	l := listing[describedImage]{
		id: func(d *describedImage) string { return d.ImageId },
		notFound: func(id string) error {
			return invalid("InvalidAMIID.NotFound", "The image id '[%s]' does not exist", id)
		},
		tags:  func(d *describedImage) []tagged { return d.Tags },
		least: 1,
		filters: map[string]func(*describedImage) []string{
			"architecture":        func(d *describedImage) []string { return one(d.Architecture) },
			"image-id":            func(d *describedImage) []string { return one(d.ImageId) },
			"is-public":           func(d *describedImage) []string { return flag(d.IsPublic) },
			"name":                func(d *describedImage) []string { return one(d.Name) },
			"owner-alias":         func(d *describedImage) []string { return one(d.OwnerAlias) },
			"root-device-type":    func(d *describedImage) []string { return one(d.RootDeviceType) },
			"state":               func(d *describedImage) []string { return one(d.State) },
			"virtualization-type": func(d *describedImage) []string { return one(d.VirtualizationType) },
		},
	}
	if len(in.Owner) > 0 && !slices.Contains(in.Owner, "amazon") {
		return &describedImages{Images: []describedImage{}}, nil // the account has none of its own
	}
	known := map[string]bool{}
	for _, i := range s.Instances() {
		if i.ImageID == "" || known[i.ImageID] {
			continue
		}
		known[i.ImageID] = true
		l.all = append(l.all, describedImage{
			ImageId: i.ImageID, Name: i.ImageID, State: "available", OwnerId: "137112412989", OwnerAlias: "amazon", IsPublic: true, Architecture: "x86_64",
			ImageType: "machine", RootDeviceType: "ebs", RootDeviceName: "/dev/xvda", VirtualizationType: "hvm", Hypervisor: "xen", EnaSupport: true,
			Tags: []tagged{},
		})
	}
	found, next, err := l.page(&in.request, in.paged, in.ImageId)
	return &describedImages{found, next}, err
}

type describeRegionsRequest struct {
	request
	RegionName []string
	AllRegions bool
}

type describedRegions struct {
	Regions []describedRegion `query:"regionInfo"`
}

type describedRegion struct{ RegionName, RegionEndpoint, OptInStatus string }

// describeRegions knows the region that is served.
func (s *Service) describeRegions(_ context.Context, in *describeRegionsRequest) (*describedRegions, error) {
	l := listing[describedRegion]{
		all:      []describedRegion{{s.region, "ec2." + s.region + ".amazonaws.com", "opt-in-not-required"}},
		id:       func(d *describedRegion) string { return d.RegionName },
		notFound: func(name string) error { return invalid("InvalidParameterValue", "Invalid region name: %s", name) },
		filters: map[string]func(*describedRegion) []string{
			"endpoint":      func(d *describedRegion) []string { return one(d.RegionEndpoint) },
			"opt-in-status": func(d *describedRegion) []string { return one(d.OptInStatus) },
			"region-name":   func(d *describedRegion) []string { return one(d.RegionName) },
		},
	}
	found, err := l.find(&in.request, in.RegionName)
	return &describedRegions{found}, err
}

type describeZonesRequest struct {
	request
	ZoneName             []string
	ZoneId               []string
	AllAvailabilityZones bool
}

type describedZones struct {
	Zones []describedZone `query:"availabilityZoneInfo"`
}

type describedZone struct {
	ZoneName           string
	ZoneState          string
	RegionName         string
	ZoneId             string
	ZoneType           string
	GroupName          string
	NetworkBorderGroup string
	OptInStatus        string
}

// describeZones lists the zones that Fn::GetAZs gives.
func (s *Service) describeZones(_ context.Context, in *describeZonesRequest) (*describedZones, error) {
	l := listing[describedZone]{
		id: func(d *describedZone) string { return d.ZoneName },
		notFound: func(name string) error {
			return invalid("InvalidParameterValue", "Invalid availability zone: [%s]", name)
		},
		filters: map[string]func(*describedZone) []string{
			"group-name":    func(d *describedZone) []string { return one(d.GroupName) },
			"opt-in-status": func(d *describedZone) []string { return one(d.OptInStatus) },
			"region-name":   func(d *describedZone) []string { return one(d.RegionName) },
			"state":         func(d *describedZone) []string { return one(d.ZoneState) },
			"zone-id":       func(d *describedZone) []string { return one(d.ZoneId) },
			"zone-name":     func(d *describedZone) []string { return one(d.ZoneName) },
			"zone-type":     func(d *describedZone) []string { return one(d.ZoneType) },
		},
	}
	wanted := in.ZoneName
	for _, letter := range []string{"a", "b", "c"} {
		name := s.region + letter
		id := s.ZoneID(name)
		if slices.Contains(in.ZoneId, id) {
			wanted = append(wanted, name)
		}
		l.all = append(l.all, describedZone{name, "available", s.region, id, "availability-zone", s.region + "-zg-1", s.region, "opt-in-not-required"})
	}
	if len(in.ZoneId) > 0 && len(wanted) < len(in.ZoneId)+len(in.ZoneName) {
		return nil, invalid("InvalidParameterValue", "Invalid availability zone-id: [%s]", strings.Join(in.ZoneId, ", "))
	}
	found, err := l.find(&in.request, wanted)
	return &describedZones{found}, err
}
