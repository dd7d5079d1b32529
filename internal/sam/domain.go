package sam

import (
	"regexp"
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

// domain makes the custom domain of an HTTP API with its mappings and records,
// and the stage, which the mappings refer to.
func (a *httpAPIMacro) domain() error {
	stage := a.stage()
	domain := a.get("Domain")
	if truthy(domain) {
		if err := a.customDomain(domain); err != nil {
			return err
		}
	}
	a.add(stage)
	return nil
}

func (a *httpAPIMacro) customDomain(domain *template.Node) error {
	name, certificate := domain.Get("DomainName"), domain.Get("CertificateArn")
	if name.IsNull() || certificate.IsNull() {
		return invalidResource(a.id, domain, "Custom Domains only works if both DomainName and CertificateArn are provided.")
	}
	endpoint := present(domain.Get("EndpointConfiguration"))
	if endpoint == nil {
		endpoint = template.Text("REGIONAL")
	} else if endpoint.Str() != "REGIONAL" {
		return invalidResource(a.id, endpoint, "EndpointConfiguration for Custom Domains must be one of ['REGIONAL'].")
	}
	r := newResource(hashed("ApiGatewayDomainNameV2", name), "AWS::ApiGatewayV2::DomainName", a.inherited())
	r.set("DomainName", name)
	r.set("DomainNameConfigurations", template.List(pairs(
		template.P("CertificateArn", certificate),
		template.P("EndpointType", endpoint),
		template.P("OwnershipVerificationCertificateArn", domain.Get("OwnershipVerificationCertificateArn")),
		template.P("SecurityPolicy", domain.Get("SecurityPolicy")),
	)))
	r.set("Tags", a.tags)
	if err := a.mutualTLS(r, domain.Get("MutualTlsAuthentication")); err != nil {
		return err
	}
	a.add(r)
	a.refer("DomainName", r)
	if err := a.mappings(domain, r); err != nil {
		return err
	}
	return a.records(domain, r, "REGIONAL")
}

func (m *macro) mutualTLS(domain *resource, config *template.Node) error {
	if !truthy(config) {
		return nil
	}
	known := []string{"TruststoreUri", "TruststoreVersion"}
	rest := domain.typ() != "AWS::ApiGatewayV2::DomainName" // the two kinds of API word it differently
	if !config.IsMap() {
		if rest {
			return invalidResource(m.id, config, "Property 'Domain.MutualTlsAuthentication' should be a map.")
		}
		return invalidResource(m.id, config, "MutualTlsAuthentication must be a map with at least one of the following fields %s.", quoted(known))
	}
	settings := template.Map()
	for _, p := range config.Pairs {
		if !slices.Contains(known, p.Key) {
			path := "MutualTlsAuthentication"
			if rest {
				path = "Domain." + path
			}
			return invalidResource(m.id, p.Value, "Available %s fields are %s.", path, quoted(known))
		}
		if truthy(p.Value) {
			settings.Set(p.Key, p.Value)
		}
	}
	domain.set("MutualTlsAuthentication", settings)
	return nil
}

var notBasePath = regexp.MustCompile(`[^0-9a-zA-Z/_-]`)

// mappings makes one mapping for each base path, or one for the whole domain.
func (a *httpAPIMacro) mappings(domain *template.Node, name *resource) error {
	paths := basePaths(domain)
	mapping := func(id string) *resource {
		r := a.add(newResource(id, "AWS::ApiGatewayV2::ApiMapping", a.inherited()))
		r.set("DomainName", name.ref())
		r.set("ApiId", a.api.ref())
		r.set("Stage", template.Ref(a.id+".Stage"))
		return r
	}
	if paths == nil {
		mapping(a.id + "ApiMapping")
	}
	for _, item := range items(domain.Get("BasePath")) {
		if !item.IsText() {
			return invalidResource(a.id, item, "Basepath must be a string.")
		}
	}
	for _, path := range paths {
		if notBasePath.MatchString(path) {
			return invalidResource(a.id, domain.Get("BasePath"), "Invalid Basepath name provided.")
		}
		mapping(a.id+alphanumeric(path)+"ApiMapping").set("ApiMappingKey", template.Text(strings.Trim(path, "/")))
	}
	return nil
}

// records adds the domain's records to the record set group of its zone. All
// domains of a zone share one group.
func (m *macro) records(domain *template.Node, name *resource, endpoint string) error {
	zone := domain.Get("Route53")
	if zone == nil {
		return nil
	}
	if !zone.IsMap() {
		return invalidResource(m.id, zone, "Property 'Domain.Route53' should be a map.")
	}
	zoneID, zoneName := zone.Get("HostedZoneId"), zone.Get("HostedZoneName")
	if zoneID.IsNull() && zoneName.IsNull() {
		return invalidResource(m.id, zone, "HostedZoneId or HostedZoneName is required to enable Route53 support on Custom Domains.")
	}
	if separate := zone.Get("SeparateRecordSetGroup"); separate != nil && !separate.IsBool() && name.typ() != "AWS::ApiGatewayV2::DomainName" {
		return invalidResource(m.id, separate, "Property 'Domain.Route53.SeparateRecordSetGroup' should be a boolean.")
	}
	key := zoneID
	if !truthy(key) {
		key = zoneName
	}
	id := hashed("RecordSetGroup", key)
	if isTrue(zone.Get("SeparateRecordSetGroup")) && name.typ() != "AWS::ApiGatewayV2::DomainName" {
		id = hashed("RecordSetGroup", template.List(key, domain.Get("DomainName")))
	}
	group := m.zones[id]
	if group == nil {
		group = newResource(id, "AWS::Route53::RecordSetGroup", m.inherited())
		group.set("HostedZoneId", zoneID)
		group.set("HostedZoneName", zoneName)
		group.set("RecordSets", template.List())
		m.zones[id] = group
		m.add(group)
	}
	types := []string{"A"}
	if isTrue(zone.Get("IpV6")) {
		types = append(types, "AAAA")
	}
	for _, typ := range types {
		group.props().Get("RecordSets").Append(pairs(
			template.P("Name", domain.Get("DomainName")),
			template.P("Type", template.Text(typ)),
			template.P("AliasTarget", aliasTarget(zone, name, endpoint)),
			template.P("Region", zone.Get("Region")),
			template.P("SetIdentifier", zone.Get("SetIdentifier")),
		).At(zone.Position))
	}
	return nil
}

func aliasTarget(zone *template.Node, name *resource, endpoint string) *template.Node {
	target := pairs(template.P("EvaluateTargetHealth", zone.Get("EvaluateTargetHealth")))
	switch endpoint {
	case "REGIONAL":
		target.Set("HostedZoneId", template.GetAtt(name.id, "RegionalHostedZoneId"))
		target.Set("DNSName", template.GetAtt(name.id, "RegionalDomainName"))
		return target
	case "PRIVATE":
		target.Set("HostedZoneId", orNull(zone.Get("VpcEndpointHostedZoneId")))
		target.Set("DNSName", orNull(zone.Get("VpcEndpointDomainName")))
		return target
	}
	// The hosted zone of all CloudFront distributions.
	target.Set("HostedZoneId", template.Text("Z2FDTNDATAQYW2"))
	distribution := present(zone.Get("DistributionDomainName"))
	if distribution == nil {
		distribution = template.GetAtt(name.id, "DistributionDomainName")
	}
	target.Set("DNSName", distribution)
	return target
}

func lowerAll(s string) string { return strings.ToLower(s) }
