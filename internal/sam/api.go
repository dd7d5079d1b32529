package sam

import (
	"strconv"
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

// validSwagger reports whether body is an inline Swagger or OpenAPI 3
// document, which the transform may edit.
func validSwagger(body *template.Node) bool {
	return body.Get("paths").IsMap() && (truthy(body.Get("swagger")) || openAPI3.MatchString(body.Get("openapi").Str()))
}

func expandAPI(m *macro) error {
	a := &restMacro{macro: m}
	if body := m.get("DefinitionBody"); truthy(body) {
		a.body = body
	}
	if truthy(m.get("DefinitionUri")) && a.body != nil {
		return invalidResource(m.id, m.node, "Specify either 'DefinitionUri' or 'DefinitionBody' property and not both.")
	}
	if err := a.mergeDefinitions(); err != nil {
		return err
	}
	if validSwagger(a.body) {
		a.paths = a.body.Get("paths")
	}
	m.props.Set("BinaryMediaTypes", m.resolve(m.props.Get("BinaryMediaTypes")))
	m.props.Set("Domain", m.resolve(m.props.Get("Domain")))
	for _, step := range []func() error{
		a.checkOpenAPIVersion, a.cors, a.auth, a.gatewayResponses, a.models, a.construct, a.deploy, a.domain, a.usagePlan,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// mergeDefinitions joins what events have defined with the template's own
// definition: method by method, and in a method key by key.
func (a *restMacro) mergeDefinitions() error {
	if !isTrue(a.get("MergeDefinitions")) {
		return nil
	}
	if uri := a.get("DefinitionUri"); truthy(uri) {
		return invalidResource(a.id, uri, "Cannot set 'MergeDefinitions' to True when using `DefinitionUri`.")
	}
	paths := a.body.Get("paths")
	if paths != nil && !paths.IsMap() {
		return invalidResource(a.id, a.body, "Property 'DefinitionBody' is invalid: It should be a map")
	}
	generated := a.generated[a.id].Get("paths")
	if generated == nil || !validSwagger(a.body) {
		return nil
	}
	for _, path := range generated.Pairs {
		for _, method := range path.Value.Pairs {
			if method.Key == anyMethod {
				method.Key = "any"
			}
			op := sectionOf(a.body, "paths", path.Key, method.Key)
			for _, p := range method.Value.Pairs {
				op.Set(p.Key, p.Value)
			}
		}
	}
	return nil
}

func (a *restMacro) construct() error {
	if a.body != nil {
		if disable := a.get("DisableExecuteApiEndpoint"); disable != nil {
			if a.body.Has("openapi") {
				if err := (&httpAPIMacro{macro: a.macro, body: a.body}).disableEndpoint(disable); err != nil {
					return err
				}
			} else {
				sectionOf(a.body, "x-amazon-apigateway-endpoint-configuration").Set("disableExecuteApiEndpoint", disable)
			}
		}
		if types := a.get("BinaryMediaTypes"); truthy(types) && a.paths != nil {
			media := types
			if types.IsList() {
				media = template.List()
				for _, t := range types.Items {
					media.Append(mediaType(t))
				}
			}
			a.body.Set("x-amazon-apigateway-binary-media-types", media)
		}
	} else if disable := a.get("DisableExecuteApiEndpoint"); disable != nil {
		return invalidResource(a.id, disable, "DisableExecuteApiEndpoint works only within 'DefinitionBody' property.")
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
	endpoint := a.get("EndpointConfiguration")
	if !truthy(endpoint) && a.partition() != "aws" {
		endpoint = template.Text("REGIONAL") // no other partition has edge locations
	}
	if truthy(endpoint) {
		if err := a.endpoint(endpoint); err != nil {
			return err
		}
	}
	for _, name := range []string{"Name", "Description", "MinimumCompressionSize", "FailOnWarnings", "Mode", "ApiKeySourceType", "SecurityPolicy", "EndpointAccessMode", "Policy", "BinaryMediaTypes"} {
		a.api.set(name, a.get(name))
	}
	if truthy(a.get("PropagateTags")) && truthy(a.get("Tags")) {
		a.api.set("Tags", tagList("", a.get("Tags")))
	}
	return nil
}

// mediaType reads image~1gif, which stands for image/gif in keys of bodies.
func mediaType(n *template.Node) *template.Node {
	if n.IsText() {
		return template.Text(strings.ReplaceAll(n.Value, "~1", "/"))
	}
	return n
}

func (a *restMacro) endpoint(config *template.Node) error {
	typ, endpoints := config, template.Map()
	if t := config.Get("Type"); config.IsMap() && t != nil {
		typ, endpoints = t, config
	}
	if endpoints.Has("VPCEndpointIds") && endpoints.Has("VpcEndpointIds") {
		return invalidResource(a.id, config, "'VPCEndpointIds' and 'VpcEndpointIds' cannot be used together in EndpointConfiguration.")
	}
	a.api.set("EndpointConfiguration", pairs(
		template.P("Types", template.List(typ)),
		template.P("VpcEndpointIds", endpoints.Get("VpcEndpointIds")),
		template.P("VpcEndpointIds", endpoints.Get("VPCEndpointIds")),
		template.P("IpAddressType", endpoints.Get("IpAddressType")),
	))
	a.api.set("Parameters", template.Map(template.P("endpointConfigurationTypes", typ)))
	return nil
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
	if a.get("OpenApiVersion") == nil {
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
	if a.body == nil {
		return invalidResource(a.id, responses, "GatewayResponses works only with inline Swagger specified in 'DefinitionBody' property.")
	}
	for _, p := range responses.Pairs {
		if !p.Value.IsMap() {
			return invalidResource(a.id, p.Value, "Invalid property type '%s' for GatewayResponses. Expected an object of type 'GatewayResponse'.", python2Type(p.Value))
		}
		for _, field := range p.Value.Pairs {
			if field.Key != "StatusCode" && field.Key != "ResponseTemplates" && field.Key != "ResponseParameters" {
				return invalidResource(a.id, field.Value, "Invalid property '%s' in 'GatewayResponses' property '%s'.", field.Key, p.Key)
			}
		}
	}
	if a.paths == nil {
		return invalidResource(a.id, responses, "Unable to add Auth configuration because 'DefinitionBody' does not contain a valid Swagger definition.")
	}
	section := sectionOf(a.body, "x-amazon-apigateway-gateway-responses")
	for _, p := range responses.Pairs {
		response := template.Map()
		parameters, err := a.gatewayParameters(p.Key, p.Value.Get("ResponseParameters"))
		if err != nil {
			return err
		}
		response.Set("responseParameters", parameters)
		response.Set("responseTemplates", template.Map())
		if templates := p.Value.Get("ResponseTemplates"); truthy(templates) {
			response.Set("responseTemplates", templates)
		}
		if status := p.Value.Get("StatusCode"); truthy(status) {
			if _, err := strconv.Atoi(pythonText(status)); err != nil {
				return invalidResource(a.id, status, "Property 'StatusCode' must be numeric")
			}
			response.Set("statusCode", template.Text(pythonText(status)))
		}
		section.Set(p.Key, response)
	}
	a.toOpenAPI()
	return nil
}

func (a *restMacro) gatewayParameters(name string, n *template.Node) (*template.Node, error) {
	flat := template.Map()
	if !truthy(n) {
		return flat, nil
	}
	if !n.IsMap() {
		return nil, invalidResource(a.id, n, "Property 'GatewayResponses.%s.ResponseParameters' should be a map.", name)
	}
	prefixes := map[string]string{"Headers": "header", "Paths": "path", "QueryStrings": "querystring"}
	for _, kind := range n.Pairs {
		prefix, known := prefixes[kind.Key]
		if !known {
			return nil, invalidResource(a.id, kind.Value, "Invalid gateway response parameter '%s'", kind.Key)
		}
		if !kind.Value.IsMap() {
			return nil, invalidResource(a.id, kind.Value, "Property 'ResponseParameters.%s' should be a map.", kind.Key)
		}
		for _, p := range kind.Value.Pairs {
			flat.Set("gatewayresponse."+prefix+"."+p.Key, p.Value)
		}
	}
	return flat, nil
}

func (a *restMacro) models() error {
	models := a.get("Models")
	if !truthy(models) {
		return nil
	}
	if a.body == nil {
		return invalidResource(a.id, models, "Models works only with inline Swagger specified in 'DefinitionBody' property.")
	}
	if a.paths == nil {
		return invalidResource(a.id, models, "Unable to add Models definitions because 'DefinitionBody' does not contain a valid Swagger definition.")
	}
	section := sectionOf(a.body, "definitions")
	for _, p := range models.Pairs {
		if p.Value.IsMap() && !truthy(p.Value.Get("type")) {
			return invalidTemplate(p.Value, "'Models' schema is missing 'type'.")
		}
		if !p.Value.IsMap() {
			return invalidResource(a.id, p.Value, "Invalid value for 'Models' property")
		}
		section.Set(strings.ToLower(p.Key), p.Value)
	}
	a.toOpenAPI()
	return nil
}

// checkOpenAPIVersion reads OpenApiVersion. A definition that the transform
// wrote itself gets the version; one of the template's stays what it is.
func (a *restMacro) checkOpenAPIVersion() error {
	version := a.get("OpenApiVersion")
	if !truthy(version) {
		return nil
	}
	if text := pythonText(version); !openAPI3.MatchString(text) && !strings.HasPrefix(text, "2.0") || version.IsMap() {
		return invalidResource(a.id, version, "The OpenApiVersion value must be of the format '3.0.0'.")
	}
	if a.managed[a.id] && openAPI3.MatchString(pythonText(version)) {
		a.body.Delete("swagger")
		a.body.Set("openapi", version)
	}
	return nil
}

// quoteVersions makes text of an OpenApiVersion such as 3.0, which YAML takes
// for a number.
func (t *translator) quoteVersions() {
	t.each(func(_ string, r *template.Node) {
		if version := r.Path("Properties", "OpenApiVersion"); version.IsNumber() && openAPI3.MatchString(version.Value) && version.Value != "3" {
			r.Get("Properties").Set("OpenApiVersion", template.Text(version.Value).At(version.Position))
		}
	}, "Api")
}

// toOpenAPI moves what Swagger 2 has elsewhere to where OpenAPI 3 has it. It runs
// after each step that has written to the definition, and as AWS's transform
// wraps the headers of OPTIONS in a schema each time.
func (a *restMacro) toOpenAPI() {
	if !a.body.Has("openapi") || a.body.Has("swagger") || !openAPI3.MatchString(a.body.Get("openapi").Str()) {
		return
	}
	for _, moved := range []struct{ from, to string }{{"securityDefinitions", "securitySchemes"}, {"definitions", "schemas"}} {
		if section := a.body.Get(moved.from); section.IsMap() {
			to := sectionOf(a.body, "components", moved.to)
			for _, p := range section.Pairs {
				to.Set(p.Key, p.Value)
			}
			a.body.Delete(moved.from)
		}
	}
	for _, item := range a.paths.Pairs {
		op := item.Value.Get("options")
		if !op.IsMap() {
			continue
		}
		op.Delete("consumes")
		op.Delete("produces")
		if headers := op.Path("responses", "200", "headers"); headers.IsMap() {
			for _, p := range headers.Pairs {
				headers.Set(p.Key, template.Map(template.P("schema", p.Value)))
			}
		}
	}
}
