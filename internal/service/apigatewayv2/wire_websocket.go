package apigatewayv2

import (
	"encoding/json"
	"slices"
	"strings"
)

// webSocketOnly are the members that only WebSocket APIs have, by the kind of
// resource, and values that say nothing: Terraform sends one of them always.
var webSocketOnly = map[string]map[string]string{
	"Api":        {"disableSchemaValidation": "false"},
	"Authorizer": {"identityValidationExpression": ""},
	"Integration": { //nolint:gosec // no credentials
		"contentHandlingStrategy": "", "passthroughBehavior": `"WHEN_NO_MATCH"`, "requestTemplates": "", "templateSelectionExpression": "",
	},
	"Route": {"modelSelectionExpression": "", "requestModels": "", "requestParameters": "", "routeResponseSelectionExpression": ""},
	"Stage": {"clientCertificateId": ""},
}

// readMembers reads the body as [request.read] does. It refuses members that an
// HTTP API has no use for, so that nobody believes that they do something.
func (in *request) readMembers(kind string, into any) error {
	var said map[string]json.RawMessage
	_ = json.Unmarshal(in.Body, &said) // what cannot be read is refused by who reads it
	for _, name := range sortedKeys(said) {
		harmless, ok := webSocketOnly[kind][name]
		value := strings.TrimSpace(string(said[name]))
		if ok && value != harmless && !slices.Contains([]string{"null", `""`, "{}", "[]"}, value) {
			return badRequest("%s is not supported for HTTP APIs", name)
		}
	}
	return in.read(into)
}
