package cli

import (
	"context"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/hakonegate/hakone/internal/server"
)

func (p *program) deployCommand() *cobra.Command {
	var o deployOptions
	var yes bool
	command := &cobra.Command{
		Use:   "deploy PATH…",
		Short: "Deploy templates to the running server",
		Long: `Deploy every template that PATH names to the server that runs for the data
directory. On a terminal the changes are shown and must be confirmed, unless --yes
is given.`,
		Example: "  hakone deploy template.yaml --parameter-overrides Stage=prod",
		Args:    arguments(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, paths []string) error {
			d, client, err := p.prepare(c.Context(), &o, paths)
			if err != nil {
				return err
			}
			if !yes && p.asks() {
				if agreed, err := p.mayDeploy(c.Context(), client, &o, d); err != nil {
					return err
				} else if !agreed {
					p.say("nothing deployed")
					return exitError(1)
				}
			}
			return p.deployAndShow(c.Context(), client, o, d)
		},
	}
	o.flags(command.Flags())
	command.Flags().BoolVar(&yes, "yes", false, "do not ask before the changes are made")
	return command
}

// prepare reads the templates and finds the server that they are for.
func (p *program) prepare(ctx context.Context, o *deployOptions, paths []string) (*deployment, *client, error) {
	d, err := o.collect(paths)
	if err != nil {
		return nil, nil, err
	}
	client, err := p.connect(ctx)
	if err != nil {
		return nil, nil, err
	}
	return d, client, p.checkRegion(client, d)
}

// checkRegion refuses a deployment whose samconfig.toml asks for another region
// than the server's, if no flag does.
func (p *program) checkRegion(c *client, d *deployment) error {
	return refuseOther("region", firstOf(p.region, d.region), c.region)
}

func (p *program) deleteCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "delete STACK",
		Short:   "Delete a stack and its resources",
		Example: "  hakone delete hello-api",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			client, err := p.connect(c.Context())
			if err != nil {
				return err
			}
			view := p.progressView()
			var result *server.StackResult
			err = client.follow(c.Context(), http.MethodPost, "/_hakone/delete", server.DeleteRequest{StackName: args[0]}, func(line server.Progress) {
				view.see(line)
				if line.Stack != nil {
					result = line.Stack
				}
			})
			if err != nil || p.output != "json" {
				return err
			}
			return p.printJSON(result)
		},
	}
}
