package apigatewayv2

import (
	"context"
	"net/http"

	"github.com/hakonegate/hakone/internal/wire"
)

func (s *Service) domainOperations() []wire.Operation {
	return []wire.Operation{
		op(s, "GetDomainNames", get, domainsPath, func(_ context.Context, in *request) (*list[DomainName], error) {
			return paged(s.GetDomainNames(), in)
		}),
		op(s, "CreateDomainName", post, domainsPath, s.wireCreateDomainName),
		op(s, "GetDomainName", get, domainPath, func(_ context.Context, in *request) (*DomainName, error) { return s.GetDomainName(in.DomainName) }),
		op(s, "UpdateDomainName", patch, domainPath, s.wireUpdateDomainName),
		op(s, "DeleteDomainName", remove, domainPath, nothing(func(ctx context.Context, in *request) error {
			return s.DeleteDomainName(ctx, in.DomainName)
		})),

		op(s, "GetApiMappings", get, mappingsPath, func(_ context.Context, in *request) (*list[ApiMapping], error) {
			mappings, err := s.GetApiMappings(in.DomainName)
			if err != nil {
				return nil, err
			}
			return paged(mappings, in)
		}),
		op(s, "CreateApiMapping", post, mappingsPath, s.wireCreateApiMapping),
		op(s, "GetApiMapping", get, mappingPath, func(_ context.Context, in *request) (*ApiMapping, error) {
			return s.GetApiMapping(in.DomainName, in.ApiMappingId)
		}),
		op(s, "UpdateApiMapping", patch, mappingPath, s.wireUpdateApiMapping),
		op(s, "DeleteApiMapping", remove, mappingPath, nothing(func(ctx context.Context, in *request) error {
			return s.DeleteApiMapping(ctx, in.DomainName, in.ApiMappingId)
		})),
	}
}

func (s *Service) wireCreateDomainName(ctx context.Context, in *request) (*DomainName, error) {
	var d DomainName
	if err := in.read(&d); err != nil {
		return nil, err
	}
	return s.CreateDomainName(ctx, d)
}

func (s *Service) wireUpdateDomainName(ctx context.Context, in *request) (*DomainName, error) {
	return s.UpdateDomainName(ctx, in.DomainName, func(d *DomainName) error {
		tags := d.Tags
		d.Tags = nil // so that nothing is read into the record's own
		err := in.read(d)
		d.Tags = tags
		return err
	})
}

func (s *Service) wireCreateApiMapping(ctx context.Context, in *request) (*ApiMapping, error) {
	var m ApiMapping
	if err := in.read(&m); err != nil {
		return nil, err
	}
	return s.CreateApiMapping(ctx, in.DomainName, m)
}

func (s *Service) wireUpdateApiMapping(ctx context.Context, in *request) (*ApiMapping, error) {
	return s.UpdateApiMapping(ctx, in.DomainName, in.ApiMappingId, func(m *ApiMapping) error { return in.read(m) })
}

func (s *Service) vpcLinkOperations() []wire.Operation {
	deletion := op(s, "DeleteVpcLink", remove, vpcLinkPath, nothing(func(ctx context.Context, in *request) error {
		return s.DeleteVpcLink(ctx, in.VpcLinkId)
	}))
	deletion.Status = http.StatusAccepted
	return []wire.Operation{
		op(s, "GetVpcLinks", get, vpcLinksPath, func(_ context.Context, in *request) (*list[VpcLink], error) {
			return paged(s.GetVpcLinks(), in)
		}),
		op(s, "CreateVpcLink", post, vpcLinksPath, func(ctx context.Context, in *request) (*VpcLink, error) {
			var v VpcLink
			if err := in.read(&v); err != nil {
				return nil, err
			}
			return s.CreateVpcLink(ctx, v)
		}),
		op(s, "GetVpcLink", get, vpcLinkPath, func(_ context.Context, in *request) (*VpcLink, error) { return s.GetVpcLink(in.VpcLinkId) }),
		op(s, "UpdateVpcLink", patch, vpcLinkPath, func(ctx context.Context, in *request) (*VpcLink, error) {
			var said struct{ Name string }
			if err := in.read(&said); err != nil {
				return nil, err
			}
			return s.UpdateVpcLink(ctx, in.VpcLinkId, func(v *VpcLink) error {
				if said.Name != "" {
					v.Name = said.Name
				}
				return nil
			})
		}),
		deletion,
	}
}
