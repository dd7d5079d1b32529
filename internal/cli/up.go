package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/server"
)

// upOptions are the flags of up beside the shared ones.
type upOptions struct {
	deployOptions
	dataPlaneOptions
	functionOptions
	fleetOptions
	listen     string
	listenHTTP string
	ssh        string
	egress     string
	userData   bool
	proxies    []string
	endpoints  []string
	functions  []string
	noReplay   bool
	asyncScale float64
	drain      time.Duration
	log        logOptions
	watch      bool
}

func (p *program) upCommand() *cobra.Command {
	var o upOptions
	command := &cobra.Command{
		Use:   "up [PATH…]",
		Short: "Deploy templates and serve them",
		Long: `Deploy every template that PATH names (a file, or all templates of a folder) and
serve the APIs until interrupted. The order follows exports and imports. Region,
stack names and parameters come from the folder's samconfig.toml; flags override.

Without PATH, serve what the data directory holds. When a server already runs for
the data directory, deploy to it; flags for a server of its own are then refused.

Templates and the code that they name are watched: a change is deployed, and requests
under way finish on the code they began with. A change that fails is told, and what
ran before goes on.`,
		Example: `  hakone up examples/article
  hakone up template.yaml --stack-name hello --region eu-west-1 --listen 127.0.0.1:0`,
		RunE: func(c *cobra.Command, paths []string) error {
			if err := o.refuseIdle(c.Flags(), paths); err != nil {
				return err
			}
			return p.up(c.Context(), c.Flags(), &o, paths)
		},
	}
	flags := command.Flags()
	o.deployOptions.flags(flags)
	o.dataPlaneOptions.flags(flags)
	o.functionOptions.flags(flags)
	o.fleetOptions.flags(flags)
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8443", "address of the data plane, HTTPS; port 0: any free port")
	flags.StringVar(&o.listenHTTP, "listen-http", "", "address of a plain data plane (off)")
	flags.StringVar(&o.ssh, "ssh", "", "address of an SSH server into the instances, such as 127.0.0.1:2222; their key pairs open it (off)")
	egressFlag(flags, &o.egress)
	flags.BoolVar(&o.userData, "run-user-data", false, "run the user data of new instances, once, with its output in hakone logs INSTANCE")
	flags.StringArrayVar(&o.proxies, "trusted-proxy", nil, "address or CIDR block of a proxy whose X-Forwarded-For tells the source IP (repeatable)")
	flags.StringArrayVar(&o.endpoints, "service-endpoint", nil, "SERVICE=URL of an AWS service that integrations and functions call, such as sqs=http://127.0.0.1:9324 (repeatable)")
	flags.StringArrayVar(&o.functions, "function-endpoint", nil, "NAME=URL of a function that a real Lambda or a compatible endpoint runs, called with your AWS credentials (repeatable)")
	flags.BoolVar(&o.noReplay, "refuse-replay", false, "refuse a signed request that was accepted before, which AWS does not")
	flags.Float64Var(&o.asyncScale, "async-retry-scale", 1, "factor on the waits between tries of asynchronous calls, such as 0.01 for tests")
	flags.DurationVar(&o.drain, "drain", 10*time.Second, "how long requests under way may go on after a signal to stop; a second signal stops at once")
	flags.BoolVar(&o.watch, "watch", true, "deploy again whenever templates or code change")
	o.log.flags(flags)
	return command
}

func (o *deployOptions) flags(flags *pflag.FlagSet) {
	flags.StringVar(&o.stackName, "stack-name", "", "name of the stack, for a single template")
	flags.StringVar(&o.configEnv, "config-env", "default", "environment of samconfig.toml")
	flags.StringArrayVar(&o.parameters, "parameter-overrides", nil, "template parameters, \"NAME=VALUE NAME=VALUE\" (repeatable)")
	flags.StringArrayVar(&o.placeholders, "placeholder", nil, "accept a resource type that means nothing here; \"all\" accepts every one (repeatable)")
}

// refuseIdle refuses what was given without that which it is for.
func (o *upOptions) refuseIdle(flags *pflag.FlagSet, paths []string) error {
	switch {
	case o.egress == "host" && o.ssh == "" && !o.userData:
		return usagef("--egress host is for instances: give --ssh ADDRESS or --run-user-data")
	case o.workers:
		if err := refuse(flags, "functions run on the machines of \"hakone worker\": give it there", named("isolation", "function-network")); err != nil {
			return err
		}
	}
	if len(paths) == 0 {
		return refuseDeployment(flags)
	}
	return nil
}

func (p *program) up(ctx context.Context, flags *pflag.FlagSet, o *upOptions, paths []string) error {
	d, err := o.collect(paths)
	if err != nil {
		return err
	}
	running, err := p.connect(ctx)
	if err == nil {
		if err := p.refuseBeside(flags); err != nil {
			return err
		}
		p.say("A server already runs for %s: deploying to it", p.dataDir)
		if err := p.checkRegion(running, d); err != nil {
			return err
		}
		return p.deployAndShow(ctx, running, o.deployOptions, d)
	}
	if !errors.Is(err, errNotRunning) {
		return err
	}
	return p.serve(ctx, o, paths, d)
}

// serve runs a server in this process, deploys to it, and goes on serving until
// ctx is done.
func (p *program) serve(ctx context.Context, o *upOptions, paths []string, d *deployment) error {
	w, err := p.watcherOf(o.watch, paths)
	if err != nil {
		return err
	}
	defer w.close()
	proxies, err := access.ParseProxies(o.proxies)
	if err != nil {
		return usagef("--trusted-proxy: %w", err)
	}
	endpoints, err := server.ParseServiceEndpoints(o.endpoints)
	if err != nil {
		return usagef("--service-endpoint: %w", err)
	}
	functions, err := server.ParseFunctionEndpoints(o.functions)
	if err != nil {
		return usagef("--function-endpoint: %w", err)
	}
	if err := checkEgress(o.egress); err != nil {
		return err
	}
	if o.asyncScale <= 0 {
		return usagef("--async-retry-scale: %v is not more than 0", o.asyncScale)
	}
	if o.drain <= 0 {
		return usagef("--drain: %v is not more than 0", o.drain)
	}
	dataPlane, closer, err := o.open(p)
	if err != nil {
		return err
	}
	defer closer.Close()
	log, logCloser, err := p.logger(&o.log)
	if err != nil {
		return err
	}
	defer logCloser.Close()
	isolation, err := o.functionOptions.config()
	if err != nil {
		return err
	}
	fleet, err := o.fleetOptions.config(p)
	if err != nil {
		return err
	}
	s, err := server.New(ctx, server.Config{
		DataDir:    p.dataDir,
		Listen:     o.listen,
		ListenHTTP: o.listenHTTP,
		Control:    firstOf(p.control, "127.0.0.1:4566"),
		Account:    p.account,
		Region:     firstOf(p.region, d.region),
		SSH:        o.ssh,
		UserData:   o.userData,
		Egress:     o.egress == "host",
		Proxies:    proxies,
		Services:   endpoints,
		Elsewhere:  functions,
		DataPlane:  dataPlane,
		Functions:  isolation,
		Fleet:      fleet,
		NoReplay:   o.noReplay,
		AsyncScale: o.asyncScale,
		Drain:      o.drain,
		RegionHint: firstOf(p.getenv("AWS_REGION"), p.getenv("AWS_DEFAULT_REGION")),
		Log:        log,
	})
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { p.say("Stopping: requests under way have %v. A second signal stops at once.", o.drain) })()
	// The server outlives ctx until it has drained.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.Run(ctx) })
	group.Go(func() error {
		err := p.deployWhenUp(ctx, s, o, d)
		if err == nil {
			err = p.watch(ctx, w, o.deployOptions, paths)
		}
		if err != nil {
			cancel()
		}
		return err
	})
	err = group.Wait()
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	if err == nil {
		p.say("Stopped.")
	}
	return err
}

func (p *program) deployWhenUp(ctx context.Context, s *server.Server, o *upOptions, d *deployment) error {
	select {
	case <-s.Ready():
	case <-ctx.Done():
		return nil
	}
	p.control = strings.TrimPrefix(s.Status().Control, "http://")
	c, err := p.connect(ctx)
	if err != nil {
		return err
	}
	if err := p.deployAndShow(ctx, c, o.deployOptions, d); err != nil {
		return err
	}
	if address := s.Status().SSH; address != "" {
		p.say("SSH into instances on %s, as ec2-user with the key of their key pair.", address)
	}
	p.say("Serving on %s, control plane on %s. Ctrl-C stops.", s.Status().HTTPS, s.Status().Control)
	return nil
}

// deployAndShow deploys d and prints the outputs of its stacks, the addresses
// and what to try.
func (p *program) deployAndShow(ctx context.Context, c *client, o deployOptions, d *deployment) error {
	view := p.progressView()
	var results []server.StackResult
	if len(d.templates) > 0 {
		request := server.DeployRequest{Templates: d.templates, Placeholders: o.placeholders}
		err := c.follow(ctx, http.MethodPost, "/_hakone/deploy", request, func(line server.Progress) {
			view.see(line)
			if line.Stack != nil {
				results = append(results, *line.Stack)
			}
		})
		if err != nil {
			return err
		}
	}
	var status server.Status
	if err := c.get(ctx, "/_hakone/status", nil, &status); err != nil {
		return err
	}
	if p.output == "json" {
		return p.printJSON(struct {
			Stacks []server.StackResult `json:"stacks"`
			Status server.Status        `json:"status"`
		}{results, status})
	}
	for i := range results {
		if err := p.printOutputs(&results[i].StackStatus); err != nil {
			return err
		}
	}
	if err := p.printAddresses(status.APIs); err != nil {
		return err
	}
	p.printTry(&status)
	return nil
}

// printTry shows two commands to paste: one signed, one unsigned.
func (p *program) printTry(status *server.Status) {
	if len(status.APIs) == 0 {
		return
	}
	url := shellQuote(status.APIs[0].URLs[0])
	hakone := invocation()
	env := hakone + " env"
	if p.dataDirGiven {
		env += " --data-dir " + shellQuote(p.dataDir)
	}
	fmt.Fprintf(p.stdout, "\nTry it in another terminal\n")
	fmt.Fprintf(p.stdout, "  signed:    eval \"$(%s)\" && %s curl --service execute-api --region %s %s\n", env, hakone, status.Region, url)
	fmt.Fprintf(p.stdout, "  unsigned:  curl -k -i %s\n", url)
}
