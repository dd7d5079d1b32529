package sam

var applicationProperties = []property{
	{name: "Location", shape: text | mapping, required: true},
	{name: "TemplateUrl", shape: anything},
	{name: "Parameters", shape: mapping},
	{name: "NotificationARNs", shape: textsOrMaps},
	{name: "Tags", shape: mapping},
	{name: "TimeoutInMinutes", shape: number},
}

// expandApplication makes a nested stack of another template. Applications
// of the Serverless Application Repository are refused: they are not here.
func expandApplication(m *macro) error {
	location := m.get("Location")
	if !location.IsText() {
		return invalidResource(m.id, location, "Applications of the AWS Serverless Application Repository are not supported here; Location must be a template's path or URL.")
	}
	stack := m.add(newResource(m.id, "AWS::CloudFormation::Stack", m.own()))
	stack.set("TemplateURL", location)
	stack.set("Parameters", m.get("Parameters"))
	stack.set("NotificationARNs", m.get("NotificationARNs"))
	stack.set("Tags", tagList("lambda:createdBy", m.get("Tags")))
	stack.set("TimeoutInMinutes", m.get("TimeoutInMinutes"))
	return nil
}
