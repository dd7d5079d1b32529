package ec2

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

// instanceType is AWS::EC2::Instance.
type instanceType struct{ s *Service }

// instanceProperties has every property that the type has; those that say how a
// real machine is built are checked for their spelling and kept in the stack.
// What would change who gets in, or what the instance is, is honoured or refused.
type instanceProperties struct {
	AvailabilityZone                string
	IamInstanceProfile              string
	ImageId                         string
	InstanceType                    string
	KeyName                         string
	LaunchTemplate                  *template.Node `refuse:"there are no launch templates; put its properties here"`
	MetadataOptions                 metadataOptions
	NetworkInterfaces               []networkInterface
	PrivateIpAddress                string
	SecurityGroupIds                []string
	SecurityGroups                  []string // names, or ids
	SubnetId                        string
	Tags                            []Tag
	UserData                        string
	PropagateTagsToVolumeOnCreation bool

	AdditionalInfo, Affinity, HostId, HostResourceGroupArn, InstanceInitiatedShutdownBehavior  *template.Node
	BlockDeviceMappings, CpuOptions, CreditSpecification, DisableApiTermination, EbsOptimized  *template.Node
	ElasticGpuSpecifications, ElasticInferenceAccelerators, EnclaveOptions, HibernationOptions *template.Node
	Ipv6AddressCount, Ipv6Addresses, KernelId, LicenseSpecifications, Monitoring               *template.Node
	PlacementGroupName, PrivateDnsNameOptions, RamdiskId, SourceDestCheck, SsmAssociations     *template.Node
	Tenancy, Volumes                                                                           *template.Node
}

type metadataOptions struct {
	HttpEndpoint            string `oneof:"enabled,disabled"`
	HttpProtocolIpv6        string `oneof:"enabled,disabled"`
	HttpPutResponseHopLimit int
	HttpTokens              string `oneof:"optional,required"`
	InstanceMetadataTags    string `oneof:"enabled,disabled"`
}

type networkInterface struct {
	AssociatePublicIpAddress *bool
	DeleteOnTermination      *bool
	Description              string
	DeviceIndex              string
	GroupSet                 []string
	NetworkInterfaceId       string `refuse:"an instance has one interface of its own; give its SubnetId and GroupSet"`
	PrivateIpAddress         string
	SubnetId                 string

	AssociateCarrierIpAddress, EnaSrdSpecification, Ipv6AddressCount, Ipv6Addresses *template.Node
	PrivateIpAddresses, SecondaryPrivateIpAddressCount                              *template.Node
}

var typeName = regexp.MustCompile(`^[a-z][a-z0-9\-]*\.[a-z0-9\-]+$`)

// check reads the properties and refuses what EC2 would.
func (t instanceType) check(n *template.Node) (*instanceProperties, string, error) {
	p := &instanceProperties{}
	if err := n.Decode(p); err != nil {
		return nil, "", err
	}
	p.InstanceType = cmp.Or(p.InstanceType, "m1.small")
	if err := checkInterfaces(n); err != nil {
		return nil, "", err
	}
	if err := t.s.nameGroups(p); err != nil {
		return nil, "", err
	}
	if len(p.NetworkInterfaces) > 0 {
		first := p.NetworkInterfaces[0]
		p.SubnetId = cmp.Or(p.SubnetId, first.SubnetId)
		p.PrivateIpAddress = cmp.Or(p.PrivateIpAddress, first.PrivateIpAddress)
		p.SecurityGroupIds = append(p.SecurityGroupIds, first.GroupSet...)
	}
	switch {
	case p.ImageId == "":
		return nil, "", invalid("MissingParameter", "The request must contain the parameter ImageId")
	case !typeName.MatchString(p.InstanceType):
		return nil, "", invalid("InvalidParameterValue", "Invalid value '%s' for InstanceType.", p.InstanceType)
	case p.MetadataOptions.HttpTokens != "" && p.MetadataOptions.HttpTokens != "required" && p.MetadataOptions.HttpTokens != "optional":
		return nil, "", invalid("InvalidParameterValue", "Invalid value '%s' for HttpTokens.", p.MetadataOptions.HttpTokens)
	case p.MetadataOptions.HttpPutResponseHopLimit < 0 || p.MetadataOptions.HttpPutResponseHopLimit > 64:
		return nil, "", invalid("InvalidParameterValue", "Invalid value '%d' for HttpPutResponseHopLimit.", p.MetadataOptions.HttpPutResponseHopLimit)
	}
	if err := p.checkIDs(); err != nil {
		return nil, "", err
	}
	if p.KeyName != "" {
		if _, ok := t.s.pairs.Get(p.KeyName); !ok {
			return nil, "", invalid("InvalidKeyPair.NotFound", "The key pair '%s' does not exist", p.KeyName)
		}
	}
	if p.IamInstanceProfile == "" {
		return p, "", nil
	}
	profile, ok := t.s.profiles.ProfileARN(p.IamInstanceProfile)
	if !ok || strings.HasPrefix(p.IamInstanceProfile, "arn:") {
		return nil, "", invalid("InvalidParameterValue", "Value (%s) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name", p.IamInstanceProfile)
	}
	return p, profile, nil
}

// checkInterfaces refuses a second network interface: its groups would guard
// nothing.
func checkInterfaces(n *template.Node) error {
	if list := n.Get("NetworkInterfaces"); list.IsList() && len(list.Items) > 1 {
		return &template.Error{
			Message: "hakone does not support NetworkInterfaces/1: an instance has one interface", Notes: []template.Note{{Position: list.Items[1].Position}},
		}
	}
	return nil
}

// nameGroups turns SecurityGroups into ids among the SecurityGroupIds.
func (s *Service) nameGroups(p *instanceProperties) error {
	for _, name := range p.SecurityGroups {
		id := s.groupNamed(name)
		if strings.HasPrefix(name, "sg-") {
			id = name
		}
		if id == "" {
			return invalid("InvalidGroup.NotFound", "The security group '%s' does not exist in default VPC", name)
		}
		p.SecurityGroupIds = append(p.SecurityGroupIds, id)
	}
	return nil
}

func (p *instanceProperties) checkIDs() error {
	ids := []struct{ prefix, id string }{{"ami", p.ImageId}, {"subnet", p.SubnetId}}
	for _, group := range p.SecurityGroupIds {
		ids = append(ids, struct{ prefix, id string }{"sg", group})
	}
	for _, i := range ids {
		if i.id != "" {
			if err := checkID(i.prefix, i.id); err != nil {
				return err
			}
		}
	}
	return nil
}

// apply copies what may change in place.
func (p *instanceProperties) apply(i *Instance, profile string) {
	i.InstanceType, i.ProfileARN, i.SecurityGroupIDs = p.InstanceType, profile, slices.Clone(p.SecurityGroupIds)
	i.UserData, i.Tags = p.UserData, p.Tags
	i.HTTPTokens = cmp.Or(p.MetadataOptions.HttpTokens, "required")
	i.HTTPEndpoint = cmp.Or(p.MetadataOptions.HttpEndpoint, "enabled")
	i.HopLimit = cmp.Or(p.MetadataOptions.HttpPutResponseHopLimit, 2)
	i.TagsInMetadata = p.MetadataOptions.InstanceMetadataTags == "enabled"
}

func (t instanceType) result(i *Instance) stack.Result {
	return stack.Result{PhysicalID: i.InstanceID, Attributes: map[string]string{
		"InstanceId": i.InstanceID, "AvailabilityZone": i.AvailabilityZone, "PrivateIp": i.PrivateIP, "PublicIp": i.PublicIP(),
		"PrivateDnsName": i.PrivateDNSName(t.s.region), "PublicDnsName": i.PublicDNSName(t.s.region), "VpcId": i.VPCID, "State.Name": "running",
	}}
}

// Create implements [stack.Handler].
func (t instanceType) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	p, profile, err := t.check(r.Properties)
	if err != nil {
		return stack.Result{}, err
	}
	i := &Instance{
		ImageID: p.ImageId, KeyName: p.KeyName, SubnetID: p.SubnetId, AvailabilityZone: p.AvailabilityZone, PrivateIP: p.PrivateIpAddress,
		StackID: r.StackID, StackName: r.StackName, LogicalID: r.LogicalID,
	}
	p.apply(i, profile)
	var public *bool
	if len(p.NetworkInterfaces) > 0 {
		public = p.NetworkInterfaces[0].AssociatePublicIpAddress
	}
	if err := t.s.launch(ctx, i, public); err != nil {
		return stack.Result{}, err
	}
	return t.result(i), nil
}

// Update implements [stack.Handler].
func (t instanceType) Update(ctx context.Context, r *stack.Request, _ *template.Node) (stack.Result, error) {
	p, profile, err := t.check(r.Properties)
	if err != nil {
		return stack.Result{}, err
	}
	var now Instance
	if err := t.s.instances.Update(ctx, r.PhysicalID, func(i *Instance) error { p.apply(i, profile); now = *i; return nil }); err != nil {
		return stack.Result{}, fmt.Errorf("change the instance %s: %w", r.PhysicalID, err)
	}
	return t.result(&now), nil
}

// Delete implements [stack.Handler].
func (t instanceType) Delete(ctx context.Context, r *stack.Request) error {
	return t.s.terminate(ctx, r.PhysicalID)
}
