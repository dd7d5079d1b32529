package sam

import "github.com/hakonegate/hakone/internal/template"

// auth writes the authorizers into the body, and the default one onto each
// route that has none.
func (a *httpAPIMacro) auth() error {
	auth := a.get("Auth")
	if !truthy(auth) {
		return nil
	}
	if a.body == nil {
		return invalidResource(a.id, auth, "Auth works only with inline OpenApi specified in the 'DefinitionBody' property.")
	}
	for _, p := range auth.Pairs {
		if p.Key != "Authorizers" && p.Key != "DefaultAuthorizer" && p.Key != "EnableIamAuthorizer" {
			return invalidResource(a.id, p.Value, "Invalid value for 'Auth' property")
		}
	}
	if !validOpenAPI(a.body) {
		return invalidResource(a.id, auth, "Unable to add Auth configuration because 'DefinitionBody' does not contain a valid OpenApi definition.")
	}
	schemes := template.Map()
	if isTrue(auth.Get("EnableIamAuthorizer")) {
		schemes.Set("AWS_IAM", iamScheme("Authorization"))
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
			schemes.Set(p.Key, scheme)
		}
	}
	if components := a.body.Get("components"); components != nil && !components.IsMap() {
		return invalidTemplate(components, "Invalid OpenApi document: The value of 'components' should be a map")
	}
	if len(schemes.Pairs) > 0 {
		section := sectionOf(a.body, "components", "securitySchemes")
		for _, p := range schemes.Pairs {
			section.Set(p.Key, p.Value.At(auth.Position))
		}
	}
	return a.defaultAuthorizer(auth.Get("DefaultAuthorizer"), authorizers, schemes)
}

// iamScheme is the scheme that means a signed request.
func iamScheme(header string) *template.Node {
	return template.Map(
		template.P("type", template.Text("apiKey")),
		template.P("name", template.Text(header)),
		template.P("in", template.Text("header")),
		template.P("x-amazon-apigateway-authtype", template.Text("awsSigv4")),
	)
}

// jwtOnly and lambdaOnly say which authorizer settings belong to which kind.
var (
	jwtOnly    = []string{"AuthorizationScopes", "JwtConfiguration", "IdentitySource"}
	lambdaOnly = []string{"FunctionArn", "FunctionInvokeRole", "Identity", "AuthorizerPayloadFormatVersion", "EnableSimpleResponses", "EnableFunctionDefaultPermissions"}
)

// scheme returns the security scheme of an authorizer: JWT when it has a
// JwtConfiguration, else Lambda.
func (a *httpAPIMacro) scheme(name string, authorizer *template.Node) (*template.Node, error) {
	if authorizer.Has("OpenIdConnectUrl") {
		return nil, invalidResource(a.id, authorizer, "'OpenIdConnectUrl' is no longer a supported property for authorizer '%s'. Please refer to the AWS SAM documentation.", name)
	}
	get := func(key string) *template.Node { return present(authorizer.Get(key)) }
	if scopes := get("AuthorizationScopes"); scopes != nil && !scopes.IsList() {
		return nil, invalidResource(a.id, scopes, "AuthorizationScopes must be a list.")
	}
	jwt := truthy(get("JwtConfiguration"))
	for _, key := range jwtOnly {
		v := get(key)
		switch {
		case v == nil || jwt:
		case key == "IdentitySource":
			return nil, invalidResource(a.id, v, "IdentitySource is only supported for OAuth2 Authorizer. For Lambda Authorizer, use the 'Identity' property instead.")
		default:
			return nil, invalidResource(a.id, v, "%s is only supported for OAuth2 Authorizer.", key)
		}
	}
	for _, key := range lambdaOnly {
		if v := get(key); v != nil && jwt {
			return nil, invalidResource(a.id, v, "%s is only supported for Lambda Authorizer.", key)
		}
	}
	if v := get("EnableFunctionDefaultPermissions"); v != nil && !v.IsBool() {
		return nil, invalidResource(a.id, v, "Property 'Authorizers.%s.EnableFunctionDefaultPermissions' should be a boolean.", name)
	}
	if jwt {
		return a.jwtScheme(name, authorizer)
	}
	return a.lambdaScheme(name, authorizer)
}

func (a *httpAPIMacro) jwtScheme(name string, authorizer *template.Node) (*template.Node, error) {
	config := authorizer.Get("JwtConfiguration")
	if !config.IsMap() {
		return nil, invalidResource(a.id, config, "Property 'JwtConfiguration' should be a map.")
	}
	if !truthy(authorizer.Get("IdentitySource")) {
		return nil, invalidResource(a.id, authorizer, "%s OAuth2 Authorizer must define 'IdentitySource'.", name)
	}
	lowered := template.Map()
	for _, p := range config.Pairs {
		lowered.Set(lowerAll(p.Key), p.Value)
	}
	return template.Map(
		template.P("type", template.Text("oauth2")),
		template.P(authorizerKey, template.Map(
			template.P("jwtConfiguration", lowered),
			template.P("identitySource", authorizer.Get("IdentitySource")),
			template.P("type", template.Text("jwt")),
		)),
	), nil
}

func (a *httpAPIMacro) lambdaScheme(name string, authorizer *template.Node) (*template.Node, error) {
	for _, key := range []string{"FunctionArn", "AuthorizerPayloadFormatVersion"} {
		if !truthy(authorizer.Get(key)) {
			return nil, invalidResource(a.id, authorizer, "%s Lambda Authorizer must define '%s'.", name, key)
		}
	}
	identity := present(authorizer.Get("Identity"))
	if identity != nil && !identity.IsMap() {
		return nil, invalidResource(a.id, identity, "Property 'Auth.Authorizers.%s.Identity' should be a map.", name)
	}
	sources := template.List()
	for _, kind := range []struct{ key, prefix string }{
		{"Headers", "$request.header."}, {"QueryStrings", "$request.querystring."}, {"StageVariables", "$stageVariables."}, {"Context", "$context."},
	} {
		names := present(identity.Get(kind.key))
		if names == nil {
			continue
		}
		if !names.IsList() {
			return nil, invalidResource(a.id, names, "Property 'Authorizers.%s.Identity.%s' should be a list.", name, kind.key)
		}
		for i, n := range names.Items {
			if !n.IsScalar() {
				return nil, invalidResource(a.id, n, "Property 'Authorizers.%s.Identity.%s[%d]' should be a string.", name, kind.key, i)
			}
			sources.Append(template.Text(kind.prefix + n.Value))
		}
	}
	settings := template.Map(
		template.P("type", template.Text("request")),
		template.P("authorizerUri", a.authorizerURI(authorizer.Get("FunctionArn"))),
	)
	if role := authorizer.Get("FunctionInvokeRole"); truthy(role) && role.Str() != "NONE" {
		settings.Set("authorizerCredentials", role)
	}
	if truthy(identity) {
		settings.Set("identitySource", sources)
	}
	if ttl := present(identity.Get("ReauthorizeEvery")); ttl != nil {
		settings.Set("authorizerResultTtlInSeconds", ttl)
	}
	settings.Set("authorizerPayloadFormatVersion", authorizer.Get("AuthorizerPayloadFormatVersion"))
	if simple := authorizer.Get("EnableSimpleResponses"); truthy(simple) {
		settings.Set("enableSimpleResponses", simple)
	}
	return template.Map(
		template.P("type", template.Text("apiKey")),
		template.P("name", template.Text("Unused")),
		template.P("in", template.Text("header")),
		template.P(authorizerKey, settings),
	), nil
}

// authorizerURI returns the URI under which API Gateway invokes an authorizer.
func (t *translator) authorizerURI(function *template.Node) *template.Node {
	return sub("arn:"+t.partition()+":apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${__FunctionArn__}/invocations", template.P("__FunctionArn__", function))
}

// defaultAuthorizer requires an authorizer on every route that has an
// integration and names none; OPTIONS stays open, for CORS.
func (a *httpAPIMacro) defaultAuthorizer(name, authorizers, schemes *template.Node) error {
	if !truthy(name) || name.IsNoValue() {
		return nil
	}
	if !name.IsText() {
		return invalidResource(a.id, name, "Property 'Auth.DefaultAuthorizer' should be a string.")
	}
	if !schemes.Has(name.Value) {
		return invalidResource(a.id, name, "Unable to set DefaultAuthorizer because '%s' was not defined in 'Authorizers'.", name.Value)
	}
	scopes := authorizers.Get(name.Value).Get("AuthorizationScopes")
	if !scopes.IsList() {
		scopes = template.List()
	}
	for _, path := range a.body.Get("paths").Pairs {
		for _, item := range branches(path.Value) {
			for _, method := range item.Pairs {
				if key := methodKey(method.Key); key == "options" || key == "parameters" {
					continue
				}
				for _, op := range branches(method.Value) {
					if !op.IsMap() {
						return invalidTemplate(op, "Definition of method '%s' for path '%s' should be a map.", method.Key, path.Key)
					}
					if truthy(op.Get(integration)) && !truthy(op.Get("security")) {
						op.Set("security", template.List(template.Map(template.P(name.Value, scopes.Clone()))).At(name.Position))
					}
				}
			}
		}
	}
	return nil
}

// authorizerPermissions lets the API invoke the Lambda authorizers that ask
// for it.
func (a *httpAPIMacro) authorizerPermissions() []*resource {
	var all []*resource
	authorizers := a.get("Auth").Get("Authorizers")
	if !authorizers.IsMap() {
		return nil
	}
	for _, p := range authorizers.Pairs {
		if arn := present(p.Value.Get("FunctionArn")); arn != nil && isTrue(p.Value.Get("EnableFunctionDefaultPermissions")) {
			all = append(all, a.authorizerPermission(p.Key, arn, a.api.ref(), "${AWS::Partition}"))
		}
	}
	return all
}

func (m *macro) authorizerPermission(name string, function, api *template.Node, partition string) *resource {
	r := newResource(m.id+name+"AuthorizerPermission", "AWS::Lambda::Permission", m.inherited())
	r.set("Action", template.Text("lambda:InvokeFunction"))
	r.set("FunctionName", function)
	r.set("Principal", template.Text("apigateway.amazonaws.com"))
	r.set("SourceArn", sub("arn:"+partition+":execute-api:${AWS::Region}:${AWS::AccountId}:${__ApiId__}/authorizers/*", template.P("__ApiId__", api)))
	return r
}
