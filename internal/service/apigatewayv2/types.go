package apigatewayv2

import "github.com/hakonegate/hakone/internal/stack"

// Types returns the CloudFormation types of HTTP APIs.
func (s *Service) Types() []stack.Type { return nil }
