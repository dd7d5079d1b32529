package apigatewayv2

import (
	"context"
	"crypto/sha256"
	"errors"
	"regexp"
	"strings"

	"github.com/hakonegate/hakone/internal/store"
)

// A DomainName is a custom domain name under which APIs are served.
type DomainName struct {
	ApiMappingSelectionExpression string
	DomainName                    string
	DomainNameArn                 string
	DomainNameConfigurations      []DomainNameConfiguration
	MutualTlsAuthentication       *MutualTlsAuthentication `json:",omitempty"`
	RoutingMode                   string
	Tags                          map[string]string
}

// A DomainNameConfiguration says how a domain name is reached. Certificates are
// recorded only: the listener has its own.
type DomainNameConfiguration struct {
	ApiGatewayDomainName                string
	CertificateArn                      string `json:",omitempty"`
	CertificateName                     string `json:",omitempty"`
	DomainNameStatus                    string
	EndpointType                        string
	HostedZoneId                        string
	IpAddressType                       string
	OwnershipVerificationCertificateArn string `json:",omitempty"`
	SecurityPolicy                      string
}

// domainDocument is everything that one domain name has, as one record.
type domainDocument struct {
	DomainName DomainName
	Mappings   map[string]ApiMapping
	Rules      map[string]RoutingRule
	Trusted    string // certificates of a truststore in S3, in PEM form
}

var domainNamePattern = regexp.MustCompile(`^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// CreateDomainName makes a domain name. Names are kept in lower case.
func (s *Service) CreateDomainName(ctx context.Context, in DomainName) (*DomainName, error) {
	return s.createDomainName(ctx, in, "")
}

func (s *Service) createDomainName(ctx context.Context, in DomainName, token string) (*DomainName, error) {
	in.DomainName = strings.ToLower(in.DomainName)
	in.DomainNameArn = "arn:" + s.config.Partition + ":apigateway:" + s.config.Region + "::/domainnames/" + in.DomainName
	regional := "d-" + idOf(token, apiIDLength) + ".execute-api." + s.config.Region + ".amazonaws.com"
	if err := s.checkDomainName(&in, regional); err != nil {
		return nil, err
	}
	trusted, err := s.fetchTruststore(ctx, &in)
	if err != nil {
		return nil, err
	}
	err = s.domains.Create(ctx, in.DomainName, domainDocument{DomainName: in, Trusted: trusted})
	if errors.Is(err, store.ErrExists) {
		return nil, conflict("The domain name resource already exists.")
	}
	return &in, err
}

// checkDomainName fills in what the caller does not choose, and refuses what
// would be less strict here than it says.
func (s *Service) checkDomainName(d *DomainName, regional string) error {
	if len(d.DomainName) > 253 || !domainNamePattern.MatchString(d.DomainName) || strings.Contains(d.DomainName, ".execute-api.") {
		return badRequest("Invalid domain name identifier specified: %s", d.DomainName)
	}
	switch d.RoutingMode {
	case "":
		d.RoutingMode = routingByMappings
	case routingByMappings, routingByRules, routingByRulesAndThen:
	default:
		return badRequest("Invalid routing mode %s. Must be one of [%s, %s, %s]", d.RoutingMode, routingByMappings, routingByRules, routingByRulesAndThen)
	}
	if err := s.checkMutualTLS(d); err != nil {
		return err
	}
	d.ApiMappingSelectionExpression = "$request.basepath"
	if d.Tags == nil {
		d.Tags = map[string]string{}
	}
	if len(d.DomainNameConfigurations) == 0 {
		d.DomainNameConfigurations = make([]DomainNameConfiguration, 1)
	}
	if len(d.DomainNameConfigurations) > 1 {
		return badRequest("A domain name has one configuration")
	}
	c := d.DomainNameConfigurations[0]
	if c.EndpointType != "" && c.EndpointType != "REGIONAL" {
		return badRequest("Invalid endpoint type %s. HTTP APIs have REGIONAL domain names", c.EndpointType)
	}
	if c.SecurityPolicy != "" && c.SecurityPolicy != "TLS_1_2" {
		return badRequest("Invalid security policy %s. HTTP APIs have TLS_1_2", c.SecurityPolicy)
	}
	if c.IpAddressType == "" {
		c.IpAddressType = "ipv4"
	}
	c.EndpointType, c.SecurityPolicy, c.DomainNameStatus = "REGIONAL", "TLS_1_2", "AVAILABLE"
	c.ApiGatewayDomainName, c.HostedZoneId = regional, hostedZone(s.config.Region)
	d.DomainNameConfigurations = []DomainNameConfiguration{c}
	return nil
}

// hostedZones are those of regional API endpoints, as AWS publishes them.
var hostedZones = map[string]string{
	"us-east-1": "Z1UJRXOUMOOFQ8", "us-east-2": "ZOJJZC49E0EPZ", "us-west-1": "Z2MUQ32089INYE", "us-west-2": "Z2OJLYMUO9EFXC",
	"ap-northeast-1": "Z1YSHQZHG15GKL", "ap-southeast-1": "ZL327KTPIQFUL", "ap-southeast-2": "Z2RPCDW04V8134",
	"eu-central-1": "Z1U9ULNL0V5AJ3", "eu-west-1": "ZLY8HYME6SFDD", "eu-west-2": "ZJ5UAJN8Y3Z2Q",
}

// hostedZone returns the hosted zone of a region's endpoints; of a region that
// is not known, one that only looks like it.
func hostedZone(region string) string {
	if zone, ok := hostedZones[region]; ok {
		return zone
	}
	sum := sha256.Sum256([]byte(region))
	return "Z" + strings.ToUpper(idFrom(sum[:], 13))
}

// GetDomainName returns one domain name.
func (s *Service) GetDomainName(name string) (*DomainName, error) {
	d, err := s.readDomain(name)
	if err != nil {
		return nil, err
	}
	return &d.DomainName, nil
}

// GetDomainNames returns all domain names, sorted.
func (s *Service) GetDomainNames() []DomainName {
	var out []DomainName
	for _, d := range s.domains.All() {
		out = append(out, d.DomainName)
	}
	return out
}

// UpdateDomainName changes a domain name; fn may change everything that
// CreateDomainName takes but the name.
func (s *Service) UpdateDomainName(ctx context.Context, name string, fn func(*DomainName) error) (*DomainName, error) {
	var out DomainName
	err := s.changeDomain(ctx, name, func(_ *store.Tx, d *domainDocument) error {
		changed := d.DomainName
		if err := fn(&changed); err != nil {
			return err
		}
		changed.DomainName, changed.DomainNameArn = d.DomainName.DomainName, d.DomainName.DomainNameArn
		if err := s.checkDomainName(&changed, d.DomainName.DomainNameConfigurations[0].ApiGatewayDomainName); err != nil {
			return err
		}
		trusted, err := s.fetchTruststore(ctx, &changed)
		if err != nil {
			return err
		}
		d.DomainName, d.Trusted, out = changed, trusted, changed
		return nil
	})
	return &out, err
}

// DeleteDomainName removes a domain name with its mappings and rules.
func (s *Service) DeleteDomainName(ctx context.Context, name string) error {
	err := s.domains.Delete(ctx, strings.ToLower(name))
	if errors.Is(err, store.ErrNotFound) {
		return noDomain()
	}
	return err
}

func (s *Service) readDomain(name string) (*domainDocument, error) {
	d, ok := s.domains.Get(strings.ToLower(name))
	if !ok {
		return nil, noDomain()
	}
	return &d, nil
}

// changeDomain changes a domain name's record. fn runs again when somebody else
// was faster.
func (s *Service) changeDomain(ctx context.Context, name string, fn func(tx *store.Tx, d *domainDocument) error) error {
	return s.config.Store.Atomically(ctx, func(tx *store.Tx) error {
		err := s.domains.In(tx).Update(strings.ToLower(name), func(d *domainDocument) error { return fn(tx, d) })
		if errors.Is(err, store.ErrNotFound) {
			return noDomain()
		}
		return err
	})
}

func noDomain() error {
	return notFound("DomainName", "The domain name resource specified in the request was not found.")
}
