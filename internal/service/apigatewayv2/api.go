package apigatewayv2

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/store"
)

// A CreateApiInput says what API to make. Of API, the identifier, the endpoint
// and the date are not looked at. Target makes a quick create: one route, its
// integration and the stage $default.
type CreateApiInput struct {
	API

	CredentialsArn string
	RouteKey       string // of a quick create; "" means $default
	Target         string // ARN of a function, or a URL
	ClientToken    string // a repeated call with the same token makes no second API
}

// CreateApi makes an API.
func (s *Service) CreateApi(ctx context.Context, in *CreateApiInput) (*API, error) {
	d := document{API: in.API}
	if err := s.complete(&d.API, idOf(in.ClientToken, apiIDLength)); err != nil {
		return nil, err
	}
	if in.Target != "" {
		if err := s.quickCreate(&d, in); err != nil {
			return nil, err
		}
	}
	return s.store(ctx, &d)
}

// store writes a new API's record.
func (s *Service) store(ctx context.Context, d *document) (*API, error) {
	err := s.apis.Create(ctx, d.API.ApiId, *d)
	if errors.Is(err, store.ErrExists) {
		return nil, conflict("An API with the identifier %s already exists", d.API.ApiId)
	}
	if err != nil {
		return nil, err
	}
	return &d.API, nil
}

// complete checks a and fills in what the caller does not choose.
func (s *Service) complete(a *API, id string) error {
	a.ApiId = id
	a.CreatedDate = s.now()
	suffix := "amazonaws.com"
	if strings.HasPrefix(s.config.Region, "cn-") {
		suffix = "amazonaws.com.cn"
	}
	a.ApiEndpoint = "https://" + id + ".execute-api." + s.config.Region + "." + suffix
	return checkAPI(a)
}

const (
	requestRouteSelection = "$request.method $request.path"
	apiKeyFromHeader      = "$request.header.x-api-key"
)

// checkAPI fills in defaults and refuses what HTTP APIs cannot have.
func checkAPI(a *API) error {
	switch a.ProtocolType {
	case "HTTP":
	case "WEBSOCKET":
		return badRequest(noWebSocket)
	default:
		return badRequest("Invalid protocol specified. Must be one of [HTTP, WEBSOCKET]")
	}
	if a.Name == "" || len(a.Name) > 128 {
		return badRequest("The API name must have 1 to 128 characters")
	}
	if a.RouteSelectionExpression == "" {
		a.RouteSelectionExpression = requestRouteSelection
	}
	if plain := strings.NewReplacer("${", "$", "}", "").Replace(a.RouteSelectionExpression); plain != requestRouteSelection {
		return badRequest("HTTP APIs take no other route selection expression than %s", requestRouteSelection)
	}
	if a.ApiKeySelectionExpression == "" {
		a.ApiKeySelectionExpression = apiKeyFromHeader
	}
	switch a.IpAddressType {
	case "":
		a.IpAddressType = "ipv4"
	case "ipv4", "dualstack":
	default:
		return badRequest("Invalid IP address type %s. Must be one of [ipv4, dualstack]", a.IpAddressType)
	}
	if a.Tags == nil {
		a.Tags = map[string]string{}
	}
	return checkCors(a.CorsConfiguration)
}

func checkCors(c *Cors) error {
	switch {
	case c == nil:
		return nil
	case c.AllowCredentials && slices.Contains(c.AllowOrigins, "*"):
		return badRequest("allow-credentials is not supported if 'allow-origin' is *")
	case c.MaxAge != nil && (*c.MaxAge < -1 || *c.MaxAge > 86400):
		return badRequest("maxAge must be between -1 and 86400")
	}
	for _, m := range c.AllowMethods {
		if m != "*" && !slices.Contains(Methods, strings.ToUpper(m)) {
			return badRequest("Invalid CORS method %s", m)
		}
	}
	for _, o := range c.AllowOrigins {
		if o != "*" && !strings.Contains(o, "://") {
			return badRequest("Invalid CORS origin %s. It must have the format scheme://host", o)
		}
	}
	return nil
}

// quickIntegration is the integration that a quick create makes for a target.
func quickIntegration(target, credentials string) Integration {
	i := Integration{
		ApiGatewayManaged: true, IntegrationType: IntegrationAWSProxy, IntegrationUri: target, PayloadFormatVersion: "2.0", CredentialsArn: credentials,
	}
	if strings.HasPrefix(target, "http") {
		i.IntegrationType, i.PayloadFormatVersion, i.IntegrationMethod = IntegrationHTTPProxy, "1.0", AnyMethod
	}
	return i
}

func (s *Service) quickCreate(d *document, in *CreateApiInput) error {
	made, err := s.addIntegration(d, quickIntegration(in.Target, in.CredentialsArn), newID(partLength))
	if err != nil {
		return err
	}
	key := in.RouteKey
	if key == "" {
		key = DefaultRoute
	}
	if _, err := addRoute(d, Route{ApiGatewayManaged: true, RouteKey: key, Target: "integrations/" + made.IntegrationId}, newID(partLength)); err != nil {
		return err
	}
	_, err = s.addStage(d, Stage{ApiGatewayManaged: true, StageName: DefaultStage, AutoDeploy: true})
	if err != nil {
		return err
	}
	s.autoDeploy(d)
	return nil
}

// GetApi returns one API.
func (s *Service) GetApi(apiID string) (*API, error) {
	d, err := s.read(apiID)
	if err != nil {
		return nil, err
	}
	return &d.API, nil
}

// GetApis returns all APIs, sorted by identifier.
func (s *Service) GetApis() []API {
	var out []API
	for _, d := range s.apis.All() {
		out = append(out, d.API)
	}
	return out
}

// UpdateApi changes an API; fn may change everything that CreateApi takes.
func (s *Service) UpdateApi(ctx context.Context, apiID string, fn func(*API) error) (*API, error) {
	return s.updateApi(ctx, apiID, quickUpdate{}, fn)
}

// A quickUpdate changes what a quick create made; what is empty stays.
type quickUpdate struct{ CredentialsArn, RouteKey, Target string }

// quickUpdate changes the route and the integration of a quick create.
func (s *Service) quickUpdate(d *document, q quickUpdate) error {
	if q == (quickUpdate{}) {
		return nil
	}
	for routeID, r := range d.Configuration.Routes {
		id := strings.TrimPrefix(r.Target, "integrations/")
		i := d.Configuration.Integrations[id]
		if !r.ApiGatewayManaged || !i.ApiGatewayManaged {
			continue
		}
		if q.RouteKey != "" {
			r.RouteKey = q.RouteKey
			if err := checkRoute(d, &r); err != nil {
				return err
			}
		}
		if q.CredentialsArn != "" {
			i.CredentialsArn = q.CredentialsArn
		}
		if q.Target != "" {
			i.IntegrationUri = q.Target
		}
		if err := s.checkIntegration(&i); err != nil {
			return err
		}
		d.Configuration.Routes[routeID], d.Configuration.Integrations[id] = r, i
		return nil
	}
	return badRequest("Only an API that was made by quick create has credentialsArn, routeKey and target")
}

func (s *Service) updateApi(ctx context.Context, apiID string, quick quickUpdate, fn func(*API) error) (*API, error) {
	var out API
	err := s.configure(ctx, apiID, func(d *document) error {
		a := d.API
		if err := fn(&a); err != nil {
			return err
		}
		a.ApiId, a.ApiEndpoint, a.CreatedDate = d.API.ApiId, d.API.ApiEndpoint, d.API.CreatedDate
		if err := checkAPI(&a); err != nil {
			return err
		}
		d.API, out = a, a
		return s.quickUpdate(d, quick)
	})
	return &out, err
}

// DeleteCorsConfiguration takes an API's CORS configuration away.
func (s *Service) DeleteCorsConfiguration(ctx context.Context, apiID string) error {
	_, err := s.UpdateApi(ctx, apiID, func(a *API) error { a.CorsConfiguration = nil; return nil })
	return err
}

// DeleteApi removes an API with all that it has.
func (s *Service) DeleteApi(ctx context.Context, apiID string) error {
	return s.config.Store.Atomically(ctx, func(tx *store.Tx) error {
		apis := s.apis.In(tx)
		d, ok := apis.Get(apiID)
		if !ok {
			return s.noAPI(apiID)
		}
		if s.mapped(apiID, "") {
			return conflict("Cannot delete Api '%s' due to it being referenced by another resource, e.g., ApiMapping", apiID)
		}
		for id, deployment := range d.Deployments {
			if !deployment.AutoDeployed {
				if err := s.snapshots.In(tx).Delete(apiID + "/" + id); err != nil && !errors.Is(err, store.ErrNotFound) {
					return err
				}
			}
		}
		return apis.Delete(apiID)
	})
}
