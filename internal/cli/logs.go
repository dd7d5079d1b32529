package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hakonegate/hakone/internal/server"
)

func (p *program) logsCommand() *cobra.Command {
	var follow bool
	var since time.Duration
	var filter, group string
	command := &cobra.Command{
		Use:   "logs [FUNCTION|INSTANCE|GROUP]",
		Short: "Show what a function or an instance's user data wrote, or an API's access log",
		Example: `  hakone logs HelloWorldFunction
  hakone logs HelloWorldFunction -f --since 5m --filter ERROR
  hakone logs HelloWorldFunction --filter '?ERROR ?WARN -retry'
  hakone logs --group AccessLogs`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if (len(args) == 1) == (group != "") {
				return usagef("name a function, an instance or a log group: see hakone logs --help")
			}
			client, err := p.connect(c.Context())
			if err != nil {
				return err
			}
			query := url.Values{"group": {group}}
			if len(args) > 0 {
				query.Set("function", args[0])
			}
			if filter != "" {
				query.Set("filter", filter)
			}
			if follow {
				query.Set("follow", "1")
			}
			if since > 0 {
				query.Set("since", time.Now().Add(-since).UTC().Format(time.RFC3339))
			}
			response, err := client.send(c.Context(), http.MethodGet, "/_hakone/logs?"+query.Encode(), nil)
			if err != nil {
				return err
			}
			defer func() { _ = response.Body.Close() }()
			err = p.printLog(response.Body)
			if c.Context().Err() != nil {
				return nil // interrupted: the end that -f has
			}
			return err
		},
	}
	flags := command.Flags()
	flags.BoolVarP(&follow, "follow", "f", false, "go on with what comes")
	flags.DurationVar(&since, "since", 0, "how far back, such as 5m (default: all that is kept)")
	flags.StringVar(&group, "group", "", "a log group, by name or logical ID, in place of a function")
	flags.StringVar(&filter, "filter", "", "only messages that match this filter pattern of CloudWatch Logs, such as ERROR or '?ERROR ?WARN'")
	return command
}

func (p *program) printLog(body io.Reader) error {
	lines := json.NewDecoder(body)
	for {
		var line server.LogLine
		switch err := lines.Decode(&line); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read log: %w", err)
		}
		var err error
		if p.output == "json" {
			err = json.NewEncoder(p.stdout).Encode(line)
		} else {
			_, err = fmt.Fprintf(p.stdout, "%s %s\n", line.Time.UTC().Format(time.RFC3339), strings.TrimRight(line.Message, "\n"))
		}
		if err != nil {
			return err
		}
	}
}
