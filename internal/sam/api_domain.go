package sam

import "github.com/hakonegate/hakone/internal/template"

// domain makes the custom domain of a REST API with its mappings and records.
func (a *restMacro) domain() error {
	domain := a.get("Domain")
	if !truthy(domain) {
		return nil
	}
	if err := a.checkDomain(domain); err != nil {
		return err
	}
	name, certificate := domain.Get("DomainName"), domain.Get("CertificateArn")
	endpoint := domain.Get("EndpointConfiguration")
	if !truthy(endpoint) {
		endpoint = template.Text("REGIONAL")
	}
	prefix, typ := "ApiGatewayDomainName", "AWS::ApiGateway::DomainName"
	private := endpoint.Str() == "PRIVATE"
	if private {
		prefix, typ = "ApiGatewayDomainNameV2", "AWS::ApiGateway::DomainNameV2"
	}
	r := newResource(hashed(prefix, name), typ, a.inherited())
	switch endpoint.Str() {
	case "EDGE", "PRIVATE":
		r.set("CertificateArn", certificate)
	case "REGIONAL":
		r.set("RegionalCertificateArn", certificate)
	default:
		return invalidResource(a.id, endpoint, "EndpointConfiguration for Custom Domains must be one of ['EDGE', 'REGIONAL', 'PRIVATE'].")
	}
	r.set("DomainName", name)
	r.set("EndpointConfiguration", pairs(template.P("Types", template.List(endpoint)), template.P("IpAddressType", domain.Get("IpAddressType"))))
	for _, setting := range []string{"SecurityPolicy", "EndpointAccessMode"} {
		r.set(setting, domain.Get(setting))
	}
	if truthy(a.get("PropagateTags")) && truthy(a.get("Tags")) {
		r.set("Tags", tagList("", a.get("Tags")))
	}
	if private {
		r.set("Policy", domain.Get("Policy"))
	}
	if owner := domain.Get("OwnershipVerificationCertificateArn"); truthy(owner) {
		if private {
			return invalidResource(r.id, owner, "property OwnershipVerificationCertificateArn not defined for resource of type %s", typ)
		}
		r.set("OwnershipVerificationCertificateArn", owner)
	}
	if err := a.mutualTLS(r, domain.Get("MutualTlsAuthentication")); err != nil {
		return err
	}
	a.add(r)
	a.refer("DomainName", r)
	a.accessAssociation(domain.Get("AccessAssociation"), r)
	a.pathMappings(domain, r)
	return a.records(domain, r, endpoint.Str())
}

// accessAssociation lets an endpoint of a VPC reach a private domain.
func (a *restMacro) accessAssociation(config *template.Node, domain *resource) {
	if config == nil || domain.typ() != "AWS::ApiGateway::DomainNameV2" {
		return
	}
	endpoint := config.Get("VpcEndpointId")
	r := a.add(newResource(hashed("DomainNameAccessAssociation", template.List(endpoint, template.Text(domain.id))), "AWS::ApiGateway::DomainNameAccessAssociation", a.inherited()))
	r.set("AccessAssociationSource", endpoint)
	r.set("AccessAssociationSourceType", template.Text("VPCE"))
	r.set("DomainNameArn", domain.ref())
}

// pathMappings makes one mapping for each base path, or one for the whole
// domain. Only letters and digits of a base path count, unless it asks for it
// as it is.
func (a *restMacro) pathMappings(domain *template.Node, name *resource) {
	mapping := func(id string) *resource {
		typ, reference := "AWS::ApiGateway::BasePathMapping", "DomainName"
		if name.typ() == "AWS::ApiGateway::DomainNameV2" {
			typ, reference = "AWS::ApiGateway::BasePathMappingV2", "DomainNameArn"
		}
		m := a.add(newResource(id, typ, a.inherited()))
		m.set(reference, name.ref())
		m.set("RestApiId", a.api.ref())
		m.set("Stage", a.stage.ref())
		return m
	}
	paths := basePaths(domain)
	if len(paths) == 0 {
		mapping(a.id + "BasePathMapping")
	}
	for _, path := range paths {
		own := alphanumeric(path)
		m := mapping(a.id + own + "BasePathMapping")
		if normalize := domain.Get("NormalizeBasePath"); normalize != nil && !truthy(normalize) {
			own = path
		}
		m.set("BasePath", template.Text(own))
	}
}

// basePaths returns the base paths of a domain.
func basePaths(domain *template.Node) []string {
	n := domain.Get("BasePath")
	if n.IsScalar() && n.Value != "" {
		return []string{n.Value}
	}
	var all []string
	for _, item := range items(n) {
		all = append(all, item.Str())
	}
	return all
}

func (a *restMacro) checkDomain(domain *template.Node) error {
	for _, name := range []string{"DomainName", "CertificateArn"} {
		if domain.Get(name).IsNull() {
			return invalidResource(a.id, domain, "Property 'Domain.%s' is required.", name)
		}
	}
	for i, item := range items(domain.Get("BasePath")) {
		if !item.IsText() {
			return invalidResource(a.id, item, "Property 'Domain.BasePath[%d]' should be a string.", i)
		}
	}
	return nil
}
