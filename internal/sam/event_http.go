package sam

import (
	"regexp"
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

var httpEventProperties = []property{
	{name: "Path", shape: text},
	{name: "Method", shape: text},
	{name: "ApiId", shape: text},
	{name: "Stage", shape: text},
	{name: "Auth", shape: mapping},
	{name: "TimeoutInMillis", shape: number},
	{name: "RouteSettings", shape: mapping},
	{name: "PayloadFormatVersion", shape: text},
}

// linkHTTPEvent finds the properties of the event's API.
func linkHTTPEvent(e *eventSource) error {
	e.apiID = referenced(e.get("ApiId")).Str()
	e.api = e.resources.Path(e.apiID, "Properties")
	return nil
}

// makeHTTPEvent lets the API invoke the function, and enters the route into
// the API's body.
func makeHTTPEvent(e *eventSource) error {
	path, method := e.get("Path").Str(), strings.ToLower(e.get("Method").Str())
	body := present(e.api.Get("DefinitionBody"))
	if body.Has("Fn::Transform") {
		body = nil // an included definition is read only later, by CloudFormation
	}
	if body != nil && truthy(body) && !validOpenAPI(body) {
		return invalidResource(e.apiID, body, "Structure of the SAM template is invalid. Invalid OpenApi document. Invalid values or missing keys for 'openapi' or 'paths' in 'DefinitionBody'.")
	}
	paths := body.Get("paths")
	if path == defaultRoute || integratedFunction(paths, defaultRoute, anyMethod) != e.id {
		e.add(e.permission("apigateway.amazonaws.com", e.full+"Permission", template.P("SourceArn", httpSourceARN(e.get("ApiId"), path, method))))
	}
	if body == nil {
		return nil
	}
	managed := e.managed[e.apiID]
	if managed && hasIntegration(paths, path, method) {
		return e.invalid(nil, "API method '%s' defined multiple times for path '%s'.", method, path)
	}
	if err := e.integrate(paths, path, method); err != nil {
		return err
	}
	return e.configureRoute(paths, path, method)
}

// integrate makes the function what answers on a route, unless something
// already does.
func (e *eventSource) integrate(paths *template.Node, path, method string) error {
	if hasIntegration(paths, path, method) {
		return nil
	}
	item, err := pathItem(paths, path)
	if err != nil {
		return err
	}
	function := e.id + ".Arn"
	if e.alias != nil {
		function = e.alias.id
	}
	uri := integrationURI("${AWS::Partition}", function)
	condition := e.macro.node.Get("Condition").Str()
	if condition != "" {
		uri = orNothing(condition, uri)
	}
	key := methodKey(method)
	for _, item := range branches(item) {
		op := item.Get(key)
		if !op.IsMap() {
			op = template.Map()
		}
		op.Set(integration, template.Map(
			template.P("type", template.Text("aws_proxy")),
			template.P("httpMethod", template.Text("POST")),
			template.P("payloadFormatVersion", template.Text("2.0")),
			template.P("uri", uri.Clone()),
		))
		if path == defaultRoute && key == anyMethod {
			op.Set("isDefaultRoute", template.Bool(true))
		}
		if !op.Has("responses") {
			op.Set("responses", template.Map())
		}
		if condition != "" {
			op = orNothing(condition, op)
		}
		item.Set(key, op.At(e.node.Position))
	}
	return nil
}

// configureRoute writes what else the event says about its route.
func (e *eventSource) configureRoute(paths *template.Node, path, method string) error {
	if auth := e.get("Auth"); truthy(auth) {
		requirement, err := e.httpSecurity(auth, path, method)
		if err != nil {
			return err
		}
		for _, op := range operations(paths, path, method) {
			addSecurity(op, requirement.Clone().At(auth.Position))
		}
	}
	for _, op := range operations(paths, path, method) {
		if timeout := e.get("TimeoutInMillis"); truthy(timeout) {
			sectionOf(op, integration).Set("timeoutInMillis", timeout)
		}
		addPathParameters(op, path)
		if version := e.get("PayloadFormatVersion"); truthy(version) {
			sectionOf(op, integration).Set("payloadFormatVersion", version)
		}
		op.At(e.node.Position)
	}
	return nil
}

// httpSecurity returns the security requirement that an event's Auth means.
func (e *eventSource) httpSecurity(auth *template.Node, path, method string) (*template.Node, error) {
	apiAuth := e.api.Get("Auth")
	authorizers, fallback := apiAuth.Get("Authorizers"), apiAuth.Get("DefaultAuthorizer")
	name := auth.Get("Authorizer")
	if !truthy(name) {
		if !truthy(fallback) {
			return nil, e.invalid(auth, "'Auth' section requires either an explicit 'Authorizer' set or a 'DefaultAuthorizer' configured on the HttpApi.")
		}
		name = fallback
	}
	enabled := apiAuth.Get("EnableIamAuthorizer")
	builtIn := name.Str() == "AWS_IAM" && isTrue(enabled)
	if truthy(enabled) && !authorizers.Has("AWS_IAM") && (authorizers == nil || authorizers.IsMap()) {
		// It counts as an authorizer with this value.
		with := template.Map()
		if authorizers != nil {
			with = authorizers.Clone()
		}
		with.Set("AWS_IAM", enabled)
		authorizers = with
	}
	if err := e.checkAuthorizer(name, authorizers, fallback, path, method, builtIn); err != nil {
		return nil, err
	}
	scopes := template.List()
	if name.Str() != "NONE" && name.Str() != "AWS_IAM" {
		if own := authorizers.Get(name.Str()).Get("AuthorizationScopes"); own.IsList() {
			scopes = own
		}
		if own := auth.Get("AuthorizationScopes"); truthy(own) {
			scopes = own
		}
	}
	return template.Map(template.P(name.Str(), scopes)), nil
}

// checkAuthorizer checks that a method's authorizer is one of the API's.
func (e *eventSource) checkAuthorizer(name, authorizers, fallback *template.Node, path, method string, builtIn bool) error {
	auth := e.get("Auth")
	text := python2Text(name)
	switch {
	case truthy(authorizers) && !authorizers.IsMap():
		return e.invalid(auth, "Unable to set Authorizer on API method [%s] for path [%s] because the related API 'Authorizers' must be a map.", method, path)
	case text == "NONE" && !truthy(fallback):
		return e.invalid(auth, "Unable to set Authorizer on API method [%s] for path [%s] because 'NONE' is only a valid value when a DefaultAuthorizer on the API is specified.", method, path)
	case text == "NONE" || builtIn:
	case !truthy(authorizers):
		return e.invalid(auth, "Unable to set Authorizer [%s] on API method [%s] for path [%s] because the related API does not define any Authorizers.", text, method, path)
	case name.IsText() && !truthy(authorizers.Get(text)):
		return e.invalid(auth, "Unable to set Authorizer [%s] on API method [%s] for path [%s] because it wasn't defined in the API's Authorizers.", text, method, path)
	case !name.IsText() || !authorizers.Get(text).IsMap():
		return e.invalid(auth, "Unable to set Authorizer [%s] on API method [%s] for path [%s]. The method authorizer must be a string with a corresponding dict entry in the api authorizer.", text, method, path)
	}
	if scopes := auth.Get("AuthorizationScopes"); truthy(scopes) && !scopes.IsList() {
		return e.invalid(scopes, "Unable to set Authorizer on API method [%s] for path [%s] because 'AuthorizationScopes' must be a list of strings.", method, path)
	}
	return nil
}

// Of an HTTP API's greedy variables only {proxy+} becomes *: another stays as
// it is written, which is how API Gateway writes the route's ARN.
var (
	httpPathVariable = regexp.MustCompile(`\{([a-zA-Z0-9._-]+|proxy\+)\}`)
	restPathVariable = regexp.MustCompile(`\{[a-zA-Z0-9._-]+\+?\}`)
)

// httpSourceARN returns the ARN under which a route invokes its function: with
// * for each variable and without a final slash, as API Gateway forms it.
func httpSourceARN(apiID *template.Node, path, method string) *template.Node {
	if path == defaultRoute {
		path = ""
	}
	return sub("arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${__ApiId__}/${__Stage__}/"+sourceMethod(method)+sourcePath(httpPathVariable, path),
		template.P("__ApiId__", apiID.Clone()), template.P("__Stage__", template.Text("*")))
}

func sourceMethod(method string) string {
	if methodKey(method) == anyMethod {
		return "*"
	}
	return strings.ToUpper(method)
}

func sourcePath(variable *regexp.Regexp, path string) string {
	if len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	return variable.ReplaceAllString(path, "*")
}
