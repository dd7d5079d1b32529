package sam

var connectorProperties = []property{}

func expandConnector(m *macro) error      { return invalidResource(m.id, m.node, "TBD") }
func (t *translator) embeddedConnectors() {}
