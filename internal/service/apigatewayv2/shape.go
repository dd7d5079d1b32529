package apigatewayv2

import "github.com/hakonegate/hakone/internal/stack"

// shaped says of each type what its handler reads properties into.
func shaped(types []stack.Type) []stack.Type {
	for i := range types {
		if h, ok := types[i].Handler.(interface{ shape() any }); ok {
			types[i].Properties = h.shape()
		}
	}
	return types
}

func (handler[P]) shape() any { return *new(P) }
