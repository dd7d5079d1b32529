package event

import (
	"net/textproto"
	"strconv"

	"github.com/hakonegate/hakone/sigv4"
)

// AppendV1 appends r as an event of payload format 1.0.
func AppendV1(b []byte, r *Request) []byte {
	b = append(b, `{"version":"1.0"`...)
	b = appendMember(b, "resource", r.RoutePath)
	b = appendMember(b, "path", r.SentPath)
	b = appendMember(b, "httpMethod", r.Method)
	b = appendV1Headers(b, r)
	b = appendV1Query(b, r)
	b = appendV1Context(b, r)
	b = appendV1Map(b, "pathParameters", sorted(r.PathParameters))
	b = appendV1Map(b, "stageVariables", r.StageVariables)
	encoded := false
	if len(r.Body) > 0 {
		b = append(b, `,"body":`...)
		b, encoded = appendBody(b, r)
	} else {
		b = append(b, `,"body":null`...)
	}
	b = append(b, `,"isBase64Encoded":`...)
	b = strconv.AppendBool(b, encoded)
	return append(b, '}')
}

// appendV1Map appends a map of single values; absent ones are null.
func appendV1Map(b []byte, name string, ps []Parameter) []byte {
	b = append(b, `,"`...)
	b = append(b, name...)
	b = append(b, `":`...)
	if len(ps) == 0 {
		return append(b, "null"...)
	}
	return appendParameters(b, ps)
}

func appendV1Headers(b []byte, r *Request) []byte {
	all := make([]Parameter, len(r.Headers))
	for i, h := range r.Headers {
		all[i] = Parameter{v1Name(h, r.HTTP2), h.Value}
	}
	all = sorted(all)
	b = append(b, `,"headers":`...)
	b = appendParameters(b, last(all))
	b = append(b, `,"multiValueHeaders":`...)
	return appendMulti(b, all)
}

func appendV1Query(b []byte, r *Request) []byte {
	if len(r.Query) == 0 {
		return append(b, `,"queryStringParameters":null,"multiValueQueryStringParameters":null`...)
	}
	all := sorted(r.Query)
	b = append(b, `,"queryStringParameters":`...)
	b = appendParameters(b, last(all))
	b = append(b, `,"multiValueQueryStringParameters":`...)
	return appendMulti(b, all)
}

func appendV1Context(b []byte, r *Request) []byte {
	b = append(b, `,"requestContext":{"accountId":`...)
	b = AppendString(b, r.AccountID)
	b = appendMember(b, "apiId", r.APIID)
	b = appendV1Authorizer(b, &r.Authorizer)
	b = appendMember(b, "domainName", r.DomainName)
	b = appendMember(b, "domainPrefix", r.DomainPrefix)
	b = appendMember(b, "extendedRequestId", r.RequestID)
	b = appendMember(b, "httpMethod", r.Method)
	iam := r.Authorizer.IAM
	if iam == nil {
		iam = &IAM{}
	}
	b = append(b, `,"identity":{"accessKey":`...)
	if iam.AccessKey == "" {
		b = append(b, "null"...)
	} else {
		b = AppendString(b, iam.AccessKey)
	}
	b = appendNullable(b, "accountId", iam.AccountID)
	b = appendNullable(b, "caller", iam.UserID)
	if r.ClientCert != nil {
		b = appendClientCert(append(b, ','), r.ClientCert)
	}
	b = append(b, `,"cognitoAuthenticationProvider":null,"cognitoAuthenticationType":null,"cognitoIdentityId":null,"cognitoIdentityPoolId":null`...)
	b = appendNullable(b, "principalOrgId", iam.OrgID)
	b = appendMember(b, "sourceIp", r.SourceIP)
	b = appendNullable(b, "user", iam.UserID)
	b = appendMember(b, "userAgent", r.UserAgent)
	b = appendNullable(b, "userArn", iam.UserARN)
	b = append(b, '}')
	b = appendMember(b, "path", r.Path)
	b = appendMember(b, "protocol", r.Protocol)
	b = appendMember(b, "requestId", r.RequestID)
	b = append(b, `,"requestTime":"`...)
	b = r.Time.UTC().AppendFormat(b, timeLayout)
	b = append(b, `","requestTimeEpoch":`...)
	b = strconv.AppendInt(b, r.Time.UnixMilli(), 10)
	b = appendMember(b, "resourceId", r.RouteKey)
	b = appendMember(b, "resourcePath", r.RoutePath)
	b = appendMember(b, "stage", r.Stage)
	return append(b, '}')
}

func appendV1Authorizer(b []byte, a *Authorizer) []byte {
	switch {
	case a.JWT != nil:
		b = append(b, `,"authorizer":`...)
		return appendClaims(b, a.JWT)
	case a.Lambda != nil:
		b = append(b, `,"authorizer":{`...)
		for _, m := range a.Lambda.Context {
			b = append(AppendString(b, m.Name), ':')
			b = append(append(b, m.JSON...), ',')
		}
		b = append(b, `"principalId":`...)
		b = AppendString(b, a.Lambda.PrincipalID)
		return append(b, '}')
	default:
		return append(b, `,"authorizer":{"claims":null,"scopes":null}`...)
	}
}

// v1Headers are the names that format 1.0 writes in canonical form also for
// HTTP/2 clients, whose own headers stay in lower case.
var v1Headers = map[string]bool{
	"accept": true, "accept-encoding": true, "accept-language": true, "authorization": true, "cache-control": true,
	"content-encoding": true, "content-length": true, "content-type": true, "cookie": true, "host": true, "origin": true,
	"referer": true, "user-agent": true, "x-amzn-trace-id": true, "x-forwarded-for": true, "x-forwarded-port": true,
	"x-forwarded-proto": true,
}

func v1Name(h sigv4.Header, http2 bool) string {
	if http2 && !v1Headers[h.Name] {
		return h.Name
	}
	return textproto.CanonicalMIMEHeaderKey(h.Name)
}

// last keeps the last value of each name of sorted parameters.
func last(ps []Parameter) []Parameter {
	out := make([]Parameter, 0, len(ps))
	for i, p := range ps {
		if i+1 == len(ps) || ps[i+1].Name != p.Name {
			out = append(out, p)
		}
	}
	return out
}

// appendMulti appends an object of lists from sorted parameters.
func appendMulti(b []byte, ps []Parameter) []byte {
	b = append(b, '{')
	for i, p := range ps {
		switch {
		case i > 0 && ps[i-1].Name == p.Name:
			b = append(b, ',')
		case i > 0:
			b = append(b, "],"...)
			fallthrough
		default:
			b = append(AppendString(b, p.Name), ":["...)
		}
		b = AppendString(b, p.Value)
	}
	if len(ps) > 0 {
		b = append(b, ']')
	}
	return append(b, '}')
}
