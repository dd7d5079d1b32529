package sam

var applicationProperties = []property{
	{name: "Location", shape: text | mapping, required: true},
	{name: "TemplateUrl", shape: anything},
	{name: "Parameters", shape: mapping},
	{name: "NotificationARNs", shape: textsOrMaps},
	{name: "Tags", shape: mapping},
	{name: "TimeoutInMinutes", shape: number},
}

// checkLocation checks where an application comes from. Those of the Serverless
// Application Repository are refused: they are not here.
func (m *macro) checkLocation() error {
	location := m.get("Location")
	if location == nil {
		return invalidResource(m.id, m.node, "Resource is missing the required [Location] property.")
	}
	if !location.IsMap() {
		return nil
	}
	for _, name := range []string{"ApplicationId", "SemanticVersion"} {
		switch value := m.resolveMapped(location.Get(name)); {
		case value.IsNull():
			return invalidResource(m.id, location, "Resource is missing the required [%s] property.", name)
		case isIntrinsic(value):
			return invalidResource(m.id, value, "Property '%s' cannot be resolved. Only FindInMap and Ref intrinsic functions are supported.", name)
		case !value.IsText():
			return invalidResource(m.id, value, "Property 'Location.%s' should be a string.", name)
		}
	}
	return invalidResource(m.id, location, "Applications of the AWS Serverless Application Repository are not supported here; Location must be a template's path or URL.")
}

// expandApplication makes a nested stack of another template.
func expandApplication(m *macro) error {
	if err := m.checkTags("lambda:createdBy"); err != nil {
		return err
	}
	a := m.own()
	a.metadata, a.updatePolicy = nil, nil
	stack := m.add(newResource(m.id, "AWS::CloudFormation::Stack", a))
	stack.set("TemplateURL", m.get("Location"))
	stack.set("Parameters", m.get("Parameters"))
	stack.set("NotificationARNs", m.get("NotificationARNs"))
	stack.set("Tags", tagList("lambda:createdBy", m.get("Tags")))
	stack.set("TimeoutInMinutes", m.get("TimeoutInMinutes"))
	return nil
}
