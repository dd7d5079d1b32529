package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/hakonegate/hakone/policy/casefile"
)

func (p *program) simulateCommand() *cobra.Command {
	var cases string
	var o requestSimulation
	command := &cobra.Command{
		Use:   "simulate (--cases FILE | --template FILE --as ROLE METHOD PATH)",
		Short: "Evaluate IAM policies offline",
		Long: `Evaluate the cases of a file, one JSON object a line with a request and the
policies that apply, and write a line for each decision. When a case has
"expected" and the decision differs, the exit status is 1: a unit test for
policies.

With --template, tell whether a role of the template would get through to a route
of its HTTP API, and why. ROLE is a logical ID, a name or an ARN. Nothing is
deployed and no server is needed; parameters without a value get a made-up one.
The exit status is 1 when the request would be refused.`,
		Example: `  hakone simulate --cases policies_test.jsonl
  hakone simulate --template template.yaml --as Ec2IamRole GET /orders/7`,
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case cases != "" && o.template != "":
				return usagef("--cases and --template exclude each other")
			case o.template != "":
				if o.as == "" || len(args) != 2 {
					return usagef("--template wants --as ROLE METHOD PATH: see %s --help", c.CommandPath())
				}
				return p.simulateRequest(c.Context(), &o, args[0], args[1])
			case cases == "":
				return usagef("--cases FILE or --template FILE is required")
			case len(args) > 0:
				return usagef("--cases takes no further words: see %s --help", c.CommandPath())
			}
			input := p.stdin
			if cases != "-" {
				file, err := os.Open(cases) //nolint:gosec // the file is the one the user named
				if err != nil {
					return fmt.Errorf("read cases: %w", err)
				}
				defer func() { _ = file.Close() }()
				input = file
			}
			failed, err := casefile.Run(input, p.stdout)
			switch {
			case errors.Is(err, io.ErrClosedPipe):
				return nil
			case err != nil:
				return fmt.Errorf("evaluate %s: %w", cases, err)
			case failed > 0:
				p.say("hakone: %d decisions differ from what was expected", failed)
				return exitError(1)
			}
			return nil
		},
	}
	command.Flags().StringVar(&cases, "cases", "", "file of cases; - is standard input")
	flags := command.Flags()
	flags.StringVar(&o.template, "template", "", "template whose role and API to ask about")
	flags.StringVar(&o.as, "as", "", "the role or user that asks: logical ID, name or ARN")
	flags.StringVar(&o.api, "api", "", "the API, where several have the route: logical ID or name")
	flags.StringVar(&o.sourceIP, "source-ip", "127.0.0.1", "address that the request comes from")
	o.flags(command)
	return command
}
