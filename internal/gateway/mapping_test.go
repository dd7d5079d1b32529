package gateway

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
)

// mappedAPI returns an API with one HTTP route and parameter mappings.
func mappedAPI(stage, uri string, request map[string]string, responses map[string]map[string]string) apigatewayv2.Served {
	served := proxyAPI("ANY /u/{name}/{rest+}", "ANY", uri, 0)
	served.Stages[0].Stage.StageName = stage
	served.Stages[0].Stage.StageVariables = map[string]string{"env": "blue"}
	i := served.Stages[0].Configuration.Integrations["int"]
	i.RequestParameters, i.ResponseParameters = request, responses
	served.Stages[0].Configuration.Integrations["int"] = i
	return served
}

func TestRequestParameterMapping(t *testing.T) {
	var got *http.Request
	backend := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r }))
	defer backend.Close()
	long := `{"a":"near","long":"` + strings.Repeat("x", 100<<10) + `","b":"far"}`
	for _, tt := range []struct{ name, key, value, body, want string }{
		{"a constant", "overwrite:header.X-A", "text", "", "header text"},
		{"append keeps what the client sent", "append:header.x-a", "more", "", "header sent|more"},
		{"remove", "remove:header.x-a", "''", "", "header "},
		{"a header, repeats joined", "overwrite:header.x-a", "$request.header.X-Many", "", "header 1,2"},
		{"a header that is not there", "overwrite:header.x-a", "$request.header.x-none", "", "header sent"},
		{"a header that is not there, in a template", "overwrite:header.x-a", "<${request.header.x-none}>", "", "header <>"},
		{"several in one text", "overwrite:header.x-a", "${stageVariables.env}-${request.path.name}!", "", "header blue-J D!"},
		{"braces alone", "overwrite:header.x-a", "${request.querystring.q}", "", "header 1,2 3"},
		{"a query parameter, repeats joined", "overwrite:header.x-a", "$request.querystring.q", "", "header 1,2 3"},
		{"a query parameter has a case", "overwrite:header.x-a", "$request.querystring.Q", "", "header sent"},
		{"the path without stage", "overwrite:header.x-a", "$request.path", "", "header /u/J%20D/a/b"},
		{"a path variable", "overwrite:header.x-a", "$request.path.rest", "", "header a/b"},
		{"the body", "overwrite:header.x-a", "$request.body", "plain", "header plain"},
		{"a member of the body", "overwrite:header.x-a", "$request.body.a.b[1]", `{"z":[{}],"a":{"b":[1,"two"]}}`, "header two"},
		{"a number of the body", "overwrite:header.x-a", "$request.body.a", `{"a":1.50}`, "header 1.50"},
		{"an object of the body", "overwrite:header.x-a", "$request.body.a", `{"a": {"b": true} }`, `header {"b":true}`},
		{"a quoted member of the body", "overwrite:header.x-a", "$request.body['a.b']", `{"a.b":"x"}`, "header x"},
		{"null in the body", "overwrite:header.x-a", "$request.body.a", `{"a":null}`, "header sent"},
		{"a body that is not JSON", "overwrite:header.x-a", "$request.body.a", `nonsense`, "header sent"},
		{"within 100 KB of the body", "overwrite:header.x-a", "$request.body.a", long, "header near"},
		{"behind 100 KB of the body", "overwrite:header.x-a", "$request.body.b", long, "header sent"},
		{"context", "overwrite:header.x-a", "$context.identity.sourceIp", "", "header 192.0.2.1"},
		{"context of later", "overwrite:header.x-a", "$context.status", "", "header sent"},
		{"a stage variable", "overwrite:header.x-a", "$stageVariables.env", "", "header blue"},
		{"a stage variable that is not there", "overwrite:header.x-a", "$stageVariables.none", "", "header sent"},
		{"the host", "overwrite:header.Host", "inner.example", "", "host inner.example"},
		{"append a query parameter", "append:querystring.q", "a b&c", "", "query q=1&q=2%203&z=%20&q=a+b%26c"},
		{"overwrite a query parameter", "overwrite:querystring.q", "$stageVariables.env", "", "query z=%20&q=blue"},
		{"remove a query parameter", "remove:querystring.q", "''", "", "query z=%20"},
		{"the path", "overwrite:path", "/v2/${request.path.name}?x#%2F%", "", "path /v2/J%20D%3Fx%23%2F%25"},
		{"the path of the request", "overwrite:path", "$request.path", "", "path /u/J%20D/a/b"},
		{"a path names no host", "overwrite:path", "@evil.example/x", "", "path /@evil.example/x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, nil, mappedAPI("prod", backend.URL+"/base/{rest}", map[string]string{tt.key: tt.value}, nil))
			r := request(t, "POST", "/prod/u/J%20D/a/b?q=1&q=2%203&z=%20", tt.body, nil)
			r.Header.Set("X-A", "sent")
			r.Header["X-Many"] = []string{"1", "2"}
			if w := b.do(r); w.Code != 200 {
				t.Fatalf("got %d %s: %+v", w.Code, w.Body, b.trace.Last())
			}
			kind, _, _ := strings.Cut(tt.want, " ")
			have := map[string]string{
				"header": strings.Join(got.Header["X-A"], "|"), "host": got.Host, "query": got.URL.RawQuery, "path": got.URL.EscapedPath(),
			}[kind]
			if kind+" "+have != tt.want {
				t.Errorf("the backend saw %s %s, want %s", kind, have, tt.want)
			}
		})
	}
}

func TestRequestMappingsAreMadeInOrder(t *testing.T) {
	var got []string
	backend := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header["X-A"] }))
	defer backend.Close()
	b := newBench(t, nil, mappedAPI("$default", backend.URL, map[string]string{
		"append:header.x-a": "$request.header.x-a", "overwrite:header.x-a": "over", "remove:header.x-a": "''",
	}, nil))
	r := request(t, "GET", "/u/a/b", "", nil)
	r.Header.Set("X-A", "sent")
	r.Header.Set("Connection", "X-A") // does not take a change back
	b.do(r)
	if strings.Join(got, "|") != "over|sent" {
		t.Errorf("the backend saw %q", got)
	}
}

func TestMappedHeadersHaveNoLines(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"a":"x\r\nSet-Cookie: y"}`) }))
	defer backend.Close()
	b := newBench(t, nil, mappedAPI("$default", backend.URL, map[string]string{"overwrite:header.x-a": "$request.body.a"}, nil))
	if w := b.do(request(t, "POST", "/u/a/b", `{"a":"x\r\nX-Admin: y"}`, nil)); w.Code != 400 {
		t.Errorf("request: %d", w.Code)
	}
	b = newBench(t, nil, mappedAPI("$default", backend.URL, nil, map[string]map[string]string{"200": {"overwrite:header.x-a": "$response.body.a"}}))
	if w := b.do(request(t, "GET", "/u/a/b", "", nil)); w.Code != 500 || w.Header().Get("X-A") != "" {
		t.Errorf("response: %d %v", w.Code, w.Header())
	}
}

func TestResponseParameterMapping(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header()["X-A"] = []string{"1", "2"}
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write(body)
	}))
	defer backend.Close()
	for _, tt := range []struct {
		name, key, value, want string
		status                 int
	}{
		{"append", "append:header.x-a", "$response.header.X-A", "1|2|1,2", 201},
		{"overwrite", "overwrite:header.X-A", "<${response.header.x-a}>", "<1,2>", 201},
		{"remove", "remove:header.x-a", "''", "", 201},
		{"the body", "overwrite:header.x-a", "$response.body", `{"code":404}`, 201},
		{"a member of the body", "overwrite:header.x-a", "$response.body.code", "404", 201},
		{"what is not there", "overwrite:header.x-a", "$response.body.none", "1|2", 201},
		{"context", "overwrite:header.x-a", "$context.integrationStatus", "201", 201},
		{"a stage variable", "overwrite:header.x-a", "$stageVariables.env", "blue", 201},
		{"the status", "overwrite:statuscode", "202", "1|2", 202},
		{"the status from the body", "overwrite:statuscode", "$response.body.code", "1|2", 404},
		{"a status that is none", "overwrite:statuscode", "$response.header.x-a", "1|2", 201},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, nil, mappedAPI("$default", backend.URL, nil, map[string]map[string]string{
				"201": {tt.key: tt.value}, "200": {"overwrite:statuscode": "500"},
			}))
			w := b.do(request(t, "POST", "/u/a/b", `{"code":404}`, nil))
			if have := strings.Join(w.Header()["X-A"], "|"); w.Code != tt.status || have != tt.want || w.Body.String() != `{"code":404}` {
				t.Errorf("got %d %q %s, want %d %q", w.Code, have, w.Body, tt.status, tt.want)
			}
		})
	}
}

func FuzzSelectBody(f *testing.F) {
	f.Add([]byte(`{"a":{"b":[1,"two"]}}`), "a", "b", 1)
	f.Add([]byte(`{"a":`), "a", "", 0)
	f.Add([]byte(`[[`), "", "", 0)
	f.Fuzz(func(t *testing.T, body []byte, first, second string, index int) {
		path := []apigatewayv2.Selector{{Name: first}, {Name: second}, {Index: index, Item: true}}
		if text, ok := selectBody(body, path); !ok && text != "" {
			t.Errorf("%q of nothing", text)
		}
	})
}
