package sam

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

var capacityProviderProperties = []property{
	{name: "CapacityProviderName", shape: text, old: true},
	{name: "VpcConfig", shape: mapping, required: true},
	{name: "OperatorRole", shape: text, old: true},
	{name: "Tags", shape: mapping},
	{name: "PropagateTags", shape: boolean},
	{name: "InstanceRequirements", shape: mapping},
	{name: "ScalingConfig", shape: mapping},
	{name: "KmsKeyArn", shape: text, old: true},
}

// capacitySettings are the settings of a capacity provider's properties.
var capacitySettings = []struct {
	property string
	fields   []field
}{
	{"VpcConfig", []field{{"SubnetIds", true, []string{"dict", "list"}}, {"SecurityGroupIds", false, []string{"dict", "list"}}}},
	{"InstanceRequirements", []field{
		{"Architectures", false, []string{"dict", "list"}}, {"AllowedTypes", false, []string{"dict", "list"}}, {"ExcludedTypes", false, []string{"dict", "list"}},
	}},
	{"ScalingConfig", []field{{"MaxVCpuCount", false, []string{"dict", "integer"}}, {"AverageCPUUtilization", false, []string{"dict", "float"}}}},
}

// expandCapacityProvider makes a capacity provider of Lambda, and the role with
// which Lambda manages its instances unless one is given.
func expandCapacityProvider(m *macro) error {
	if err := m.checkCapacity(); err != nil {
		return err
	}
	operator := m.get("OperatorRole")
	if operator == nil {
		role := newResource(m.id+"OperatorRole", "AWS::IAM::Role", m.inherited())
		role.set("AssumeRolePolicyDocument", trustPolicy("lambda.amazonaws.com"))
		role.set("ManagedPolicyArns", template.List(m.awsPolicy("AWSLambdaManagedEC2ResourceOperator")))
		tags := template.Map()
		if truthy(m.get("PropagateTags")) && m.get("Tags").IsMap() {
			tags = m.get("Tags")
		}
		role.set("Tags", tagList("lambda:createdBy", without(tags, "lambda:createdBy")))
		operator = m.add(role).arn()
	}
	provider := m.add(newResource(m.id, "AWS::Lambda::CapacityProvider", m.own()))
	provider.set("CapacityProviderName", m.get("CapacityProviderName"))
	provider.set("VpcConfig", m.get("VpcConfig"))
	provider.set("PermissionsConfig", template.Map(template.P("CapacityProviderOperatorRoleArn", operator)))
	provider.set("Tags", tagList("lambda:createdBy", without(m.get("Tags"), "lambda:createdBy")))
	provider.set("KmsKeyArn", m.get("KmsKeyArn"))
	if instances := m.get("InstanceRequirements"); truthy(instances) {
		provider.set("InstanceRequirements", pairs(
			template.P("Architectures", instances.Get("Architectures")),
			template.P("AllowedInstanceTypes", instances.Get("AllowedTypes")),
			template.P("ExcludedInstanceTypes", instances.Get("ExcludedTypes")),
		))
	}
	if scaling := m.get("ScalingConfig"); truthy(scaling) {
		provider.set("CapacityProviderScalingConfig", capacityScaling(scaling))
	}
	return nil
}

// capacityScaling returns how instances are added: by a utilization to keep, or
// as Lambda thinks fit.
func capacityScaling(scaling *template.Node) *template.Node {
	settings := pairs(template.P("MaxVCpuCount", scaling.Get("MaxVCpuCount")), template.P("ScalingMode", template.Text("Auto")))
	utilization := present(scaling.Get("AverageCPUUtilization"))
	if utilization == nil {
		return settings
	}
	if f, err := strconv.ParseFloat(utilization.Str(), 64); err == nil {
		decimal := strconv.FormatFloat(f, 'f', -1, 64)
		if !strings.Contains(decimal, ".") {
			decimal += ".0"
		}
		utilization = &template.Node{Kind: template.Scalar, Value: decimal}
	}
	settings.Set("ScalingMode", template.Text("Manual"))
	settings.Set("ScalingPolicies", template.List(template.Map(
		template.P("PredefinedMetricType", template.Text("LambdaCapacityProviderAverageCPUUtilization")),
		template.P("TargetValue", utilization),
	)))
	return settings
}

// checkCapacity checks the settings, and reports all faults at once.
func (m *macro) checkCapacity() error {
	var faults []string
	for _, s := range capacitySettings {
		value := m.get(s.property)
		if value == nil {
			continue
		}
		known := map[string]bool{}
		for _, f := range s.fields {
			known[f.name] = true
			v := present(value.Get(f.name))
			switch {
			case v == nil && f.required:
				faults = append(faults, fmt.Sprintf("Property '%s.%s' is required.", s.property, f.name))
			case v != nil && modelMismatch(f.types[0], v) != "" && modelMismatch(f.types[1], v) != "":
				kind := map[string]string{"list": "list", "integer": "integer", "float": "number"}[f.types[1]]
				faults = append(faults, fmt.Sprintf("Property '%s.%s' value must be dictionary or %s.", s.property, f.name, kind))
			}
		}
		for _, key := range value.Keys() {
			if !known[key] {
				faults = append(faults, fmt.Sprintf("Property '%s.%s' is an invalid property.", s.property, key))
			}
		}
	}
	if len(faults) > 0 {
		return invalidResource(m.id, m.node, "%s", strings.Join(faults, " "))
	}
	if r := m.get("InstanceRequirements"); truthy(r.Get("AllowedTypes")) && truthy(r.Get("ExcludedTypes")) {
		return invalidResource(m.id, r, "Cannot specify 'InstanceRequirements.AllowedTypes' and 'InstanceRequirements.ExcludedTypes' together.")
	}
	return nil
}

// without returns a map without one of its keys.
func without(n *template.Node, key string) *template.Node {
	if !n.Has(key) {
		return n
	}
	n = n.Clone()
	n.Delete(key)
	return n
}
