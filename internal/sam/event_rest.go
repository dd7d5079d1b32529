package sam

import (
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

var restEventProperties = []property{
	{name: "Path", shape: text, required: true},
	{name: "Method", shape: text, required: true},
	{name: "RestApiId", shape: text},
	{name: "Stage", shape: text},
	{name: "Auth", shape: mapping},
	{name: "RequestModel", shape: mapping},
	{name: "RequestParameters", shape: list},
	{name: "TimeoutInMillis", shape: number},
	{name: "ResponseTransferMode", shape: text},
}

// linkRESTEvent finds the properties of the event's API.
func linkRESTEvent(e *eventSource) error {
	e.apiID = referenced(e.get("RestApiId")).Str()
	e.api = e.resources.Path(e.apiID, "Properties")
	if stage := e.api.Get("StageName"); stage.IsText() && stage.Value == "" {
		return invalidResource(e.apiID, stage, "StageName cannot be empty.")
	}
	return nil
}

// makeRESTEvent lets the API invoke the function, and enters the method into
// the API's body.
func makeRESTEvent(e *eventSource) error {
	path, method := e.get("Path").Str(), strings.ToLower(e.get("Method").Str())
	id := e.full + "Permission"
	switch stage := e.api.Get("StageName").Str(); {
	case isAlphanumeric(stage):
		id += stage
	case stage == "":
		id += "Stage"
	default:
		id += shortHash(stage)
	}
	source := sub("arn:"+e.partition()+":execute-api:${AWS::Region}:${AWS::AccountId}:${__ApiId__}/${__Stage__}/"+sourceMethod(method)+sourcePath(path),
		template.P("__ApiId__", e.get("RestApiId")), template.P("__Stage__", template.Text("*")))
	e.add(e.permission("apigateway.amazonaws.com", id, template.P("SourceArn", source)))

	body := e.api.Get("DefinitionBody")
	if !validSwagger(body) || !e.managed[e.apiID] {
		return nil
	}
	paths := body.Get("paths")
	if hasIntegration(paths, path, method) {
		return e.invalid(nil, "API method '%s' defined multiple times for path '%s'.", method, path)
	}
	function := e.id + ".Arn"
	if e.alias != nil {
		function = e.alias.id
	}
	proxy := template.Map(
		template.P("type", template.Text("aws_proxy")),
		template.P("httpMethod", template.Text("POST")),
		template.P("uri", integrationURI(e.partition(), function)),
	)
	if timeout := e.get("TimeoutInMillis"); timeout != nil {
		proxy.Set("timeoutInMillis", timeout)
	}
	if mode := e.get("ResponseTransferMode"); mode != nil {
		proxy.Set("responseTransferMode", mode)
	}
	if credentials := restCredentials(e.get("Auth"), e.api.Get("Auth")); credentials != nil {
		proxy.Set("credentials", credentials)
	}
	if err := enterMethod(paths, path, method, proxy, e.macro.node.Get("Condition").Str(), e.node.Position); err != nil {
		return err
	}
	return e.configureMethod(body, path, method)
}

// enterMethod gives a method its integration.
func enterMethod(paths *template.Node, path, method string, with *template.Node, condition string, at template.Position) error {
	item, err := pathItem(paths, path)
	if err != nil {
		return err
	}
	for _, item := range branches(item) {
		op := template.Map(template.P(integration, with.Clone()), template.P("responses", template.Map()))
		if uri := op.Get(integration).Get("uri"); condition != "" {
			if uri != nil {
				op.Get(integration).Set("uri", orNothing(condition, uri))
			}
			op = orNothing(condition, op)
		}
		item.Set(methodKey(method), op.At(at))
	}
	return nil
}

// callerCredentials makes API Gateway invoke the function as the caller.
const callerCredentials = "arn:aws:iam::*:user/*" //nolint:gosec // a pattern that means the caller, not a credential

// restCredentials returns the credentials of an integration: with IAM
// authorization the caller's, unless InvokeRole says otherwise.
func restCredentials(method, api *template.Node) *template.Node {
	authorizer := method.Get("Authorizer")
	if authorizer.IsNull() {
		authorizer = api.Get("DefaultAuthorizer")
	}
	if authorizer.Str() != "AWS_IAM" {
		return nil
	}
	role := template.Text("CALLER_CREDENTIALS")
	for _, auth := range []*template.Node{api, method} {
		if auth.Has("InvokeRole") {
			if role = auth.Get("InvokeRole"); role.IsNull() {
				role = template.Text("NONE")
			}
		}
	}
	switch role.Str() {
	case "NONE":
		return nil
	case "CALLER_CREDENTIALS":
		return template.Text(callerCredentials)
	default:
		return role
	}
}

// configureMethod writes what else the event says about its method.
func (e *eventSource) configureMethod(body *template.Node, path, method string) error {
	paths := body.Get("paths")
	if auth := e.get("Auth"); truthy(auth) {
		if err := e.restAuth(auth, body, path, method); err != nil {
			return err
		}
	}
	for _, op := range operations(paths, path, method) {
		if model := e.get("RequestModel"); truthy(model) {
			name := model.Get("Model").Str()
			if models := e.api.Get("Models"); !models.Has(name) {
				return e.invalid(model, "Unable to set RequestModel [%s] on API method [%s] for path [%s] because it wasn't defined in the API's Models.", name, method, path)
			}
			parameter := template.Map(
				template.P("in", template.Text("body")),
				template.P("name", template.Text(strings.ToLower(name))),
				template.P("schema", template.Map(template.P("$ref", template.Text("#/definitions/"+strings.ToLower(name))))),
			)
			if required := model.Get("Required"); required != nil {
				parameter.Set("required", required)
			}
			appendTo(op, "parameters", parameter)
		}
		for _, p := range items(e.get("RequestParameters")) {
			if err := e.requestParameter(op, p); err != nil {
				return err
			}
		}
		op.At(e.node.Position)
	}
	return nil
}

func appendTo(n *template.Node, key string, item *template.Node) {
	all := n.Get(key)
	if !all.IsList() {
		all = template.List()
		n.Set(key, all)
	}
	all.Append(item)
}

// requestParameter declares a parameter such as method.request.header.X.
func (e *eventSource) requestParameter(op, p *template.Node) error {
	name, settings := p.Str(), template.Map()
	if p.IsMap() && len(p.Pairs) == 1 {
		name, settings = p.Pairs[0].Key, p.Pairs[0].Value
	}
	kind, rest, ok := strings.Cut(strings.TrimPrefix(name, "method.request."), ".")
	if !ok || !strings.HasPrefix(name, "method.request.") || !slices.Contains([]string{"querystring", "path", "header"}, kind) {
		return e.invalid(p, "Invalid value for 'RequestParameters' property. Keys must be in the format 'method.request.[querystring|path|header].{value}', e.g 'method.request.header.Authorization'.")
	}
	if kind == "querystring" {
		kind = "query"
	}
	parameter := template.Map(
		template.P("in", template.Text(kind)),
		template.P("name", template.Text(rest)),
		template.P("required", template.Bool(isTrue(settings.Get("Required")) || kind == "path")),
		template.P("type", template.Text("string")),
	)
	appendTo(op, "parameters", parameter)
	if isTrue(settings.Get("Caching")) {
		appendTo(sectionOf(op, integration), "cacheKeyParameters", template.Text(name))
		sectionOf(op, integration, "requestParameters").Set("integration.request."+kind+"."+rest, template.Text(name))
	}
	return nil
}

func (e *eventSource) restAuth(auth, body *template.Node, path, method string) error {
	apiAuth := e.api.Get("Auth")
	authorizers, fallback := apiAuth.Get("Authorizers"), apiAuth.Get("DefaultAuthorizer")
	if name := auth.Get("Authorizer"); truthy(name) {
		if name.Str() == "AWS_IAM" {
			sectionOf(body, "securityDefinitions").Set("AWS_IAM", iamScheme("Authorization"))
		}
		if err := e.checkAuthorizer(name, authorizers, fallback, path, method, name.Str() == "AWS_IAM"); err != nil {
			return err
		}
		scopes := template.List()
		if own := authorizers.Get(name.Str()).Get("AuthorizationScopes"); own.IsList() {
			scopes = own
		}
		if own := auth.Get("AuthorizationScopes"); own.IsList() {
			scopes = own
		}
		for _, op := range operations(body.Get("paths"), path, method) {
			addSecurity(op, template.Map(template.P(name.Str(), scopes.Clone())))
		}
	}
	if key := auth.Get("ApiKeyRequired"); isTrue(key) {
		addKeyScheme(body)
		for _, op := range operations(body.Get("paths"), path, method) {
			addSecurity(op, template.Map(template.P("api_key", template.List())))
		}
	} else if isFalse(key) && isTrue(apiAuth.Get("ApiKeyRequired")) {
		for _, op := range operations(body.Get("paths"), path, method) {
			addSecurity(op, template.Map(template.P(noKey, template.List())))
		}
	}
	if policy := auth.Get("ResourcePolicy"); truthy(policy) {
		if !policy.IsMap() {
			return e.invalid(policy, "'ResourcePolicy' must be a map.")
		}
		addResourcePolicy(body, policy, template.List(methodResource(path, method)))
	}
	return nil
}
