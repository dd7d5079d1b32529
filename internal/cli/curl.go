package cli

import (
	"github.com/spf13/cobra"

	"github.com/hakonegate/hakone/internal/awscurl"
)

// curlCommand stands in the help; Main hands `hakone curl` over before flags are
// read, since curl's flags are its own.
func (p *program) curlCommand() *cobra.Command {
	return &cobra.Command{
		Use:                "curl [OPTIONS] URL",
		Short:              "Send a signed request; a drop-in for awscurl",
		DisableFlagParsing: true,
		RunE: func(_ *cobra.Command, args []string) error {
			if status := awscurl.Main(args, p.stdin, p.stdout, p.stderr, p.getenv); status != 0 {
				return exitError(status)
			}
			return nil
		},
	}
}
