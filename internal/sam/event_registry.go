package sam

import (
	"strings"

	"github.com/hakonegate/hakone/internal/template"
)

// registryStatements check the SchemaRegistryConfig of a Kafka event and
// return what reading the registry needs: its secrets, and for one of AWS Glue
// the registry and its schemas.
func (e *eventSource) registryStatements() ([]*template.Node, error) {
	config := e.get("SchemaRegistryConfig")
	if !truthy(config) {
		return nil, nil
	}
	if !config.IsMap() {
		return nil, invalidResource(e.full, config, "Property 'SchemaRegistryConfig' should be a map.")
	}
	for _, name := range []string{"SchemaRegistryURI", "EventRecordFormat", "SchemaValidationConfigs"} {
		if !config.Has(name) {
			return nil, e.invalid(config, "Missing required field %s in SchemaRegistryConfig", name)
		}
	}
	if format := config.Get("EventRecordFormat"); format.Str() != "JSON" && format.Str() != "SOURCE" {
		return nil, e.invalid(format, "EventRecordFormat in SchemaRegistryConfig must be either 'JSON' or 'SOURCE'")
	}
	if validation := config.Get("SchemaValidationConfigs"); !validation.IsList() {
		return nil, e.invalid(validation, "SchemaValidationConfigs must be a list")
	}
	var statements []*template.Node
	access := config.Get("AccessConfigs")
	if truthy(access) && !access.IsList() {
		return nil, e.invalid(access, "AccessConfigs in SchemaRegistryConfig must be a list")
	}
	for _, a := range items(access) {
		if !truthy(a.Get("Type")) || !truthy(a.Get("URI")) {
			return nil, e.invalid(a, "Each AccessConfig must be a dict with 'Type' and 'URI' fields")
		}
		statements = append(statements, grants(a.Get("URI"), "secretsmanager:GetSecretValue"))
	}
	uri := config.Get("SchemaRegistryURI")
	if parts := strings.SplitN(uri.Str(), ":", 6); len(parts) == 6 && parts[0] == "arn" && parts[2] == "glue" {
		_, registry, _ := strings.Cut(parts[5], "/")
		schemas := template.Sub("arn:${AWS::Partition}:glue:${AWS::Region}:${AWS::AccountId}:schema/" + registry + "/*")
		reading := grants(schemas, "glue:GetSchemaVersion")
		reading.Set("Resource", template.List(schemas))
		statements = append(statements, grants(uri, "glue:GetRegistry"), reading)
	}
	return statements, nil
}
