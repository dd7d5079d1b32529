package apigatewayv2

import (
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

// A securityScheme is how a scheme of the document authorizes routes.
type securityScheme struct {
	authorizationType string
	authorizer        string // name, for JWT and CUSTOM
}

// readSecurityScheme reads a member of securitySchemes. One that says nothing
// of API Gateway may stand there, but no operation may use it.
func (r *reader) readSecurityScheme(at, name string, n *template.Node) {
	r.extensions(at, n, "authorizer", "authtype")
	kind := n.Get(extensionPrefix + "authtype").Str()
	authorizer := n.Get(extensionPrefix + "authorizer")
	switch {
	case strings.EqualFold(kind, "awsSigv4"):
		r.auth[name] = securityScheme{authorizationType: AuthorizationIAM}
	case authorizer != nil:
		r.readAuthorizer(at+"/"+extensionPrefix+"authorizer", name, n, authorizer)
	case kind != "":
		r.fault(at+"/"+extensionPrefix+"authtype", "the type "+kind+" is not supported")
	}
}

func (r *reader) readAuthorizer(at, name string, scheme, n *template.Node) {
	var in struct {
		Type                           string         `json:"type"`
		AuthorizerURI                  string         `json:"authorizerUri"`
		AuthorizerCredentials          string         `json:"authorizerCredentials"`
		AuthorizerPayloadFormatVersion string         `json:"authorizerPayloadFormatVersion"`
		AuthorizerResultTTLInSeconds   *int           `json:"authorizerResultTtlInSeconds"`
		EnableSimpleResponses          bool           `json:"enableSimpleResponses"`
		IdentitySource                 *template.Node `json:"identitySource"`
		JwtConfiguration               *struct {
			Audience []string `json:"audience"`
			Issuer   string   `json:"issuer"`
		} `json:"jwtConfiguration"`
	}
	r.decode(at, n, &in)
	a := Authorizer{
		Name: name, AuthorizerUri: in.AuthorizerURI, AuthorizerCredentialsArn: in.AuthorizerCredentials,
		AuthorizerPayloadFormatVersion: in.AuthorizerPayloadFormatVersion, AuthorizerResultTtlInSeconds: in.AuthorizerResultTTLInSeconds,
		EnableSimpleResponses: in.EnableSimpleResponses, IdentitySource: identitySources(in.IdentitySource),
	}
	s := securityScheme{authorizer: name}
	switch strings.ToLower(in.Type) {
	case "jwt":
		s.authorizationType, a.AuthorizerType = AuthorizationJWT, AuthorizerJWT
		a.JwtConfiguration = &JWT{}
		if j := in.JwtConfiguration; j != nil {
			a.JwtConfiguration.Audience, a.JwtConfiguration.Issuer = j.Audience, j.Issuer
		}
		if a.JwtConfiguration.Issuer == "" {
			a.JwtConfiguration.Issuer = strings.TrimSuffix(scheme.Get("openIdConnectUrl").Str(), "/.well-known/openid-configuration")
		}
	case "request":
		s.authorizationType, a.AuthorizerType = AuthorizationCustom, AuthorizerRequest
	default:
		r.fault(at+"/type", "the authorizer type "+in.Type+" is not one of request, jwt")
	}
	r.auth[name] = s
	r.out.authorizers = append(r.out.authorizers, a)
}

// identitySources reads a list, or a text that has the sources with commas.
func identitySources(n *template.Node) []string {
	switch {
	case n.IsNull():
		return nil
	case n.IsList():
		var out []string
		for _, item := range n.Items {
			out = append(out, item.Str())
		}
		return out
	}
	var out []string
	for s := range strings.SplitSeq(n.Str(), ",") {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// readSecurity says how an operation's route is authorized: by its own
// security, else by the document's.
func (r *reader) readSecurity(at string, n *template.Node, op *operation) {
	op.route.AuthorizationType = AuthorizationNone
	if auth := n.Get(extensionPrefix + "auth"); auth != nil {
		kind := auth.Get("type").Str()
		if kind != AuthorizationNone && kind != AuthorizationIAM {
			r.fault(at+"/"+extensionPrefix+"auth", "the type "+kind+" is not one of NONE, AWS_IAM")
		}
		op.route.AuthorizationType = kind
		return
	}
	security, at := n.Get("security"), at+"/security"
	if security == nil {
		security, at = r.root.Get("security"), "/security"
	}
	switch {
	case security.IsNull() || security.IsList() && len(security.Items) == 0:
		return
	case !security.IsList():
		r.fault(at, "must be a list")
		return
	case len(security.Items) > 1:
		r.fault(at, "an operation has at most one security requirement")
		return
	}
	requirement := security.Items[0]
	if !requirement.IsMap() || len(requirement.Pairs) > 1 {
		r.fault(at, "a security requirement names one scheme")
		return
	}
	for _, p := range requirement.Pairs {
		r.useScheme(at+"/"+p.Key, p.Key, p.Value, op)
	}
}

func (r *reader) useScheme(at, name string, scopes *template.Node, op *operation) {
	s, ok := r.auth[name]
	switch {
	case ok:
	case name == "NONE":
		return
	case r.root.Get("components").Get("securitySchemes").Get(name) != nil:
		r.fault(at, "the security scheme says neither "+extensionPrefix+"authorizer nor "+extensionPrefix+"authtype, so nothing would check it")
		return
	default:
		r.fault(at, "the security scheme is not defined in components/securitySchemes")
		return
	}
	op.route.AuthorizationType, op.authorizer = s.authorizationType, s.authorizer
	if scopes.IsList() {
		for _, item := range scopes.Items {
			op.route.AuthorizationScopes = append(op.route.AuthorizationScopes, item.Str())
		}
	}
	if len(op.route.AuthorizationScopes) > 0 && s.authorizationType != AuthorizationJWT {
		r.fault(at, "scopes are only for JWT authorizers")
	}
}

// readIntegration reads an operation's integration, or the one it refers to.
func (r *reader) readIntegration(at string, n *template.Node, op *operation) {
	at += "/" + extensionPrefix + "integration"
	if ref := n.Get("$ref").Str(); ref != "" {
		const place = "#/components/" + extensionPrefix + "integrations/"
		name, ok := strings.CutPrefix(ref, place)
		if n = r.root.Path("components", extensionPrefix+"integrations", name); !ok || n == nil {
			r.fault(at+"/$ref", ref+" does not exist")
			return
		}
	}
	if n.IsNull() {
		r.warn(at, "the operation has no integration: calls of its route will fail")
		return
	}
	var in struct {
		Type                 string                       `json:"type"`
		HTTPMethod           string                       `json:"httpMethod"`
		URI                  string                       `json:"uri"`
		PayloadFormatVersion string                       `json:"payloadFormatVersion"`
		ConnectionType       string                       `json:"connectionType"`
		ConnectionID         string                       `json:"connectionId"`
		Credentials          string                       `json:"credentials"`
		IntegrationSubtype   string                       `json:"integrationSubtype"`
		RequestParameters    map[string]string            `json:"requestParameters"`
		ResponseParameters   map[string]map[string]string `json:"responseParameters"`
		TimeoutInMillis      int                          `json:"timeoutInMillis"`
		Description          string                       `json:"description"`
		PassthroughBehavior  string                       `json:"passthroughBehavior"`
		TLSConfig            *struct {
			ServerNameToVerify string `json:"serverNameToVerify"`
		} `json:"tlsConfig"`
	}
	r.decode(at, n, &in)
	kind := strings.ToUpper(in.Type)
	if !slices.Contains([]string{IntegrationAWSProxy, IntegrationHTTPProxy}, kind) {
		r.warn(at+"/type", "the integration type "+in.Type+" is not for HTTP APIs: calls of the route will fail")
		return
	}
	if err := checkPassthrough(in.PassthroughBehavior); err != nil {
		r.fault(at+"/passthroughBehavior", err.Error())
	}
	if in.PayloadFormatVersion == "" {
		r.fault(at+"/payloadFormatVersion", "is missing")
	}
	i := Integration{
		IntegrationType: kind, IntegrationMethod: strings.ToUpper(in.HTTPMethod), IntegrationUri: in.URI, PayloadFormatVersion: in.PayloadFormatVersion,
		ConnectionType: in.ConnectionType, ConnectionId: in.ConnectionID, CredentialsArn: in.Credentials, IntegrationSubtype: in.IntegrationSubtype,
		RequestParameters: in.RequestParameters, ResponseParameters: in.ResponseParameters, TimeoutInMillis: in.TimeoutInMillis, Description: in.Description,
	}
	if in.TLSConfig != nil {
		i.TlsConfig = &TlsConfig{ServerNameToVerify: in.TLSConfig.ServerNameToVerify}
	}
	op.integration = &i
}
