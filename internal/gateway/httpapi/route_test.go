package httpapi

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestRouteSelection(t *testing.T) {
	pets := []string{"GET /pets/dog/1", "GET /pets/dog/{id}", "GET /pets/{proxy+}", "ANY /{proxy+}", "$default"}
	tests := []struct {
		name   string
		routes []string
		method string
		path   string
		want   string // route key, then the values of its variables
	}{
		{"a full match wins", pets, "GET", "/pets/dog/1", "GET /pets/dog/1"},
		{"a variable beats a greedy one", pets, "GET", "/pets/dog/2", "GET /pets/dog/{id} 2"},
		{"the longer greedy match wins", pets, "GET", "/pets/cat/1", "GET /pets/{proxy+} cat/1"},
		{"greedy beats $default", pets, "POST", "/test/5", "ANY /{proxy+} test/5"},
		{"a method miss falls through", pets, "POST", "/pets/dog/1", "ANY /{proxy+} pets/dog/1"},
		{"a method that nobody has is no match", []string{"GET /a"}, "POST", "/a", ""},
		{"a variable may be empty", []string{"GET /{id}", "$default"}, "GET", "/", "GET /{id} "},
		{"greedy matches the root", []string{"ANY /{proxy+}"}, "GET", "/", "ANY /{proxy+} "},
		{"greedy matches what ends in a slash", []string{"GET /metrics/{proxy+}"}, "GET", "/metrics/", "GET /metrics/{proxy+} "},
		{"greedy needs the slash", []string{"GET /metrics/{proxy+}"}, "GET", "/metrics", ""},
		{"a slash at the end counts", []string{"POST /todos"}, "POST", "/todos/", ""},
		{"HEAD is not GET", []string{"GET /a"}, "HEAD", "/a", ""},
		{"case counts", []string{"GET /Pets"}, "GET", "/pets", ""},
		{"empty segments stay", []string{"GET /a/b"}, "GET", "/a//b", ""},
		{"nothing matches", []string{"GET /a"}, "GET", "/b", ""},
		{"$default takes the rest", []string{"GET /a", "$default"}, "DELETE", "/b/c", "$default"},
		{"method beats ANY", []string{"ANY /hello", "GET /hello"}, "GET", "/hello", "GET /hello"},
		{"ANY takes other methods", []string{"ANY /hello", "GET /hello"}, "PUT", "/hello", "ANY /hello"},
		{"ANY takes methods that no key can name", []string{"ANY /hello"}, "PURGE", "/hello", "ANY /hello"},
		{"literal beats variable from the left", []string{"GET /{a}/x/y", "GET /p/{b}/{c}"}, "GET", "/p/x/y", "GET /p/{b}/{c} x y"},
		{"a dead end is left again", []string{"GET /a/b/c", "GET /{x}/b/{z}"}, "GET", "/a/b/d", "GET /{x}/b/{z} a d"},
		{"a full match beats a greedy one with more literals", []string{"GET /pets/{id}/x", "GET /pets/dog/{proxy+}"}, "GET", "/pets/dog/x", "GET /pets/{id}/x dog"},
		{"a full match of ANY beats a greedy one of the method", []string{"ANY /a/{b}", "GET /a/{p+}"}, "GET", "/a/1", "ANY /a/{b} 1"},
		{"the root", []string{"GET /"}, "GET", "/", "GET /"},
		{"the root is not everything", []string{"GET /"}, "GET", "/a", ""},
		{"the first of two that differ in names only", []string{"GET /{a}", "GET /{b}"}, "GET", "/1", "GET /{a} 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			table, err := Compile(tt.routes)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if r, values := table.Match(tt.method, tt.path, nil); r != nil {
				got = strings.Join(append([]string{r.Key}, values...), " ")
				if len(values) != len(r.Names) {
					t.Errorf("%d values for %d variables", len(values), len(r.Names))
				}
			}
			if got != tt.want {
				t.Errorf("Match(%s %s) = %q, want %q", tt.method, tt.path, got, tt.want)
			}
		})
	}
}

func TestDecodePath(t *testing.T) {
	for _, tt := range []struct{ raw, want string }{
		{"/u/J%20D/x", "/u/J D/x"},
		{"/a%2Fb", "/a/b"},
		{"/a+b", "/a+b"},
		{"/%2520", "/%20"},
		{"/%E3%81%82", "/あ"},
		{"/a%3Fb", "/a?b"},
		{"/%zz", "error"},
		{"/%4", "error"},
		{"/%", "error"},
	} {
		got, err := DecodePath(tt.raw)
		if err != nil {
			got = "error"
		}
		if got != tt.want {
			t.Errorf("DecodePath(%q) = %q, want %q", tt.raw, got, tt.want)
		}
	}
}

func TestParseQuery(t *testing.T) {
	for _, tt := range []struct{ raw, want string }{
		{"q=a%20b&p=1+1&t=C%23", "[{q a b} {p 1 1} {t C#}]"},
		{"p=1%2B1", "[{p 1+1}]"},
		{"flag", "[{flag }]"},
		{"a=1&&a=2", "[{a 1} {a 2}]"},
		{"a=1;b=2", "[{a 1;b=2}]"},
		{"a=b=c", "[{a b=c}]"},
		{"", "[]"},
		{"a=%zz", "[] invalid percent-encoding"},
	} {
		got, err := ParseQuery(tt.raw)
		text := fmt.Sprint(got)
		if err != nil {
			text = fmt.Sprint(got, err)
		}
		if text != tt.want {
			t.Errorf("ParseQuery(%q) = %s, want %s", tt.raw, text, tt.want)
		}
	}
}

func TestNormalPaths(t *testing.T) {
	for path, want := range map[string]bool{
		"/": true, "/a": true, "/a/": true, "/a/b": true, "/...": true, "/.a": true,
		"//": false, "//a": false, "/a//b": false, "/a//": false, "/.": false, "/a/..": false, "/a/../b": false, "/./a": false,
	} {
		if got := IsNormal(path); got != want {
			t.Errorf("IsNormal(%q) = %v, want %v", path, got, want)
		}
	}
}

func TestSources(t *testing.T) {
	base := NewARNBase("aws", "r", "1", "api", "$default")
	table, err := Compile([]string{"ANY /a/{id}", "GET /b/{p+}", "$default"})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][]string{
		"/a/1":   {"arn:aws:execute-api:r:1:api/$default/GET/a/{id}", "arn:aws:execute-api:r:1:api/$default/ANY/a/{id}"},
		"/b/1/2": {"arn:aws:execute-api:r:1:api/$default/GET/b/{p+}"},
		"/c":     {"arn:aws:execute-api:r:1:api/$default/$default"},
	} {
		r, _ := table.Match("GET", path, nil)
		if got := base.Sources(r, "GET"); !slices.Equal(got, want) {
			t.Errorf("Sources(%s) = %q, want %q", path, got, want)
		}
	}
	if got, want := base.Request("GET", "/"), "arn:aws:execute-api:r:1:api/$default/GET/"; got != want {
		t.Errorf("Request(GET /) = %s, want %s", got, want)
	}
}

// FuzzRoute checks that a path is taken apart and put together again without
// loss, and that no path upsets the table.
func FuzzRoute(f *testing.F) {
	table, err := Compile([]string{"GET /", "GET /a/{b}/c", "ANY /a/{b+}", "POST /{x}/{y}", "$default"})
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"/", "/a/b/c", "/a%2Fb/c", "//", "/a/../b", "/%", "/%zz", "/あ", "/a/b/c/d?x"} {
		f.Add("GET", s)
	}
	f.Fuzz(func(t *testing.T, method, raw string) {
		path, err := DecodePath(raw)
		if err != nil {
			return
		}
		r, values := table.Match(method, path, nil)
		if r == nil || len(values) != len(r.Names) {
			t.Fatalf("Match(%q, %q) = %v %q", method, path, r, values)
		}
		if r.Key == "$default" {
			return
		}
		built := r.Path
		for i, name := range r.Names {
			// The braces of an earlier value cannot be taken for a variable: replace from the right.
			built = replaceLast(built, "{"+name+"}", values[i])
			built = replaceLast(built, "{"+name+"+}", values[i])
		}
		if i := slices.Index(r.Names, ""); i >= 0 {
			return
		}
		if !strings.ContainsAny(path, "{}") && built != "/"+strings.TrimPrefix(path, "/") {
			t.Errorf("route %s with %q gives %q, want %q", r.Key, values, built, path)
		}
	})
}

func replaceLast(s, old, new string) string {
	i := strings.LastIndex(s, old)
	if i < 0 {
		return s
	}
	return s[:i] + new + s[i+len(old):]
}

func BenchmarkMatch(b *testing.B) {
	for _, n := range []int{10, 1000} {
		b.Run(fmt.Sprintf("%d routes", n), func(b *testing.B) {
			var keys []string
			for i := range n {
				switch i % 3 {
				case 0:
					keys = append(keys, fmt.Sprintf("GET /service%d/items/{id}", i))
				case 1:
					keys = append(keys, fmt.Sprintf("ANY /service%d/{proxy+}", i))
				default:
					keys = append(keys, fmt.Sprintf("POST /service%d/items", i))
				}
			}
			table, err := Compile(keys)
			if err != nil {
				b.Fatal(err)
			}
			paths := []string{"/service0/items/7", "/service1/a/b", fmt.Sprintf("/service%d/items/8", n-1-(n-1)%3), "/nope/x"} // the first and the last
			values := make([]string, 0, 8)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				table.Match("GET", paths[i%len(paths)], values)
			}
		})
	}
}
