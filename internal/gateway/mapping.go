package gateway

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/gateway/event"
	"github.com/hakonegate/hakone/internal/gateway/httpapi"
	"github.com/hakonegate/hakone/internal/gateway/integration"
	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
	"github.com/hakonegate/hakone/sigv4"
)

// compileMappings takes apart the parameter mappings of an integration.
func (p *proxy) compileMappings(i *apigatewayv2.Integration) (err error) {
	if p.request, err = apigatewayv2.ParseRequestMapping(i.RequestParameters); err != nil {
		return err
	}
	p.responses, err = compileResponses(i)
	return err
}

// responseMappings are the mappings of answers, by the backend's status.
type responseMappings map[int]apigatewayv2.Mapping

func compileResponses(i *apigatewayv2.Integration) (responseMappings, error) {
	m := make(responseMappings, len(i.ResponseParameters))
	for text, parameters := range i.ResponseParameters {
		status, _ := apigatewayv2.ParseMappedStatus(text)
		var err error
		if m[status], err = apigatewayv2.ParseResponseMapping(parameters); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// mapRequest changes what goes to the backend. All values are those of the
// request as it was received.
func (x *exchange) mapRequest(m apigatewayv2.Mapping, r *integration.HTTPRequest) error {
	if len(m) == 0 {
		return nil
	}
	var headers []headerChange
	for i := range m {
		c := &m[i]
		value, ok := x.mappedValue(&c.Value)
		if !ok && c.Action != apigatewayv2.Remove {
			continue
		}
		switch c.Place {
		case apigatewayv2.HeaderPlace:
			if !isHeaderValue(value) {
				return refuseWith(http.StatusBadRequest, "the value that is mapped to the header "+c.Name+" cannot be one of a header")
			}
			headers = append(headers, headerChange{c.Action, http.CanonicalHeaderKey(c.Name), value})
		case apigatewayv2.QueryPlace:
			r.RawQuery = mapQuery(r.RawQuery, c, value)
		case apigatewayv2.PathPlace:
			if r.TargetPath = escapeTarget(value); r.TargetPath == "" {
				r.TargetPath = "/"
			}
		case apigatewayv2.StatusPlace: // of answers only
		}
	}
	r.EditHeaders = func(h http.Header) {
		for _, c := range headers {
			c.apply(h)
		}
	}
	return nil
}

type headerChange struct {
	action      apigatewayv2.Action
	name, value string
}

func (c *headerChange) apply(h http.Header) {
	switch c.action {
	case apigatewayv2.Remove:
		h.Del(c.name)
	case apigatewayv2.Overwrite:
		h.Set(c.name, c.value)
	case apigatewayv2.Append:
		h.Add(c.name, c.value)
	}
}

// mapQuery changes one parameter of a query string and leaves the others as
// they were sent.
func mapQuery(raw string, c *apigatewayv2.Change, value string) string {
	var parts []string
	if raw != "" {
		parts = strings.Split(raw, "&")
	}
	if c.Action != apigatewayv2.Append {
		parts = slices.DeleteFunc(parts, func(part string) bool {
			name, _, _ := strings.Cut(part, "=")
			decoded, err := url.QueryUnescape(name)
			return err == nil && decoded == c.Name
		})
	}
	if c.Action != apigatewayv2.Remove {
		parts = append(parts, url.QueryEscape(c.Name)+"="+url.QueryEscape(value))
	}
	return strings.Join(parts, "&")
}

// escapeTarget encodes what cannot stand in the path of a URL, and keeps what
// is encoded already.
func escapeTarget(path string) string {
	var b strings.Builder
	for i := range len(path) {
		c := path[i]
		escaped := c == '%' && i+2 < len(path) && isHex(path[i+1]) && isHex(path[i+2])
		if escaped || isLetterOrDigit(c) || strings.IndexByte("-._~!$&'()*+,;=:@/", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		const digits = "0123456789ABCDEF"
		b.Write([]byte{'%', digits[c>>4], digits[c&15]})
	}
	return b.String()
}

// isHeaderValue reports whether a text can stand in a header: it has no control
// characters.
func isHeaderValue(value string) bool {
	return strings.IndexFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) < 0
}

func isLetterOrDigit(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// mapResponse changes x.response. All values are those of the answer as the
// backend gave it.
func (x *exchange) mapResponse(m apigatewayv2.Mapping) error {
	if len(m) == 0 {
		return nil
	}
	values := make([]string, len(m))
	found := make([]bool, len(m))
	for i := range m {
		values[i], found[i] = x.mappedValue(&m[i].Value)
	}
	for i := range m {
		c := &m[i]
		switch {
		case !found[i] && c.Action != apigatewayv2.Remove:
		case c.Place == apigatewayv2.StatusPlace:
			if status, ok := apigatewayv2.ParseMappedStatus(values[i]); ok {
				x.response.Status = status
			}
		case !isHeaderValue(values[i]):
			return internal("the value that is mapped to the header "+c.Name+" cannot be one of a header", nil)
		default:
			if c.Action != apigatewayv2.Append {
				x.response.Headers = slices.DeleteFunc(x.response.Headers, func(h sigv4.Header) bool { return h.Name == c.Name })
			}
			if c.Action != apigatewayv2.Remove {
				x.response.Headers = append(x.response.Headers, sigv4.Header{Name: c.Name, Value: values[i]})
			}
		}
	}
	return nil
}

// mappedValue puts a value together; without one, nothing is to be changed.
func (x *exchange) mappedValue(v *apigatewayv2.MappedValue) (string, bool) {
	var b strings.Builder
	for i := range v.Parts {
		text, ok := x.mappedPart(&v.Parts[i])
		if !ok && !v.Template {
			return "", false
		}
		b.WriteString(text)
	}
	return b.String(), true
}

// mappedPart returns the value of one source, if it is there.
func (x *exchange) mappedPart(p *apigatewayv2.ValuePart) (string, bool) {
	switch p.Source {
	case apigatewayv2.Text:
		return p.Name, true
	case apigatewayv2.RequestHeader:
		if p.Name == "host" {
			return x.req.Host, true
		}
		return joined(headersNamed(x.req.Headers, p.Name))
	case apigatewayv2.RequestQuery:
		query, err := httpapi.ParseQuery(x.req.RawQuery)
		if err != nil {
			return "", false
		}
		var values []string
		for _, q := range query {
			if q.Name == p.Name {
				values = append(values, q.Value)
			}
		}
		return joined(values)
	case apigatewayv2.RequestBody:
		return selectBody(x.body, p.Path)
	case apigatewayv2.RequestPath:
		return x.sentPath, true
	case apigatewayv2.RequestPathParameter:
		i := slices.Index(x.route.Names, p.Name)
		if i < 0 {
			return "", false
		}
		return x.values[i], true
	case apigatewayv2.ResponseHeader:
		return joined(headersNamed(x.response.Headers, p.Name))
	case apigatewayv2.ResponseBody:
		return selectBody(x.response.Body, p.Path)
	case apigatewayv2.Context:
		value := x.mappedContext(p.Name)
		return value, value != ""
	case apigatewayv2.StageVariable:
		i := slices.IndexFunc(x.stage.variables, func(v event.Parameter) bool { return v.Name == p.Name })
		if i < 0 {
			return "", false
		}
		return x.stage.variables[i].Value, true
	default:
		return "", false
	}
}

// mappedContext returns the value of a $context variable that is known while
// the request is on its way.
func (x *exchange) mappedContext(name string) string {
	switch name {
	case "status", "responseLength", "dataProcessed", "responseLatency":
		return ""
	}
	return x.logVariable(name)
}

func headersNamed(headers []sigv4.Header, name string) (values []string) {
	for _, h := range headers {
		if strings.EqualFold(h.Name, name) {
			values = append(values, h.Value)
		}
	}
	return values
}

// joined joins the values of what was sent repeatedly.
func joined(values []string) (string, bool) { return strings.Join(values, ","), len(values) > 0 }
