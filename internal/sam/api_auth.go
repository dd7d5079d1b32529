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
	auth := a.get("Auth")
	if !truthy(auth) {
		return nil
	}
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
	authorizers := present(auth.Get("Authorizers"))
	if authorizers != nil && !authorizers.IsMap() {
		return invalidResource(a.id, authorizers, "Authorizers must be a dictionary.")
	}
	if authorizers != nil {
		for _, p := range authorizers.Pairs {
			if !p.Value.IsMap() {
				return invalidResource(a.id, p.Value, "Authorizer %s must be a dictionary.", p.Key)
			}
			scheme, err := a.scheme(p.Key, p.Value)
			if err != nil {
				return err
			}
			sectionOf(a.body, "securityDefinitions").Set(p.Key, scheme)
		}
	}
	if fallback := auth.Get("DefaultAuthorizer"); truthy(fallback) && !fallback.IsNoValue() {
		if err := a.defaultAuthorizer(fallback, authorizers, auth); err != nil {
			return err
		}
	}
	if isTrue(auth.Get("ApiKeyRequired")) {
		a.requireKey(isTrue(auth.Get("AddApiKeyRequiredToCorsPreflight")) || auth.Get("AddApiKeyRequiredToCorsPreflight").IsNull())
	}
	return a.resourcePolicy(auth.Get("ResourcePolicy"))
}

// scheme returns the security definition of a Cognito or Lambda authorizer.
func (a *restMacro) scheme(name string, authorizer *template.Node) (*template.Node, error) {
	identity := present(authorizer.Get("Identity"))
	if identity != nil && !identity.IsMap() {
		return nil, invalidResource(a.id, identity, "Property 'Auth.Authorizers.%s.Identity' should be a map.", name)
	}
	header := template.Text("Authorization")
	if own := identity.Get("Header"); truthy(own) {
		header = own
	}
	settings := template.Map()
	kind := "custom"
	switch payload := authorizer.Get("FunctionPayloadType").Str(); {
	case truthy(authorizer.Get("UserPoolArn")):
		kind = "cognito_user_pools"
		arns := authorizer.Get("UserPoolArn")
		if !arns.IsList() {
			arns = template.List(arns)
		}
		settings.Set("type", template.Text(kind))
		settings.Set("providerARNs", arns)
	case !truthy(authorizer.Get("FunctionArn")):
		return nil, invalidResource(a.id, authorizer, "%s Authorizer has no 'UserPoolArn' or 'FunctionArn'.", name)
	case payload != "" && payload != "TOKEN" && payload != "REQUEST":
		return nil, invalidResource(a.id, authorizer, "%s Authorizer has invalid 'FunctionPayloadType': %s.", name, payload)
	default:
		settings.Set("type", template.Text("token"))
		if payload == "REQUEST" {
			sources := identitySources(identity)
			if len(sources) == 0 && identity.Get("ReauthorizeEvery").Str() != "0" {
				return nil, invalidResource(a.id, authorizer, "%s Authorizer must specify Identity with at least one of Headers, QueryStrings, StageVariables, or Context.", name)
			}
			settings.Set("type", template.Text("request"))
			header = template.Text("Unused")
			if len(sources) > 0 {
				settings.Set("identitySource", template.Text(strings.Join(sources, ", ")))
			}
		}
		settings.Set("authorizerUri", a.authorizerURI(authorizer.Get("FunctionArn")))
		if role := authorizer.Get("FunctionInvokeRole"); truthy(role) && role.Str() != "NONE" {
			settings.Set("authorizerCredentials", role)
		}
		if ttl := present(identity.Get("ReauthorizeEvery")); ttl != nil {
			settings.Set("authorizerResultTtlInSeconds", ttl)
		}
	}
	if expression := identity.Get("ValidationExpression"); truthy(expression) {
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

func identitySources(identity *template.Node) []string {
	var all []string
	for _, kind := range []struct{ key, prefix string }{
		{"Headers", "method.request.header."}, {"QueryStrings", "method.request.querystring."}, {"StageVariables", "stageVariables."}, {"Context", "context."},
	} {
		if names := identity.Get(kind.key); names.IsList() {
			for _, n := range names.Items {
				all = append(all, kind.prefix+n.Str())
			}
		}
	}
	return all
}

func (a *restMacro) defaultAuthorizer(name, authorizers, auth *template.Node) error {
	if isIntrinsic(name) {
		return invalidResource(a.id, name, "Unable to set DefaultAuthorizer because intrinsic functions are not supported for this field.")
	}
	if !name.IsText() {
		return invalidResource(a.id, name, "Property 'DefaultAuthorizer' should be a string.")
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
	preflight := auth.Get("AddDefaultAuthorizerToCorsPreflight")
	a.eachMethod(func(method string, op *template.Node) {
		if method == "options" && !preflight.IsNull() && !isTrue(preflight) {
			return
		}
		if !truthy(op.Get(integration)) {
			return
		}
		// NONE was set by an event; other authorizers by an event or the author.
		for _, requirement := range items(op.Get("security")) {
			for _, key := range requirement.Keys() {
				if key == "NONE" || key == "AWS_IAM" || authorizers.Has(key) {
					return
				}
			}
		}
		addSecurity(op, template.Map(template.P(name.Value, scopes.Clone())).At(name.Position))
	})
	return nil
}

// eachMethod calls f for every method of every path.
func (a *restMacro) eachMethod(f func(method string, op *template.Node)) {
	for _, path := range a.paths.Pairs {
		for _, item := range branches(path.Value) {
			for _, method := range item.Pairs {
				key := methodKey(method.Key)
				if key == "parameters" || key == "summary" || key == "description" || key == "servers" {
					continue
				}
				for _, op := range branches(method.Value) {
					if op.IsMap() {
						f(key, op)
					}
				}
			}
		}
	}
}

// requireKey requires an API key on every method.
func (a *restMacro) requireKey(preflight bool) {
	addKeyScheme(a.body)
	a.eachMethod(func(method string, op *template.Node) {
		if method == "options" && !preflight || !truthy(op.Get(integration)) {
			return
		}
		security := op.Get("security")
		for i, requirement := range items(security) {
			switch {
			case requirement.Has("api_key"):
				return
			case requirement.Has(noKey):
				if security.Items = slices.Delete(security.Items, i, i+1); len(security.Items) == 0 {
					op.Delete("security")
				}
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
			all = append(all, a.authorizerPermission(p.Key, arn, a.api.ref()))
		}
	}
	return all
}
