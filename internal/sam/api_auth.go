package sam

import (
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

var restAuthKeys = []string{
	"Authorizers", "DefaultAuthorizer", "InvokeRole", "AddDefaultAuthorizerToCorsPreflight", "AddApiKeyRequiredToCorsPreflight", "ApiKeyRequired", "ResourcePolicy", "UsagePlan",
}

// auth writes the authorizers into the body, and the default one onto the
// methods that have none.
func (a *restMacro) auth() error {
	auth := a.resolve(a.get("Auth"))
	if !truthy(auth) {
		return nil
	}
	a.props.Set("Auth", auth)
	if a.body == nil {
		return invalidResource(a.id, auth, "Auth works only with inline Swagger specified in 'DefinitionBody' property.")
	}
	for _, p := range auth.Pairs {
		if !slices.Contains(restAuthKeys, p.Key) {
			return invalidResource(a.id, p.Value, "Invalid value for 'Auth' property")
		}
	}
	if a.paths == nil {
		return invalidResource(a.id, auth, "Unable to add Auth configuration because 'DefinitionBody' does not contain a valid Swagger definition.")
	}
	authorizers := auth.Get("Authorizers")
	if truthy(authorizers) {
		if !authorizers.IsMap() {
			return invalidResource(a.id, authorizers, "Property 'Auth.Authorizers' should be a map.")
		}
		for _, p := range authorizers.Pairs {
			if !p.Value.IsMap() {
				return invalidResource(a.id, p.Value, "Property 'Auth.Authorizers.%s' should be a map.", p.Key)
			}
			scheme, err := a.scheme(p.Key, p.Value)
			if err != nil {
				return err
			}
			sectionOf(a.body, "securityDefinitions").Set(p.Key, scheme)
		}
	}
	// Without authorizers a default one other than AWS_IAM says nothing.
	if fallback := auth.Get("DefaultAuthorizer"); truthy(fallback) && !fallback.IsNoValue() && (truthy(authorizers) || fallback.Str() == "AWS_IAM") {
		if err := a.defaultAuthorizer(fallback, authorizers, auth); err != nil {
			return err
		}
	}
	if truthy(auth.Get("ApiKeyRequired")) {
		onPreflight := auth.Get("AddApiKeyRequiredToCorsPreflight")
		if err := a.requireKey(!auth.Has("AddApiKeyRequiredToCorsPreflight") || truthy(onPreflight)); err != nil {
			return err
		}
	}
	if err := a.resourcePolicy(auth.Get("ResourcePolicy")); err != nil {
		return err
	}
	a.toOpenAPI()
	return nil
}

// scheme returns the security definition of a Cognito or Lambda authorizer.
func (a *restMacro) scheme(name string, authorizer *template.Node) (*template.Node, error) {
	for _, check := range []struct {
		path, key, kind string
		fits            func(*template.Node) bool
	}{
		{"Authorizer", "Identity", "map", (*template.Node).IsMap},
		{"Authorizers", "AuthorizationScopes", "list", (*template.Node).IsList},
		{"Authorizers", "DisableFunctionDefaultPermissions", "boolean", (*template.Node).IsBool},
	} {
		if value := authorizer.Get(check.key); truthy(value) && !check.fits(value) {
			return nil, invalidResource(a.id, value, "Property '%s.%s.%s' should be a %s.", check.path, name, check.key, check.kind)
		}
	}
	identity := authorizer.Get("Identity")
	header := template.Text("Authorization")
	if own := identity.Get("Header"); truthy(own) {
		header = own
	}
	settings := template.Map()
	kind := "custom"
	payload := authorizer.Get("FunctionPayloadType")
	if payload.Str() == "REQUEST" {
		sources, err := identitySources(a.id, name, identity)
		if err != nil {
			return nil, err
		}
		if len(sources) == 0 && pythonText(identity.Get("ReauthorizeEvery")) != "0" {
			return nil, invalidResource(a.id, authorizer, "%s Authorizer must specify Identity with at least one of Headers, QueryStrings, StageVariables, or Context.", name)
		}
		if len(sources) > 0 {
			settings.Set("identitySource", template.Text(strings.Join(sources, ", ")))
		}
	}
	switch {
	case truthy(payload) && payload.Str() != "TOKEN" && payload.Str() != "REQUEST":
		return nil, invalidResource(a.id, authorizer, "%s Authorizer has invalid 'FunctionPayloadType': %s.", name, python2Text(payload))
	case truthy(authorizer.Get("UserPoolArn")):
		kind = "cognito_user_pools"
		arns := authorizer.Get("UserPoolArn")
		if !arns.IsList() {
			arns = template.List(arns)
		}
		settings.Set("type", template.Text(kind))
		settings.Set("providerARNs", arns)
		settings.Delete("identitySource")
	default:
		settings.Set("type", template.Text("token"))
		if payload.Str() == "REQUEST" {
			settings.Set("type", template.Text("request"))
			header = template.Text("Unused")
		}
		settings.Set("authorizerUri", a.authorizerURI(authorizer.Get("FunctionArn")))
		if role := authorizer.Get("FunctionInvokeRole"); truthy(role) && role.Str() != "NONE" {
			settings.Set("authorizerCredentials", role)
		}
		if ttl := present(identity.Get("ReauthorizeEvery")); ttl != nil {
			settings.Set("authorizerResultTtlInSeconds", ttl)
		}
	}
	if expression := identity.Get("ValidationExpression"); truthy(expression) && payload.Str() != "REQUEST" {
		settings.Set("identityValidationExpression", expression)
	}
	return template.Map(
		template.P("type", template.Text("apiKey")),
		template.P("name", header),
		template.P("in", template.Text("header")),
		template.P("x-amazon-apigateway-authtype", template.Text(kind)),
		template.P(authorizerKey, settings),
	), nil
}

func identitySources(id, name string, identity *template.Node) ([]string, error) {
	var all []string
	for _, kind := range []struct{ key, prefix string }{
		{"Headers", "method.request.header."}, {"QueryStrings", "method.request.querystring."}, {"StageVariables", "stageVariables."}, {"Context", "context."},
	} {
		names := identity.Get(kind.key)
		if !truthy(names) {
			continue
		}
		if !names.IsList() {
			return nil, invalidResource(id, names, "Property 'Auth.Authorizers.%s.Identity.%s' should be a list.", name, kind.key)
		}
		for i, n := range names.Items {
			if !n.IsText() {
				return nil, invalidResource(id, n, "Property 'Auth.Authorizers.%s.Identity.%s[%d]' should be a string.", name, kind.key, i)
			}
			all = append(all, kind.prefix+n.Value)
		}
	}
	return all, nil
}

func (a *restMacro) defaultAuthorizer(name, authorizers, auth *template.Node) error {
	if !name.IsText() {
		return invalidResource(a.id, name, "DefaultAuthorizer is not a string.")
	}
	if name.Value == "AWS_IAM" {
		sectionOf(a.body, "securityDefinitions").Set("AWS_IAM", iamScheme("Authorization"))
	} else if !authorizers.Has(name.Value) {
		return invalidResource(a.id, name, "Unable to set DefaultAuthorizer because '%s' was not defined in 'Authorizers'.", name.Value)
	}
	scopes := authorizers.Get(name.Value).Get("AuthorizationScopes")
	if !scopes.IsList() {
		scopes = template.List()
	}
	preflight := !auth.Has("AddDefaultAuthorizerToCorsPreflight") || truthy(auth.Get("AddDefaultAuthorizerToCorsPreflight"))
	return a.eachMethod(func(method string, op *template.Node) {
		if method == "options" && !preflight {
			return
		}
		if !truthy(op.Get(integration)) {
			return
		}
		// NONE was set by an event; other authorizers by an event or the author.
		// Beside an API key NONE says nothing.
		if security := op.Get("security"); security.IsList() && len(security.Items) > 1 {
			before := len(security.Items)
			if security.Items = slices.DeleteFunc(security.Items, func(n *template.Node) bool { return n.Has("NONE") }); len(security.Items) < before {
				return
			}
		}
		for _, requirement := range items(op.Get("security")) {
			for _, key := range requirement.Keys() {
				if key == "NONE" || key == "AWS_IAM" || authorizers.Has(key) {
					return
				}
			}
		}
		addSecurity(op, template.Map(template.P(name.Value, scopes.Clone())).At(name.Position))
	})
}

// eachMethod calls f for every method of every path.
func (a *restMacro) eachMethod(f func(method string, op *template.Node)) error {
	for _, path := range a.paths.Pairs {
		if !path.Value.IsMap() {
			return invalidTemplate(path.Value, "Value of '%s' path must be a dictionary according to Swagger spec.", path.Key)
		}
		for _, item := range branches(path.Value) {
			for _, method := range item.Pairs {
				key := methodKey(method.Key)
				if key == "parameters" || key == "summary" || key == "description" || key == "servers" {
					continue
				}
				for _, op := range branches(method.Value) {
					if !op.IsMap() {
						return invalidTemplate(op, "Definition of method '%s' for path '%s' should be a map.", method.Key, path.Key)
					}
					f(key, op)
				}
			}
		}
	}
	return nil
}

// requireKey requires an API key on every method whose event does not want it
// otherwise.
func (a *restMacro) requireKey(preflight bool) error {
	addKeyScheme(a.body)
	return a.eachMethod(func(method string, op *template.Node) {
		if method == "options" && !preflight || !truthy(op.Get(integration)) {
			return
		}
		security := op.Get("security")
		without := func(key string) {
			security.Items = slices.DeleteFunc(security.Items, func(n *template.Node) bool { return n.Has(key) })
		}
		for _, requirement := range items(security) {
			switch {
			case requirement.Has("api_key"):
				return
			case requirement.Has(noKey):
				without(noKey)
				without("NONE")
				return
			}
		}
		addSecurity(op, template.Map(template.P("api_key", template.List())))
	})
}

// noKey marks, until requireKey has read it, a method whose event wants no API
// key where the API requires one.
const noKey = "api_key_false"

func addKeyScheme(body *template.Node) {
	sectionOf(body, "securityDefinitions").Set("api_key", template.Map(
		template.P("type", template.Text("apiKey")),
		template.P("name", template.Text("x-api-key")),
		template.P("in", template.Text("header")),
	))
}

// authorizerPermissions lets the API invoke its Lambda authorizers.
func (a *restMacro) authorizerPermissions() []*resource {
	var all []*resource
	authorizers := a.get("Auth").Get("Authorizers")
	if !authorizers.IsMap() {
		return nil
	}
	for _, p := range authorizers.Pairs {
		if arn := p.Value.Get("FunctionArn"); truthy(arn) && !isTrue(p.Value.Get("DisableFunctionDefaultPermissions")) {
			all = append(all, a.authorizerPermission(p.Key, arn, a.api.ref(), a.partition()))
		}
	}
	return all
}
