package cloudformation

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/blob"
	"github.com/hakonegate/hakone/internal/template"
)

// A put stores content and returns its hash.
type put func(content []byte) (hash string, err error)

// hashOnly is the put of a rehearsal.
func hashOnly(content []byte) (string, error) { return blob.Hash(content), nil }

// artifacts returns the properties of a type that may name a local file or
// folder, as `aws cloudformation package` and `sam package` have them, and what
// becomes of each.
func artifacts(typeName string) map[string]func(p *packer, at *artifact) error {
	return map[string]map[string]func(p *packer, at *artifact) error{
		"AWS::Serverless::Function":     {"CodeUri": (*packer).uri},
		"AWS::Serverless::LayerVersion": {"ContentUri": (*packer).uri},
		"AWS::Serverless::Api":          {"DefinitionUri": inline("DefinitionBody")},
		"AWS::Serverless::HttpApi":      {"DefinitionUri": inline("DefinitionBody")},
		"AWS::Serverless::StateMachine": {"DefinitionUri": inline("Definition")},
		"AWS::Serverless::Application":  {"Location": (*packer).nested},
		"AWS::Lambda::Function":         {"Code": (*packer).bucket},
		"AWS::Lambda::LayerVersion":     {"Content": (*packer).bucket},
		"AWS::ApiGatewayV2::Api":        {"BodyS3Location": inline("Body")},
		"AWS::ApiGateway::RestApi":      {"BodyS3Location": inline("Body")},
		"AWS::CloudFormation::Stack":    {"TemplateURL": (*packer).nested},
	}[typeName]
}

// An artifact is one mention of a local path.
type artifact struct {
	resource, property string
	properties         *template.Node // the mapping that has the property
	path               string         // where it is
	node               *template.Node // as written
}

// A packer replaces local paths in one template.
type packer struct {
	dir   string
	put   put
	depth int

	faults []error
}

// maxNesting bounds stacks in stacks.
const maxNesting = 8

// pack returns root with its local paths replaced by what they name: code by an
// S3 location in [blob.ArtifactBucket], definitions by their content. Where a path
// leads nowhere there is a location that has nothing, and the error, a
// [*template.Error], names all of these.
func pack(root *template.Node, dir string, put put, depth int) (*template.Node, error) {
	if dir == "" {
		return root, nil
	}
	root = root.Clone()
	p := &packer{dir: dir, put: put, depth: depth}
	for _, r := range root.Get("Resources").Pairs {
		defaultCode(r.Value, root.Get("Globals").Get("Function"))
		p.resource(r.Key, r.Value.Get("Type").Str(), r.Value.Get("Properties"))
	}
	globals := root.Get("Globals")
	for _, kind := range []string{"Function", "LayerVersion"} {
		p.resource("Globals", "AWS::Serverless::"+kind, globals.Get(kind))
	}
	return root, template.Join(p.faults...)
}

// defaultCode gives a function of SAM that names no code the template's folder, as
// SAM CLI does.
func defaultCode(resource, globals *template.Node) {
	if resource.Get("Type").Str() != "AWS::Serverless::Function" {
		return
	}
	properties := resource.Get("Properties")
	for _, from := range []*template.Node{properties, globals} {
		for _, name := range []string{"CodeUri", "InlineCode", "ImageUri"} {
			if !from.Get(name).IsNull() {
				return
			}
		}
		if from.Get("PackageType").Str() == "Image" {
			return
		}
	}
	if properties.IsMap() {
		properties.Set("CodeUri", template.Text(".").At(resource.Get("Type").Position))
	}
}

func (p *packer) resource(id, typeName string, properties *template.Node) {
	for property, replace := range artifacts(typeName) {
		n := properties.Get(property)
		if !n.IsScalar() || n.Value == "" || strings.Contains(n.Value, "://") {
			continue
		}
		path := n.Value
		if !filepath.IsAbs(path) {
			path = filepath.Join(p.dir, path)
		}
		at := &artifact{resource: id, property: property, properties: properties, path: path, node: n}
		_, err := os.Stat(path) //nolint:gosec // the template and what it names are the operator's own
		if err != nil {
			err = at.refuse("Parameter %s of resource %s refers to a file or folder that does not exist %s", property, id, path)
		} else {
			err = replace(p, at)
		}
		if err != nil {
			p.faults = append(p.faults, err)
			at.vacant(strings.HasPrefix(typeName, "AWS::Lambda::"))
		}
	}
}

// vacant puts a location that has nothing in the place of a path, so that the
// rest of the template can be looked at.
func (a *artifact) vacant(bucketAndKey bool) {
	location := template.Text("s3://" + blob.ArtifactBucket + "/missing")
	if bucketAndKey {
		location = template.Map(template.P("S3Bucket", template.Text(blob.ArtifactBucket)), template.P("S3Key", template.Text("missing")))
	}
	a.properties.Set(a.property, location.At(a.node.Position))
}

// refuse is SAM CLI's refusal of a local path, with its place.
func (a *artifact) refuse(format string, args ...any) error {
	return &template.Error{
		Message: fmt.Sprintf("Unable to upload artifact %s referenced by %s parameter of %s resource.\n", a.node.Value, a.property, a.resource) + fmt.Sprintf(format, args...),
		Notes:   []template.Note{{Position: a.node.Position}},
	}
}

func (p *packer) code(a *artifact) (hash string, err error) {
	content, err := archive(a.path)
	if err != nil {
		return "", a.refuse("%v", err)
	}
	return p.put(content)
}

// uri is for SAM's properties: an s3:// URI.
func (p *packer) uri(a *artifact) error {
	hash, err := p.code(a)
	if err != nil {
		return err
	}
	a.properties.Set(a.property, template.Text("s3://"+blob.ArtifactBucket+"/"+hash).At(a.node.Position))
	return nil
}

// bucket is for Lambda's properties: a bucket and a key.
func (p *packer) bucket(a *artifact) error {
	hash, err := p.code(a)
	if err != nil {
		return err
	}
	location := template.Map(template.P("S3Bucket", template.Text(blob.ArtifactBucket)), template.P("S3Key", template.Text(hash)))
	a.properties.Set(a.property, location.At(a.node.Position))
	return nil
}

// inline is for definitions: their content takes the place of their location.
func inline(property string) func(*packer, *artifact) error {
	return func(_ *packer, a *artifact) error {
		content, err := os.ReadFile(a.path)
		if err != nil {
			return a.refuse("%v", err)
		}
		n, _, err := template.ParseValue(a.path, content)
		if err != nil {
			return err
		}
		a.properties.Delete(a.property)
		a.properties.Set(property, n)
		return nil
	}
}

// nested is for templates: their own local paths are replaced, too.
func (p *packer) nested(a *artifact) error {
	if p.depth >= maxNesting {
		return a.refuse("stacks may be nested %d deep", maxNesting)
	}
	content, err := os.ReadFile(a.path)
	if err != nil {
		return a.refuse("%v", err)
	}
	root, _, err := template.Parse(a.path, content)
	if err != nil {
		return err
	}
	if _, err := template.Load(root); err != nil {
		return err
	}
	if root, err = pack(root, filepath.Dir(a.path), p.put, p.depth+1); err != nil {
		return err
	}
	hash, err := p.put(root.JSON(""))
	if err != nil {
		return err
	}
	a.properties.Set(a.property, template.Text(templateURL(hash)).At(a.node.Position))
	return nil
}

// templateURL is where a nested template is, as AWS's tools would say it.
func templateURL(hash string) string {
	return "https://s3.amazonaws.com/" + blob.ArtifactBucket + "/" + hash
}

// blobOf is the inverse of templateURL.
func blobOf(url string) (hash string, ok bool) {
	return strings.CutPrefix(url, templateURL(""))
}

// skipped are folders that are never part of code.
var skipped = []string{".git", ".aws-sam", ".hakone", "cdk.out"}

func isSkipped(name string) bool { return slices.Contains(skipped, name) }
