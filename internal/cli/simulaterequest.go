package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/gateway/httpapi"
	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
	"github.com/hakonegate/hakone/internal/service/iam"
	"github.com/hakonegate/hakone/policy"
)

// A requestSimulation asks whether a role of a template gets through to a route
// of its API.
type requestSimulation struct {
	offlineOptions
	template string
	as       string // logical id, name or ARN of a role or user
	api      string // logical id, name or id of an API; "" where only one has the route
	sourceIP string
}

// A simulation is the answer.
type simulation struct {
	API               string              `json:"api"`
	Stage             string              `json:"stage"`
	Route             string              `json:"route"`
	AuthorizationType string              `json:"authorizationType"`
	Caller            string              `json:"caller"`
	Action            string              `json:"action,omitempty"`
	Resource          string              `json:"resource,omitempty"`
	Allowed           bool                `json:"allowed"`
	Decision          string              `json:"decision,omitempty"` // of the caller's policies; empty when the route does not ask them
	Note              string              `json:"note,omitempty"`
	Explanation       *policy.Explanation `json:"explanation,omitempty"`
}

// A place is where a request arrives: a stage of an API, and a route.
type place struct {
	api   apigatewayv2.API
	stage string
	path  string // decoded, without the stage
	route *apigatewayv2.Route
}

func (p *program) simulateRequest(ctx context.Context, o *requestSimulation, method, path string) (err error) {
	if !strings.HasPrefix(path, "/") {
		return usagef("the path %q must start with a slash", path)
	}
	if path, err = httpapi.DecodePath(path); err != nil {
		return usagef("the path cannot be decoded: %w", err)
	}
	source, err := netip.ParseAddr(o.sourceIP)
	if err != nil {
		return usagef("--source-ip: %w", err)
	}
	h, err := p.rehearse(ctx, o.template, &o.offlineOptions)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	caller, err := h.caller(ctx, o.as)
	if err != nil {
		return err
	}
	at, err := h.find(o.api, strings.ToUpper(method), path)
	if err != nil {
		return err
	}
	answer := &simulation{API: at.api.Name, Stage: at.stage, Route: at.route.RouteKey, AuthorizationType: at.route.AuthorizationType, Caller: caller.ARN}
	if at.route.AuthorizationType == apigatewayv2.AuthorizationIAM {
		answer.judge(caller, at, strings.ToUpper(method), h, source)
	} else {
		answer.passBy()
	}
	return p.printSimulation(answer)
}

// judge asks the caller's policies, as the gateway would.
func (a *simulation) judge(caller *access.Caller, at *place, method string, h *rehearsal, source netip.Addr) {
	a.Action = httpapi.InvokeAction
	a.Resource = httpapi.NewARNBase("aws", h.region, h.account, at.api.ApiId, at.stage).Request(method, at.path)
	facts := &access.RequestFacts{SourceIP: source, Secure: true, Time: time.Now(), Region: h.region, UserAgent: "hakone-simulate"}
	decision := access.Authorize(caller, facts, a.Action, a.Resource, h.account, nil)
	a.Allowed, a.Decision = decision.Allowed(), decision.Effect.String()
	a.Explanation = access.ExplainAuthorization(caller, facts, a.Action, a.Resource, h.account, nil)
}

// passBy answers for routes that do not ask the caller's policies.
func (a *simulation) passBy() {
	switch a.AuthorizationType {
	case "", apigatewayv2.AuthorizationNone:
		a.Allowed = true
		a.Note = "the route has no AWS_IAM authorization: anybody gets through, signed or not, and no policy is asked"
	case apigatewayv2.AuthorizationJWT:
		a.Note = "the route has a JWT authorizer: it asks for a token, and IAM policies do not count"
	default:
		a.Note = "the route has a Lambda authorizer: its function decides, and IAM policies do not count"
	}
}

func (p *program) printSimulation(a *simulation) error {
	if p.output == "json" {
		if err := p.printJSON(a); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(p.stdout, "API %s, stage %s, route %s (authorization %s)\n", a.API, a.Stage, a.Route, firstOf(a.AuthorizationType, "NONE"))
		if a.Note != "" {
			fmt.Fprintf(p.stdout, "%s.\n", a.Note)
		}
		if a.Explanation != nil {
			fmt.Fprintf(p.stdout, "\n%s", a.Explanation.Text())
		}
	}
	if !a.Allowed {
		return exitError(1)
	}
	return nil
}

// caller finds who asks: a role or user by logical id, name or ARN.
func (h *rehearsal) caller(ctx context.Context, who string) (*access.Caller, error) {
	name := who[strings.LastIndex(who, "/")+1:]
	if made, ok := h.made[who]; ok {
		name = made.PhysicalID
	}
	if role, ok := h.iam.RoleByName(name); ok {
		return role.Caller("simulation"), nil
	}
	if out, err := h.iam.GetUser(ctx, &iam.UserNameInput{UserName: name}); err == nil && name != "" {
		if user, ok := h.iam.UserByID(out.User.UserId); ok {
			return user.Caller("AKIASIMULATION000000"), nil
		}
	}
	if t, ok := h.types[who]; ok {
		return nil, fmt.Errorf("%s is no role but a resource of type %s: %s", who, t, h.candidates("AWS::IAM::Role", "AWS::IAM::User"))
	}
	return nil, fmt.Errorf("the template has no role %s: %s", who, h.candidates("AWS::IAM::Role", "AWS::IAM::User"))
}

// candidates lists the logical ids of resources of the given types.
func (h *rehearsal) candidates(types ...string) string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(h.types)) {
		if slices.Contains(types, h.types[id]) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return "it has none"
	}
	return "it has " + strings.Join(ids, ", ")
}

// find finds the stage and the route that take the request.
func (h *rehearsal) find(name, method, path string) (*place, error) {
	var found []*place
	var apis, routes []string
	for s := range h.apis.Served() {
		apis = append(apis, s.API.Name)
		if name != "" && !h.named(name, &s.API) {
			continue
		}
		for _, r := range allRoutes(&s) {
			routes = append(routes, r+" of "+s.API.Name)
		}
		at, err := arrive(&s, method, path)
		if err != nil {
			return nil, err
		}
		if at != nil {
			found = append(found, at)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return nil, usagef("%d APIs have a route for %s %s: choose with --api: %s", len(found), method, path, strings.Join(apis, ", "))
	case len(apis) == 0:
		return nil, fmt.Errorf("the template has no HTTP API with a stage: %s", h.candidates("AWS::ApiGatewayV2::Api"))
	case name != "" && len(routes) == 0:
		return nil, fmt.Errorf("the template has no API %s: it has %s", name, strings.Join(apis, ", "))
	default:
		return nil, fmt.Errorf("no route takes %s %s: there are %s", method, path, strings.Join(routes, ", "))
	}
}

func (h *rehearsal) named(name string, a *apigatewayv2.API) bool {
	return name == a.ApiId || name == a.Name || h.made[name].PhysicalID == a.ApiId
}

func allRoutes(s *apigatewayv2.Served) []string {
	var keys []string
	for _, stage := range s.Stages {
		for _, r := range stage.Configuration.Routes {
			if !slices.Contains(keys, r.RouteKey) {
				keys = append(keys, r.RouteKey)
			}
		}
	}
	slices.Sort(keys)
	return keys
}

// arrive takes the stage and the route as the gateway does: the first segment of
// the path names a stage, or the stage is $default. It returns nil where nothing
// takes the request.
func arrive(s *apigatewayv2.Served, method, path string) (*place, error) {
	first, _, _ := strings.Cut(path[1:], "/")
	var stage *apigatewayv2.ServedStage
	for i := range s.Stages {
		if s.Stages[i].Stage.StageName == first {
			stage, path = &s.Stages[i], firstOf(path[1+len(first):], "/")
			break
		}
		if s.Stages[i].Stage.StageName == apigatewayv2.DefaultStage {
			stage = &s.Stages[i]
		}
	}
	if stage == nil {
		return nil, nil
	}
	list := make([]apigatewayv2.Route, 0, len(stage.Configuration.Routes))
	keys := make([]string, 0, len(stage.Configuration.Routes))
	for _, r := range stage.Configuration.Routes {
		list, keys = append(list, r), append(keys, r.RouteKey)
	}
	table, err := httpapi.Compile(keys)
	if err != nil {
		return nil, fmt.Errorf("routes of %s: %w", s.API.Name, err)
	}
	route, _ := table.Match(method, path, nil)
	if route == nil {
		return nil, nil
	}
	return &place{api: s.API, stage: stage.Stage.StageName, path: path, route: &list[route.Index]}, nil
}
