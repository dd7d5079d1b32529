package sam

import (
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

// requestModel declares the body of a method's requests, and what API Gateway
// validates of them.
func (e *eventSource) requestModel(body *template.Node, path, method string) error {
	config := e.get("RequestModel")
	model := config.Get("Model")
	if !truthy(model) {
		return nil
	}
	name := python2Text(model)
	refuse := func(why string) error {
		return e.invalid(config, "Unable to set RequestModel [%s] on API method [%s] for path [%s] because %s", name, method, path, why)
	}
	switch models := e.api.Get("Models"); {
	case !truthy(models):
		return refuse("the related API does not define any Models.")
	case !models.IsMap():
		return refuse("the related API Models defined is of invalid type.")
	case !model.IsText():
		return refuse("the related API does not contain valid Models.")
	case !models.Has(name):
		return refuse("it wasn't defined in the API's Models.")
	}
	onBody, onParameters := present(config.Get("ValidateBody")), present(config.Get("ValidateParameters"))
	for _, n := range []*template.Node{onBody, onParameters} {
		if n != nil && !n.IsBool() {
			return e.invalid(n, "Unable to set Validator to RequestModel [%s] on API method [%s] for path [%s] ValidateBody and ValidateParameters must be a boolean type, strings or intrinsics are not supported.", name, method, path)
		}
	}
	key := strings.ToLower(name)
	schema := func(section string) *template.Node {
		return template.Map(template.P("$ref", template.Text("#/"+section+"/"+key)))
	}
	version := e.api.Get("OpenApiVersion")
	for _, op := range operations(body.Get("paths"), path, method) {
		declared := template.Map()
		if openAPI3.MatchString(version.Str()) && !isTrue(e.api.Get("MergeDefinitions")) {
			declared.Set("content", template.Map(template.P("application/json", template.Map(template.P("schema", schema("components/schemas"))))))
			op.Set("requestBody", declared)
		} else {
			declared.Set("in", template.Text("body"))
			declared.Set("name", template.Text(key))
			declared.Set("schema", schema("definitions"))
			appendTo(op, "parameters", declared)
		}
		if required := present(config.Get("Required")); required != nil {
			declared.Set("required", required)
		}
		if onBody != nil || onParameters != nil {
			op.Set("x-amazon-apigateway-request-validator", template.Text(addValidator(body, isTrue(onBody), isTrue(onParameters))))
		}
	}
	return nil
}

// addValidator declares a request validator and returns its name.
func addValidator(body *template.Node, onBody, onParameters bool) string {
	name := "no-validation"
	switch {
	case onBody && onParameters:
		name = "body-and-params"
	case onBody:
		name = "body-only"
	case onParameters:
		name = "params-only"
	}
	sectionOf(body, "x-amazon-apigateway-request-validators").Set(name, template.Map(
		template.P("validateRequestParameters", template.Bool(onParameters)),
		template.P("validateRequestBody", template.Bool(onBody)),
	))
	return name
}

// A requestParameter is one that a method reads from its requests, such as
// method.request.header.X.
type requestParameter struct {
	name        string
	declaration *template.Node
	cached      bool // it is part of the cache's key
}

func (e *eventSource) requestParameters() ([]requestParameter, error) {
	var all []requestParameter
	for _, p := range items(e.get("RequestParameters")) {
		name, settings := p.Str(), template.Map()
		switch {
		case p.IsMap() && len(p.Pairs) > 0:
			last := p.Pairs[len(p.Pairs)-1]
			name, settings = last.Key, last.Value
		case !p.IsText():
			return nil, e.invalid(p, "Invalid value for 'RequestParameters' property. Property must be either a string or an object")
		}
		kind, rest, ok := strings.Cut(strings.TrimPrefix(name, "method.request."), ".")
		if !ok || !strings.HasPrefix(name, "method.request.") || !slices.Contains([]string{"querystring", "path", "header"}, kind) {
			return nil, e.invalid(p, "Invalid value for 'RequestParameters' property. Keys must be in the format 'method.request.[querystring|path|header].{value}', e.g 'method.request.header.Authorization'.")
		}
		if !settings.IsMap() || slices.ContainsFunc(settings.Keys(), func(key string) bool { return key != "Required" && key != "Caching" }) {
			return nil, e.invalid(p, "Invalid value for 'RequestParameters' property. Values must be an object, e.g { Required: true, Caching: false }")
		}
		if kind == "querystring" {
			kind = "query"
		}
		required := template.Bool(false)
		if own := settings.Get("Required"); own != nil {
			required = own
		}
		all = append(all, requestParameter{name: name, cached: truthy(settings.Get("Caching")), declaration: template.Map(
			template.P("in", template.Text(kind)),
			template.P("name", template.Text(rest)),
			template.P("required", required),
			template.P("type", template.Text("string")),
		)})
	}
	return all, nil
}

func appendTo(n *template.Node, key string, item *template.Node) {
	all := n.Get(key)
	if !all.IsList() {
		all = template.List()
		n.Set(key, all)
	}
	all.Append(item)
}
