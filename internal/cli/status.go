package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/hakonegate/hakone/internal/server"
)

func (p *program) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show where the server is reached, its APIs and its stacks",
		Example: `  hakone status
  hakone status --output json | jq -r '.apis[0].urls[0]'`,
		Args: arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := p.connect(c.Context())
			if err != nil {
				return err
			}
			var status server.Status
			if err := client.get(c.Context(), "/_hakone/status", nil, &status); err != nil {
				return err
			}
			if p.output == "json" {
				return p.printJSON(status)
			}
			return p.printStatus(&status)
		},
	}
}

func (p *program) printStatus(status *server.Status) error {
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "HTTPS\t%s\n", status.HTTPS)
	if status.HTTP != "" {
		fmt.Fprintf(table, "HTTP\t%s\n", status.HTTP)
	}
	fmt.Fprintf(table, "Control\t%s\n", status.Control)
	if status.SSH != "" {
		fmt.Fprintf(table, "SSH\t%s\n", status.SSH)
	}
	fmt.Fprintf(table, "Account\t%s\nRegion\t%s\n", status.Account, status.Region)
	fmt.Fprintf(table, "Data\t%s\n", status.DataDir)
	printEngine(table, status.Engine)
	for _, api := range status.APIs {
		fmt.Fprintf(table, "API\t%s  %s (%s, stage %s)\n", api.ID, api.Name, api.Type, api.Stage)
		for _, url := range api.URLs {
			fmt.Fprintf(table, "\t%s\n", url)
		}
	}
	for _, stack := range status.Stacks {
		fmt.Fprintf(table, "Stack\t%s  %s\n", stack.Name, strings.TrimSpace(stack.Status+" "+stack.Reason))
	}
	return table.Flush()
}

// printJSON writes a fact to standard output, indented.
func (p *program) printJSON(fact any) error {
	text, err := json.MarshalIndent(fact, "", "  ")
	if err != nil {
		return fmt.Errorf("encode result: %w", err)
	}
	_, err = fmt.Fprintf(p.stdout, "%s\n", text)
	return err
}
