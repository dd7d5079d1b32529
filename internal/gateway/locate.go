package gateway

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/hakonegate/hakone/internal/gateway/httpapi"
	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
	"github.com/hakonegate/hakone/internal/wire"
)

// pathForm starts a path that names its API: /_aws/execute-api/API/STAGE/PATH.
const pathForm = "/_aws/execute-api/"

// locate finds the API and the stage: by the host name of an endpoint, by a
// custom domain name, by the path form, or,
// where only one API is served, by any name of this machine. It also decodes
// the path.
func (x *exchange) locate() error {
	host := strings.ToLower(wire.Hostname(x.req.Host))
	apiID, region, isDefault := cutEndpoint(host)
	path := x.req.Path
	x.domain = host
	custom := x.table.domains.find(host)
	var a *api
	switch {
	case isDefault:
		if region != x.g.config.Region {
			return notFound("the host names the region " + region + "; this gateway serves " + x.g.config.Region)
		}
		a = x.table.apis[apiID]
	case custom != nil:
		return x.locateCustom(custom, path)
	case strings.HasPrefix(path, pathForm):
		return x.locatePath(path[len(pathForm):])
	case x.table.single != nil && isLoopback(host):
		a = x.table.single
		x.domain = x.endpoint(a.id)
	}
	if a == nil {
		return notFound("no API is served at the host " + x.req.Host)
	}
	x.trace.API, x.trace.APIName = a.id, a.name
	name := firstSegment(path)
	if x.stage = a.stages[name]; x.stage != nil && name != apigatewayv2.DefaultStage {
		path = path[1+len(name):]
	} else if x.stage = a.stages[apigatewayv2.DefaultStage]; x.stage == nil {
		return notFound("the path starts with no stage of the API, and the API has no stage $default")
	}
	return x.enter(path)
}

// locatePath takes API and stage from the path form.
func (x *exchange) locatePath(path string) error {
	apiID, path, _ := strings.Cut(path, "/")
	a := x.table.apis[apiID]
	if a == nil {
		return notFound("no API has the ID that the path names")
	}
	x.trace.API, x.trace.APIName = a.id, a.name
	x.domain = x.endpoint(a.id)
	name, path, _ := strings.Cut(path, "/")
	name, err := httpapi.DecodePath(name)
	if err != nil {
		return badEscape(err)
	}
	if x.stage = a.stages[name]; x.stage == nil {
		return notFound("the API has no stage of the name that the path has")
	}
	return x.enter("/" + path)
}

// enter takes the path without the stage.
func (x *exchange) enter(path string) error {
	x.trace.Stage = x.stage.name
	if x.stage.disabled && !x.custom {
		return notFound("the API's default endpoint is disabled")
	}
	if path == "" {
		path = "/"
	}
	x.sentPath = path
	decoded, err := httpapi.DecodePath(path)
	if err != nil {
		return badEscape(err)
	}
	x.path = decoded
	return nil
}

func badEscape(err error) error {
	return &refusal{Status: http.StatusBadRequest, Detail: "the path or the query cannot be decoded", Err: err}
}

// endpoint returns the host of an API's default endpoint.
func (x *exchange) endpoint(apiID string) string {
	return apiID + ".execute-api." + x.g.config.Region + ".amazonaws.com"
}

// cutEndpoint takes apart the host of a default endpoint,
// API.execute-api.REGION.SUFFIX with any suffix.
func cutEndpoint(host string) (apiID, region string, ok bool) {
	apiID, rest, ok := strings.Cut(host, ".execute-api.")
	if !ok || apiID == "" || strings.IndexByte(apiID, '.') >= 0 {
		return "", "", false
	}
	region, _, ok = strings.Cut(rest, ".")
	return apiID, region, ok
}

// isLoopback reports whether host is a name or an address of this machine.
func isLoopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// firstSegment returns the first segment of path, undecoded.
func firstSegment(path string) string {
	segment, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return segment
}
