package sam

import (
	"net/url"
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

// An s3Location is where code or a definition lies.
type s3Location struct{ bucket, key, version *template.Node }

// s3Location reads a property that is an s3:// URI, a map of Bucket, Key and
// Version, or, when there is a hook for it, a local path.
func (m *macro) s3Location(name string, n *template.Node) (s3Location, error) {
	return s3LocationOf(m, m.id, name, n)
}

// s3LocationOf is s3Location for a resource that refuses under another id.
func s3LocationOf(m *macro, id, name string, n *template.Node) (s3Location, error) {
	if n.IsMap() {
		if !truthy(n.Get("Bucket")) || !truthy(n.Get("Key")) {
			return s3Location{}, invalidResource(id, n, "'%s' requires Bucket and Key properties to be specified.", name)
		}
		return s3Location{n.Get("Bucket"), n.Get("Key"), present(n.Get("Version"))}, nil
	}
	if !n.IsText() {
		return s3Location{}, invalidResource(id, n, "'%s' must be of type dict or string.", name)
	}
	uri := n.Str()
	if m.opts.Artifact != nil && n.IsScalar() && !strings.HasPrefix(uri, "s3://") {
		var err error
		if uri, err = m.opts.Artifact(uri, n.Position); err != nil {
			return s3Location{}, invalidResource(id, n, "'%s' cannot be read: %v", name, err)
		}
	}
	path, query, _ := strings.Cut(uri, "?")
	path, _, _ = strings.Cut(path, "#")
	bucket, key, _ := strings.Cut(strings.TrimPrefix(path, "s3://"), "/")
	if key = strings.TrimLeft(key, "/"); !strings.HasPrefix(uri, "s3://") || bucket == "" || key == "" {
		return s3Location{}, invalidResource(id, n, "'%s' is not a valid S3 Uri of the form 's3://bucket/key' with optional versionId query parameter.", name)
	}
	l := s3Location{bucket: template.Text(bucket), key: template.Text(key)}
	query, _, _ = strings.Cut(query, "#")
	if values, err := url.ParseQuery(query); err == nil && len(values["versionId"]) == 1 {
		l.version = template.Text(values.Get("versionId"))
	}
	return l, nil
}

// code returns the location as Lambda names it.
func (l s3Location) code() *template.Node {
	return pairs(template.P("S3Bucket", l.bucket), template.P("S3Key", l.key), template.P("S3ObjectVersion", l.version))
}

// body returns the location as API Gateway names it.
func (l s3Location) body() *template.Node {
	return pairs(template.P("Bucket", l.bucket), template.P("Key", l.key), template.P("Version", l.version))
}
