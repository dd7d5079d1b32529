package apigatewayv2

import (
	"context"

	"github.com/hakonegate/hakone/internal/stack"
)

// domainTypes are the CloudFormation types of custom domain names.
func (s *Service) domainTypes() []stack.Type {
	return []stack.Type{
		s.routingRuleType(),
		{
			Name: "AWS::ApiGatewayV2::DomainName", Level: stack.Real, Replace: []string{"DomainName"}, Required: []string{"DomainName"},
			Attributes: []string{"RegionalDomainName", "RegionalHostedZoneId", "DomainNameArn"},
			Handler:    handler[domainNameProperties]{s.makeDomainName, s.changeDomainName, s.removeDomainName},
		},
		{
			Name: "AWS::ApiGatewayV2::ApiMapping", Level: stack.Real, Replace: []string{"DomainName"}, Required: []string{"ApiId", "DomainName", "Stage"},
			Attributes: []string{"ApiMappingId"},
			Handler: partHandler(part[apiMappingProperties, ApiMapping]{
				attribute: "ApiMappingId", owner: func(p *apiMappingProperties) string { return p.DomainName }, lay: (*apiMappingProperties).lay,
				create: s.createApiMapping, id: func(m *ApiMapping) string { return m.ApiMappingId }, update: s.UpdateApiMapping, remove: s.DeleteApiMapping,
			}),
		},
	}
}

// domainNameProperties are those of AWS::ApiGatewayV2::DomainName.
type domainNameProperties struct {
	DomainName               string
	DomainNameConfigurations []struct {
		CertificateArn                      string
		CertificateName                     string
		EndpointType                        string
		IpAddressType                       string
		OwnershipVerificationCertificateArn string
		SecurityPolicy                      string
	}
	MutualTlsAuthentication *MutualTlsAuthentication
	RoutingMode             string
	Tags                    map[string]string
}

func (p *domainNameProperties) lay(d *DomainName) error {
	d.MutualTlsAuthentication = p.MutualTlsAuthentication
	d.RoutingMode, d.Tags, d.DomainNameConfigurations = p.RoutingMode, p.Tags, nil
	for _, c := range p.DomainNameConfigurations {
		d.DomainNameConfigurations = append(d.DomainNameConfigurations, DomainNameConfiguration{
			CertificateArn: c.CertificateArn, CertificateName: c.CertificateName, EndpointType: c.EndpointType, IpAddressType: c.IpAddressType,
			OwnershipVerificationCertificateArn: c.OwnershipVerificationCertificateArn, SecurityPolicy: c.SecurityPolicy,
		})
	}
	return nil
}

func (s *Service) makeDomainName(ctx context.Context, r *stack.Request, p *domainNameProperties) (stack.Result, error) {
	in := DomainName{DomainName: p.DomainName}
	if err := p.lay(&in); err != nil {
		return stack.Result{}, err
	}
	made, err := s.createDomainName(ctx, in, r.ClientToken)
	if err != nil {
		return stack.Result{}, err
	}
	return domainResult(made), nil
}

func (s *Service) changeDomainName(ctx context.Context, r *stack.Request, p *domainNameProperties) (stack.Result, error) {
	changed, err := s.UpdateDomainName(ctx, r.PhysicalID, p.lay)
	if err != nil {
		return stack.Result{}, err
	}
	return domainResult(changed), nil
}

func (s *Service) removeDomainName(ctx context.Context, r *stack.Request, _ *domainNameProperties) error {
	return s.DeleteDomainName(ctx, r.PhysicalID)
}

func domainResult(d *DomainName) stack.Result {
	c := d.DomainNameConfigurations[0]
	return stack.Result{PhysicalID: d.DomainName, Attributes: map[string]string{
		"RegionalDomainName": c.ApiGatewayDomainName, "RegionalHostedZoneId": c.HostedZoneId, "DomainNameArn": d.DomainNameArn,
	}}
}

// apiMappingProperties are those of AWS::ApiGatewayV2::ApiMapping.
type apiMappingProperties struct{ ApiId, ApiMappingKey, DomainName, Stage string }

func (p *apiMappingProperties) lay(m *ApiMapping) error {
	m.ApiId, m.ApiMappingKey, m.Stage = p.ApiId, p.ApiMappingKey, p.Stage
	return nil
}

// vpcLinkProperties are those of AWS::ApiGatewayV2::VpcLink.
type vpcLinkProperties struct {
	Name             string
	SecurityGroupIds []string
	SubnetIds        []string
	Tags             map[string]string
}

func (s *Service) makeVpcLink(ctx context.Context, r *stack.Request, p *vpcLinkProperties) (stack.Result, error) {
	made, err := s.createVpcLink(ctx, VpcLink{Name: p.Name, SecurityGroupIds: p.SecurityGroupIds, SubnetIds: p.SubnetIds, Tags: p.Tags}, r.ClientToken)
	if err != nil {
		return stack.Result{}, err
	}
	return result(made.VpcLinkId, "VpcLinkId"), nil
}

func (s *Service) changeVpcLink(ctx context.Context, r *stack.Request, p *vpcLinkProperties) (stack.Result, error) {
	_, err := s.UpdateVpcLink(ctx, r.PhysicalID, func(v *VpcLink) error {
		v.Name, v.Tags = p.Name, p.Tags
		return nil
	})
	return result(r.PhysicalID, "VpcLinkId"), err
}

func (s *Service) removeVpcLink(ctx context.Context, r *stack.Request, _ *vpcLinkProperties) error {
	return s.DeleteVpcLink(ctx, r.PhysicalID)
}
