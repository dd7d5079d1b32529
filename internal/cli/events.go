package cli

import (
	"fmt"
	"net/url"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/hakonegate/hakone/internal/server"
)

func (p *program) eventsCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "events STACK",
		Short:   "Show what happened to a stack",
		Long:    "Show the events of a stack, the oldest first. A stack that was deleted is named by its ARN.",
		Example: "  hakone events hello-api",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			client, err := p.connect(c.Context())
			if err != nil {
				return err
			}
			events := []server.ResourceEvent{}
			if err := client.get(c.Context(), "/_hakone/events", url.Values{"stack": args}, &events); err != nil {
				return err
			}
			if p.output == "json" {
				return p.printJSON(events)
			}
			table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
			for i := range events {
				e := &events[i]
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", e.Time.Format(time.TimeOnly), e.Status, e.LogicalID, e.Type, e.Reason)
			}
			return table.Flush()
		},
	}
}
