package gateway

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/gateway/event"
	"github.com/hakonegate/hakone/internal/gateway/httpapi"
	"github.com/hakonegate/hakone/internal/gateway/integration"
	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
)

// A table is what the gateway serves at one moment. It is immutable.
type table struct {
	revision uint64
	apis     map[string]*api
	domains  domains
	meters   []*meter // sorted
	single   *api     // the only API that has a stage, if there is only one
}

type api struct {
	id, name string
	stages   map[string]*stage
}

type stage struct {
	api       *api
	name      string
	disabled  bool // disableExecuteApiEndpoint
	arns      httpapi.ARNBase
	variables []event.Parameter // sorted
	cors      *httpapi.CORS
	log       *logFormat // nil: no access log
	meter     *meter     // of requests that no route takes
	table     *httpapi.Table
	routes    []*route // as the table numbers them
}

// A route is a route with what stands before and behind it.
type route struct {
	kind        string  // authorization type
	bucket      *bucket // nil: not throttled
	meter       *meter
	gate        gate
	integration integrator
}

// A gate decides who may use a route. Its errors are refusals.
type gate interface {
	authenticate(x *exchange) error // who is it? Fills in x.caller or x.authorizer
	authorize(x *exchange) error    // may they?
}

// An integrator answers a request that is admitted.
type integrator interface {
	integrate(x *exchange) error
}

// broken answers with an error, since its integration cannot be called.
type broken struct{ err error }

func (b broken) integrate(*exchange) error {
	return internal("the integration cannot be called", b.err)
}

// compile makes the table of what g.config.APIs has now. A stage that cannot
// be compiled is left out and logged; the others are served.
func (g *Gateway) compile() *table {
	t := &table{revision: g.config.APIs.Revision(), apis: map[string]*api{}}
	buckets, meters := map[string]*bucket{}, map[meterKey]*meter{}
	for served := range g.config.APIs.Served() {
		a := &api{id: served.API.ApiId, name: served.API.Name, stages: map[string]*stage{}}
		for _, s := range served.Stages {
			compiled, err := g.compileStage(a, &s, buckets, meters)
			if err != nil {
				g.config.Log.Error("stage is not served", "api", a.id, "stage", s.Stage.StageName, "error", err)
				continue
			}
			a.stages[s.Stage.StageName] = compiled
		}
		t.apis[a.id] = a
	}
	g.buckets, g.meters, t.meters = buckets, meters, sortedMeters(meters)
	t.domains = g.compileDomains(t.apis)
	serving := 0
	for _, a := range t.apis {
		if len(a.stages) > 0 {
			serving++
			t.single = a
		}
	}
	if serving != 1 {
		t.single = nil
	}
	return t
}

func (g *Gateway) compileStage(a *api, served *apigatewayv2.ServedStage, buckets map[string]*bucket, meters map[meterKey]*meter) (*stage, error) {
	c := served.Configuration
	s := &stage{
		api:      a,
		name:     served.Stage.StageName,
		disabled: c.DisableExecuteApiEndpoint,
		arns:     httpapi.NewARNBase(g.config.Partition, g.config.Region, g.config.Account, a.id, served.Stage.StageName),
		cors:     httpapi.NewCORS(c.CorsConfiguration),
	}
	for name, value := range served.Stage.StageVariables {
		s.variables = append(s.variables, event.Parameter{Name: name, Value: value})
	}
	slices.SortFunc(s.variables, func(a, b event.Parameter) int { return strings.Compare(a.Name, b.Name) })
	if l := served.Stage.AccessLogSettings; l != nil && l.DestinationArn != "" {
		s.log = compileLogFormat(l.DestinationArn, l.Format)
	} else if g.config.LogEveryStage {
		s.log = compileLogFormat("", commonLogFormat)
	}
	s.meter = compileMeter(g.meters, meters, s, "")
	var keys []string
	for _, id := range sortedKeys(c.Routes) {
		r := c.Routes[id]
		keys = append(keys, r.RouteKey)
		compiled := g.compileRoute(s, &r, served)
		compiled.bucket = compileThrottle(g.buckets, buckets, s, r.RouteKey, &served.Stage)
		compiled.meter = compileMeter(g.meters, meters, s, r.RouteKey)
		s.routes = append(s.routes, compiled)
	}
	var err error
	s.table, err = httpapi.Compile(keys)
	return s, err
}

func (g *Gateway) compileRoute(s *stage, r *apigatewayv2.Route, served *apigatewayv2.ServedStage) *route {
	out := &route{kind: r.AuthorizationType}
	if out.kind == "" {
		out.kind = apigatewayv2.AuthorizationNone
	}
	var err error
	if out.gate, err = g.compileAuthorizer(s, r, served); err != nil {
		// What cannot be checked stays closed.
		out.gate = closed{err}
		g.config.Log.Error("route is closed", "api", s.api.id, "stage", s.name, "route", r.RouteKey, "error", err)
	}
	if out.integration, err = g.compileIntegration(r, served); err != nil {
		out.integration = broken{err}
		g.config.Log.Warn("route answers with an error", "api", s.api.id, "stage", s.name, "route", r.RouteKey, "error", err)
	}
	return out
}

func (g *Gateway) compileIntegration(r *apigatewayv2.Route, served *apigatewayv2.ServedStage) (integrator, error) {
	id, ok := strings.CutPrefix(r.Target, "integrations/")
	if !ok {
		return nil, errors.New("the route has no integration")
	}
	i, ok := served.Configuration.Integrations[id]
	if !ok {
		return nil, fmt.Errorf("the integration %s does not exist", id)
	}
	timeout := time.Duration(i.TimeoutInMillis) * time.Millisecond
	if timeout <= 0 {
		timeout = 30 * time.Second
	}
	switch {
	case i.IntegrationType == apigatewayv2.IntegrationAWSProxy && i.IntegrationSubtype == "":
		arn, err := integration.FunctionARN(i.IntegrationUri, served.Stage.StageVariables)
		if err != nil {
			return nil, err
		}
		return &lambda{integration.Lambda{
			Invoker: g.config.Invoker, FunctionARN: arn, Format: i.PayloadFormatVersion,
			Timeout: timeout, Credentials: i.CredentialsArn,
		}}, nil
	case i.IntegrationType == apigatewayv2.IntegrationAWSProxy:
		return g.compileService(&i, timeout)
	case i.IntegrationType == apigatewayv2.IntegrationHTTPProxy:
		return g.compileProxy(&i, served.Stage.StageVariables, timeout)
	default:
		return nil, fmt.Errorf("integrations of the type %s %s are not served", i.IntegrationType, i.IntegrationSubtype)
	}
}

// sortedKeys returns m's keys in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
