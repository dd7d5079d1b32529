package apigatewayv2

import (
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

// An ExportApiInput says what of an API to write as an OpenAPI document.
type ExportApiInput struct {
	ApiId             string
	StageName         string // what this stage serves; "" means the present configuration
	WithoutExtensions bool   // leave out what only API Gateway understands
}

// ExportApi returns an API as an OpenAPI 3.0 document. Imported, its extensions
// make an API that differs only in identifiers; integrations that no route has
// are not in it.
func (s *Service) ExportApi(in *ExportApiInput) (*template.Node, error) {
	d, err := s.read(in.ApiId)
	if err != nil {
		return nil, err
	}
	configuration := present(d)
	if in.StageName != "" {
		stage, ok := d.Stages[in.StageName]
		if !ok {
			return nil, noStage()
		}
		if !stage.AutoDeploy {
			snap, ok := s.snapshots.Get(in.ApiId + "/" + stage.DeploymentId)
			if !ok {
				return nil, badRequest("The stage %s has no deployment", in.StageName)
			}
			configuration = snap.Configuration
		}
	}
	w := &writer{configuration: &configuration, extensions: !in.WithoutExtensions}
	return w.document(&d.API, in.StageName), nil
}

// A writer writes one document.
type writer struct {
	configuration *Configuration
	extensions    bool
}

func (w *writer) document(a *API, stage string) *template.Node {
	info := template.Map(template.P("title", template.Text(a.Name)), template.P("version", template.Text(a.Version)))
	setText(info, "description", a.Description)
	out := template.Map(template.P("openapi", template.Text("3.0.1")), template.P("info", info), template.P("servers", template.List(w.server(a, stage))))
	if len(a.Tags) > 0 {
		tags := template.List()
		for _, name := range sortedKeys(a.Tags) {
			tag := template.Map(template.P("name", template.Text(name)))
			w.extend(tag, "tag-value", template.Text(a.Tags[name]))
			tags.Append(tag)
		}
		out.Set("tags", tags)
	}
	out.Set("paths", w.paths())
	if schemes := w.securitySchemes(); len(schemes.Pairs) > 0 {
		out.Set("components", template.Map(template.P("securitySchemes", schemes)))
	}
	if c := w.configuration.CorsConfiguration; c != nil {
		w.extend(out, "cors", corsNode(c))
	}
	w.extend(out, "importexport-version", template.Text("1.0"))
	return out
}

// extend adds an extension, if they are wanted.
func (w *writer) extend(n *template.Node, name string, value *template.Node) {
	if w.extensions {
		n.Set(extensionPrefix+name, value)
	}
}

func (w *writer) server(a *API, stage string) *template.Node {
	base := stage
	if base == DefaultStage {
		base = ""
	}
	out := template.Map(
		template.P("url", template.Text(a.ApiEndpoint+"/{basePath}")),
		template.P("variables", template.Map(template.P("basePath", template.Map(template.P("default", template.Text(base)))))),
	)
	if w.configuration.DisableExecuteApiEndpoint {
		w.extend(out, "endpoint-configuration", template.Map(template.P("disableExecuteApiEndpoint", template.Bool(true))))
	}
	return out
}

func corsNode(c *Cors) *template.Node {
	out := template.Map()
	if c.AllowCredentials {
		out.Set("allowCredentials", template.Bool(true))
	}
	setTexts(out, "allowHeaders", c.AllowHeaders)
	setTexts(out, "allowMethods", c.AllowMethods)
	setTexts(out, "allowOrigins", c.AllowOrigins)
	setTexts(out, "exposeHeaders", c.ExposeHeaders)
	setNumber(out, "maxAge", c.MaxAge)
	return out
}

// paths has the routes, sorted by their keys.
func (w *writer) paths() *template.Node {
	routes := map[string]Route{}
	for _, r := range w.configuration.Routes {
		routes[r.RouteKey] = r
	}
	out := template.Map()
	for _, key := range sortedKeys(routes) {
		r := routes[key]
		method, path, _ := strings.Cut(key, " ")
		if key == DefaultRoute {
			method, path = AnyMethod, "/"+DefaultRoute
		}
		member := strings.ToLower(method)
		if method == AnyMethod {
			member = extensionPrefix + "any-method"
			if !w.extensions {
				continue
			}
		}
		item := out.Get(path)
		if item == nil {
			item = template.Map()
			out.Set(path, item)
		}
		item.Set(member, w.operation(&r))
	}
	return out
}

func (w *writer) operation(r *Route) *template.Node {
	out := template.Map()
	setText(out, "operationId", r.OperationName)
	if parameters := pathParameters(r.RouteKey); len(parameters.Items) > 0 {
		out.Set("parameters", parameters)
	}
	response := template.Map(template.P("description", template.Text("Default response for "+r.RouteKey)))
	out.Set("responses", template.Map(template.P("default", response)))
	switch r.AuthorizationType {
	case AuthorizationIAM:
		w.extend(out, "auth", template.Map(template.P("type", template.Text(AuthorizationIAM))))
	case AuthorizationJWT, AuthorizationCustom:
		name := w.configuration.Authorizers[r.AuthorizerId].Name
		out.Set("security", template.List(template.Map(template.P(name, template.Texts(r.AuthorizationScopes...)))))
	}
	if r.RouteKey == DefaultRoute {
		out.Set("isDefaultRoute", template.Bool(true))
	}
	if id, ok := strings.CutPrefix(r.Target, "integrations/"); ok {
		i := w.configuration.Integrations[id]
		w.extend(out, "integration", integrationNode(&i))
	}
	return out
}

func pathParameters(routeKey string) *template.Node {
	out := template.List()
	key, _ := ParseRouteKey(routeKey) // was checked when the route was made
	for _, s := range key.Segments {
		if s.Kind == Literal {
			continue
		}
		out.Append(template.Map(
			template.P("name", template.Text(s.Text)), template.P("in", template.Text("path")), template.P("required", template.Bool(true)),
			template.P("schema", template.Map(template.P("type", template.Text("string")))),
		))
	}
	return out
}

func integrationNode(i *Integration) *template.Node {
	out := template.Map(template.P("type", template.Text(strings.ToLower(i.IntegrationType))))
	setText(out, "integrationSubtype", i.IntegrationSubtype)
	setText(out, "httpMethod", i.IntegrationMethod)
	setText(out, "uri", i.IntegrationUri)
	setText(out, "payloadFormatVersion", i.PayloadFormatVersion)
	setText(out, "connectionType", i.ConnectionType)
	setText(out, "connectionId", i.ConnectionId)
	setText(out, "credentials", i.CredentialsArn)
	setText(out, "description", i.Description)
	setNumber(out, "timeoutInMillis", &i.TimeoutInMillis)
	if len(i.RequestParameters) > 0 {
		out.Set("requestParameters", textsByName(i.RequestParameters))
	}
	if len(i.ResponseParameters) > 0 {
		responses := template.Map()
		for _, status := range sortedKeys(i.ResponseParameters) {
			responses.Set(status, textsByName(i.ResponseParameters[status]))
		}
		out.Set("responseParameters", responses)
	}
	if i.TlsConfig != nil && i.TlsConfig.ServerNameToVerify != "" {
		out.Set("tlsConfig", template.Map(template.P("serverNameToVerify", template.Text(i.TlsConfig.ServerNameToVerify))))
	}
	return out
}

func (w *writer) securitySchemes() *template.Node {
	authorizers := map[string]Authorizer{}
	for _, a := range w.configuration.Authorizers {
		authorizers[a.Name] = a
	}
	out := template.Map()
	for _, name := range sortedKeys(authorizers) {
		a := authorizers[name]
		out.Set(name, w.securityScheme(&a))
	}
	return out
}

func (w *writer) securityScheme(a *Authorizer) *template.Node {
	if a.AuthorizerType == AuthorizerJWT {
		jwt := template.Map()
		setTexts(jwt, "audience", a.JwtConfiguration.Audience)
		setText(jwt, "issuer", a.JwtConfiguration.Issuer)
		out := template.Map(template.P("type", template.Text("oauth2")), template.P("flows", template.Map()))
		w.extend(out, "authorizer", template.Map(
			template.P("type", template.Text("jwt")), template.P("identitySource", template.Text(strings.Join(a.IdentitySource, ","))),
			template.P("jwtConfiguration", jwt),
		))
		return out
	}
	// An apiKey scheme has one name; all sources are in the extension.
	name, place := "Authorization", "header"
	if len(a.IdentitySource) > 0 {
		if header, ok := strings.CutPrefix(a.IdentitySource[0], "$request.header."); ok {
			name = header
		} else if parameter, ok := strings.CutPrefix(a.IdentitySource[0], "$request.querystring."); ok {
			name, place = parameter, "query"
		}
	}
	out := template.Map(template.P("type", template.Text("apiKey")), template.P("name", template.Text(name)), template.P("in", template.Text(place)))
	authorizer := template.Map(template.P("type", template.Text("request")))
	setText(authorizer, "identitySource", strings.Join(a.IdentitySource, ","))
	setText(authorizer, "authorizerUri", a.AuthorizerUri)
	setText(authorizer, "authorizerCredentials", a.AuthorizerCredentialsArn)
	setText(authorizer, "authorizerPayloadFormatVersion", a.AuthorizerPayloadFormatVersion)
	setNumber(authorizer, "authorizerResultTtlInSeconds", a.AuthorizerResultTtlInSeconds)
	if a.EnableSimpleResponses {
		authorizer.Set("enableSimpleResponses", template.Bool(true))
	}
	w.extend(out, "authorizer", authorizer)
	return out
}

func setText(n *template.Node, key, value string) {
	if value != "" {
		n.Set(key, template.Text(value))
	}
}

func setTexts(n *template.Node, key string, values []string) {
	if len(values) > 0 {
		n.Set(key, template.Texts(values...))
	}
}

func setNumber(n *template.Node, key string, value *int) {
	if value != nil {
		n.Set(key, template.Number(*value))
	}
}

func textsByName(m map[string]string) *template.Node {
	out := template.Map()
	for _, name := range sortedKeys(m) {
		out.Set(name, template.Text(m[name]))
	}
	return out
}
