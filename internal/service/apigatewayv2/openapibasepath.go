package apigatewayv2

import "strings"

// What to do with a document's base path (AWS: "Set the OpenAPI basePath
// property").
const (
	basePathIgnore  = "ignore"
	basePathPrepend = "prepend"
	basePathSplit   = "split" // prepend all but the first segment
)

// checkBasePath refuses what is none of them; "" is basePathIgnore.
func checkBasePath(mode string) error {
	switch mode {
	case "", basePathIgnore, basePathPrepend, basePathSplit:
		return nil
	default:
		return badRequest("Invalid basepath %s. Must be one of [%s, %s, %s]", mode, basePathIgnore, basePathPrepend, basePathSplit)
	}
}

// readBasePath returns what stands before every path of the document: "", or
// segments with a slash before each.
func (r *reader) readBasePath(mode string) string {
	if mode == "" || mode == basePathIgnore {
		return ""
	}
	path := strings.Trim(r.basePath(), "/")
	if mode == basePathSplit {
		_, path, _ = strings.Cut(path, "/")
	}
	if path == "" {
		return ""
	}
	return "/" + path
}

// basePath returns the first server variable of that name, else the path of the
// first server that has one.
func (r *reader) basePath() string {
	servers := r.root.Get("servers")
	if !servers.IsList() {
		return ""
	}
	for _, s := range servers.Items {
		if v := s.Path("variables", "basePath"); v != nil {
			return v.Get("default").Str()
		}
	}
	for _, s := range servers.Items {
		url := s.Get("url").Str()
		if variables := s.Get("variables"); variables.IsMap() {
			for _, v := range variables.Pairs {
				url = strings.ReplaceAll(url, "{"+v.Key+"}", v.Value.Get("default").Str())
			}
		}
		if _, rest, ok := strings.Cut(url, "://"); ok {
			_, url, _ = strings.Cut(rest, "/")
		}
		if path := strings.Trim(url, "/"); path != "" {
			return path
		}
	}
	return ""
}

// under puts the base path before a path of the document.
func under(base, path string) string {
	if base != "" && path == "/" {
		return base
	}
	return base + path
}
