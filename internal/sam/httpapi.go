package sam

import (
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

var httpAPIProperties = []property{
	{name: "StageName", shape: text | mapping},
	{name: "Tags", shape: mapping},
	{name: "Name", shape: anything},
	{name: "DefinitionBody", shape: mapping},
	{name: "DefinitionUri", shape: text | mapping},
	{name: "StageVariables", shape: mapping},
	{name: "CorsConfiguration", shape: mapping | boolean},
	{name: "AccessLogSettings", shape: mapping},
	{name: "DefaultRouteSettings", shape: mapping},
	{name: "Auth", shape: mapping},
	{name: "RouteSettings", shape: mapping},
	{name: "Domain", shape: mapping},
	{name: "FailOnWarnings", shape: boolean},
	{name: "Description", shape: text},
	{name: "DisableExecuteApiEndpoint", shape: boolean},
	{name: "PropagateTags", shape: boolean},
}

// An httpAPI is an AWS::Serverless::HttpApi while it is expanded. What its
// properties say of names, CORS, authorizers and tags goes into the body.
type httpAPIMacro struct {
	*macro
	body *template.Node // nil when the definition lies in S3
	tags *template.Node // of the stage and the domain
	api  *resource
}

func expandHTTPAPI(m *macro) error {
	a := &httpAPIMacro{macro: m, tags: m.get("Tags")}
	if body := m.get("DefinitionBody"); truthy(body) {
		a.body = body
	}
	if truthy(m.get("DefinitionUri")) && a.body != nil {
		return invalidResource(m.id, m.node, "Specify either 'DefinitionUri' or 'DefinitionBody' property and not both.")
	}
	m.props.Set("CorsConfiguration", m.resolve(m.props.Get("CorsConfiguration")))
	m.props.Set("Domain", m.resolve(m.props.Get("Domain")))
	for _, step := range []func() error{a.cors, a.auth, a.tag, a.title, a.describe, a.construct, a.domain} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (a *httpAPIMacro) construct() error {
	if disable := a.get("DisableExecuteApiEndpoint"); disable != nil {
		if a.body == nil {
			return invalidResource(a.id, disable, "DisableExecuteApiEndpoint works only within 'DefinitionBody' property.")
		}
		if err := a.disableEndpoint(disable); err != nil {
			return err
		}
	}
	failOnWarnings := truthy(a.get("FailOnWarnings"))
	if failOnWarnings {
		// API Gateway warns of a path that does not start with a slash.
		if paths := a.body.Get("paths"); paths.Has(defaultRoute) {
			paths.Pair(defaultRoute).Key = "/" + defaultRoute
		}
	}
	a.api = a.add(newResource(a.id, "AWS::ApiGatewayV2::Api", a.own()))
	if a.body != nil {
		a.api.set("Body", a.body)
	} else {
		location, err := a.s3Location("DefinitionUri", a.get("DefinitionUri"))
		if err != nil {
			return err
		}
		a.api.set("BodyS3Location", location.body())
	}
	if failOnWarnings {
		a.api.set("FailOnWarnings", a.get("FailOnWarnings"))
	}
	for _, p := range a.authorizerPermissions() {
		a.add(p)
	}
	return nil
}

func (a *httpAPIMacro) disableEndpoint(disable *template.Node) error {
	const key = "x-amazon-apigateway-endpoint-configuration"
	servers := a.body.Get("servers")
	switch {
	case servers == nil:
		a.body.Set("servers", template.List(template.Map(template.P(key, template.Map(template.P("disableExecuteApiEndpoint", disable))))))
		return nil
	case !servers.IsList():
		return invalidTemplate(servers, "Value of 'servers' item must be a dictionary according to Swagger spec.")
	}
	for _, server := range servers.Items {
		if !server.IsMap() {
			return invalidTemplate(server, "Value of 'servers' item must be a dictionary according to Swagger spec.")
		}
		sectionOf(server, key).Set("disableExecuteApiEndpoint", disable)
	}
	return nil
}

// stage makes the stage: $default, or the one that StageName says.
func (a *httpAPIMacro) stage() *resource {
	name := a.get("StageName")
	if !truthy(name) {
		name = template.Text(defaultRoute)
	}
	id := a.id + "Stage"
	switch literal := name.Str(); {
	case literal == defaultRoute:
		id = a.id + "ApiGatewayDefaultStage"
	case isAlphanumeric(literal):
		id = a.id + literal + "Stage"
	case literal != "":
		id += shortHash(literal)
	}
	s := newResource(id, "AWS::ApiGatewayV2::Stage", a.inherited())
	s.set("ApiId", a.api.ref())
	s.set("StageName", name)
	for _, setting := range []string{"StageVariables", "AccessLogSettings", "DefaultRouteSettings", "RouteSettings"} {
		s.set(setting, a.get(setting))
	}
	s.set("Tags", a.tags)
	s.set("AutoDeploy", template.Bool(true))
	a.refer("Stage", s)
	return s
}

// tag puts the tags into the body, and the transform's own after them.
func (a *httpAPIMacro) tag() error {
	if a.body == nil {
		if truthy(a.tags) {
			return invalidResource(a.id, a.tags, "Tags works only with inline OpenApi specified in the 'DefinitionBody' property.")
		}
		return nil
	}
	if !validOpenAPI(a.body) {
		if truthy(a.tags) {
			return invalidResource(a.id, a.tags, "Unable to add `Tags` because 'DefinitionBody' does not contain a valid OpenApi definition.")
		}
		return nil
	}
	tags := template.Map()
	if a.tags.IsMap() {
		tags = a.tags.Clone()
	}
	tags.Set("httpapi:createdBy", template.Text(createdBySAM))
	if err := addTags(a.body, tags); err != nil {
		return err
	}
	a.tags = tags
	return nil
}

func (a *httpAPIMacro) title() error {
	name := a.get("Name")
	if !truthy(name) {
		return nil
	}
	if a.body == nil {
		return invalidResource(a.id, name, "Name works only with inline OpenApi specified in the 'DefinitionBody' property.")
	}
	if title := a.body.Path("info", "title"); title.Get("Ref").Str() != "AWS::StackName" {
		return invalidResource(a.id, name, "Unable to set Name because it is already defined within inline OpenAPI specified in the 'DefinitionBody' property.")
	}
	sectionOf(a.body, "info").Set("title", name)
	return nil
}

func (a *httpAPIMacro) describe() error {
	description := a.get("Description")
	if !truthy(description) {
		return nil
	}
	if a.body == nil {
		return invalidResource(a.id, description, "Description works only with inline OpenApi specified in the 'DefinitionBody' property.")
	}
	if truthy(a.body.Path("info", "description")) {
		return invalidResource(a.id, description, "Unable to set Description because it is already defined within inline OpenAPI specified in the 'DefinitionBody' property.")
	}
	sectionOf(a.body, "info").Set("description", description)
	return nil
}

// corsKeys are the settings of CorsConfiguration; the body has them with a
// lower-case first letter.
var corsKeys = []string{"AllowMethods", "AllowHeaders", "AllowOrigins", "ExposeHeaders", "MaxAge", "AllowCredentials"}

func (a *httpAPIMacro) cors() error {
	config := a.get("CorsConfiguration")
	if !truthy(config) {
		return nil
	}
	if a.body == nil {
		return invalidResource(a.id, config, "Cors works only with inline OpenApi specified in 'DefinitionBody' property.")
	}
	settings := template.Map()
	switch {
	case config.IsBool() || config.Str() == "true":
		settings.Set("AllowOrigins", template.Texts("*"))
	case isIntrinsic(config):
	case config.IsMap():
		for _, p := range config.Pairs {
			if !slices.Contains(corsKeys, p.Key) {
				return invalidResource(a.id, p.Value, "Invalid key '%s' for 'Cors' property.", p.Key)
			}
			settings.Set(p.Key, p.Value)
		}
	default:
		return invalidResource(a.id, config, "Invalid value for 'Cors' property.")
	}
	if !validOpenAPI(a.body) {
		return invalidResource(a.id, config, "Unable to add Cors configuration because 'DefinitionBody' does not contain a valid OpenApi definition.")
	}
	if isIntrinsic(config) {
		a.body.Set("x-amazon-apigateway-cors", lowerCORS(config))
		return nil
	}
	origins := settings.Get("AllowOrigins")
	if isIntrinsic(origins) {
		// AWS's transform forgets the other settings then.
		a.body.Set("x-amazon-apigateway-cors", origins)
		return nil
	}
	if isTrue(settings.Get("AllowCredentials")) && origins.IsList() && len(origins.Items) == 1 && origins.Items[0].Str() == "*" {
		return invalidResource(a.id, config, `Unable to add Cors configuration because 'AllowCredentials' can not be true when 'AllowOrigin' is "'*'" or not set.`)
	}
	cors := sectionOf(a.body, "x-amazon-apigateway-cors")
	for _, p := range settings.Pairs {
		if p.Key == "AllowCredentials" && !isTrue(p.Value) {
			continue
		}
		if p.Key == "MaxAge" && !p.Value.IsNull() || truthy(p.Value) {
			cors.Set(lowerFirst(p.Key), p.Value)
		}
	}
	return nil
}

// lowerCORS lowers the keys of CORS settings inside an intrinsic function.
func lowerCORS(n *template.Node) *template.Node {
	c := n.Clone()
	for _, item := range c.Items {
		*item = *lowerCORS(item)
	}
	for i := range c.Pairs {
		if slices.Contains(corsKeys, c.Pairs[i].Key) {
			c.Pairs[i].Key = lowerFirst(c.Pairs[i].Key)
		} else {
			c.Pairs[i].Value = lowerCORS(c.Pairs[i].Value)
		}
	}
	return c
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }
