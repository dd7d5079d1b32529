package ec2

import (
	"context"
	"strings"
	"time"
)

type describeInstancesRequest struct {
	request
	paged
	InstanceId []string
}

type describedInstances struct {
	Reservations []reservation `query:"reservationSet"`
	NextToken    string
}

type reservation struct {
	ReservationId string
	OwnerId       string
	Groups        []groupName         `query:"groupSet"`
	Instances     []describedInstance `query:"instancesSet"`
}

type groupName struct{ GroupId, GroupName string }

type describedInstance struct {
	InstanceId         string
	ImageId            string
	State              state `query:"instanceState"`
	PrivateDnsName     string
	PublicDnsName      string `query:"dnsName"`
	KeyName            string
	AmiLaunchIndex     int
	InstanceType       string
	LaunchTime         time.Time
	Placement          placement
	Monitoring         named
	SubnetId           string
	VpcId              string
	PrivateIpAddress   string
	PublicIpAddress    string `query:"ipAddress"`
	SourceDestCheck    bool
	SecurityGroups     []groupName `query:"groupSet"`
	Architecture       string
	RootDeviceType     string
	RootDeviceName     string
	BlockDevices       []groupName `query:"blockDeviceMapping"`
	VirtualizationType string
	Hypervisor         string
	NetworkInterfaces  []describedInterface `query:"networkInterfaceSet"`
	IamInstanceProfile *profile
	EbsOptimized       bool
	EnaSupport         bool
	MetadataOptions    describedMetadataOptions
	Tags               []tagged `query:"tagSet"`
}

type state struct {
	Code int
	Name string
}

type placement struct{ AvailabilityZone, AvailabilityZoneId, GroupName, Tenancy string }

type named struct{ State string }

type profile struct{ Arn string }

type describedMetadataOptions struct {
	State                   string
	HttpTokens              string
	HttpPutResponseHopLimit int
	HttpEndpoint            string
	HttpProtocolIpv6        string
	InstanceMetadataTags    string
}

type describedInterface struct {
	NetworkInterfaceId string
	SubnetId           string
	VpcId              string
	OwnerId            string
	Status             string
	MacAddress         string
	PrivateIpAddress   string
	PrivateDnsName     string
	Groups             []groupName `query:"groupSet"`
}

func (s *Service) describe(i *Instance) describedInstance {
	d := describedInstance{
		InstanceId: i.InstanceID, ImageId: i.ImageID, State: state{16, "running"}, PrivateDnsName: i.PrivateDNSName(s.region),
		PublicDnsName: i.PublicDNSName(s.region), KeyName: i.KeyName, InstanceType: i.InstanceType, LaunchTime: i.LaunchTime,
		Placement:  placement{AvailabilityZone: i.AvailabilityZone, AvailabilityZoneId: s.ZoneID(i.AvailabilityZone), Tenancy: "default"},
		Monitoring: named{"disabled"}, SubnetId: i.SubnetID, VpcId: i.VPCID, PrivateIpAddress: i.PrivateIP, PublicIpAddress: i.PublicIP(),
		SourceDestCheck: true, SecurityGroups: []groupName{}, Architecture: "x86_64", RootDeviceType: "ebs", RootDeviceName: "/dev/xvda",
		BlockDevices: []groupName{}, VirtualizationType: "hvm", Hypervisor: "xen", EnaSupport: true,
		MetadataOptions: describedMetadataOptions{"applied", i.HTTPTokens, i.HopLimit, i.HTTPEndpoint, "disabled", "disabled"},
		Tags:            allTags(i.Tags, i.StackID, i.LogicalID),
	}
	if i.TagsInMetadata {
		d.MetadataOptions.InstanceMetadataTags = "enabled"
	}
	if i.ProfileARN != "" {
		d.IamInstanceProfile = &profile{i.ProfileARN}
	}
	for _, id := range s.GroupsOf(i) {
		d.SecurityGroups = append(d.SecurityGroups, groupName{id, s.groupName(id)})
	}
	d.NetworkInterfaces = []describedInterface{{
		NetworkInterfaceId: "eni-" + strings.TrimPrefix(i.InstanceID, "i-"), SubnetId: i.SubnetID, VpcId: i.VPCID, OwnerId: s.account, Status: "in-use",
		MacAddress: MAC(i.InstanceID), PrivateIpAddress: i.PrivateIP, PrivateDnsName: d.PrivateDnsName, Groups: d.SecurityGroups,
	}}
	return d
}

func (s *Service) groupName(id string) string {
	if g, ok := s.resources.Get(id); ok {
		return g.Attributes["GroupName"]
	}
	return "default"
}

// MAC is the hardware address of an instance's interface.
func MAC(instanceID string) string {
	digits := strings.TrimPrefix(instanceID, "i-") + "0000000000"
	octets := []string{"02"}
	for n := 0; n < 10; n += 2 {
		octets = append(octets, digits[n:n+2])
	}
	return strings.Join(octets, ":")
}

func (s *Service) describeInstances(_ context.Context, in *describeInstancesRequest) (*describedInstances, error) {
	l := listing[describedInstance]{
		id:       func(d *describedInstance) string { return d.InstanceId },
		notFound: func(id string) error { return noInstance(id) },
		tags:     func(d *describedInstance) []tagged { return d.Tags },
		least:    5,
		filters: map[string]func(*describedInstance) []string{
			"architecture":             func(d *describedInstance) []string { return one(d.Architecture) },
			"availability-zone":        func(d *describedInstance) []string { return one(d.Placement.AvailabilityZone) },
			"dns-name":                 func(d *describedInstance) []string { return one(d.PublicDnsName) },
			"image-id":                 func(d *describedInstance) []string { return one(d.ImageId) },
			"instance-id":              func(d *describedInstance) []string { return one(d.InstanceId) },
			"instance-state-code":      func(*describedInstance) []string { return one("16") },
			"instance-state-name":      func(d *describedInstance) []string { return one(d.State.Name) },
			"instance-type":            func(d *describedInstance) []string { return one(d.InstanceType) },
			"instance.group-id":        func(d *describedInstance) []string { return d.groups(func(g groupName) string { return g.GroupId }) },
			"instance.group-name":      func(d *describedInstance) []string { return d.groups(func(g groupName) string { return g.GroupName }) },
			"ip-address":               func(d *describedInstance) []string { return one(d.PublicIpAddress) },
			"key-name":                 func(d *describedInstance) []string { return one(d.KeyName) },
			"network-interface.vpc-id": func(d *describedInstance) []string { return one(d.VpcId) },
			"owner-id":                 func(*describedInstance) []string { return one(s.account) },
			"private-dns-name":         func(d *describedInstance) []string { return one(d.PrivateDnsName) },
			"private-ip-address":       func(d *describedInstance) []string { return one(d.PrivateIpAddress) },
			"reservation-id":           func(d *describedInstance) []string { return one(d.reservationID()) },
			"subnet-id":                func(d *describedInstance) []string { return one(d.SubnetId) },
			"vpc-id":                   func(d *describedInstance) []string { return one(d.VpcId) },
			"iam-instance-profile.arn": func(d *describedInstance) []string {
				if d.IamInstanceProfile == nil {
					return nil
				}
				return one(d.IamInstanceProfile.Arn)
			},
		},
	}
	for _, i := range s.Instances() {
		l.all = append(l.all, s.describe(&i))
	}
	found, next, err := l.page(&in.request, in.paged, in.InstanceId)
	if err != nil {
		return nil, err
	}
	out := &describedInstances{Reservations: []reservation{}, NextToken: next}
	for i := range found {
		out.Reservations = append(out.Reservations, reservation{found[i].reservationID(), s.account, []groupName{}, found[i : i+1]})
	}
	return out, nil
}

func (d *describedInstance) reservationID() string {
	return "r-" + strings.TrimPrefix(d.InstanceId, "i-")
}

func (d *describedInstance) groups(what func(groupName) string) []string {
	var list []string
	for _, g := range d.SecurityGroups {
		list = append(list, what(g))
	}
	return list
}

type describeKeyPairsRequest struct {
	request
	KeyName          []string
	KeyPairId        []string
	IncludePublicKey bool
}

type describedKeyPairs struct {
	KeyPairs []describedKeyPair `query:"keySet"`
}

type describedKeyPair struct {
	KeyPairId      string
	KeyFingerprint string
	KeyName        string
	KeyType        string
	PublicKey      string
	CreateTime     time.Time
	Tags           []tagged `query:"tagSet"`
}

func (s *Service) describeKeyPairs(_ context.Context, in *describeKeyPairsRequest) (*describedKeyPairs, error) {
	l := listing[describedKeyPair]{
		id: func(k *describedKeyPair) string { return k.KeyName },
		notFound: func(name string) error {
			return invalid("InvalidKeyPair.NotFound", "The key pair '%s' does not exist", name)
		},
		tags: func(k *describedKeyPair) []tagged { return k.Tags },
		filters: map[string]func(*describedKeyPair) []string{
			"key-pair-id": func(k *describedKeyPair) []string { return one(k.KeyPairId) },
			"fingerprint": func(k *describedKeyPair) []string { return one(k.KeyFingerprint) },
			"key-name":    func(k *describedKeyPair) []string { return one(k.KeyName) },
			"key-type":    func(k *describedKeyPair) []string { return one(k.KeyType) },
		},
	}
	names := map[string]string{}
	for _, k := range s.pairs.All() {
		names[k.KeyPairID] = k.KeyName
		d := describedKeyPair{KeyPairId: k.KeyPairID, KeyFingerprint: k.Fingerprint, KeyName: k.KeyName, KeyType: k.KeyType, CreateTime: k.CreateTime, Tags: allTags(k.Tags, "", "")}
		if in.IncludePublicKey {
			d.PublicKey = k.PublicKey
		}
		l.all = append(l.all, d)
	}
	wanted := in.KeyName
	for _, id := range in.KeyPairId {
		if names[id] == "" {
			return nil, invalid("InvalidKeyPair.NotFound", "The key pair '%s' does not exist", id)
		}
		wanted = append(wanted, names[id])
	}
	found, err := l.find(&in.request, wanted)
	return &describedKeyPairs{found}, err
}
