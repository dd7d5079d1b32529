package cli

import (
	"context"
	"io"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/hakonegate/hakone/internal/awscurl"
	"github.com/hakonegate/hakone/internal/trace"
)

// curlCommand stands in the help; Main hands `hakone curl` over before flags are
// read, since curl's flags are its own.
func (p *program) curlCommand() *cobra.Command {
	command := &cobra.Command{
		Use:                "curl [OPTIONS] URL",
		Short:              "Send a signed request; a drop-in for awscurl",
		DisableFlagParsing: true,
		RunE: func(_ *cobra.Command, args []string) error {
			if status := p.curl(args); status != 0 {
				return exitError(status)
			}
			return nil
		},
	}
	command.SetHelpFunc(func(*cobra.Command, []string) { p.curl([]string{"--help"}) }) // of `hakone help curl`
	return command
}

// curl runs awscurl with the means to ask the running server why.
func (p *program) curl(args []string) int {
	return awscurl.Program{Why: p.whyOf}.Main(args, p.stdin, p.stdout, p.stderr, p.getenv)
}

// whyOf writes what the running server did with a request. The data directory is
// the one of the environment.
func (p *program) whyOf(ctx context.Context, requestID string, w io.Writer) error {
	p.output = "text"
	if err := p.settle("curl"); err != nil {
		return err
	}
	client, err := p.connect(ctx)
	if err != nil {
		return err
	}
	var request trace.Request
	if err := client.get(ctx, "/_hakone/trace", url.Values{"id": {requestID}}, &request); err != nil {
		return err
	}
	return trace.Explain(w, &request)
}
