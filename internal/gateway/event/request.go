package event

import (
	"time"

	"github.com/hakonegate/hakone/sigv4"
)

// A Request is what an event tells of a request. Names and values are already
// decoded; nothing in it is changed by writing an event.
type Request struct {
	AccountID string
	APIID     string
	Stage     string
	RouteKey  string
	RoutePath string // of the route key; "$default" for the default route

	DomainName   string
	DomainPrefix string
	Method       string
	Path         string // decoded, with the stage unless it is $default
	SentPath     string // encoded, with the stage unless it is $default
	RawQuery     string
	Protocol     string // "HTTP/1.1", whatever was spoken
	SourceIP     string
	UserAgent    string
	RequestID    string
	Time         time.Time
	HTTP2        bool // the client's own header names are lower case

	// Headers are sorted by name, in lower case; repeated ones stand together in
	// the order received. The gateway's own are among them.
	Headers        []sigv4.Header
	Query          []Parameter // in the order received
	PathParameters []Parameter
	StageVariables []Parameter // sorted by name

	Body       []byte
	Authorizer Authorizer
	ClientCert *ClientCert // nil without mutual TLS
}

// A Parameter is a name and a value.
type Parameter struct{ Name, Value string }

// An Authorizer is what the route's authorizer found. At most one field is set.
type Authorizer struct {
	IAM    *IAM
	JWT    *JWT
	Lambda *Lambda
}

// IAM is the caller of a signed request.
type IAM struct {
	AccessKey string
	AccountID string
	UserID    string // AIDA… or AROA…:session
	UserARN   string
	OrgID     string // empty: null
}

// JWT is what a token says. Claims are sorted by name, their values in the
// text form that functions see; nil Scopes are null.
type JWT struct {
	Claims []Parameter
	Scopes []string
}

// Lambda is what a Lambda authorizer answered.
type Lambda struct {
	PrincipalID string
	Context     []Member // sorted by name
}

// A Member is one member of a JSON object: its name and its value as JSON.
type Member struct {
	Name string
	JSON []byte
}

// Header returns the values of a header, by its lower-case name, joined by commas.
func (r *Request) Header(name string) string {
	var v string
	for _, h := range r.Headers {
		if h.Name == name {
			if v != "" {
				v += ","
			}
			v += h.Value
		}
	}
	return v
}
