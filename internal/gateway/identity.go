package gateway

import (
	"strings"

	"github.com/hakonegate/hakone/internal/gateway/httpapi"
)

// identity returns the value of an identity source, or "".
func (x *exchange) identity(source string) string {
	switch {
	case strings.HasPrefix(source, "$request.header."):
		return strings.Join(x.r.Header.Values(source[len("$request.header."):]), ",")
	case strings.HasPrefix(source, "$request.querystring."):
		name := source[len("$request.querystring."):]
		query, err := httpapi.ParseQuery(x.req.RawQuery)
		if err != nil {
			return ""
		}
		var values []string
		for _, p := range query {
			if p.Name == name {
				values = append(values, p.Value)
			}
		}
		return strings.Join(values, ",")
	case strings.HasPrefix(source, "$stageVariables."):
		name := source[len("$stageVariables."):]
		for _, v := range x.stage.variables {
			if v.Name == name {
				return v.Value
			}
		}
		return ""
	case strings.HasPrefix(source, "$context."):
		return x.contextVariable(source[len("$context."):])
	default:
		return ""
	}
}

// contextVariable returns the value of a $context variable that is known
// before the integration is called, or "".
func (x *exchange) contextVariable(name string) string {
	switch name {
	case "accountId":
		return x.g.config.Account
	case "apiId":
		return x.stage.api.id
	case "customDomain.routingRuleIdMatched":
		return x.routingRule
	case "customDomain.basePathMatched":
		return x.basePath
	case "domainName":
		return x.domain
	case "domainPrefix":
		prefix, _, _ := strings.Cut(x.domain, ".")
		return prefix
	case "extendedRequestId", "requestId":
		return x.id
	case "httpMethod":
		return x.req.Method
	case "identity.sourceIp":
		return x.trace.SourceIP
	case "identity.userAgent":
		return x.r.UserAgent()
	case "path":
		return x.stagePath(x.path)
	case "protocol":
		return "HTTP/1.1"
	case "routeKey":
		return x.trace.Route
	case "stage":
		return x.stage.name
	default:
		return ""
	}
}

// stagePath puts the name of a stage other than $default before path.
func (x *exchange) stagePath(path string) string {
	if x.stage.name == "$default" {
		return path
	}
	return "/" + x.stage.name + path
}
