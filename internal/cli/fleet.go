package cli

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/pflag"

	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/server"
)

// natsOptions are the flags that lead to NATS servers.
type natsOptions struct {
	url      string
	external engine.External
}

func (o *natsOptions) flags(flags *pflag.FlagSet) {
	flags.StringVar(&o.url, "nats", "", "URL[,URL] of NATS servers with JetStream that several hakones share (env HAKONE_NATS, which hides a password)")
	flags.StringVar(&o.external.Credentials, "nats-creds", "", "FILE of a NATS user's credentials")
	flags.StringVar(&o.external.CA, "nats-ca", "", "FILE of the authority of the NATS servers' certificates (the system's)")
	flags.IntVar(&o.external.Replicas, "nats-replicas", 0, "copies of what is stored (3 in a cluster, 1 on a single server)")
}

// complete takes what the environment says.
func (o *natsOptions) complete(p *program) error {
	if o.url == "" {
		o.url = p.getenv("HAKONE_NATS")
	}
	if o.url == "" && o.external != (engine.External{}) {
		return usagef("--nats-creds, --nats-ca and --nats-replicas belong to --nats")
	}
	if n := o.external.Replicas; n < 0 || n > 5 {
		return usagef("--nats-replicas: %d is not between 1 and 5", n)
	}
	return nil
}

// fleetOptions are the flags of up that are about more than one machine.
type fleetOptions struct {
	natsOptions
	workers  bool
	lameDuck time.Duration
}

func (o *fleetOptions) flags(flags *pflag.FlagSet) {
	o.natsOptions.flags(flags)
	flags.BoolVar(&o.workers, "workers", false, "run functions on the machines of \"hakone worker\" only, none on this one")
	flags.DurationVar(&o.lameDuck, "lame-duck", 0, "go on accepting for so long after a signal to stop, while health checks fail")
}

func (o *fleetOptions) config(p *program) (server.Fleet, error) {
	if err := o.complete(p); err != nil {
		return server.Fleet{}, err
	}
	switch {
	case o.workers && o.url == "":
		return server.Fleet{}, usagef("--workers: workers are reached by --nats")
	case o.lameDuck < 0:
		return server.Fleet{}, usagef("--lame-duck: %v is negative", o.lameDuck)
	}
	return server.Fleet{NATS: o.url, External: o.external, Workers: o.workers, LameDuck: o.lameDuck}, nil
}

// printEngine tells how a node of a fleet stands.
func printEngine(table *tabwriter.Writer, e *server.EngineStatus) {
	if e == nil {
		return
	}
	state := fmt.Sprintf("current (%.1f s)", e.StaleSeconds)
	if e.CutOff {
		state = fmt.Sprintf("CUT OFF: what is served is %.0f s old", e.StaleSeconds)
	}
	fmt.Fprintf(table, "Engine\t%s, %s\n", orNone(e.Server), state)
	for _, n := range e.Nodes {
		note := "heard " + time.Since(n.Heard).Round(100*time.Millisecond).String() + " ago"
		if n.Gone {
			note = "gone, last " + note
		}
		if n.Self {
			note += " (this node)"
		}
		fmt.Fprintf(table, "Node\t%s  %s  %s\n", n.Name, n.Host, note)
	}
	for _, w := range e.Workers {
		fmt.Fprintf(table, "Worker\t%s  %s  %d of %d calls\n", w.Name, w.Host, w.Busy, w.Capacity)
	}
}

func orNone(server string) string {
	if server == "" {
		return "not connected"
	}
	return server
}
