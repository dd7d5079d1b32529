package ec2

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/store"
)

// An Instance is a place to run commands as a role.
type Instance struct {
	InstanceID       string
	ImageID          string
	InstanceType     string
	KeyName          string
	ProfileARN       string // of the instance profile; "" without
	SubnetID         string
	VPCID            string
	SecurityGroupIDs []string
	AvailabilityZone string
	PrivateIP        string
	OwnPublicIP      string // given at launch; "" without
	ElasticIP        string // associated; "" without
	UserData         string // base64, as the template has it
	LaunchTime       time.Time
	Tags             []Tag
	HTTPTokens       string // "required" or "optional": whether metadata needs a session token
	HTTPEndpoint     string // "enabled" or "disabled"
	HopLimit         int
	TagsInMetadata   bool
	StackID          string
	StackName        string
	LogicalID        string
}

// PublicIP is the address by which others would reach the instance.
func (i *Instance) PublicIP() string { return cmp.Or(i.ElasticIP, i.OwnPublicIP) }

// Name is the instance's Name tag.
func (i *Instance) Name() string { return tagMap(i.Tags)["Name"] }

// PrivateDNSName and PublicDNSName follow from the addresses.
func (i *Instance) PrivateDNSName(region string) string {
	domain := region + ".compute.internal"
	if region == "us-east-1" {
		domain = "ec2.internal"
	}
	return "ip-" + strings.ReplaceAll(i.PrivateIP, ".", "-") + "." + domain
}

// PublicDNSName is empty without a public address.
func (i *Instance) PublicDNSName(region string) string {
	if i.PublicIP() == "" {
		return ""
	}
	domain := region + ".compute.amazonaws.com"
	if region == "us-east-1" {
		domain = "compute-1.amazonaws.com"
	}
	return "ec2-" + strings.ReplaceAll(i.PublicIP(), ".", "-") + "." + domain
}

// ARN returns the instance's ARN.
func (s *Service) ARN(i *Instance) string { return s.arn("instance", i.InstanceID) }

func noInstance(id string) *awserr.Error {
	return awserr.New("InvalidInstanceID.NotFound", 400, "The instance ID '%s' does not exist", id)
}

// Instances lists the instances, by id.
func (s *Service) Instances() []Instance {
	var list []Instance
	for _, i := range s.instances.All() {
		list = append(list, i)
	}
	return list
}

// Find returns the instance that somebody means: by its id, its logical id in a
// template (alone or as STACK/LOGICAL), or its Name tag. With "" it is the only
// one there is. An instance that cannot be told apart is refused with the
// candidates.
func (s *Service) Find(name string) (Instance, error) {
	all := s.Instances()
	for _, is := range []func(i *Instance) bool{
		func(i *Instance) bool { return name == "" || i.InstanceID == name },
		func(i *Instance) bool { return i.StackName+"/"+i.LogicalID == name },
		func(i *Instance) bool { return i.LogicalID == name },
		func(i *Instance) bool { return i.Name() == name },
	} {
		var found []Instance
		for n := range all {
			if is(&all[n]) {
				found = append(found, all[n])
			}
		}
		switch len(found) {
		case 0:
			continue
		case 1:
			return found[0], nil
		default:
			return Instance{}, fmt.Errorf("several instances are meant by %q: %s", name, labels(found))
		}
	}
	if len(all) == 0 {
		return Instance{}, fmt.Errorf("there is no instance %q: no stack has made any", name)
	}
	return Instance{}, fmt.Errorf("there is no instance %q; there are %s", name, labels(all))
}

func labels(list []Instance) string {
	var names []string
	for _, i := range list {
		label := i.InstanceID
		if i.LogicalID != "" {
			label += " (" + i.StackName + "/" + i.LogicalID + ")"
		}
		names = append(names, label)
	}
	return strings.Join(names, ", ")
}

// launch fills in what EC2 decides and stores the instance.
func (s *Service) launch(ctx context.Context, i *Instance, public *bool) error {
	i.InstanceID, i.LaunchTime = newID("i"), s.now().UTC().Truncate(time.Second)
	network := netip.MustParsePrefix("172.31.0.0/20") // of the default VPC
	if subnet, ok := s.resources.Get(i.SubnetID); ok {
		i.VPCID = subnet.text("VpcId")
		i.AvailabilityZone = subnet.Attributes["AvailabilityZone"]
		if p, err := netip.ParsePrefix(subnet.text("CidrBlock")); err == nil {
			network = p.Masked()
		}
		if public == nil {
			b := strings.EqualFold(subnet.text("MapPublicIpOnLaunch"), "true")
			public = &b
		}
	}
	i.AvailabilityZone = cmp.Or(i.AvailabilityZone, s.region+"a")
	if i.PrivateIP == "" {
		i.PrivateIP = s.freeAddress(network)
	}
	if public != nil && *public {
		address, err := s.lease(ctx, lease{InstanceID: i.InstanceID})
		if err != nil {
			return err
		}
		i.OwnPublicIP = address
	}
	if err := s.instances.Create(ctx, i.InstanceID, *i); err != nil {
		return fmt.Errorf("record the instance: %w", err)
	}
	return nil
}

// freeAddress returns an address of the network that no instance has; the first
// four and the last are AWS's own.
func (s *Service) freeAddress(network netip.Prefix) string {
	var taken []string
	for _, i := range s.instances.All() {
		taken = append(taken, i.PrivateIP)
	}
	a := network.Addr()
	for range 10 {
		a = a.Next()
	}
	for ; network.Contains(a.Next()); a = a.Next() {
		if !slices.Contains(taken, a.String()) {
			return a.String()
		}
	}
	return network.Addr().Next().Next().Next().Next().String()
}

// terminate removes an instance and what it held.
func (s *Service) terminate(ctx context.Context, id string) error {
	i, ok := s.instances.Get(id)
	if !ok {
		return nil
	}
	if i.ElasticIP != "" {
		if err := s.dissociate(ctx, i.ElasticIP); err != nil {
			return err
		}
	}
	if i.OwnPublicIP != "" {
		if err := s.release(ctx, i.OwnPublicIP); err != nil {
			return err
		}
	}
	if err := s.runs.Delete(ctx, id); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	err := s.instances.Delete(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
