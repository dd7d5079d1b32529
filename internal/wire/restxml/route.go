package restxml

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/wire"
)

// A Target is what a request is about.
type Target struct{ Bucket, Key string }

// TargetOf finds bucket and key. The bucket is in the host, as in
// BUCKET.localhost and BUCKET.s3.REGION.amazonaws.com, or the path begins with it.
// The path is that of the request target, still encoded.
func TargetOf(host, rawPath string) (t Target, ok bool) {
	path, err := url.PathUnescape(strings.TrimPrefix(rawPath, "/"))
	if err != nil {
		return t, false
	}
	if bucket := bucketOfHost(host); bucket != "" {
		return Target{bucket, path}, true
	}
	t.Bucket, t.Key, _ = strings.Cut(path, "/")
	return t, true
}

func bucketOfHost(host string) string {
	host = strings.ToLower(wire.Hostname(host))
	if i := strings.LastIndex(host, ".s3."); i > 0 {
		return host[:i]
	}
	if i := strings.LastIndex(host, ".s3-"); i > 0 { // BUCKET.s3-REGION.amazonaws.com
		return host[:i]
	}
	if name, ok := strings.CutSuffix(host, ".localhost"); ok && name != "s3" && !strings.HasPrefix(name, "s3.") {
		return name
	}
	return ""
}

// A Router finds operations. It does not change and is safe for concurrent use.
type Router struct{ routes []route }

type route struct {
	method, operation string
	depth             int      // 0: the service, 1: a bucket, 2: an object
	parameters        []string // that must be there; x-amz-… is a header
}

// NewRouter returns the router of a table. The operation that needs the most
// parameters wins.
func NewRouter(operations []wire.Operation) *Router {
	r := &Router{}
	for _, o := range operations {
		path, query, _ := strings.Cut(o.Path, "?")
		added := route{method: o.Method, operation: o.Name, depth: strings.Count(path, "{")}
		if query != "" {
			added.parameters = strings.Split(query, "&")
		}
		r.routes = append(r.routes, added)
	}
	slices.SortStableFunc(r.routes, func(a, b route) int { return len(b.parameters) - len(a.parameters) })
	return r
}

// Find returns the operation that a request asks for and the parameters that
// named it.
func (r *Router) Find(method string, t Target, query url.Values, header http.Header) (operation string, parameters []string, ok bool) {
	depth := 0
	switch {
	case t.Key != "":
		depth = 2
	case t.Bucket != "":
		depth = 1
	}
	missing := func(p string) bool { return !query.Has(p) && (!strings.HasPrefix(p, "x-amz-") || header.Get(p) == "") }
	for _, candidate := range r.routes {
		if candidate.method == method && candidate.depth == depth && !slices.ContainsFunc(candidate.parameters, missing) {
			return candidate.operation, candidate.parameters, true
		}
	}
	return "", nil, false
}
