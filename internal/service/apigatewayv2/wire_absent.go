package apigatewayv2

import (
	"context"

	"github.com/hakonegate/hakone/internal/wire"
)

// none is an element of lists that are always empty.
type none struct{}

// absentOperations are those for what an HTTP API cannot have, or does not have
// here: nothing is listed, nothing is found, and what would make something says
// why it does not.
func (s *Service) absentOperations() []wire.Operation {
	const (
		models               = apiPath + "/models"
		integrationResponses = integrationPath + "/integrationresponses"
		routeResponses       = routePath + "/routeresponses"
	)
	// has looks for the parent, so that one that is not there is said first.
	api := func(in *request) error { _, err := s.read(in.ApiId); return err }
	integration := func(in *request) error { _, err := s.GetIntegration(in.ApiId, in.IntegrationId); return err }
	route := func(in *request) error { _, err := s.GetRoute(in.ApiId, in.RouteId); return err }

	out := s.absent("Model", models, "/{ModelId}", api, badRequest("Models are not supported for HTTP APIs"))
	out = append(out, s.absent("IntegrationResponse", integrationResponses, "/{IntegrationResponseId}", integration, badRequest("Integration responses are not supported for HTTP APIs"))...)
	out = append(out, s.absent("RouteResponse", routeResponses, "/{RouteResponseId}", route, badRequest("Route responses are not supported for HTTP APIs"))...)
	return append(out,
		op(s, "GetModelTemplate", get, models+"/{ModelId}/template", refusedBy[none](api, notFound("Model", "Invalid Model identifier specified"))),
		op(s, "DeleteRouteRequestParameter", remove, routePath+"/requestparameters/{RequestParameterKey}", refusedBy[wire.Nothing](route, notFound("RequestParameter", "HTTP APIs have no request parameters"))),
	)
}

// absent returns the five operations of a kind of which there is nothing.
func (s *Service) absent(kind, all, one string, parent func(*request) error, refusal error) []wire.Operation {
	missing := notFound(kind, "Invalid %s identifier specified", kind)
	return []wire.Operation{
		op(s, "Get"+kind+"s", get, all, func(_ context.Context, in *request) (*list[none], error) {
			if err := parent(in); err != nil {
				return nil, err
			}
			return paged([]none{}, in)
		}),
		op(s, "Create"+kind, post, all, refusedBy[none](parent, refusal)),
		op(s, "Get"+kind, get, all+one, refusedBy[none](parent, missing)),
		op(s, "Update"+kind, patch, all+one, refusedBy[none](parent, missing)),
		op(s, "Delete"+kind, remove, all+one, refusedBy[wire.Nothing](parent, missing)),
	}
}

func refusedBy[O any](parent func(*request) error, refusal error) func(context.Context, *request) (*O, error) {
	return func(_ context.Context, in *request) (*O, error) {
		if err := parent(in); err != nil {
			return nil, err
		}
		return nil, refusal
	}
}
