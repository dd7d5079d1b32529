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
	return a.records(domain, r, true)
}

func (m *macro) mutualTLS(domain *resource, config *template.Node) error {
	if !truthy(config) {
		return nil
	}
	known := []string{"TruststoreUri", "TruststoreVersion"}
	if !config.IsMap() {
		return invalidResource(m.id, config, "MutualTlsAuthentication must be a map with at least one of the following fields %s.", quoted(known))
	}
	settings := template.Map()
	for _, p := range config.Pairs {
		if !slices.Contains(known, p.Key) {
			return invalidResource(m.id, p.Value, "Available MutualTlsAuthentication fields are %s.", quoted(known))
		}
		if truthy(p.Value) {
			settings.Set(p.Key, p.Value)
		}
	}
	domain.set("MutualTlsAuthentication", settings)
	return nil
}

var notBasePath = regexp.MustCompile(`[^0-9a-zA-Z/_-]`)

// basePaths returns the base paths of a domain without slashes around them;
// nil when it has none.
func (m *macro) basePaths(domain *template.Node) ([]string, error) {
	n := domain.Get("BasePath")
	var items []*template.Node
	switch {
	case !truthy(n):
		return nil, nil
	case n.IsList():
		items = n.Items
	case n.IsScalar():
		items = []*template.Node{n}
	default:
		return nil, nil
	}
	var all []string
	for _, item := range items {
		if !item.IsScalar() || notBasePath.MatchString(item.Value) {
			return nil, invalidResource(m.id, item, "Invalid Basepath name provided.")
		}
		all = append(all, strings.Trim(item.Value, "/"))
	}
	return all, nil
}

// mappings makes one mapping for each base path, or one for the whole domain.
func (a *httpAPIMacro) mappings(domain *template.Node, name *resource) error {
	paths, err := a.basePaths(domain)
	if err != nil {
		return err
	}
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
	for _, path := range paths {
		mapping(a.id+alphanumeric(path)+"ApiMapping").set("ApiMappingKey", template.Text(path))
	}
	return nil
}

// records adds the domain's records to the record set group of its zone. All
// domains of a zone share one group.
func (m *macro) records(domain *template.Node, name *resource, regional bool) error {
	zone := present(domain.Get("Route53"))
	if zone == nil {
		return nil
	}
	if !zone.IsMap() {
		return invalidResource(m.id, zone, "Invalid property type '%s' for Route53. Expected a map defines an Amazon Route 53 configuration'.", pythonType(zone))
	}
	zoneID, zoneName := present(zone.Get("HostedZoneId")), present(zone.Get("HostedZoneName"))
	if zoneID == nil && zoneName == nil {
		return invalidResource(m.id, zone, "HostedZoneId or HostedZoneName is required to enable Route53 support on Custom Domains.")
	}
	key := zoneID
	if !truthy(key) {
		key = zoneName
	}
	id := hashed("RecordSetGroup", key)
	if isTrue(zone.Get("SeparateRecordSetGroup")) {
		id = hashed("RecordSetGroup", template.List(key, domain.Get("DomainName")))
	}
	group := m.zones[id]
	if group == nil {
		group = newResource(id, "AWS::Route53::RecordSetGroup", m.inherited())
		if zoneID != nil {
			group.set("HostedZoneId", zoneID)
		} else {
			group.set("HostedZoneName", zoneName)
		}
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
			template.P("AliasTarget", aliasTarget(zone, name, regional)),
			template.P("Region", zone.Get("Region")),
			template.P("SetIdentifier", zone.Get("SetIdentifier")),
		).At(zone.Position))
	}
	return nil
}

func aliasTarget(zone *template.Node, name *resource, regional bool) *template.Node {
	target := pairs(template.P("EvaluateTargetHealth", zone.Get("EvaluateTargetHealth")))
	if regional {
		target.Set("HostedZoneId", template.GetAtt(name.id, "RegionalHostedZoneId"))
		target.Set("DNSName", template.GetAtt(name.id, "RegionalDomainName"))
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
