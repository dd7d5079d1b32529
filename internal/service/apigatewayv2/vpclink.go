package apigatewayv2

import (
	"context"
	"errors"
	"time"

	"github.com/hakonegate/hakone/internal/store"
)

// A VpcLink stands for the network in which private integrations are. What it
// leads to is the operator's to say: there is no VPC here.
type VpcLink struct {
	CreatedDate          time.Time
	Name                 string
	SecurityGroupIds     []string
	SubnetIds            []string
	Tags                 map[string]string
	VpcLinkId            string
	VpcLinkStatus        string
	VpcLinkStatusMessage string
	VpcLinkVersion       string
}

// CreateVpcLink makes a VPC link.
func (s *Service) CreateVpcLink(ctx context.Context, in VpcLink) (*VpcLink, error) {
	return s.createVpcLink(ctx, in, "")
}

func (s *Service) createVpcLink(ctx context.Context, in VpcLink, token string) (*VpcLink, error) {
	in.VpcLinkId, in.CreatedDate = idOf(token, partLength), s.now()
	in.VpcLinkStatus, in.VpcLinkStatusMessage, in.VpcLinkVersion = "AVAILABLE", "VPC link is ready to route traffic", "V2"
	if err := checkVpcLink(&in); err != nil {
		return nil, err
	}
	err := s.vpcLinks.Create(ctx, in.VpcLinkId, in)
	if errors.Is(err, store.ErrExists) {
		return nil, conflict("A VPC link with the identifier %s already exists", in.VpcLinkId)
	}
	return &in, err
}

func checkVpcLink(v *VpcLink) error {
	switch {
	case v.Name == "" || len(v.Name) > 128:
		return badRequest("The VPC link name must have 1 to 128 characters")
	case len(v.SubnetIds) == 0 || len(v.SubnetIds) > 10:
		return badRequest("A VPC link has 1 to 10 subnets")
	}
	if v.SecurityGroupIds == nil {
		v.SecurityGroupIds = []string{}
	}
	if v.Tags == nil {
		v.Tags = map[string]string{}
	}
	return nil
}

// GetVpcLink returns one VPC link.
func (s *Service) GetVpcLink(id string) (*VpcLink, error) {
	v, ok := s.vpcLinks.Get(id)
	if !ok {
		return nil, noVpcLink(id)
	}
	return &v, nil
}

// GetVpcLinks returns all VPC links, sorted by identifier.
func (s *Service) GetVpcLinks() []VpcLink {
	var out []VpcLink
	for _, v := range s.vpcLinks.All() {
		out = append(out, v)
	}
	return out
}

// UpdateVpcLink changes a VPC link; fn may change its name and its tags.
func (s *Service) UpdateVpcLink(ctx context.Context, id string, fn func(*VpcLink) error) (*VpcLink, error) {
	var out VpcLink
	err := s.config.Store.Atomically(ctx, func(tx *store.Tx) error {
		return s.vpcLinks.In(tx).Update(id, func(v *VpcLink) error {
			changed := *v
			if err := fn(&changed); err != nil {
				return err
			}
			v.Name, v.Tags = changed.Name, changed.Tags
			if err := checkVpcLink(v); err != nil {
				return err
			}
			out = *v
			return nil
		})
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, noVpcLink(id)
	}
	return &out, err
}

// DeleteVpcLink removes a VPC link that no integration uses.
func (s *Service) DeleteVpcLink(ctx context.Context, id string) error {
	for _, d := range s.apis.All() {
		for _, i := range d.Configuration.Integrations {
			if i.ConnectionId == id {
				return badRequest("Cannot delete vpc link. Vpc link '%s', is referenced in [API:%s, Integration:%s]", id, d.API.ApiId, i.IntegrationId)
			}
		}
	}
	err := s.vpcLinks.Delete(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return noVpcLink(id)
	}
	return err
}

func noVpcLink(id string) error {
	return notFound("VpcLink", "Invalid VpcLink identifier specified: %s", id)
}
