package cli

import (
	"net/url"

	"github.com/spf13/cobra"

	"github.com/hakonegate/hakone/internal/trace"
)

func (p *program) whyCommand() *cobra.Command {
	var lastDenied bool
	command := &cobra.Command{
		Use:   "why [REQUEST-ID]",
		Short: "Explain why a request was refused",
		Long: `Explain a request: the route found, the signature check, the caller, each policy
statement looked at, and which one decided. REQUEST-ID is the apigw-requestid
header of the answer; without it, the last refused request.`,
		Example: `  hakone why
  hakone why 'JCJp2jd_vHcEPSQ='`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			client, err := p.connect(c.Context())
			if err != nil {
				return err
			}
			query := url.Values{}
			if len(args) == 1 && !lastDenied {
				query.Set("id", args[0])
			}
			var request trace.Request
			if err := client.get(c.Context(), "/_hakone/trace", query, &request); err != nil {
				return err
			}
			if p.output == "json" {
				return p.printJSON(&request)
			}
			return trace.Explain(p.stdout, &request)
		},
	}
	command.Flags().BoolVar(&lastDenied, "last-denied", false, "the last refused request (what no REQUEST-ID means too)")
	return command
}
