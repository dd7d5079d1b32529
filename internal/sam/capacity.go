package sam

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

// A field is one that a setting with a model of its own may have. AWS words
// its faults differently from those of other properties: all of a setting's in
// one message.
type field struct {
	name     string
	required bool
	types    []string // "dict", "str", "integer", "float", in the order of the messages
}

var capacityFields = []field{
	{"Arn", true, []string{"dict", "str"}},
	{"PerExecutionEnvironmentMaxConcurrency", false, []string{"dict", "integer"}},
	{"ExecutionEnvironmentMemoryGiBPerVCpu", false, []string{"dict", "integer", "float"}},
}

// capacityProvider returns the CloudFormation form of CapacityProviderConfig.
func (f *function) capacityProvider(c *template.Node) (*template.Node, error) {
	if text := modelFaults("CapacityProviderConfig", c, capacityFields); text != "" {
		return nil, invalidResource(f.id, c, "Invalid CapacityProviderConfig: %s", text)
	}
	instances := template.Map()
	for _, p := range c.Pairs {
		if p.Value.IsNull() {
			continue
		}
		key := p.Key
		if key == "Arn" {
			key = "CapacityProviderArn"
		}
		instances.Set(key, p.Value)
	}
	return template.Map(template.P("LambdaManagedInstancesCapacityProviderConfig", instances)), nil
}

// modelFaults describes how a value differs from its model, "" when it fits.
func modelFaults(model string, n *template.Node, fields []field) string {
	var faults []string
	known := map[string]bool{}
	for _, f := range fields {
		known[f.name] = true
		value := present(n.Get(f.name))
		if value == nil {
			if f.required {
				faults = append(faults, f.name+"\n  field required (type=value_error.missing)")
			}
			continue
		}
		var wrong []string
		for _, typ := range f.types {
			text := modelMismatch(typ, value)
			if text == "" {
				wrong = nil
				break
			}
			wrong = append(wrong, f.name+"\n  "+text)
		}
		faults = append(faults, wrong...)
	}
	for _, key := range n.Keys() {
		if !known[key] {
			faults = append(faults, key+"\n  extra fields not permitted (type=value_error.extra)")
		}
	}
	switch len(faults) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("1 validation error for %s\n%s", model, faults[0])
	default:
		return fmt.Sprintf("%d validation errors for %s\n%s", len(faults), model, strings.Join(faults, "\n"))
	}
}

func modelMismatch(typ string, n *template.Node) string {
	number := func(err error) bool { return n.IsScalar() && (err == nil || n.IsBool()) }
	switch typ {
	case "dict":
		if !n.IsMap() {
			return "value is not a valid dict (type=type_error.dict)"
		}
	case "list":
		if !n.IsList() {
			return "value is not a valid list (type=type_error.list)"
		}
	case "str":
		if !n.IsScalar() || n.IsBool() {
			return "str type expected (type=type_error.str)"
		}
	case "integer":
		if _, err := strconv.Atoi(n.Str()); !number(err) {
			return "value is not a valid integer (type=type_error.integer)"
		}
	case "float":
		if _, err := strconv.ParseFloat(n.Str(), 64); !number(err) {
			return "value is not a valid float (type=type_error.float)"
		}
	}
	return ""
}
