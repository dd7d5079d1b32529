package apigatewayv2

import (
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/template"
)

// shaped says of each type what its handler reads properties into.
func shaped(types []stack.Type) []stack.Type {
	for i := range types {
		if h, ok := types[i].Handler.(interface{ shape() any }); ok {
			types[i].Properties = h.shape()
		}
		if types[i].Name == "AWS::ApiGatewayV2::Api" {
			types[i].Check = checkProtocol
		}
	}
	return types
}

// checkProtocol finds WebSocket APIs before a deployment.
func checkProtocol(n *template.Node) error {
	if protocol := n.Get("ProtocolType"); protocol.Str() == "WEBSOCKET" {
		return &template.Error{Message: noWebSocket, Notes: []template.Note{{Position: protocol.Position}}}
	}
	return nil
}

const noWebSocket = "WEBSOCKET APIs are not served by this gateway"

func (handler[P]) shape() any { return *new(P) }
