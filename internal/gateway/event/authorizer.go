package event

import "strings"

// An AuthorizerRequest is what a Lambda authorizer is asked.
type AuthorizerRequest struct {
	Request

	RouteARN       string
	IdentitySource []string // values, in the order of the sources; nil is null
}

// AppendAuthorizerV2 appends r as an authorizer's event of payload format 2.0.
// It has no body, and keeps the cookie header beside the cookies.
func AppendAuthorizerV2(b []byte, r *AuthorizerRequest) []byte {
	b = append(b, `{"version":"2.0","type":"REQUEST"`...)
	b = appendMember(b, "routeArn", r.RouteARN)
	b = append(b, `,"identitySource":`...)
	if r.IdentitySource == nil {
		b = append(b, "null"...)
	} else {
		b = appendStrings(b, r.IdentitySource)
	}
	b = appendMember(b, "routeKey", r.RouteKey)
	b = appendMember(b, "rawPath", r.Path)
	b = appendMember(b, "rawQueryString", r.RawQuery)
	b = appendV2Maps(b, &r.Request, false)
	b = appendV2Context(b, &r.Request)
	if len(r.PathParameters) > 0 {
		b = append(b, `,"pathParameters":`...)
		b = appendParameters(b, sorted(r.PathParameters))
	}
	if len(r.StageVariables) > 0 {
		b = append(b, `,"stageVariables":`...)
		b = appendParameters(b, r.StageVariables)
	}
	return append(b, '}')
}

// AppendAuthorizerV1 appends r as an authorizer's event of payload format 1.0.
func AppendAuthorizerV1(b []byte, r *AuthorizerRequest) []byte {
	b = append(b, `{"version":"1.0","type":"REQUEST"`...)
	b = appendMember(b, "methodArn", r.RouteARN)
	identity := strings.Join(r.IdentitySource, ",")
	b = appendNullable(b, "identitySource", identity)
	b = appendNullable(b, "authorizationToken", identity)
	b = appendMember(b, "resource", r.RoutePath)
	b = appendMember(b, "path", r.SentPath)
	b = appendMember(b, "httpMethod", r.Method)
	all := make([]Parameter, len(r.Headers))
	for i, h := range r.Headers {
		all[i] = Parameter{v1Name(h, r.HTTP2), h.Value}
	}
	b = append(b, `,"headers":`...)
	b = appendParameters(b, last(sorted(all)))
	b = appendV1Map(b, "queryStringParameters", last(sorted(r.Query)))
	b = appendV1Map(b, "pathParameters", sorted(r.PathParameters))
	b = appendV1Map(b, "stageVariables", r.StageVariables)
	b = append(b, `,"requestContext":{"path":`...)
	b = AppendString(b, r.Path)
	b = appendMember(b, "accountId", r.AccountID)
	b = appendMember(b, "resourceId", r.RouteKey)
	b = appendMember(b, "stage", r.Stage)
	b = appendMember(b, "requestId", r.RequestID)
	b = append(b, `,"identity":{"sourceIp":`...)
	b = AppendString(b, r.SourceIP)
	b = appendMember(b, "userAgent", r.UserAgent)
	if r.ClientCert != nil {
		b = appendClientCert(append(b, ','), r.ClientCert)
	}
	b = append(b, '}')
	b = appendMember(b, "resourcePath", r.RoutePath)
	b = appendMember(b, "httpMethod", r.Method)
	b = appendMember(b, "apiId", r.APIID)
	return append(b, "}}"...)
}
