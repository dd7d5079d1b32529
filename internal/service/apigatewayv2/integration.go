package apigatewayv2

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// CreateIntegration makes an integration.
func (s *Service) CreateIntegration(ctx context.Context, apiID string, i Integration) (*Integration, error) {
	return s.createIntegration(ctx, apiID, i, "")
}

func (s *Service) createIntegration(ctx context.Context, apiID string, i Integration, token string) (*Integration, error) {
	var out *Integration
	err := s.configure(ctx, apiID, func(d *document) (err error) {
		out, err = s.addIntegration(d, i, idOf(token, partLength))
		return err
	})
	return out, err
}

func (s *Service) addIntegration(d *document, i Integration, id string) (*Integration, error) {
	i.IntegrationId = id
	if err := s.checkIntegration(&i); err != nil {
		return nil, err
	}
	set(&d.Configuration.Integrations, id, i)
	return &i, nil
}

// checkIntegration fills in defaults and refuses what the gateway does not
// serve, so that nobody finds out by a failing request.
func (s *Service) checkIntegration(i *Integration) error {
	if err := s.checkConnection(i); err != nil {
		return err
	}
	if i.PayloadFormatVersion == "" {
		i.PayloadFormatVersion = "1.0"
	}
	if i.TimeoutInMillis == 0 {
		i.TimeoutInMillis = 30000
	}
	if i.TimeoutInMillis < 50 || i.TimeoutInMillis > 30000 {
		return badRequest("Timeout should be between 50 ms and 30000 ms")
	}
	switch {
	case i.IntegrationType == IntegrationAWSProxy && i.IntegrationSubtype != "":
		if i.IntegrationMethod == "" {
			i.IntegrationMethod = "POST"
		}
		return s.checkService(i)
	case i.IntegrationType == IntegrationAWSProxy:
		return checkLambda(i)
	case i.IntegrationSubtype != "":
		return badRequest("Only AWS_PROXY integrations have a subtype")
	case i.IntegrationType == IntegrationHTTPProxy:
		return checkHTTP(i)
	default:
		return badRequest("Invalid integration type %s for an HTTP API. Must be one of [AWS_PROXY, HTTP_PROXY]", i.IntegrationType)
	}
}

func checkLambda(i *Integration) error {
	if len(i.RequestParameters)+len(i.ResponseParameters) > 0 {
		return badRequest("Parameter mapping is not for Lambda integrations: it is for HTTP_PROXY integrations and AWS services")
	}
	if i.IntegrationMethod == "" {
		i.IntegrationMethod = "POST"
	}
	if i.PayloadFormatVersion != "1.0" && i.PayloadFormatVersion != "2.0" {
		return badRequest("Invalid payload format version %s. Must be one of [1.0, 2.0]", i.PayloadFormatVersion)
	}
	if !strings.Contains(i.IntegrationUri, ":lambda:") {
		return badRequest("Invalid Uri: %s names no Lambda function", i.IntegrationUri)
	}
	return nil
}

var stageVariable = regexp.MustCompile(`\$\{stageVariables\.[^}]*\}`)

func checkHTTP(i *Integration) error {
	if _, err := ParseRequestMapping(i.RequestParameters); err != nil {
		return err
	}
	if err := checkResponseMappings(i); err != nil {
		return err
	}
	if i.IntegrationMethod != AnyMethod && !slices.Contains(Methods, i.IntegrationMethod) {
		return badRequest("Invalid integration method %q. Must be one of [%s, ANY]", i.IntegrationMethod, strings.Join(Methods, ", "))
	}
	if i.PayloadFormatVersion != "1.0" {
		return badRequest("HTTP_PROXY integrations have the payload format version 1.0")
	}
	if i.ConnectionType == ConnectionVPCLink || strings.HasPrefix(i.IntegrationUri, "${stageVariables.") {
		return nil // checkConnection has looked at the URI, or the gateway does when it knows the variable
	}
	// Stage variables may stand for any part, a port too: the gateway looks again
	// when it knows them.
	plain := strings.NewReplacer("{", "", "}", "").Replace(stageVariable.ReplaceAllString(i.IntegrationUri, "1"))
	u, err := url.Parse(plain)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return badRequest("Invalid HTTP endpoint specified for URI")
	}
	return nil
}

// GetIntegration returns one integration.
func (s *Service) GetIntegration(apiID, integrationID string) (*Integration, error) {
	d, err := s.read(apiID)
	if err != nil {
		return nil, err
	}
	i, ok := d.Configuration.Integrations[integrationID]
	if !ok {
		return nil, noIntegration(integrationID)
	}
	return &i, nil
}

// GetIntegrations returns an API's integrations, sorted by identifier.
func (s *Service) GetIntegrations(apiID string) ([]Integration, error) {
	d, err := s.read(apiID)
	if err != nil {
		return nil, err
	}
	return values(d.Configuration.Integrations), nil
}

// UpdateIntegration changes an integration; fn may change all but the
// identifier.
func (s *Service) UpdateIntegration(ctx context.Context, apiID, integrationID string, fn func(*Integration) error) (*Integration, error) {
	var out Integration
	err := s.configure(ctx, apiID, func(d *document) error {
		i, ok := d.Configuration.Integrations[integrationID]
		if !ok {
			return noIntegration(integrationID)
		}
		if err := fn(&i); err != nil {
			return err
		}
		i.IntegrationId = integrationID
		dropEmptyMappings(&i)
		if err := s.checkIntegration(&i); err != nil {
			return err
		}
		d.Configuration.Integrations[integrationID], out = i, i
		return nil
	})
	return &out, err
}

// DeleteIntegration removes an integration that no route uses.
func (s *Service) DeleteIntegration(ctx context.Context, apiID, integrationID string) error {
	return s.configure(ctx, apiID, func(d *document) error {
		if _, ok := d.Configuration.Integrations[integrationID]; !ok {
			return noIntegration(integrationID)
		}
		for _, r := range d.Configuration.Routes {
			if r.Target == "integrations/"+integrationID {
				return conflict("Cannot delete Integration '%s' due to it being referenced by another resource, e.g., Route", integrationID)
			}
		}
		delete(d.Configuration.Integrations, integrationID)
		return nil
	})
}

func noIntegration(id string) error {
	return notFound("Integration", "Invalid Integration identifier specified %s", id)
}

// checkPassthrough refuses what a proxy cannot do: it passes every body on, and
// has no templates.
func checkPassthrough(behavior string) error {
	switch strings.ToUpper(behavior) {
	case "", "WHEN_NO_MATCH", "WHEN_NO_TEMPLATES":
		return nil
	case "NEVER":
		return badRequest("The passthrough behavior NEVER is not supported for HTTP APIs, whose integrations pass every body on")
	default:
		return badRequest("Invalid passthrough behavior %s. Must be one of [WHEN_NO_MATCH, WHEN_NO_TEMPLATES, NEVER]", behavior)
	}
}
