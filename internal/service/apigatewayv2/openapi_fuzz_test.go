package apigatewayv2

import (
	"testing"

	"github.com/hakonegate/hakone/internal/template"
)

// FuzzImport checks that no document upsets the import, and that a document
// which is taken leaves no operation open that asks for a scheme.
func FuzzImport(f *testing.F) {
	for _, s := range []string{
		document30("paths: {/: {get: {security: [{x: []}]}}}"),
		document30("security: [{x: []}]\npaths: {/$default: {x-amazon-apigateway-any-method: {isDefaultRoute: true}}}"),
		document30("components: {securitySchemes: {x: {x-amazon-apigateway-authtype: awsSigv4}}}\npaths: {/a/{b+}: {put: {security: [{x: []}]}}}"),
		document30("components: {securitySchemes: {x: {x-amazon-apigateway-authorizer: {type: jwt, identitySource: [a]}}}}"),
		document30("paths: {/: {get: {x-amazon-apigateway-integration: {$ref: 1, type: []}}}}\ntags: [{name: a, x-amazon-apigateway-tag-value: b}]"),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		root, _, err := template.Parse("body.yaml", []byte(text))
		if err != nil {
			return
		}
		def, err := readOpenAPI(root, basePathPrepend)
		if err != nil {
			return
		}
		for _, op := range def.operations {
			if _, err := ParseRouteKey(op.route.RouteKey); err != nil {
				t.Errorf("route key %q: %v", op.route.RouteKey, err)
			}
			if op.route.AuthorizationType == "" {
				t.Errorf("route %s has no authorization type", op.route.RouteKey)
			}
		}
		var d document
		_ = def.apply(&Service{}, &d)
	})
}
