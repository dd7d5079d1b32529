package apigatewayv2

import (
	"regexp"
	"strings"
)

// The connection types of integrations.
const (
	ConnectionInternet = "INTERNET"
	ConnectionVPCLink  = "VPC_LINK"
)

var privateTarget = regexp.MustCompile(`^arn:[^:]+:(elasticloadbalancing:[^:]*:[^:]*:listener/|servicediscovery:[^:]*:[^:]*:service/).`)

// checkConnection fills in the connection type. A private integration without
// an address is refused, so that nobody finds out by a failing request.
func (s *Service) checkConnection(i *Integration) error {
	switch i.ConnectionType {
	case "":
		i.ConnectionType = ConnectionInternet
		return checkInternet(i)
	case ConnectionInternet:
		return checkInternet(i)
	case ConnectionVPCLink:
	default:
		return badRequest("Invalid connection type %s. Must be one of [INTERNET, VPC_LINK]", i.ConnectionType)
	}
	if i.IntegrationType != IntegrationHTTPProxy {
		return badRequest("Integrations of the connection type VPC_LINK are of the type HTTP_PROXY")
	}
	if i.ConnectionId == "" {
		return badRequest("ConnectionId must be set to vpcLinkId for ConnectionType VPC_LINK")
	}
	target, _, _ := strings.Cut(i.IntegrationUri, "?")
	if !strings.Contains(target, "${stageVariables.") && !privateTarget.MatchString(target) {
		return badRequest("Invalid Uri: %s is the ARN of no load balancer listener and of no Cloud Map service", i.IntegrationUri)
	}
	if s.config.HasVPCLink == nil || !s.config.HasVPCLink(target) && !s.config.HasVPCLink(i.ConnectionId) {
		return badRequest("No address is known for %s, nor for the VPC link %s: start hakone with --vpc-link ARN-or-ID=HOST:PORT", target, i.ConnectionId)
	}
	return nil
}

func checkInternet(i *Integration) error {
	if i.TlsConfig != nil && i.TlsConfig.ServerNameToVerify != "" {
		return badRequest("TlsConfig is for private integrations, of the connection type VPC_LINK")
	}
	return nil
}
