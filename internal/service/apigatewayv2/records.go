package apigatewayv2

import "time"

// An API is one HTTP API as GetApi returns it.
type API struct {
	ApiEndpoint               string
	ApiGatewayManaged         bool `json:",omitempty"`
	ApiId                     string
	ApiKeySelectionExpression string
	CorsConfiguration         *Cors `json:",omitempty"`
	CreatedDate               time.Time
	Description               string `json:",omitempty"`
	DisableExecuteApiEndpoint bool
	ImportInfo                []string `json:",omitempty"`
	IpAddressType             string
	Name                      string
	ProtocolType              string
	RouteSelectionExpression  string
	Tags                      map[string]string
	Version                   string   `json:",omitempty"`
	Warnings                  []string `json:",omitempty"`
}

// Cors is an API's corsConfiguration.
type Cors struct {
	AllowCredentials bool     `json:",omitempty"`
	AllowHeaders     []string `json:",omitempty"`
	AllowMethods     []string `json:",omitempty"`
	AllowOrigins     []string `json:",omitempty"`
	ExposeHeaders    []string `json:",omitempty"`
	MaxAge           *int     `json:",omitempty"`
}

// The authorization types of a route.
const (
	AuthorizationNone   = "NONE"
	AuthorizationIAM    = "AWS_IAM"
	AuthorizationJWT    = "JWT"
	AuthorizationCustom = "CUSTOM"
)

// DefaultRoute is the key of the route that takes what no other takes, and
// DefaultStage the name of the stage that is served from the root.
const (
	DefaultRoute = "$default"
	DefaultStage = "$default"
)

// A Route selects an integration by method and path.
type Route struct {
	ApiGatewayManaged   bool `json:",omitempty"`
	ApiKeyRequired      bool
	AuthorizationScopes []string `json:",omitempty"`
	AuthorizationType   string
	AuthorizerId        string `json:",omitempty"`
	OperationName       string `json:",omitempty"`
	RouteId             string
	RouteKey            string
	Target              string `json:",omitempty"` // "integrations/ID"; without one, calls fail
}

// The integration types of an HTTP API.
const (
	IntegrationAWSProxy  = "AWS_PROXY"
	IntegrationHTTPProxy = "HTTP_PROXY"
)

// An Integration answers requests.
type Integration struct {
	ApiGatewayManaged    bool                         `json:",omitempty"`
	ConnectionId         string                       `json:",omitempty"`
	ConnectionType       string                       `json:",omitempty"`
	CredentialsArn       string                       `json:",omitempty"`
	Description          string                       `json:",omitempty"`
	IntegrationId        string                       ``
	IntegrationMethod    string                       `json:",omitempty"`
	IntegrationSubtype   string                       `json:",omitempty"`
	IntegrationType      string                       ``
	IntegrationUri       string                       `json:",omitempty"`
	PayloadFormatVersion string                       ``
	RequestParameters    map[string]string            `json:",omitempty"`
	ResponseParameters   map[string]map[string]string `json:",omitempty"`
	TimeoutInMillis      int                          ``
	TlsConfig            *TlsConfig                   `json:",omitempty"`
}

// TlsConfig says how a private integration is reached over TLS.
type TlsConfig struct {
	ServerNameToVerify string `json:",omitempty"`
}

// The kinds of authorizers.
const (
	AuthorizerRequest = "REQUEST"
	AuthorizerJWT     = "JWT"
)

// An Authorizer is a JWT or Lambda (REQUEST) authorizer.
type Authorizer struct {
	AuthorizerCredentialsArn       string `json:",omitempty"`
	AuthorizerId                   string
	AuthorizerPayloadFormatVersion string `json:",omitempty"`
	AuthorizerResultTtlInSeconds   *int   `json:",omitempty"`
	AuthorizerType                 string
	AuthorizerUri                  string   `json:",omitempty"`
	EnableSimpleResponses          bool     `json:",omitempty"`
	IdentitySource                 []string `json:",omitempty"`
	JwtConfiguration               *JWT     `json:",omitempty"`
	Name                           string
}

// JWT is an authorizer's jwtConfiguration.
type JWT struct {
	Audience []string `json:",omitempty"`
	Issuer   string   `json:",omitempty"`
}

// A Stage names what is served.
type Stage struct {
	AccessLogSettings           *AccessLogSettings `json:",omitempty"`
	ApiGatewayManaged           bool               `json:",omitempty"`
	AutoDeploy                  bool
	CreatedDate                 time.Time
	DefaultRouteSettings        RouteSettings
	DeploymentId                string `json:",omitempty"`
	Description                 string `json:",omitempty"`
	LastDeploymentStatusMessage string `json:",omitempty"`
	LastUpdatedDate             time.Time
	RouteSettings               map[string]RouteSettings
	StageName                   string
	StageVariables              map[string]string
	Tags                        map[string]string
}

// AccessLogSettings says where a stage's access log goes and what it says.
type AccessLogSettings struct {
	DestinationArn string `json:",omitempty"`
	Format         string `json:",omitempty"`
}

// RouteSettings are a stage's settings for one route or for all.
type RouteSettings struct {
	DataTraceEnabled       bool     `json:",omitempty"`
	DetailedMetricsEnabled bool     ``
	LoggingLevel           string   `json:",omitempty"`
	ThrottlingBurstLimit   *int     `json:",omitempty"`
	ThrottlingRateLimit    *float64 `json:",omitempty"`
}

// A Deployment is a snapshot of an API's configuration.
type Deployment struct {
	AutoDeployed            bool
	CreatedDate             time.Time
	DeploymentId            string
	DeploymentStatus        string
	DeploymentStatusMessage string `json:",omitempty"`
	Description             string `json:",omitempty"`
}

// A Configuration is the part of an API that a deployment freezes. Maps are
// by id.
type Configuration struct {
	Authorizers               map[string]Authorizer
	CorsConfiguration         *Cors `json:",omitempty"`
	DisableExecuteApiEndpoint bool
	Integrations              map[string]Integration
	Routes                    map[string]Route
}

// A Served is one API with what its stages serve. Receivers must not change it.
type Served struct {
	API    API
	Stages []ServedStage
}

// A ServedStage is a stage with the configuration that its deployment has.
type ServedStage struct {
	Stage         Stage
	Configuration *Configuration
}
