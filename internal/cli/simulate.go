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
	command := &cobra.Command{
		Use:   "simulate --cases FILE",
		Short: "Evaluate IAM policies offline",
		Long: `Evaluate the cases of a file, one JSON object a line with a request and the
policies that apply, and write a line for each decision. When a case has
"expected" and the decision differs, the exit status is 1: a unit test for
policies.`,
		Example: "  hakone simulate --cases policies_test.jsonl",
		Args:    arguments(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			if cases == "" {
				return usagef("--cases FILE is required")
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
	return command
}
