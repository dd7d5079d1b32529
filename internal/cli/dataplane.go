package cli

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/hakonegate/hakone/internal/gateway"
	"github.com/hakonegate/hakone/internal/server"
)

// dataPlaneOptions are the flags of up that are about the listeners of APIs.
type dataPlaneOptions struct {
	accessLog       string
	tlsCert, tlsKey string
	truststores     []string
	throttle        string
	vpcLinks        []string
	acme            acmeOptions
	maxConnections  int
	httpIssuers     bool
	forwardedProto  string
}

func (o *dataPlaneOptions) flags(flags *pflag.FlagSet) {
	flags.StringVar(&o.accessLog, "access-log", "", "FILE that gets the access log of every stage, \"-\": standard output (log groups only)")
	flags.StringVar(&o.tlsCert, "tls-cert", "", "FILE of a certificate chain for the names that it covers, read anew when it changes (local authority)")
	flags.StringVar(&o.tlsKey, "tls-key", "", "FILE of the key of --tls-cert")
	flags.StringArrayVar(&o.truststores, "truststore", nil, "s3://BUCKET/KEY=FILE: certificates that a custom domain name with mutual TLS trusts (repeatable)")
	flags.StringVar(&o.throttle, "account-throttle", "10000:5000", "RATE:BURST of requests to all APIs together, as AWS limits an account; off: no limit")
	flags.StringVar(&o.forwardedProto, "forwarded-proto", "", "http or https: what functions and backends are told that clients speak, where a proxy ends TLS (what it is)")
	flags.BoolVar(&o.httpIssuers, "allow-http-issuers", false, "JWT issuers of other machines than this one may have http URLs: their keys are then anybody's on the way")
	flags.StringArrayVar(&o.vpcLinks, "vpc-link", nil, "NAME=HOST:PORT that private integrations reach; NAME is the ARN of a listener or service, the ID of a VPC link, or * (repeatable)")
	flags.IntVar(&o.maxConnections, "max-connections", 0, "connections to APIs held at once; more get 503 (12000, or half of the files that the system lets a process open)")
	o.acme.flags(flags)
}

// open returns what the flags say. The caller closes what closer is, when the
// server has stopped.
func (o *dataPlaneOptions) open(p *program) (server.DataPlane, io.Closer, error) {
	var config server.DataPlane
	var closer io.Closer = io.NopCloser(nil)
	if (o.tlsCert == "") != (o.tlsKey == "") {
		return config, closer, usagef("--tls-cert and --tls-key go together")
	}
	config.CertFile, config.KeyFile, config.HTTPIssuers = o.tlsCert, o.tlsKey, o.httpIssuers
	if config.MaxConnections = o.maxConnections; o.maxConnections < 0 {
		return config, closer, usagef("--max-connections: %d is less than 0", o.maxConnections)
	}
	switch o.forwardedProto {
	case "", "http", "https":
		config.ForwardedProto = o.forwardedProto
	default:
		return config, closer, usagef("--forwarded-proto is neither http nor https: %q", o.forwardedProto)
	}
	var err error
	if config.ACME, err = o.acme.config(); err != nil {
		return config, closer, err
	}
	if config.Truststores, err = pairs(o.truststores); err != nil {
		return config, closer, usagef("--truststore: %w", err)
	}
	if config.VPCLinks, err = pairs(o.vpcLinks); err != nil {
		return config, closer, usagef("--vpc-link: %w", err)
	}
	for name, address := range config.VPCLinks {
		if _, port, err := net.SplitHostPort(address); err != nil || port == "" {
			return config, closer, usagef("--vpc-link: the address %q of %s is not HOST:PORT", address, name)
		}
	}
	if config.Throttle, err = gateway.ParseThrottle(o.throttle); err != nil {
		return config, closer, usagef("--account-throttle: %w", err)
	}
	switch o.accessLog {
	case "":
	case "-":
		config.AccessLog = p.stdout
	default:
		f, err := os.OpenFile(o.accessLog, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return config, closer, fmt.Errorf("--access-log: %w", err)
		}
		config.AccessLog, closer = f, f
	}
	return config, closer, nil
}

// pairs reads NAME=VALUE of each text. A name has no "=".
func pairs(texts []string) (map[string]string, error) {
	out := map[string]string{}
	for _, text := range texts {
		name, value, _ := strings.Cut(text, "=")
		if name == "" || value == "" {
			return nil, fmt.Errorf("%q is not NAME=VALUE", text)
		}
		if _, ok := out[name]; ok {
			return nil, fmt.Errorf("%s is given twice", name)
		}
		out[name] = value
	}
	return out, nil
}
