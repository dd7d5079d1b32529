package sam

import (
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

// cors answers preflight requests of every path with a mock OPTIONS method.
func (a *restMacro) cors() error {
	config := a.get("Cors")
	if !truthy(config) {
		return nil
	}
	if a.body == nil {
		return invalidResource(a.id, config, "Cors works only with inline Swagger specified in 'DefinitionBody' property.")
	}
	settings := template.Map()
	switch {
	case config.IsScalar() || isIntrinsic(config):
		settings.Set("AllowOrigin", config)
	default:
		for _, p := range config.Pairs {
			if !slices.Contains([]string{"AllowMethods", "AllowHeaders", "AllowOrigin", "MaxAge", "AllowCredentials"}, p.Key) {
				return invalidResource(a.id, p.Value, "Invalid key '%s' for 'Cors' property.", p.Key)
			}
			settings.Set(p.Key, p.Value)
		}
	}
	if a.paths == nil {
		return invalidResource(a.id, config, "Unable to add Cors configuration because 'DefinitionBody' does not contain a valid Swagger definition.")
	}
	origin := settings.Get("AllowOrigin")
	if origin.IsNull() {
		origin = template.Text("'*'")
	}
	credentials := isTrue(settings.Get("AllowCredentials"))
	if credentials && origin.Str() == "'*'" {
		return invalidResource(a.id, config, `Unable to add Cors configuration because 'AllowCredentials' can not be true when 'AllowOrigin' is "'*'" or not set`)
	}
	for _, path := range a.paths.Pairs {
		if !path.Value.IsMap() {
			return invalidTemplate(path.Value, "Value of '%s' path must be a dictionary according to Swagger spec.", path.Key)
		}
		for _, item := range branches(path.Value) {
			if !item.IsMap() || item.Has("options") {
				continue
			}
			methods := settings.Get("AllowMethods")
			if !truthy(methods) {
				methods = template.Text(allowedMethods(item))
			}
			item.Set("options", preflight([]template.Pair{
				template.P("Access-Control-Allow-Origin", origin),
				template.P("Access-Control-Allow-Headers", settings.Get("AllowHeaders")),
				template.P("Access-Control-Allow-Methods", methods),
				template.P("Access-Control-Max-Age", settings.Get("MaxAge")),
			}, credentials).At(config.Position))
		}
	}
	a.toOpenAPI()
	return nil
}

// allowedMethods lists the methods of a path as Access-Control-Allow-Methods
// does, in the quotes that a static value has in a mapping.
func allowedMethods(item *template.Node) string {
	methods := []string{"OPTIONS"}
	for _, key := range item.Keys() {
		if key == anyMethod {
			methods = []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}
			break
		}
		methods = append(methods, strings.ToUpper(key))
	}
	slices.Sort(methods)
	return "'" + strings.Join(methods, ",") + "'"
}

func preflight(headers []template.Pair, credentials bool) *template.Node {
	values, declared := template.Map(), template.Map()
	if credentials {
		headers = append(headers, template.P("Access-Control-Allow-Credentials", template.Text("'true'")))
	}
	for _, h := range headers {
		if truthy(h.Value) {
			values.Set("method.response.header."+h.Key, h.Value.Clone())
			typ := "string"
			if h.Key == "Access-Control-Max-Age" {
				typ = "integer"
			}
			declared.Set(h.Key, template.Map(template.P("type", template.Text(typ))))
		}
	}
	const media = "application/json"
	return template.Map(
		template.P("summary", template.Text("CORS support")),
		template.P("consumes", template.Texts(media)),
		template.P("produces", template.Texts(media)),
		template.P(integration, template.Map(
			template.P("type", template.Text("mock")),
			template.P("requestTemplates", template.Map(template.P(media, template.Text("{\n  \"statusCode\" : 200\n}\n")))),
			template.P("responses", template.Map(template.P("default", template.Map(
				template.P("statusCode", template.Text("200")),
				template.P("responseParameters", values),
				template.P("responseTemplates", template.Map(template.P(media, template.Text("{}\n")))),
			)))),
		)),
		template.P("responses", template.Map(template.P("200", template.Map(
			template.P("description", template.Text("Default response for CORS method")),
			template.P("headers", declared),
		)))),
	)
}
