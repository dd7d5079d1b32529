package apigatewayv2

import (
	"context"
	"net/url"
	"strings"
)

// CreateAuthorizer makes an authorizer. A nil AuthorizerResultTtlInSeconds is
// 300 seconds where there are identity sources, else 0.
func (s *Service) CreateAuthorizer(ctx context.Context, apiID string, a Authorizer) (*Authorizer, error) {
	return s.createAuthorizer(ctx, apiID, a, "")
}

func (s *Service) createAuthorizer(ctx context.Context, apiID string, a Authorizer, token string) (*Authorizer, error) {
	var out *Authorizer
	err := s.configure(ctx, apiID, func(d *document) (err error) {
		out, err = addAuthorizer(d, a, idOf(token, partLength))
		return err
	})
	return out, err
}

func addAuthorizer(d *document, a Authorizer, id string) (*Authorizer, error) {
	a.AuthorizerId = id
	if err := checkAuthorizer(d, &a); err != nil {
		return nil, err
	}
	set(&d.Configuration.Authorizers, id, a)
	return &a, nil
}

func checkAuthorizer(d *document, a *Authorizer) error {
	if a.Name == "" || len(a.Name) > 128 {
		return badRequest("The authorizer name must have 1 to 128 characters")
	}
	for id, other := range d.Configuration.Authorizers {
		if id != a.AuthorizerId && other.Name == a.Name {
			return badRequest("Authorizer name must be unique. Authorizer %s already exists in this API", a.Name)
		}
	}
	switch a.AuthorizerType {
	case AuthorizerJWT:
		return checkJWT(a)
	case AuthorizerRequest:
		return checkRequestAuthorizer(a)
	default:
		return badRequest("Invalid authorizer type %s. Must be one of [REQUEST, JWT]", a.AuthorizerType)
	}
}

func checkJWT(a *Authorizer) error {
	if len(a.IdentitySource) != 1 || !isIdentitySource(a.IdentitySource[0], "$request.header.", "$request.querystring.") {
		return badRequest("A JWT authorizer has exactly one identity source, $request.header.NAME or $request.querystring.NAME")
	}
	j := a.JwtConfiguration
	if j == nil || j.Issuer == "" {
		return badRequest("A JWT authorizer must have an issuer")
	}
	if u, err := url.Parse(j.Issuer); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return badRequest("Invalid issuer: %s. Issuer must be a URL", j.Issuer)
	}
	if len(j.Audience) == 0 || len(j.Audience) > 50 {
		return badRequest("A JWT authorizer must have 1 to 50 audiences")
	}
	if a.AuthorizerResultTtlInSeconds != nil {
		return badRequest("Results of JWT authorizers are not cached: AuthorizerResultTtlInSeconds is for REQUEST authorizers")
	}
	return nil
}

func checkRequestAuthorizer(a *Authorizer) error {
	if !strings.Contains(a.AuthorizerUri, ":lambda:") {
		return badRequest("Invalid Authorizer URI: %s names no Lambda function", a.AuthorizerUri)
	}
	switch a.AuthorizerPayloadFormatVersion {
	case "1.0":
		if a.EnableSimpleResponses {
			return badRequest("Simple responses need the authorizer payload format version 2.0")
		}
	case "2.0":
	default:
		return badRequest("AuthorizerPayloadFormatVersion must be one of [1.0, 2.0]")
	}
	for _, source := range a.IdentitySource {
		if !isIdentitySource(source, "$request.header.", "$request.querystring.", "$context.", "$stageVariables.") {
			return badRequest("Invalid identity source %s", source)
		}
	}
	if a.AuthorizerResultTtlInSeconds == nil {
		ttl := 0
		if len(a.IdentitySource) > 0 {
			ttl = 300
		}
		a.AuthorizerResultTtlInSeconds = &ttl
	}
	switch ttl := *a.AuthorizerResultTtlInSeconds; {
	case ttl < 0 || ttl > 3600:
		return badRequest("AuthorizerResultTtlInSeconds must be between 0 and 3600")
	case ttl > 0 && len(a.IdentitySource) == 0:
		return badRequest("Results can only be cached for authorizers with an identity source")
	}
	return nil
}

func isIdentitySource(s string, prefixes ...string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) && len(s) > len(p) {
			return true
		}
	}
	return false
}

// GetAuthorizer returns one authorizer.
func (s *Service) GetAuthorizer(apiID, authorizerID string) (*Authorizer, error) {
	d, err := s.read(apiID)
	if err != nil {
		return nil, err
	}
	a, ok := d.Configuration.Authorizers[authorizerID]
	if !ok {
		return nil, noAuthorizer()
	}
	return &a, nil
}

// GetAuthorizers returns an API's authorizers, sorted by identifier.
func (s *Service) GetAuthorizers(apiID string) ([]Authorizer, error) {
	d, err := s.read(apiID)
	if err != nil {
		return nil, err
	}
	return values(d.Configuration.Authorizers), nil
}

// UpdateAuthorizer changes an authorizer; fn may change all but the identifier.
func (s *Service) UpdateAuthorizer(ctx context.Context, apiID, authorizerID string, fn func(*Authorizer) error) (*Authorizer, error) {
	var out Authorizer
	err := s.configure(ctx, apiID, func(d *document) error {
		a, ok := d.Configuration.Authorizers[authorizerID]
		if !ok {
			return noAuthorizer()
		}
		if err := fn(&a); err != nil {
			return err
		}
		a.AuthorizerId = authorizerID
		if err := checkAuthorizer(d, &a); err != nil {
			return err
		}
		d.Configuration.Authorizers[authorizerID], out = a, a
		return nil
	})
	return &out, err
}

// DeleteAuthorizer removes an authorizer that no route uses.
func (s *Service) DeleteAuthorizer(ctx context.Context, apiID, authorizerID string) error {
	return s.configure(ctx, apiID, func(d *document) error {
		if _, ok := d.Configuration.Authorizers[authorizerID]; !ok {
			return noAuthorizer()
		}
		for _, r := range d.Configuration.Routes {
			if r.AuthorizerId == authorizerID {
				return conflict("Cannot delete Authorizer '%s' due to it being referenced by another resource, e.g., Route", authorizerID)
			}
		}
		delete(d.Configuration.Authorizers, authorizerID)
		return nil
	})
}

func noAuthorizer() error { return notFound("Authorizer", "Invalid Authorizer identifier specified") }
