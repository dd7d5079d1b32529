package sam

import (
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
	source := sub("arn:"+e.partition()+":execute-api:${AWS::Region}:${AWS::AccountId}:${__ApiId__}/${__Stage__}/"+sourceMethod(method)+sourcePath(restPathVariable, path),
		template.P("__ApiId__", e.get("RestApiId")), template.P("__Stage__", template.Text("*")))
	e.add(e.permission("apigateway.amazonaws.com", id, template.P("SourceArn", source)))

	body := e.restBody()
	if body == nil {
		return nil
	}
	paths := body.Get("paths")
	if hasIntegration(paths, path, method) {
		return e.invalid(nil, `API method "%s" defined multiple times for path "%s".`, method, path)
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
	if timeout := e.get("TimeoutInMillis"); truthy(timeout) {
		proxy.Set("timeoutInMillis", timeout)
	}
	if mode := e.get("ResponseTransferMode"); mode != nil {
		e.warn(mode, "ResponseTransferMode of the event "+e.event+" has no effect, as in AWS's transform")
	}
	if credentials := restCredentials(e.partition(), e.get("Auth"), e.api.Get("Auth")); credentials != nil {
		proxy.Set("credentials", credentials)
	}
	if err := enterMethod(paths, path, method, proxy, e.macro.node.Get("Condition").Str(), e.node.Position); err != nil {
		return err
	}
	return e.configureMethod(body, path, method)
}

// restBody returns the definition that the event's method goes into, nil when it
// is not the transform's to write. Where MergeDefinitions joins the template's
// definition and the events', these have a definition of their own.
func (e *eventSource) restBody() *template.Node {
	if isTrue(e.api.Get("MergeDefinitions")) {
		if e.generated[e.apiID] == nil {
			e.generated[e.apiID] = swaggerSkeleton()
		}
		return e.generated[e.apiID]
	}
	if body := e.api.Get("DefinitionBody"); e.managed[e.apiID] && validSwagger(body) {
		return body
	}
	return nil
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

// callerCredentials ends the ARN that makes API Gateway invoke the function as
// the caller.
const callerCredentials = ":iam::*:user/*" //nolint:gosec // a pattern that means the caller, not a credential

// restCredentials returns the credentials of an integration: with IAM
// authorization the caller's, unless InvokeRole says otherwise.
func restCredentials(partition string, method, api *template.Node) *template.Node {
	authorizer := method.Get("Authorizer")
	if !truthy(method) {
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
		return template.Text("arn:" + partition + callerCredentials)
	default:
		return role
	}
}

// configureMethod writes what else the event says about its method.
func (e *eventSource) configureMethod(body *template.Node, path, method string) error {
	if auth := e.get("Auth"); truthy(auth) {
		if err := e.restAuth(auth, body, path, method); err != nil {
			return err
		}
	}
	if err := e.requestModel(body, path, method); err != nil {
		return err
	}
	parameters, err := e.requestParameters()
	if err != nil {
		return err
	}
	for _, op := range operations(body.Get("paths"), path, method) {
		for _, p := range parameters {
			appendTo(op, "parameters", p.declaration.Clone())
			if p.cached {
				appendTo(sectionOf(op, integration), "cacheKeyParameters", template.Text(p.name))
			}
		}
		op.At(e.node.Position)
	}
	return nil
}

func (e *eventSource) restAuth(auth, body *template.Node, path, method string) error {
	if err := e.restAuthorizer(auth, body, path, method); err != nil {
		return err
	}
	apiKey := auth.Get("ApiKeyRequired")
	requirement := noKey
	switch {
	case apiKey == nil:
		requirement = ""
	case truthy(apiKey):
		requirement = "api_key"
		addKeyScheme(body)
	case !truthy(e.api.Get("Auth").Get("ApiKeyRequired")):
		return e.invalid(apiKey, "Unable to set ApiKeyRequired [%s] on API method [%s] for path [%s] because the related API does not specify any ApiKeyRequired.", pythonText(apiKey), method, path)
	}
	if requirement != "" {
		for _, op := range operations(body.Get("paths"), path, method) {
			addSecurity(op, template.Map(template.P(requirement, template.List())))
		}
	}
	if policy := auth.Get("ResourcePolicy"); truthy(policy) {
		if !policy.IsMap() {
			return invalidResource(e.event, policy, "Property 'Auth.ResourcePolicy' should be a map.")
		}
		if err := addResourcePolicy(body, policy, template.List(methodResource(path, method, e.stageName()))); err != nil {
			return err
		}
		addCustomStatements(body, policy)
	}
	return nil
}

// stageName returns the stage that an event's resource policy names: the API's,
// but that of its own Stage for a state machine.
func (e *eventSource) stageName() *template.Node {
	if e.machine {
		return orNull(e.get("Stage"))
	}
	return e.api.Get("StageName")
}

// restAuthorizer requires the authorizer that an event's Auth names.
func (e *eventSource) restAuthorizer(auth, body *template.Node, path, method string) error {
	name, own := auth.Get("Authorizer"), auth.Get("AuthorizationScopes")
	if truthy(own) && !own.IsList() {
		return e.invalid(own, "Property 'Auth.AuthorizationScopes' should be a list.")
	}
	if !truthy(name) {
		if truthy(own) {
			return e.invalid(own, "AuthorizationScopes works only when Authorizer is set")
		}
		return nil
	}
	if name.Str() == "AWS_IAM" {
		sectionOf(body, "securityDefinitions").Set("AWS_IAM", iamScheme("Authorization"))
	}
	apiAuth := e.resolve(e.api.Get("Auth"))
	authorizers := apiAuth.Get("Authorizers")
	if err := e.checkAuthorizer(name, authorizers, apiAuth.Get("DefaultAuthorizer"), path, method, name.Str() == "AWS_IAM"); err != nil {
		return err
	}
	scopes := template.List()
	if ofAuthorizer := authorizers.Get(name.Str()).Get("AuthorizationScopes"); ofAuthorizer.IsList() {
		scopes = ofAuthorizer
	}
	if own.IsList() {
		scopes = own
	}
	for _, op := range operations(body.Get("paths"), path, method) {
		addSecurity(op, template.Map(template.P(name.Str(), scopes.Clone())))
	}
	return nil
}
