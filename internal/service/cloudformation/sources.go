package cloudformation

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

// Sources lists the local files and folders that a deployment of the template
// file would read beside it: code, definitions, nested templates and what those
// name. Paths are absolute; what does not exist is listed, too. A template that
// cannot be read has none.
func Sources(file string) []string { return sources(file, 0) }

func sources(file string, depth int) []string {
	content, err := os.ReadFile(file) //nolint:gosec // the template and what it names are the operator's own
	if err != nil {
		return nil
	}
	root, _, err := template.Parse(file, content)
	if err != nil {
		return nil
	}
	var found []string
	add := func(typeName string, properties *template.Node) {
		for property := range artifacts(typeName) {
			n := properties.Get(property)
			if !n.IsScalar() || n.Value == "" || strings.Contains(n.Value, "://") {
				continue
			}
			path := n.Value
			if !filepath.IsAbs(path) {
				path = filepath.Join(filepath.Dir(file), path)
			}
			found = append(found, path)
			if isNested(typeName) && depth < maxNesting {
				found = append(found, sources(path, depth+1)...)
			}
		}
	}
	for _, r := range root.Get("Resources").Pairs {
		defaultCode(r.Value, root.Get("Globals").Get("Function"))
		add(r.Value.Get("Type").Str(), r.Value.Get("Properties"))
	}
	for _, kind := range []string{"Function", "LayerVersion"} {
		add("AWS::Serverless::"+kind, root.Get("Globals").Get(kind))
	}
	return found
}

func isNested(typeName string) bool {
	return typeName == "AWS::Serverless::Application" || typeName == "AWS::CloudFormation::Stack"
}

// IsSource reports whether a file of that name in a folder of code is part of
// it: version control and build folders are not.
func IsSource(name string) bool { return !isSkipped(name) }
