package cli

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/hakonegate/hakone/internal/server"
)

func (p *program) outputsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "outputs [STACK]",
		Short: "Show the outputs of stacks",
		Long: `Show the outputs of all stacks, or of one.

With --output json: an object of stacks, each an object of outputs.`,
		Example: `  hakone outputs
  hakone outputs --output json hello-api | jq -r '."hello-api".ApiEndpoint'`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			client, err := p.connect(c.Context())
			if err != nil {
				return err
			}
			var status server.Status
			if err := client.get(c.Context(), "/_hakone/status", nil, &status); err != nil {
				return err
			}
			stacks := status.Stacks
			if len(args) == 1 {
				if stacks = stacksNamed(stacks, args[0]); len(stacks) == 0 {
					return &server.ProblemError{Code: "ValidationError", Message: fmt.Sprintf("Stack with id %s does not exist", args[0])}
				}
			}
			if p.output == "json" {
				facts := map[string]map[string]string{}
				for _, stack := range stacks {
					facts[stack.Name] = map[string]string{}
					for _, output := range stack.Outputs {
						facts[stack.Name][output.Key] = output.Value
					}
				}
				return p.printJSON(facts)
			}
			for _, stack := range stacks {
				if err := p.printOutputs(&stack); err != nil {
					return err
				}
			}
			return p.printAddresses(status.APIs)
		},
	}
}

func stacksNamed(stacks []server.StackStatus, name string) []server.StackStatus {
	for i := range stacks {
		if stacks[i].Name == name || stacks[i].ID == name {
			return stacks[i : i+1]
		}
	}
	return nil
}

func (p *program) printOutputs(stack *server.StackStatus) error {
	fmt.Fprintf(p.stdout, "Outputs of %s\n", stack.Name)
	if len(stack.Outputs) == 0 {
		fmt.Fprintln(p.stdout, "  none")
	}
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for _, output := range stack.Outputs {
		fmt.Fprintf(table, "  %s\t%s\n", output.Key, output.Value)
	}
	return table.Flush()
}

// printAddresses says where each API is reached on this machine: the addresses
// in outputs are AWS's.
func (p *program) printAddresses(apis []server.APIStatus) error {
	if len(apis) == 0 {
		return nil
	}
	fmt.Fprintln(p.stdout, "Reached on this machine at")
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for _, api := range apis {
		for i, url := range api.URLs {
			name := ""
			if i == 0 {
				name = api.Name
			}
			fmt.Fprintf(table, "  %s\t%s\n", name, shellQuote(url)) // $default would be a variable
		}
	}
	return table.Flush()
}
