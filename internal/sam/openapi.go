package sam

import (
	"regexp"
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

// Names that API bodies use.
const (
	defaultRoute  = "$default"
	anyMethod     = "x-amazon-apigateway-any-method"
	integration   = "x-amazon-apigateway-integration"
	authorizerKey = "x-amazon-apigateway-authorizer"
	createdBySAM  = "SAM"
)

func openAPISkeleton() *template.Node {
	return template.Map(
		template.P("openapi", template.Text("3.0.1")),
		template.P("info", template.Map(
			template.P("version", template.Text("1.0")),
			template.P("title", template.Ref("AWS::StackName")),
		)),
		template.P("paths", template.Map()),
	)
}

var openAPI3 = regexp.MustCompile(`^3(\.\d)(\.\d)?$`)

// validOpenAPI reports whether body is an inline OpenAPI 3 document, which
// the transform may edit.
func validOpenAPI(body *template.Node) bool {
	return body.Get("paths").IsMap() && openAPI3.MatchString(body.Get("openapi").Str())
}

// methodKey returns a method's key in a path item.
func methodKey(method string) string {
	if m := strings.ToLower(method); m != "any" {
		return m
	}
	return anyMethod
}

// pathItem returns a path's entry in paths, making an empty one.
func pathItem(paths *template.Node, path string) (*template.Node, error) {
	item := paths.Get(path)
	if item.IsNull() {
		item = template.Map()
		paths.Set(path, item)
	}
	if !item.IsMap() {
		return nil, invalidTemplate(item, "Value of '%s' path must be a dictionary according to Swagger spec.", path)
	}
	return item, nil
}

// operations returns the definitions of a path's method: one, or the branches
// of a Fn::If that the path or the method is wrapped in.
func operations(paths *template.Node, path, method string) []*template.Node {
	var all []*template.Node
	for _, item := range branches(paths.Get(path)) {
		all = append(all, branches(item.Get(methodKey(method)))...)
	}
	return all
}

// hasIntegration reports whether every definition of a method has one.
func hasIntegration(paths *template.Node, path, method string) bool {
	all := operations(paths, path, method)
	for _, op := range all {
		if !truthy(op.Get(integration)) {
			return false
		}
	}
	return len(all) > 0
}

var functionInURI = regexp.MustCompile(`([A-Za-z0-9]+)\.Arn`)

// integratedFunction returns the logical id of the function that a method
// invokes, "" when it is none or known only through an alias.
func integratedFunction(paths *template.Node, path, method string) string {
	for _, op := range operations(paths, path, method) {
		for _, uri := range branches(op.Path(integration, "uri")) {
			if m := functionInURI.FindStringSubmatch(uri.Get("Fn::Sub").Str()); m != nil {
				return m[1]
			}
		}
	}
	return ""
}

// integrationURI returns the URI under which API Gateway invokes a function.
func integrationURI(partition, function string) *template.Node {
	return template.Sub("arn:" + partition + ":apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${" + function + "}/invocations")
}

// sectionOf returns a mapping inside a body, making it when missing.
func sectionOf(body *template.Node, keys ...string) *template.Node {
	for _, key := range keys {
		next := body.Get(key)
		if !next.IsMap() {
			next = template.Map()
			body.Set(key, next)
		}
		body = next
	}
	return body
}

var pathParameter = regexp.MustCompile(`\{(.*?)\}`)

// addPathParameters declares a path's {parameters} on a method.
func addPathParameters(op *template.Node, path string) {
	for _, m := range pathParameter.FindAllStringSubmatch(path, -1) {
		name := m[1]
		parameters := op.Get("parameters")
		if !parameters.IsList() {
			parameters = template.List()
			op.Set("parameters", parameters)
		}
		declared := false
		for _, p := range parameters.Items {
			if p.Get("name").Str() == name {
				p.Set("in", template.Text("path"))
				p.Set("required", template.Bool(true))
				declared = true
			}
		}
		if !declared {
			parameters.Append(template.Map(
				template.P("name", template.Text(name)),
				template.P("in", template.Text("path")),
				template.P("required", template.Bool(true)),
			))
		}
	}
}

// addSecurity appends a requirement to a method's security.
func addSecurity(op, requirement *template.Node) {
	if security := op.Get("security"); security.IsList() {
		security.Append(requirement)
		return
	}
	op.Set("security", template.List(requirement))
}

// addTags puts tags into a body's tag list.
func addTags(body, tags *template.Node) error {
	all := body.Get("tags")
	if !truthy(all) {
		all = template.List()
		body.Set("tags", all)
	}
	if !all.IsList() {
		return invalidTemplate(all, "Tags in OpenApi DefinitionBody needs to be a list. %s is a %s not a list.", pythonText(all), pythonType(all))
	}
	for _, tag := range tags.Pairs {
		var entry *template.Node
		for _, existing := range all.Items {
			if existing.Get("name").Str() == tag.Key {
				entry = existing
			}
		}
		if entry == nil {
			entry = template.Map(template.P("name", template.Text(tag.Key)))
			all.Append(entry)
		}
		entry.Set("x-amazon-apigateway-tag-value", tag.Value.Clone())
	}
	return nil
}
