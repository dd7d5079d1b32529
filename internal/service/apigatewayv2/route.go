package apigatewayv2

import (
	"context"
	"strings"
)

// CreateRoute makes a route. An integration or authorizer that it names must
// exist.
func (s *Service) CreateRoute(ctx context.Context, apiID string, r Route) (*Route, error) {
	return s.createRoute(ctx, apiID, r, "")
}

func (s *Service) createRoute(ctx context.Context, apiID string, r Route, token string) (*Route, error) {
	var out *Route
	err := s.configure(ctx, apiID, func(d *document) (err error) {
		out, err = addRoute(d, r, idOf(token, partLength))
		return err
	})
	return out, err
}

func addRoute(d *document, r Route, id string) (*Route, error) {
	r.RouteId = id
	if err := checkRoute(d, &r); err != nil {
		return nil, err
	}
	set(&d.Configuration.Routes, id, r)
	return &r, nil
}

// checkRoute fills in defaults and refuses what cannot be served.
func checkRoute(d *document, r *Route) error {
	if _, err := ParseRouteKey(r.RouteKey); err != nil {
		return badRequest("The provided route key is not formatted properly for HTTP protocol. Format should be \"<HTTP METHOD> /<RESOURCE PATH>\" or \"$default\": %v", err)
	}
	for id, other := range d.Configuration.Routes {
		if id != r.RouteId && other.RouteKey == r.RouteKey {
			return conflict("Unable to create Route. Route with key %s already exists for this API", r.RouteKey)
		}
	}
	if r.ApiKeyRequired {
		return badRequest("HTTP APIs do not support API keys")
	}
	if r.Target != "" {
		id, ok := strings.CutPrefix(r.Target, "integrations/")
		if !ok {
			return badRequest("Invalid target %s. It must have the format integrations/{integrationId}", r.Target)
		}
		if _, ok := d.Configuration.Integrations[id]; !ok {
			return notFound("Integration", "Invalid Integration identifier specified %s", id)
		}
	}
	return checkRouteAuthorization(d, r)
}

func checkRouteAuthorization(d *document, r *Route) error {
	if len(r.AuthorizationScopes) > 0 && r.AuthorizationType != AuthorizationJWT {
		return badRequest("Authorization scopes are only for routes with the authorization type JWT")
	}
	if len(r.AuthorizationScopes) > 10 {
		return badRequest("A route has at most 10 authorization scopes")
	}
	want := ""
	switch r.AuthorizationType {
	case "":
		r.AuthorizationType = AuthorizationNone
	case AuthorizationNone, AuthorizationIAM:
	case AuthorizationJWT:
		want = AuthorizerJWT
	case AuthorizationCustom:
		want = AuthorizerRequest
	default:
		return badRequest("Invalid authorization type %s. Must be one of [NONE, AWS_IAM, JWT, CUSTOM]", r.AuthorizationType)
	}
	if want == "" {
		if r.AuthorizerId != "" {
			return badRequest("A route with the authorization type %s has no authorizer", r.AuthorizationType)
		}
		return nil
	}
	a, ok := d.Configuration.Authorizers[r.AuthorizerId]
	if !ok || a.AuthorizerType != want {
		return badRequest("Invalid Authorizer identifier specified: a route with the authorization type %s needs an authorizer of the type %s", r.AuthorizationType, want)
	}
	return nil
}

// GetRoute returns one route.
func (s *Service) GetRoute(apiID, routeID string) (*Route, error) {
	d, err := s.read(apiID)
	if err != nil {
		return nil, err
	}
	r, ok := d.Configuration.Routes[routeID]
	if !ok {
		return nil, noRoute()
	}
	return &r, nil
}

// GetRoutes returns an API's routes, sorted by identifier.
func (s *Service) GetRoutes(apiID string) ([]Route, error) {
	d, err := s.read(apiID)
	if err != nil {
		return nil, err
	}
	return values(d.Configuration.Routes), nil
}

// UpdateRoute changes a route; fn may change all but the identifier.
func (s *Service) UpdateRoute(ctx context.Context, apiID, routeID string, fn func(*Route) error) (*Route, error) {
	var out Route
	err := s.configure(ctx, apiID, func(d *document) error {
		r, ok := d.Configuration.Routes[routeID]
		if !ok {
			return noRoute()
		}
		if err := fn(&r); err != nil {
			return err
		}
		r.RouteId = routeID
		if err := checkRoute(d, &r); err != nil {
			return err
		}
		d.Configuration.Routes[routeID], out = r, r
		return nil
	})
	return &out, err
}

// DeleteRoute removes a route.
func (s *Service) DeleteRoute(ctx context.Context, apiID, routeID string) error {
	return s.configure(ctx, apiID, func(d *document) error {
		if _, ok := d.Configuration.Routes[routeID]; !ok {
			return noRoute()
		}
		delete(d.Configuration.Routes, routeID)
		return nil
	})
}

func noRoute() error { return notFound("Route", "Invalid Route identifier specified") }

// values returns m's values, sorted by key.
func values[V any](m map[string]V) []V {
	out := make([]V, 0, len(m))
	for _, k := range sortedKeys(m) {
		out = append(out, m[k])
	}
	return out
}
