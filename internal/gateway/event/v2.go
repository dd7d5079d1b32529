package event

import (
	"slices"
	"strconv"
	"strings"
)

// timeLayout is how events write the time of a request, in UTC.
const timeLayout = "02/Jan/2006:15:04:05 -0700"

// AppendV2 appends r as an event of payload format 2.0.
func AppendV2(b []byte, r *Request) []byte {
	b = append(b, `{"version":"2.0"`...)
	b = appendMember(b, "routeKey", r.RouteKey)
	b = appendMember(b, "rawPath", r.Path)
	b = appendMember(b, "rawQueryString", r.RawQuery)
	b = appendV2Maps(b, r, true)
	b = appendV2Context(b, r)
	encoded := false
	if len(r.Body) > 0 {
		b = append(b, `,"body":`...)
		b, encoded = appendBody(b, r)
	}
	if len(r.PathParameters) > 0 {
		b = append(b, `,"pathParameters":`...)
		b = appendParameters(b, sorted(r.PathParameters))
	}
	b = append(b, `,"isBase64Encoded":`...)
	b = strconv.AppendBool(b, encoded)
	if len(r.StageVariables) > 0 {
		b = append(b, `,"stageVariables":`...)
		b = appendParameters(b, r.StageVariables)
	}
	return append(b, '}')
}

// appendV2Maps appends cookies, headers and query parameters. Payload format
// 2.0 has no multi-value fields: repeated ones are joined with commas.
func appendV2Maps(b []byte, r *Request, takeCookies bool) []byte {
	if cookies := splitCookies(r); len(cookies) > 0 {
		b = append(b, `,"cookies":`...)
		b = appendStrings(b, cookies)
	}
	b = append(b, `,"headers":{`...)
	for i, first := 0, true; i < len(r.Headers); {
		name := r.Headers[i].Name
		end := i + 1
		for end < len(r.Headers) && r.Headers[end].Name == name {
			end++
		}
		if name == "cookie" && takeCookies {
			i = end
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(AppendString(b, name), ':')
		if end == i+1 {
			b = AppendString(b, r.Headers[i].Value)
		} else {
			b = AppendString(b, r.Header(name))
		}
		i = end
	}
	b = append(b, '}')
	if len(r.Query) > 0 {
		b = append(b, `,"queryStringParameters":`...)
		b = appendParameters(b, joined(r.Query))
	}
	return b
}

func appendV2Context(b []byte, r *Request) []byte {
	b = append(b, `,"requestContext":{"accountId":`...)
	b = AppendString(b, r.AccountID)
	b = appendMember(b, "apiId", r.APIID)
	if r.ClientCert != nil {
		b = append(appendClientCert(append(b, `,"authentication":{`...), r.ClientCert), '}')
	}
	b = appendV2Authorizer(b, &r.Authorizer)
	b = appendMember(b, "domainName", r.DomainName)
	b = appendMember(b, "domainPrefix", r.DomainPrefix)
	b = append(b, `,"http":{"method":`...)
	b = AppendString(b, r.Method)
	b = appendMember(b, "path", r.Path)
	b = appendMember(b, "protocol", r.Protocol)
	b = appendMember(b, "sourceIp", r.SourceIP)
	b = appendMember(b, "userAgent", r.UserAgent)
	b = append(b, '}')
	b = appendMember(b, "requestId", r.RequestID)
	b = appendMember(b, "routeKey", r.RouteKey)
	b = appendMember(b, "stage", r.Stage)
	b = append(b, `,"time":"`...)
	b = r.Time.UTC().AppendFormat(b, timeLayout)
	b = append(b, `","timeEpoch":`...)
	b = strconv.AppendInt(b, r.Time.UnixMilli(), 10)
	return append(b, '}')
}

func appendV2Authorizer(b []byte, a *Authorizer) []byte {
	switch {
	case a.IAM != nil:
		b = append(b, `,"authorizer":{"iam":{"accessKey":`...)
		b = AppendString(b, a.IAM.AccessKey)
		b = appendMember(b, "accountId", a.IAM.AccountID)
		b = appendMember(b, "callerId", a.IAM.UserID)
		b = append(b, `,"cognitoIdentity":null`...)
		b = appendNullable(b, "principalOrgId", a.IAM.OrgID)
		b = appendMember(b, "userArn", a.IAM.UserARN)
		b = appendMember(b, "userId", a.IAM.UserID)
		return append(b, "}}"...)
	case a.JWT != nil:
		b = append(b, `,"authorizer":{"jwt":`...)
		b = appendClaims(b, a.JWT)
		return append(b, '}')
	case a.Lambda != nil:
		b = append(b, `,"authorizer":{"lambda":`...)
		b = appendContext(b, a.Lambda.Context)
		return append(b, '}')
	default:
		return b
	}
}

func appendClaims(b []byte, j *JWT) []byte {
	b = append(b, `{"claims":`...)
	b = appendParameters(b, j.Claims)
	b = append(b, `,"scopes":`...)
	if j.Scopes == nil {
		b = append(b, "null"...)
	} else {
		b = appendStrings(b, j.Scopes)
	}
	return append(b, '}')
}

func appendContext(b []byte, members []Member) []byte {
	if len(members) == 0 {
		return append(b, "null"...)
	}
	b = append(b, '{')
	for i, m := range members {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(AppendString(b, m.Name), ':')
		b = append(b, m.JSON...)
	}
	return append(b, '}')
}

// splitCookies returns the cookies of all cookie headers.
func splitCookies(r *Request) []string {
	var out []string
	for _, h := range r.Headers {
		if h.Name != "cookie" {
			continue
		}
		for c := range strings.SplitSeq(h.Value, ";") {
			if c = strings.TrimSpace(c); c != "" {
				out = append(out, c)
			}
		}
	}
	return out
}

// sorted returns ps by name.
func sorted(ps []Parameter) []Parameter {
	if len(ps) < 2 {
		return ps
	}
	ps = slices.Clone(ps)
	slices.SortStableFunc(ps, func(a, b Parameter) int { return strings.Compare(a.Name, b.Name) })
	return ps
}

// joined returns ps by name, values of the same name joined with commas.
func joined(ps []Parameter) []Parameter {
	ps = sorted(ps)
	out := ps[:0:0]
	for _, p := range ps {
		if n := len(out); n > 0 && out[n-1].Name == p.Name {
			out[n-1].Value += "," + p.Value
			continue
		}
		out = append(out, p)
	}
	return out
}
