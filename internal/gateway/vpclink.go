package gateway

import (
	"fmt"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/gateway/backend"
	"github.com/hakonegate/hakone/internal/gateway/integration"
	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
)

// VPCLinks are where private integrations lead, as HOST:PORT: by the ARN of a
// listener or a service, or by the ID of a VPC link. The name "*" is for all
// others.
type VPCLinks map[string]string

// Address returns the address of the first name that has one.
func (v VPCLinks) Address(names ...string) (address string, ok bool) {
	for _, name := range append(names, "*") {
		if address, ok = v[name]; ok {
			return address, true
		}
	}
	return "", false
}

// privateTarget returns the URL and the transport of a private integration. What
// it is reached by counts more than what it is reached through.
func (g *Gateway) privateTarget(i *apigatewayv2.Integration, uri string) (string, *backend.Transport, error) {
	target, _, _ := strings.Cut(uri, "?") // attributes that choose among instances of a service
	address, ok := g.config.VPCLinks.Address(target, i.ConnectionId)
	if !ok {
		return "", nil, fmt.Errorf("no address was given for %s or the VPC link %s", target, i.ConnectionId)
	}
	if i.TlsConfig == nil || i.TlsConfig.ServerNameToVerify == "" {
		return "http://" + address, g.transport, nil
	}
	return "https://" + address, g.transportTo(i.TlsConfig.ServerNameToVerify), nil
}

// transportTo returns connections that verify a server name of their own.
// Tables share them. The caller holds g.mu.
func (g *Gateway) transportTo(serverName string) *backend.Transport {
	if t := g.named[serverName]; t != nil {
		return t
	}
	if g.named == nil {
		g.named = map[string]*backend.Transport{}
	}
	t := g.transport.Verifying(serverName)
	g.named[serverName] = t
	return t
}

// compileProxy makes an HTTP proxy integration.
func (g *Gateway) compileProxy(i *apigatewayv2.Integration, variables map[string]string, timeout time.Duration) (integrator, error) {
	uri, err := integration.ReplaceStageVariables(i.IntegrationUri, variables)
	if err != nil {
		return nil, err
	}
	p := &proxy{private: i.ConnectionType == apigatewayv2.ConnectionVPCLink}
	transport := g.transport
	if p.private {
		if uri, transport, err = g.privateTarget(i, uri); err != nil {
			return nil, err
		}
	}
	if p.HTTP, err = integration.NewHTTP(transport, uri, i.IntegrationMethod, timeout); err != nil {
		return nil, err
	}
	return p, p.compileMappings(i)
}
