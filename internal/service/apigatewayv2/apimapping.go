package apigatewayv2

import (
	"context"
	"iter"
	"regexp"
	"strings"

	"github.com/hakonegate/hakone/internal/store"
)

// An ApiMapping serves a stage under a path of a domain name. The key "" takes
// what no other key does.
type ApiMapping struct {
	ApiId         string
	ApiMappingId  string
	ApiMappingKey string
	Stage         string
}

// maxDeepMappings is how many keys of several segments a domain name may have.
const maxDeepMappings = 200

// CreateApiMapping makes a mapping of a domain name.
func (s *Service) CreateApiMapping(ctx context.Context, domainName string, m ApiMapping) (*ApiMapping, error) {
	return s.createApiMapping(ctx, domainName, m, "")
}

func (s *Service) createApiMapping(ctx context.Context, domainName string, m ApiMapping, token string) (*ApiMapping, error) {
	m.ApiMappingId = idOf(token, partLength)
	err := s.changeDomain(ctx, domainName, func(tx *store.Tx, d *domainDocument) error {
		if d.DomainName.RoutingMode == routingByRules {
			return badRequest("API mappings are not supported for the routing mode %s of this domain name", routingByRules)
		}
		if err := s.checkApiMapping(tx, d, &m); err != nil {
			return err
		}
		set(&d.Mappings, m.ApiMappingId, m)
		return nil
	})
	return &m, err
}

var mappingKey = regexp.MustCompile(`^[A-Za-z0-9$\-_.+!*'(),]+(/[A-Za-z0-9$\-_.+!*'(),]+)*$`)

func (s *Service) checkApiMapping(tx *store.Tx, d *domainDocument, m *ApiMapping) error {
	switch key := m.ApiMappingKey; {
	case key == "":
	case len(key) > 300 || !mappingKey.MatchString(key):
		return badRequest("An ApiMapping key may contain only letters, numbers and one of $-_.+!*'(),")
	case key == "ping" || key == "sping":
		return badRequest("The ApiMapping key %s is reserved for service health checks", key)
	}
	deep := 0
	for id, other := range d.Mappings {
		if id == m.ApiMappingId {
			continue
		}
		if other.ApiMappingKey == m.ApiMappingKey {
			return conflict("ApiMapping key already exists for this domain name")
		}
		if strings.Contains(other.ApiMappingKey, "/") {
			deep++
		}
	}
	if deep >= maxDeepMappings && strings.Contains(m.ApiMappingKey, "/") {
		return badRequest("A domain name has at most %d API mappings of several levels", maxDeepMappings)
	}
	return s.checkStageIn(tx, m.ApiId, m.Stage)
}

// checkStageIn refuses a stage that is not there.
func (s *Service) checkStageIn(tx *store.Tx, apiID, stage string) error {
	a, ok := s.apis.In(tx).Get(apiID)
	if !ok {
		return s.noAPI(apiID)
	}
	if _, ok := a.Stages[stage]; !ok {
		return badRequest("Invalid stage identifier specified")
	}
	return nil
}

// GetApiMapping returns one mapping of a domain name.
func (s *Service) GetApiMapping(domainName, id string) (*ApiMapping, error) {
	d, err := s.readDomain(domainName)
	if err != nil {
		return nil, err
	}
	m, ok := d.Mappings[id]
	if !ok {
		return nil, noApiMapping()
	}
	return &m, nil
}

// GetApiMappings returns a domain name's mappings, sorted by identifier.
func (s *Service) GetApiMappings(domainName string) ([]ApiMapping, error) {
	d, err := s.readDomain(domainName)
	if err != nil {
		return nil, err
	}
	return values(d.Mappings), nil
}

// UpdateApiMapping changes a mapping; fn may change all but the identifier.
func (s *Service) UpdateApiMapping(ctx context.Context, domainName, id string, fn func(*ApiMapping) error) (*ApiMapping, error) {
	var out ApiMapping
	err := s.changeDomain(ctx, domainName, func(tx *store.Tx, d *domainDocument) error {
		m, ok := d.Mappings[id]
		if !ok {
			return noApiMapping()
		}
		if err := fn(&m); err != nil {
			return err
		}
		m.ApiMappingId = id
		if err := s.checkApiMapping(tx, d, &m); err != nil {
			return err
		}
		d.Mappings[id], out = m, m
		return nil
	})
	return &out, err
}

// DeleteApiMapping removes a mapping.
func (s *Service) DeleteApiMapping(ctx context.Context, domainName, id string) error {
	return s.changeDomain(ctx, domainName, func(_ *store.Tx, d *domainDocument) error {
		if _, ok := d.Mappings[id]; !ok {
			return noApiMapping()
		}
		delete(d.Mappings, id)
		return nil
	})
}

func noApiMapping() error { return notFound("ApiMapping", "Invalid API mapping identifier specified") }

// mapped reports whether a domain name serves a stage of an API, or, for the
// stage "", any.
func (s *Service) mapped(apiID, stage string) bool {
	for _, d := range s.domains.All() {
		for _, m := range d.Mappings {
			if m.ApiId == apiID && (stage == "" || m.Stage == stage) {
				return true
			}
		}
		for _, r := range d.Rules {
			if a := r.Actions[0].InvokeApi; a.ApiId == apiID && (stage == "" || a.Stage == stage) {
				return true
			}
		}
	}
	return false
}

// A ServedDomain is a domain name with the rules and mappings that its routing
// mode has in force. The name is in lower case. Receivers must not change it.
type ServedDomain struct {
	Name       string
	Rules      []RoutingRule // by priority, before the mappings
	Mappings   []ApiMapping
	Truststore string // URI of who may connect; "": everybody
	Trusted    string // their authorities in PEM form; "": the operator has them
}

// Domains returns the domain names of the account, sorted.
func (s *Service) Domains() iter.Seq[ServedDomain] {
	return func(yield func(ServedDomain) bool) {
		for name, d := range s.domains.All() {
			out := ServedDomain{Name: name, Truststore: d.DomainName.truststore(), Trusted: d.Trusted}
			if d.DomainName.RoutingMode != routingByMappings {
				out.Rules = d.rules()
			}
			if d.DomainName.RoutingMode != routingByRules {
				out.Mappings = values(d.Mappings)
			}
			if !yield(out) {
				return
			}
		}
	}
}
