package sam

import (
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

var apiProperties = []property{
	{name: "Name", shape: text | mapping},
	{name: "StageName", shape: text | mapping, required: true},
	{name: "Tags", shape: mapping},
	{name: "PropagateTags", shape: boolean},
	{name: "DefinitionBody", shape: mapping},
	{name: "DefinitionUri", shape: text | mapping},
	{name: "MergeDefinitions", shape: boolean, literal: true},
	{name: "CacheClusterEnabled", shape: boolean},
	{name: "CacheClusterSize", shape: text},
	{name: "Variables", shape: mapping},
	{name: "EndpointConfiguration", shape: text | mapping},
	{name: "MethodSettings", shape: list},
	{name: "BinaryMediaTypes", shape: list},
	{name: "MinimumCompressionSize", shape: number},
	{name: "Cors", shape: text | mapping},
	{name: "Auth", shape: mapping},
	{name: "GatewayResponses", shape: mapping},
	{name: "AccessLogSetting", shape: mapping},
	{name: "CanarySetting", shape: mapping},
	{name: "TracingEnabled", shape: boolean},
	{name: "OpenApiVersion", shape: text},
	{name: "Models", shape: mapping},
	{name: "Domain", shape: mapping},
	{name: "FailOnWarnings", shape: boolean},
	{name: "Description", shape: text},
	{name: "Mode", shape: text},
	{name: "DisableExecuteApiEndpoint", shape: boolean},
	{name: "ApiKeySourceType", shape: text},
	{name: "AlwaysDeploy", shape: boolean, literal: true},
	{name: "Policy", shape: text | mapping},
	{name: "SecurityPolicy", shape: text},
	{name: "EndpointAccessMode", shape: text},
}

// A restMacro is an AWS::Serverless::Api while it is expanded.
type restMacro struct {
	*macro
	body  *template.Node // nil when the definition lies in S3
	paths *template.Node // of the body; nil when it cannot be edited
	api   *resource
	stage *resource
}

func swaggerSkeleton() *template.Node {
	return template.Map(
		template.P("swagger", template.Text("2.0")),
		template.P("info", template.Map(
			template.P("version", template.Text("1.0")),
			template.P("title", template.Ref("AWS::StackName")),
		)),
		template.P("paths", template.Map()),
	)
}

// validSwagger reports whether body is an inline Swagger 2 or OpenAPI 3
// document, which the transform may edit.
func validSwagger(body *template.Node) bool {
	return body.Get("paths").IsMap() && (strings.HasPrefix(body.Get("swagger").Str(), "2") || openAPI3.MatchString(body.Get("openapi").Str()))
}

func expandAPI(m *macro) error {
	a := &restMacro{macro: m}
	if body := m.get("DefinitionBody"); truthy(body) {
		a.body = body
	}
	if truthy(m.get("DefinitionUri")) && a.body != nil {
		return invalidResource(m.id, m.node, "Specify either 'DefinitionUri' or 'DefinitionBody' property and not both.")
	}
	if validSwagger(a.body) {
		a.paths = a.body.Get("paths")
	}
	m.props.Set("BinaryMediaTypes", m.resolve(m.props.Get("BinaryMediaTypes")))
	m.props.Set("Domain", m.resolve(m.props.Get("Domain")))
	for _, step := range []func() error{
		a.cors, a.auth, a.gatewayResponses, a.models, a.convert, a.construct, a.deploy, a.domain, a.usagePlan,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (a *restMacro) construct() error {
	if a.body != nil {
		if disable := a.get("DisableExecuteApiEndpoint"); disable != nil {
			if a.body.Has("openapi") {
				(&httpAPIMacro{macro: a.macro, body: a.body}).disableEndpoint(disable)
			} else {
				sectionOf(a.body, "x-amazon-apigateway-endpoint-configuration").Set("disableExecuteApiEndpoint", disable)
			}
		}
		if types := a.get("BinaryMediaTypes"); types.IsList() && a.paths != nil {
			media := template.List()
			for _, t := range types.Items {
				media.Append(mediaType(t))
			}
			a.body.Set("x-amazon-apigateway-binary-media-types", media)
		}
	}
	a.api = a.add(newResource(a.id, "AWS::ApiGateway::RestApi", a.own()))
	if a.body != nil {
		a.api.set("Body", a.body)
	} else {
		location, err := a.s3Location("DefinitionUri", a.get("DefinitionUri"))
		if err != nil {
			return err
		}
		a.api.set("BodyS3Location", location.body())
	}
	if endpoint := a.get("EndpointConfiguration"); truthy(endpoint) {
		a.endpoint(endpoint)
	}
	for _, name := range []string{"Name", "Description", "MinimumCompressionSize", "FailOnWarnings", "Mode", "ApiKeySourceType", "SecurityPolicy", "EndpointAccessMode"} {
		a.api.set(name, a.get(name))
	}
	if truthy(a.get("PropagateTags")) && truthy(a.get("Tags")) {
		a.api.set("Tags", tagList("", a.get("Tags")))
	}
	return nil
}

// mediaType reads image~1gif, which stands for image/gif in keys of bodies.
func mediaType(n *template.Node) *template.Node {
	if n.IsScalar() {
		return template.Text(strings.ReplaceAll(n.Value, "~1", "/"))
	}
	return n
}

func (a *restMacro) endpoint(config *template.Node) {
	typ := config
	if t := config.Get("Type"); config.IsMap() && t != nil {
		typ = t
	}
	a.api.set("EndpointConfiguration", pairs(
		template.P("Types", template.List(typ)),
		template.P("VpcEndpointIds", config.Get("VPCEndpointIds")),
		template.P("IpAddressType", config.Get("IpAddressType")),
	))
	a.api.set("Parameters", template.Map(template.P("endpointConfigurationTypes", typ)))
}

// deploy makes the deployment, whose logical id changes with the body, and
// the stage that serves it.
func (a *restMacro) deploy() error {
	name := a.get("StageName")
	content := a.body
	if content == nil {
		content = a.api.props().Get("BodyS3Location")
	}
	sum := canonical(content)
	if truthy(a.get("AlwaysDeploy")) {
		a.warn(a.get("AlwaysDeploy"), "AlwaysDeploy of "+a.id+" has no effect: a deployment is made when the API changes")
	}
	deployment := a.add(newResource(a.id+"Deployment"+shortHash(sum), "AWS::ApiGateway::Deployment", a.inherited()))
	deployment.set("RestApiId", a.api.ref())
	deployment.set("Description", template.Text("RestApi deployment id: "+longHash(sum)))
	if a.get("OpenApiVersion") == nil && !a.body.Has("openapi") {
		deployment.set("StageName", template.Text("Stage"))
	}
	a.refer("Deployment", deployment)

	id := a.id
	switch literal := name.Str(); {
	case isAlphanumeric(literal):
		id += literal + "Stage"
	case literal == "":
		id += "Stage"
	default:
		id += "Stage" + shortHash(literal)
	}
	a.stage = a.add(newResource(id, "AWS::ApiGateway::Stage", a.inherited()))
	a.stage.set("RestApiId", a.api.ref())
	a.stage.set("DeploymentId", deployment.ref())
	for _, setting := range []string{"StageName", "CacheClusterEnabled", "CacheClusterSize", "Variables", "MethodSettings", "AccessLogSetting", "CanarySetting", "TracingEnabled"} {
		a.stage.set(setting, a.get(setting))
	}
	if tags := a.get("Tags"); truthy(tags) {
		a.stage.set("Tags", tagList("", tags))
	}
	a.refer("Stage", a.stage)
	for _, p := range a.authorizerPermissions() {
		a.add(p)
	}
	return nil
}

func (a *restMacro) gatewayResponses() error {
	responses := a.get("GatewayResponses")
	if !truthy(responses) {
		return nil
	}
	if a.paths == nil {
		return invalidResource(a.id, responses, "GatewayResponses works only with inline Swagger specified in 'DefinitionBody' property.")
	}
	section := sectionOf(a.body, "x-amazon-apigateway-gateway-responses")
	for _, p := range responses.Pairs {
		if !p.Value.IsMap() {
			return invalidResource(a.id, p.Value, "Property 'GatewayResponses.%s' should be a map.", p.Key)
		}
		response := template.Map()
		for _, field := range p.Value.Pairs {
			switch field.Key {
			case "StatusCode":
				response.Set("statusCode", field.Value)
			case "ResponseTemplates":
				response.Set("responseTemplates", field.Value)
			case "ResponseParameters":
				response.Set("responseParameters", gatewayParameters(field.Value))
			default:
				return invalidResource(a.id, field.Value, "Invalid property '%s' in 'GatewayResponses' property '%s'.", field.Key, p.Key)
			}
		}
		section.Set(p.Key, response)
	}
	return nil
}

func gatewayParameters(n *template.Node) *template.Node {
	flat := template.Map()
	for _, kind := range []struct{ key, prefix string }{{"Headers", "header"}, {"Paths", "path"}, {"QueryStrings", "querystring"}} {
		if values := n.Get(kind.key); values.IsMap() {
			for _, p := range values.Pairs {
				flat.Set("gatewayresponse."+kind.prefix+"."+p.Key, p.Value)
			}
		}
	}
	return flat
}

func (a *restMacro) models() error {
	models := a.get("Models")
	if !truthy(models) {
		return nil
	}
	if a.paths == nil {
		return invalidResource(a.id, models, "Models works only with inline Swagger specified in 'DefinitionBody' property.")
	}
	section := sectionOf(a.body, "definitions")
	for _, p := range models.Pairs {
		section.Set(strings.ToLower(p.Key), p.Value)
	}
	return nil
}

// convert makes an OpenAPI 3 document of the body when OpenApiVersion asks
// for it.
func (a *restMacro) convert() error {
	version := a.resolve(a.get("OpenApiVersion"))
	if version == nil && a.body.Has("openapi") {
		version = a.body.Get("openapi")
	}
	if version == nil || a.body == nil {
		return nil
	}
	if !version.IsText() {
		return invalidResource(a.id, version, "'OpenApiVersion' must be a string.")
	}
	if !openAPI3.MatchString(version.Value) {
		if strings.HasPrefix(version.Value, "2.0") {
			return nil
		}
		return invalidResource(a.id, version, "The OpenApiVersion value must be of the format \"3.0.0\".")
	}
	a.body.Set("openapi", version)
	a.body.Delete("swagger")
	for _, moved := range []struct{ from, to string }{{"securityDefinitions", "securitySchemes"}, {"definitions", "schemas"}} {
		if section := a.body.Get(moved.from); section.IsMap() {
			to := sectionOf(a.body, "components", moved.to)
			for _, p := range section.Pairs {
				to.Set(p.Key, p.Value)
			}
			a.body.Delete(moved.from)
		}
	}
	for _, path := range a.paths.Keys() {
		for _, op := range operations(a.paths, path, "options") {
			op.Delete("consumes")
			op.Delete("produces")
			if headers := op.Path("responses", "200", "headers"); headers.IsMap() {
				for _, p := range headers.Pairs {
					headers.Set(p.Key, template.Map(template.P("schema", p.Value)))
				}
			}
		}
	}
	return nil
}
