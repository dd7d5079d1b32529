package gateway

import (
	"strconv"
	"strings"

	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
	"github.com/hakonegate/hakone/sigv4"
)

// A rule is a routing rule of a domain name. It is immutable.
type rule struct {
	id       string
	stage    *stage // nil: it serves nothing
	headers  []headerGlob
	basePath string // with a slash before it; "": every path
	strip    bool
	detail   string // for traces
}

// A headerGlob wants a header whose whole value matches.
type headerGlob struct {
	name           string // in lower case
	text           string
	prefix, suffix bool // anything may stand before, behind
}

func compileRules(apis map[string]*api, rules []apigatewayv2.RoutingRule) []rule {
	out := make([]rule, 0, len(rules))
	for i := range rules {
		r := &rules[i]
		action := r.Actions[0].InvokeApi
		compiled := rule{
			id: r.RoutingRuleId, stage: stageOf(apis, action.ApiId, action.Stage), strip: action.StripBasePath,
			detail: "routing rule " + r.RoutingRuleId + " of priority " + strconv.Itoa(r.Priority),
		}
		for _, c := range r.Conditions {
			if c.MatchHeaders != nil {
				compiled.headers = append(compiled.headers, compileHeaderGlob(c.MatchHeaders.AnyOf[0]))
			} else {
				compiled.basePath = "/" + c.MatchBasePaths.AnyOf[0]
			}
		}
		out = append(out, compiled)
	}
	return out
}

func compileHeaderGlob(c apigatewayv2.HeaderGlob) headerGlob {
	g := headerGlob{name: strings.ToLower(c.Header)}
	g.text, g.prefix = strings.CutPrefix(c.ValueGlob, "*")
	g.text, g.suffix = strings.CutSuffix(g.text, "*")
	return g
}

// matches reports whether a request meets all conditions.
func (r *rule) matches(req *sigv4.Request) bool {
	if !strings.HasPrefix(req.Path, r.basePath) {
		return false
	}
	if rest := req.Path[len(r.basePath):]; r.basePath != "" && rest != "" && rest[0] != '/' {
		return false
	}
	for i := range r.headers {
		if !r.headers[i].matches(req) {
			return false
		}
	}
	return true
}

// matches reports whether one of the header's lines has a value that fits: lines
// are not joined (AWS: "Routing rules to connect API stages to a custom domain
// name", on Accept).
func (g *headerGlob) matches(req *sigv4.Request) bool {
	if g.name == "host" {
		return g.fits(req.Host)
	}
	for i := range req.Headers {
		if h := &req.Headers[i]; strings.EqualFold(h.Name, g.name) && g.fits(h.Value) {
			return true
		}
	}
	return false
}

func (g *headerGlob) fits(value string) bool {
	switch {
	case g.prefix && g.suffix:
		return strings.Contains(value, g.text)
	case g.prefix:
		return strings.HasSuffix(value, g.text)
	case g.suffix:
		return strings.HasPrefix(value, g.text)
	default:
		return value == g.text
	}
}

// follow goes to the stage of a rule.
func (x *exchange) follow(r *rule, path string) error {
	x.custom, x.routingRule = true, r.id
	x.detail(r.detail)
	if x.stage = r.stage; x.stage == nil {
		return notFound(r.detail + " is to a stage that serves nothing")
	}
	x.trace.API, x.trace.APIName = x.stage.api.id, x.stage.api.name
	if r.strip {
		path = path[len(r.basePath):]
	}
	return x.enter(path)
}
