package sam

import "github.com/hakonegate/hakone/internal/template"

// domain makes the custom domain of a REST API with its mappings and records.
func (a *restMacro) domain() error {
	domain := a.get("Domain")
	if !truthy(domain) {
		return nil
	}
	name, certificate := domain.Get("DomainName"), domain.Get("CertificateArn")
	if name.IsNull() || certificate.IsNull() {
		return invalidResource(a.id, domain, "Custom Domains only works if both DomainName and CertificateArn are provided.")
	}
	endpoint := present(domain.Get("EndpointConfiguration"))
	if endpoint == nil {
		endpoint = template.Text("REGIONAL")
	}
	r := newResource(hashed("ApiGatewayDomainName", name), "AWS::ApiGateway::DomainName", a.inherited())
	switch endpoint.Str() {
	case "EDGE":
		r.set("CertificateArn", certificate)
	case "REGIONAL":
		r.set("RegionalCertificateArn", certificate)
	default:
		return invalidResource(a.id, endpoint, "EndpointConfiguration for Custom Domains must be one of ['EDGE', 'REGIONAL', 'PRIVATE'].")
	}
	r.set("DomainName", name)
	r.set("EndpointConfiguration", template.Map(template.P("Types", template.List(endpoint))))
	r.set("SecurityPolicy", domain.Get("SecurityPolicy"))
	r.set("OwnershipVerificationCertificateArn", domain.Get("OwnershipVerificationCertificateArn"))
	if truthy(a.get("PropagateTags")) && truthy(a.get("Tags")) {
		r.set("Tags", tagList("", a.get("Tags")))
	}
	if err := a.mutualTLS(r, domain.Get("MutualTlsAuthentication")); err != nil {
		return err
	}
	a.add(r)
	a.refer("DomainName", r)
	paths, err := a.basePaths(domain)
	if err != nil {
		return err
	}
	mapping := func(id string) *resource {
		m := a.add(newResource(id, "AWS::ApiGateway::BasePathMapping", a.inherited()))
		m.set("DomainName", r.ref())
		m.set("RestApiId", a.api.ref())
		m.set("Stage", a.stage.ref())
		return m
	}
	if paths == nil {
		mapping(a.id + "BasePathMapping")
	}
	for _, path := range paths {
		m := mapping(a.id + alphanumeric(path) + "BasePathMapping")
		if path != "" {
			m.set("BasePath", template.Text(path))
		}
	}
	return a.records(domain, r, endpoint.Str() == "REGIONAL")
}
