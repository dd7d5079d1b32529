package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/hakonegate/hakone/internal/server"
)

// workerOptions are the flags of worker beside the shared ones.
type workerOptions struct {
	natsOptions
	functionOptions
	log      logOptions
	capacity int
	drain    time.Duration
}

func (p *program) workerCommand() *cobra.Command {
	var o workerOptions
	command := &cobra.Command{
		Use:   "worker",
		Short: "Run functions for gateways on other machines",
		Long: `Take calls of functions from gateways that share NATS servers and run with
--workers, and run the functions in environments of this machine. Code comes from the
gateways' store, credentials from a gateway; logs go back to their log groups.

A signal to stop lets calls under way end; other workers get the new ones.`,
		Example: "  hakone worker --nats nats://nats1:4222,nats://nats2:4222 --nats-creds worker.creds",
		Args:    arguments(cobra.NoArgs),
		RunE:    func(c *cobra.Command, _ []string) error { return p.worker(c.Context(), &o) },
	}
	flags := command.Flags()
	o.natsOptions.flags(flags)
	o.functionOptions.flags(flags)
	o.log.flags(flags)
	flags.IntVar(&o.capacity, "capacity", 100, "calls at once; more go to other workers")
	flags.DurationVar(&o.drain, "drain", 30*time.Second, "how long calls under way may go on after a signal to stop")
	return command
}

func (p *program) worker(ctx context.Context, o *workerOptions) error {
	if err := o.complete(p); err != nil {
		return err
	}
	if o.url == "" {
		return usagef("worker needs --nats URL, or HAKONE_NATS")
	}
	if o.capacity < 1 || o.drain < 0 {
		return usagef("--capacity is at least 1, --drain not negative")
	}
	functions, err := o.functionOptions.config()
	if err != nil {
		return err
	}
	log, closer, err := p.logger(&o.log)
	if err != nil {
		return err
	}
	defer closer.Close()
	err = server.RunWorker(ctx, &server.WorkerConfig{
		DataDir: p.dataDir, NATS: o.url, External: o.external, Functions: functions, Capacity: o.capacity, Drain: o.drain, Log: log,
		Ready: func() { p.say("Taking calls. Ctrl-C stops.") },
	})
	if err == nil {
		p.say("Stopped.")
	}
	return err
}
