package sam

import "github.com/hakonegate/hakone/internal/template"

var simpleTableProperties = []property{
	{name: "PointInTimeRecoverySpecification", shape: anything},
	{name: "PrimaryKey", shape: textsByName},
	{name: "ProvisionedThroughput", shape: numbersByName},
	{name: "TableName", shape: text | mapping},
	{name: "Tags", shape: mapping},
	{name: "SSESpecification", shape: mapping},
}

var attributeTypes = map[string]string{"String": "S", "Number": "N", "Binary": "B"}

func expandSimpleTable(m *macro) error {
	name, typ := template.Text("id"), "S"
	if key := m.get("PrimaryKey"); truthy(key) {
		if isIntrinsic(key) || key.Get("Name").IsNull() || key.Get("Type").IsNull() {
			missing := "Name"
			if key.Has("Name") {
				missing = "Type"
			}
			return invalidResource(m.id, key, "Property 'PrimaryKey.%s' is required.", missing)
		}
		name = key.Get("Name")
		if typ = attributeTypes[key.Get("Type").Str()]; typ == "" {
			return invalidResource(m.id, key.Get("Type"), "Invalid 'Type' \"%s\".", key.Get("Type").Str())
		}
	}
	table := m.add(newResource(m.id, "AWS::DynamoDB::Table", m.own()))
	table.set("AttributeDefinitions", template.List(template.Map(template.P("AttributeName", name), template.P("AttributeType", template.Text(typ)))))
	table.set("KeySchema", template.List(template.Map(template.P("AttributeName", name), template.P("KeyType", template.Text("HASH")))))
	if throughput := m.get("ProvisionedThroughput"); truthy(throughput) {
		table.set("ProvisionedThroughput", throughput)
	} else {
		table.set("BillingMode", template.Text("PAY_PER_REQUEST"))
	}
	if recovery := m.get("PointInTimeRecoverySpecification"); truthy(recovery) {
		table.set("PointInTimeRecoverySpecification", recovery)
	}
	if sse := m.get("SSESpecification"); truthy(sse) {
		table.set("SSESpecification", sse)
	}
	if name := m.get("TableName"); truthy(name) {
		table.set("TableName", name)
	}
	if tags := m.get("Tags"); tags != nil && len(tags.Pairs) > 0 {
		table.set("Tags", tagList("", tags))
	}
	return nil
}
