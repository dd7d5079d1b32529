package cli

import (
	"github.com/spf13/pflag"

	"github.com/hakonegate/hakone/internal/server"
)

// functionOptions are the flags of up that are about how functions run.
type functionOptions struct {
	isolation string
	network   string
}

func (o *functionOptions) flags(flags *pflag.FlagSet) {
	flags.StringVar(&o.isolation, "isolation", "default", "what keeps functions from this machine's files and processes: default (what the system offers), require (all of it, or nothing starts), off")
	flags.StringVar(&o.network, "function-network", "host", "what functions may reach: host (what this machine can), none")
}

func (o *functionOptions) config() (server.Functions, error) {
	isolation, err := server.ParseIsolation(o.isolation)
	if err != nil {
		return server.Functions{}, usagef("--isolation: %w", err)
	}
	switch o.network {
	case "host", "none":
	default:
		return server.Functions{}, usagef("--function-network: %q is not host or none", o.network)
	}
	return server.Functions{Isolation: isolation, NoNetwork: o.network == "none"}, nil
}
