package imds

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/service/ec2"
	"github.com/hakonegate/hakone/internal/service/iam"
	"github.com/hakonegate/hakone/internal/service/sts"
)

// Services is the [Source] of an instance that EC2's records have. All fields are
// required.
type Services struct {
	EC2        *ec2.Service
	IAM        *iam.Service
	STS        *sts.Service
	InstanceID string
	Account    string
	Region     string
}

// Instance implements [Source]. Every call reads the records anew, so that a
// changed profile or address shows at once.
func (s *Services) Instance(context.Context) (*Instance, error) {
	i, err := s.EC2.Find(s.InstanceID)
	if err != nil {
		return nil, err
	}
	out := &Instance{
		InstanceID: i.InstanceID, ImageID: i.ImageID, InstanceType: i.InstanceType, AccountID: s.Account, Region: s.Region,
		AvailabilityZone: i.AvailabilityZone, AvailabilityZoneID: s.EC2.ZoneID(i.AvailabilityZone),
		PrivateIP: i.PrivateIP, PublicIP: i.PublicIP(), PrivateDNSName: i.PrivateDNSName(s.Region), PublicDNSName: i.PublicDNSName(s.Region),
		VPCID: i.VPCID, SubnetID: i.SubnetID, SecurityGroupIDs: s.EC2.GroupsOf(&i), SecurityGroups: s.EC2.GroupNames(s.EC2.GroupsOf(&i)),
		VPCBlock: s.EC2.Block(i.VPCID), SubnetBlock: s.EC2.Block(i.SubnetID),
		LaunchTime: i.LaunchTime, TokensRequired: i.HTTPTokens != "optional", Disabled: i.HTTPEndpoint == "disabled",
		HopLimit: i.HopLimit,
	}
	if text, err := base64.StdEncoding.DecodeString(i.UserData); err == nil {
		out.UserData = text
	}
	if pair, ok := s.EC2.KeyPair(i.KeyName); ok {
		out.KeyName, out.PublicKey = pair.KeyName, pair.PublicKey
	}
	if i.TagsInMetadata {
		out.Tags = map[string]string{}
		for _, t := range i.Tags {
			out.Tags[t.Key] = t.Value
		}
	}
	if role, profile, ok := s.role(&i); ok {
		out.ProfileARN, out.ProfileID = profile.Arn, profile.InstanceProfileId
		if role != nil {
			out.RoleName, out.RoleID = role.Name, role.ID
		}
	}
	return out, nil
}

// role returns the instance's profile, and the role in it, nil if there is none.
func (s *Services) role(i *ec2.Instance) (*access.Role, *iam.InstanceProfile, bool) {
	if i.ProfileARN == "" {
		return nil, nil, false
	}
	profile, roleARN, ok := s.IAM.ProfileRole(i.ProfileARN)
	if !ok {
		return nil, nil, false
	}
	role, ok := s.IAM.RoleByARN(roleARN)
	if !ok {
		return nil, &profile, true
	}
	return role, &profile, true
}

// RoleCredentials implements [Source]: the session is named for the instance and
// remembers where it was handed out.
func (s *Services) RoleCredentials(ctx context.Context, life time.Duration) (*access.Credentials, error) {
	i, err := s.EC2.Find(s.InstanceID)
	if err != nil {
		return nil, err
	}
	role, _, ok := s.role(&i)
	if !ok || role == nil {
		return nil, fmt.Errorf("the instance %s has no role", i.InstanceID)
	}
	return s.STS.AssumeForService(ctx, "ec2.amazonaws.com", access.Session{
		RoleARN: role.ARN, SessionName: i.InstanceID, Duration: life,
		Origin: access.Origin{InstanceARN: s.EC2.ARN(&i), VPC: i.VPCID, PrivateIP: i.PrivateIP, RoleDelivery: "2.0"},
	})
}

// InstanceRoleCredentials are [Services.RoleCredentials] for a container endpoint
// that serves one instance, whatever the name in its path.
type InstanceRoleCredentials struct{ Source Source }

// ContainerCredentials implements [Roles].
func (c InstanceRoleCredentials) ContainerCredentials(ctx context.Context, _ string) (*access.Credentials, error) {
	return c.Source.RoleCredentials(ctx, life)
}
