package apigatewayv2

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestImportTakesTheBasePath(t *testing.T) {
	const paths = "\npaths: {/: {get: {}}, '/e/{id}': {get: {}}, /$default: {x-amazon-apigateway-any-method: {isDefaultRoute: true}}}"
	s := newService(t)
	for _, tt := range []struct {
		name, servers string
		ignore        []string
		prepend       []string
		split         []string
	}{
		{
			"a variable", "[{url: 'https://x.example/{basePath}', variables: {basePath: {default: /a/b/c}}}]",
			[]string{"$default", "GET /", "GET /e/{id}"},
			[]string{"$default", "GET /a/b/c", "GET /a/b/c/e/{id}"},
			[]string{"$default", "GET /b/c", "GET /b/c/e/{id}"},
		},
		{
			"a variable that the URL does not name, the first of two", "[{url: 'https://x.example/z'}, {url: /, variables: {basePath: {default: v1}}}, {url: /, variables: {basePath: {default: v2}}}]",
			[]string{"$default", "GET /", "GET /e/{id}"},
			[]string{"$default", "GET /v1", "GET /v1/e/{id}"},
			[]string{"$default", "GET /", "GET /e/{id}"},
		},
		{
			"the path of the URL", "[{url: 'https://x.example'}, {url: 'https://{host}/{stage}/v1/', variables: {host: {default: x.example}, stage: {default: prod}}}]",
			[]string{"$default", "GET /", "GET /e/{id}"},
			[]string{"$default", "GET /prod/v1", "GET /prod/v1/e/{id}"},
			[]string{"$default", "GET /v1", "GET /v1/e/{id}"},
		},
		{
			"a URL that is a path", "[{url: /v1}]",
			[]string{"$default", "GET /", "GET /e/{id}"},
			[]string{"$default", "GET /v1", "GET /v1/e/{id}"},
			[]string{"$default", "GET /", "GET /e/{id}"},
		},
		{
			"no servers", "[]",
			[]string{"$default", "GET /", "GET /e/{id}"},
			[]string{"$default", "GET /", "GET /e/{id}"},
			[]string{"$default", "GET /", "GET /e/{id}"},
		},
	} {
		for mode, want := range map[string][]string{"": tt.ignore, "ignore": tt.ignore, "prepend": tt.prepend, "split": tt.split} {
			a := must[*API](t)(s.ImportApi(t.Context(), &ImportApiInput{Body: parse(t, document30("servers: "+tt.servers+paths)), Basepath: mode}))
			var got []string
			for _, r := range must[[]Route](t)(s.GetRoutes(a.ApiId)) {
				got = append(got, r.RouteKey)
			}
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, %q (-want +got):\n%s", tt.name, mode, diff)
			}
		}
	}
	if _, err := s.ImportApi(t.Context(), &ImportApiInput{Body: parse(t, document30("paths: {}")), Basepath: "append"}); status(err) != 400 {
		t.Errorf("a mode that is none: %v", err)
	}
	broken := document30("servers: [{url: '/a//b c'}]\npaths: {/x: {get: {}}}")
	if _, err := s.ImportApi(t.Context(), &ImportApiInput{Body: parse(t, broken), Basepath: "prepend"}); status(err) != 400 {
		t.Errorf("a base path that is none: %v", err)
	}
}
