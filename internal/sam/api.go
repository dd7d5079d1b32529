package sam

import "github.com/hakonegate/hakone/internal/template"

var apiProperties = []property{}

func expandAPI(m *macro) error { return invalidResource(m.id, m.node, "TBD") }

type usagePlans struct{}

func (usagePlans) finish(*translator) {}

var restEventProperties = []property{}

func linkRESTEvent(*eventSource) error { return nil }
func makeRESTEvent(*eventSource) error { return nil }
func validSwagger(*template.Node) bool { return false }
func swaggerSkeleton() *template.Node {
	return template.Map(template.P("swagger", template.Text("2.0")), template.P("paths", template.Map()))
}

var stateMachineProperties = []property{}

func expandStateMachine(m *macro) error { return invalidResource(m.id, m.node, "TBD") }

var connectorProperties = []property{}

func expandConnector(m *macro) error      { return invalidResource(m.id, m.node, "TBD") }
func (t *translator) embeddedConnectors() {}
