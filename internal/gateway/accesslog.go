package gateway

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/gateway/event"
)

// AccessLogs takes the lines of access logs. WriteAccessLog must not block.
type AccessLogs interface {
	WriteAccessLog(destinationARN string, at time.Time, line string)
}

// commonLogFormat is the Common Log Format as API Gateway's console presets it.
const commonLogFormat = `$context.identity.sourceIp - - [$context.requestTime] "$context.httpMethod $context.routeKey $context.protocol" ` +
	`$context.status $context.responseLength $context.requestId`

// A logFormat is the format of an access log, taken apart at its variables.
type logFormat struct {
	destination string
	parts       []logPart
}

type logPart struct {
	text     string
	variable string // without "$context."; empty in a part that is only text
}

// compileLogFormat takes a format apart.
func compileLogFormat(destination, format string) *logFormat {
	f := &logFormat{destination: destination}
	const start = "$context."
	for {
		text, rest, ok := strings.Cut(format, start)
		if !ok {
			if text != "" {
				f.parts = append(f.parts, logPart{text: text})
			}
			return f
		}
		end := 0
		for end < len(rest) && isVariableByte(rest[end]) {
			end++
		}
		name := strings.TrimRight(rest[:end], ".")
		f.parts = append(f.parts, logPart{text, name})
		format = rest[len(name):]
	}
}

func isVariableByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-'
}

// line writes the line of an exchange. A variable without a value is a "-".
func (f *logFormat) line(x *exchange) string {
	var b strings.Builder
	for _, p := range f.parts {
		b.WriteString(p.text)
		if p.variable == "" {
			continue
		}
		v := x.logVariable(p.variable)
		if v == "" {
			b.WriteByte('-')
			continue
		}
		// A caller must not write lines or members of its own.
		escaped := event.AppendString(nil, v)
		if p.variable == "error.messageString" {
			b.Write(escaped)
		} else {
			b.Write(escaped[1 : len(escaped)-1])
		}
	}
	return b.String()
}

// logVariable returns the value of a $context variable of an access log, or "".
func (x *exchange) logVariable(name string) string {
	if rest, ok := strings.CutPrefix(name, "identity."); ok {
		return x.logIdentity(rest)
	}
	if rest, ok := strings.CutPrefix(name, "authorizer."); ok {
		return x.logAuthorizer(rest)
	}
	switch name {
	case "requestTime":
		return x.start.UTC().Format("02/Jan/2006:15:04:05 -0700")
	case "requestTimeEpoch":
		return strconv.FormatInt(x.start.UnixMilli(), 10)
	case "status":
		return strconv.Itoa(x.trace.Status)
	case "responseLength":
		return strconv.FormatInt(x.trace.Bytes, 10)
	case "dataProcessed":
		return strconv.FormatInt(x.dataProcessed(), 10)
	case "responseLatency":
		return strconv.FormatInt(x.trace.Duration.Milliseconds(), 10)
	case "error.message", "error.messageString":
		if s, ok := x.trace.Refusal(); ok && s.Name != "" {
			return strings.TrimSuffix(strings.TrimPrefix(messages[x.trace.Status], `{"message":"`), `"}`)
		}
		return ""
	case "error.responseType":
		return x.responseType()
	case "routeKey":
		return x.trace.Route
	}
	if x.trace.Integration != nil {
		if v, ok := x.logIntegration(name); ok {
			return v
		}
	}
	return x.contextVariable(name)
}

// responseTypes are the names that API Gateway has for the answers that it makes
// itself.
var responseTypes = map[int]string{
	http.StatusUnauthorized:          "UNAUTHORIZED",
	http.StatusForbidden:             "ACCESS_DENIED",
	http.StatusNotFound:              "RESOURCE_NOT_FOUND",
	http.StatusRequestEntityTooLarge: "REQUEST_TOO_LARGE",
	http.StatusTooManyRequests:       "THROTTLED",
}

// responseType returns the name of an answer that the gateway made, or "".
func (x *exchange) responseType() string {
	s, refused := x.trace.Refusal()
	switch name := responseTypes[x.trace.Status]; {
	case !refused:
		return ""
	case name != "":
		return name
	case x.trace.Status < http.StatusInternalServerError:
		return "DEFAULT_4XX"
	case s.Name == "authenticate" || s.Name == "authorize":
		return "AUTHORIZER_FAILURE"
	case s.Name == "integrate":
		return "INTEGRATION_FAILURE"
	default:
		return "DEFAULT_5XX"
	}
}

func (x *exchange) logIntegration(name string) (value string, ok bool) {
	i := x.trace.Integration
	switch name {
	case "integrationErrorMessage", "integration.error":
		if strings.Contains(i.Error, "no permission to invoke") || strings.Contains(i.Error, "may not invoke") {
			// AWS's own text.
			return "The IAM role configured on the integration or API Gateway doesn't have permissions to call the integration. Check the permissions and try again.", true
		}
		return i.Error, true
	case "integrationLatency", "integration.latency":
		return strconv.FormatInt(i.Duration.Milliseconds(), 10), true
	case "integrationStatus", "integration.integrationStatus":
		if i.Type == "AWS_PROXY" && (i.Error == "" || i.FunctionError != "") {
			return "200", true // of Lambda, whatever the function says
		}
		return statusText(i.Status), true
	case "awsEndpointRequestId", "integration.requestId":
		return cmp.Or(i.RequestID, x.responseHeader("x-amzn-requestid"), x.responseHeader("x-amz-request-id")), true
	case "awsEndpointRequestId2":
		return x.responseHeader("x-amz-id-2"), true
	case "integration.status":
		return statusText(x.response.Status), true
	default:
		return "", false
	}
}

func (x *exchange) responseHeader(name string) string {
	value, _ := joined(headersNamed(x.response.Headers, name))
	return value
}

func statusText(status int) string {
	if status == 0 {
		return ""
	}
	return strconv.Itoa(status)
}

func (x *exchange) logIdentity(name string) string {
	switch name {
	case "sourceIp":
		return x.trace.SourceIP
	case "userAgent":
		return x.r.UserAgent()
	}
	if rest, ok := strings.CutPrefix(name, "clientCert."); ok {
		return x.logClientCert(rest)
	}
	iam := x.authorizer.IAM
	if iam == nil {
		return ""
	}
	switch name {
	case "accountId":
		return iam.AccountID
	case "caller", "user":
		return iam.UserID
	case "userArn":
		return iam.UserARN
	case "principalOrgId":
		return iam.OrgID
	default:
		return ""
	}
}

func (x *exchange) logAuthorizer(name string) string {
	switch {
	case name == "error":
		if s, ok := x.trace.Refusal(); ok && (s.Name == "authenticate" || s.Name == "authorize") {
			return s.Detail
		}
		return ""
	case x.authorizer.JWT != nil:
		for _, c := range x.authorizer.JWT.Claims {
			if "claims."+c.Name == name {
				return c.Value
			}
		}
	case x.authorizer.Lambda != nil:
		if name == "principalId" {
			return x.authorizer.Lambda.PrincipalID
		}
		for _, m := range x.authorizer.Lambda.Context {
			if m.Name == name {
				return jsonText(m.JSON)
			}
		}
	}
	return ""
}

// writeAccessLog writes the line of the exchange, if its stage has a log.
func (x *exchange) writeAccessLog() {
	if x.stage != nil && x.stage.log != nil && x.g.config.AccessLogs != nil {
		x.g.config.AccessLogs.WriteAccessLog(x.stage.log.destination, x.start, x.stage.log.line(x))
	}
}
