package sam

import (
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

var layerProperties = []property{
	{name: "LayerName", shape: text | mapping},
	{name: "Description", shape: text},
	{name: "ContentUri", shape: text | mapping, required: true},
	{name: "CompatibleArchitectures", shape: textsOrMaps},
	{name: "CompatibleRuntimes", shape: textsOrMaps},
	{name: "LicenseInfo", shape: text},
	{name: "RetentionPolicy", shape: text},
	{name: "PublishLambdaVersion", shape: boolean},
}

// expandLayer makes a layer version. A layer version cannot change, so the
// logical id carries a hash of the resource: a change makes a new version, and
// every reference to the layer moves to it.
func expandLayer(m *macro) error {
	for _, name := range []string{"LayerName", "LicenseInfo", "Description", "RetentionPolicy"} {
		if value := m.get(name); value != nil {
			m.props.Set(name, m.resolve(value))
		}
	}
	policy, err := m.retention()
	if err != nil {
		return err
	}
	content := template.Map(template.P("Type", m.node.Get("Type")), template.P("Properties", m.props))
	for _, name := range []string{"DependsOn", "Condition"} {
		if value := m.node.Get(name); value != nil {
			content.Set(name, value)
		}
	}
	id := hashed(m.id, template.Map(template.P(m.id, content)))
	for _, a := range items(m.get("CompatibleArchitectures")) {
		if !isIntrinsic(a) && a.Str() != "x86_64" && a.Str() != "arm64" {
			return invalidResource(id, a, "CompatibleArchitectures needs to be a list of '%s' or '%s'", "x86_64", "arm64")
		}
	}
	location, err := s3LocationOf(m, id, "ContentUri", m.get("ContentUri"))
	if err != nil {
		return err
	}
	a := m.own()
	a.metadata, a.updatePolicy = nil, nil
	if policy != "" {
		a.deletionPolicy = template.Text(policy)
	}
	layer := m.add(newResource(id, "AWS::Lambda::LayerVersion", a))
	m.renamed[m.id] = layer.id
	layer.set("Content", location.code())
	layer.set("LayerName", template.Text(m.id))
	if name := m.get("LayerName"); truthy(name) {
		layer.set("LayerName", name)
	}
	for _, name := range []string{"Description", "CompatibleArchitectures", "CompatibleRuntimes", "LicenseInfo"} {
		layer.set(name, m.get(name))
	}
	return nil
}

// retention returns the deletion policy that RetentionPolicy means: Retain by
// default.
func (m *macro) retention() (string, error) {
	policy := m.get("RetentionPolicy")
	if policy == nil {
		if m.node.Get("DeletionPolicy") != nil {
			return "", nil
		}
		return "Retain", nil
	}
	if !policy.IsScalar() {
		return "", invalidResource(m.id, policy, "'RetentionPolicy' does not accept intrinsic functions, please use one of the following options: %s", quoted([]string{"Retain", "Delete"}))
	}
	switch {
	case strings.EqualFold(policy.Value, "Retain"):
		return "Retain", nil
	case strings.EqualFold(policy.Value, "Delete"):
		return "Delete", nil
	default:
		return "", invalidResource(m.id, policy, "'RetentionPolicy' must be one of the following options: %s.", quoted([]string{"Retain", "Delete"}))
	}
}
