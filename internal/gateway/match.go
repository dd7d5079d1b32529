package gateway

import (
	"net/http"
)

// match selects the route. Nothing found is 404 whoever asks, so it says
// nothing about authorization; a preflight request may still be answered.
func (x *exchange) match() error {
	x.route, x.values = x.stage.table.Match(x.req.Method, x.path, x.values)
	if x.route != nil {
		x.target = x.stage.routes[x.route.Index]
		x.trace.Route, x.trace.AuthorizationType = x.route.Key, x.target.kind
		return nil
	}
	if x.isPreflight() {
		return nil
	}
	return notFound("no route of the API matches " + x.req.Method + " " + x.path)
}

// isPreflight reports whether the API's CORS configuration answers an OPTIONS
// request that no route takes.
func (x *exchange) isPreflight() bool {
	return x.route == nil && x.req.Method == http.MethodOptions && x.stage.cors != nil
}

// preflight answers a CORS preflight request.
func (x *exchange) preflight() error {
	if !x.isPreflight() {
		return nil
	}
	x.detail("answered from the API's CORS configuration, since no route takes OPTIONS here")
	x.response.Status = http.StatusNoContent
	if x.r.Header.Get("Access-Control-Request-Method") != "" {
		x.response.Headers = x.stage.cors.Preflight(x.r.Header.Get("Origin"))
	}
	x.send(nil)
	return nil
}
