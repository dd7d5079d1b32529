package apigatewayv2

import (
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

// A definition is what an OpenAPI document says of an HTTP API. Routes and
// integrations have no identifiers yet: routes name their integration and
// authorizer by place and name.
type definition struct {
	name, description, version string
	tags                       map[string]string
	cors                       *Cors
	disableExecuteApiEndpoint  *bool
	authorizers                []Authorizer
	operations                 []operation
	info, warnings             []string
}

// An operation is one route to be.
type operation struct {
	path        string // in the document, for messages
	route       Route
	authorizer  string // name; empty for none
	integration *Integration
}

const extensionPrefix = "x-amazon-apigateway-"

// A reader reads one document. Its faults stop the import: what is not
// understood must not end up open.
type reader struct {
	root   *template.Node
	base   string // before every path
	out    definition
	faults []string
	auth   map[string]securityScheme
}

// readOpenAPI reads an OpenAPI 3.0 document, with its base path as basePath says.
func readOpenAPI(root *template.Node, basePath string) (*definition, error) {
	if !root.IsMap() {
		return nil, badRequest("Unable to parse the API definition because of a malformed integration or document: it is not an object")
	}
	if v := root.Get("swagger"); v != nil {
		return nil, badRequest("Invalid OpenAPI input. /swagger: version %s is not supported for HTTP APIs, which take OpenAPI 3.0", v.Str())
	}
	if v := root.Get("openapi").Str(); v != "3.0" && !strings.HasPrefix(v, "3.0.") {
		return nil, badRequest("Invalid OpenAPI input. /openapi: version %q is not supported; HTTP APIs take OpenAPI 3.0", v)
	}
	r := &reader{root: root}
	r.base = r.readBasePath(basePath)
	r.extensions("", root, "cors", "importexport-version")
	info := root.Get("info")
	r.out.name, r.out.description, r.out.version = info.Get("title").Str(), info.Get("description").Str(), info.Get("version").Str()
	if r.out.name == "" {
		r.fault("/info/title", "the title is missing: it names the API")
	}
	r.readTags()
	r.readCors()
	r.readServers()
	r.readComponents()
	r.readPaths()
	if len(r.faults) > 0 {
		return nil, badRequest("Invalid OpenAPI input. %s", strings.Join(r.faults, "; "))
	}
	return &r.out, nil
}

func (r *reader) fault(path, text string) { r.faults = append(r.faults, path+": "+text) }

func (r *reader) warn(path, text string) { r.out.warnings = append(r.out.warnings, path+": "+text) }

// extensions faults every API Gateway extension of n but those named.
func (r *reader) extensions(path string, n *template.Node, known ...string) {
	if !n.IsMap() {
		return
	}
	for _, p := range n.Pairs {
		name, ok := strings.CutPrefix(strings.ToLower(p.Key), extensionPrefix)
		if ok && !slices.Contains(known, name) {
			r.fault(path+"/"+p.Key, "the extension is not supported for HTTP APIs by this gateway")
		}
	}
}

// decode stores n in into, faulting what does not fit.
func (r *reader) decode(path string, n *template.Node, into any) {
	if err := n.Decode(into); err != nil {
		r.fault(path, err.Error())
	}
}

func (r *reader) readTags() {
	r.out.tags = map[string]string{}
	tags := r.root.Get("tags")
	if !tags.IsList() {
		return
	}
	for _, tag := range tags.Items {
		r.extensions("/tags", tag, "tag-value")
		if v := tag.Get(extensionPrefix + "tag-value"); v != nil {
			r.out.tags[tag.Get("name").Str()] = v.Str()
		}
	}
}

func (r *reader) readCors() {
	n := r.root.Get(extensionPrefix + "cors")
	if n == nil {
		return
	}
	var c struct {
		AllowCredentials bool     `json:"allowCredentials"`
		AllowHeaders     []string `json:"allowHeaders"`
		AllowMethods     []string `json:"allowMethods"`
		AllowOrigins     []string `json:"allowOrigins"`
		ExposeHeaders    []string `json:"exposeHeaders"`
		MaxAge           *int     `json:"maxAge"`
	}
	r.decode("/"+extensionPrefix+"cors", n, &c)
	r.out.cors = &Cors{c.AllowCredentials, c.AllowHeaders, c.AllowMethods, c.AllowOrigins, c.ExposeHeaders, c.MaxAge}
}

func (r *reader) readServers() {
	servers := r.root.Get("servers")
	if !servers.IsList() {
		return
	}
	for _, s := range servers.Items {
		r.extensions("/servers", s, "endpoint-configuration")
		if e := s.Get(extensionPrefix + "endpoint-configuration"); e != nil {
			var c struct {
				DisableExecuteApiEndpoint *bool `json:"disableExecuteApiEndpoint"`
			}
			r.decode("/servers/"+extensionPrefix+"endpoint-configuration", e, &c)
			r.out.disableExecuteApiEndpoint = c.DisableExecuteApiEndpoint
		}
	}
}

func (r *reader) readComponents() {
	components := r.root.Get("components")
	r.auth = map[string]securityScheme{}
	if components == nil {
		return
	}
	r.extensions("/components", components, "integrations")
	if schemas := components.Get("schemas"); schemas != nil {
		r.out.info = append(r.out.info, "/components/schemas: models are not used by HTTP APIs")
	}
	schemes := components.Get("securitySchemes")
	if !schemes.IsMap() {
		return
	}
	for _, p := range schemes.Pairs {
		r.readSecurityScheme("/components/securitySchemes/"+p.Key, p.Key, p.Value)
	}
}

func (r *reader) readPaths() {
	paths := r.root.Get("paths")
	if paths == nil {
		return
	}
	if !paths.IsMap() {
		r.fault("/paths", "must be an object")
		return
	}
	r.extensions("/paths", paths)
	for _, p := range paths.Pairs {
		if strings.HasPrefix(p.Key, "x-") {
			continue
		}
		r.readPath(p.Key, p.Value)
	}
}

// readPath reads the operations of one path.
func (r *reader) readPath(path string, item *template.Node) {
	at := "/paths/" + strings.ReplaceAll(path, "/", "~1")
	if !item.IsMap() {
		r.fault(at, "must be an object")
		return
	}
	for _, p := range item.Pairs {
		method := strings.ToUpper(p.Key)
		switch {
		case p.Key == extensionPrefix+"any-method":
			r.readOperation(at+"/"+p.Key, path, AnyMethod, p.Value)
		case slices.Contains(Methods, method):
			r.readOperation(at+"/"+p.Key, path, method, p.Value)
		case slices.Contains([]string{"parameters", "summary", "description", "servers"}, p.Key) || strings.HasPrefix(p.Key, "x-") && !strings.HasPrefix(strings.ToLower(p.Key), extensionPrefix):
		default:
			r.fault(at+"/"+p.Key, "the member is not supported")
		}
	}
}

// readOperation reads one operation, which becomes one route.
func (r *reader) readOperation(at, path, method string, n *template.Node) {
	if n.IsNull() {
		n = template.Map()
	}
	if !n.IsMap() {
		r.fault(at, "must be an object")
		return
	}
	r.extensions(at, n, "integration", "auth")
	op := operation{path: at}
	op.route.RouteKey = method + " " + under(r.base, path)
	op.route.OperationName = n.Get("operationId").Str()
	isDefault := n.Get("isDefaultRoute")
	if strings.TrimPrefix(path, "/") == DefaultRoute || isDefault.Str() == "true" {
		if method != AnyMethod {
			r.fault(at, "the default route has the method "+extensionPrefix+"any-method")
		}
		op.route.RouteKey = DefaultRoute
	} else if _, err := ParseRouteKey(op.route.RouteKey); err != nil {
		r.fault(at, err.Error())
	}
	r.readSecurity(at, n, &op)
	r.readIntegration(at, n.Get(extensionPrefix+"integration"), &op)
	r.out.operations = append(r.out.operations, op)
}
