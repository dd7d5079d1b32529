package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/spf13/cobra"

	"github.com/hakonegate/hakone/internal/server"
)

func (p *program) invokeCommand() *cobra.Command {
	var event string
	command := &cobra.Command{
		Use:   "invoke FUNCTION",
		Short: "Call a function and print what it answers",
		Long: `Call a function, named by its logical ID in a stack, its name or its ARN, and print
its answer. The exit status is 1 when the function failed.`,
		Example: `  hakone invoke HelloWorldFunction
  echo '{"key":"value"}' | hakone invoke HelloWorld-Function --event -`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			text, err := p.readEvent(event)
			if err != nil {
				return err
			}
			client, err := p.connect(c.Context())
			if err != nil {
				return err
			}
			var answer server.InvokeResponse
			err = client.call(c.Context(), http.MethodPost, "/_hakone/invoke", server.InvokeRequest{Function: args[0], Event: text}, &answer)
			if err != nil {
				return err
			}
			if p.output == "json" {
				err = p.printJSON(answer)
			} else {
				_, err = fmt.Fprintln(p.stdout, answer.Payload)
			}
			if err == nil && answer.FunctionError != "" {
				p.say("hakone: the function failed (%s): see %s logs %s", answer.FunctionError, invocation(), args[0])
				return exitError(1)
			}
			return err
		},
	}
	command.Flags().StringVar(&event, "event", "", "file with the event as JSON; - is standard input (default {})")
	return command
}

// readEvent reads the event of an invocation.
func (p *program) readEvent(file string) (json.RawMessage, error) {
	var text []byte
	var err error
	switch file {
	case "":
		return json.RawMessage("{}"), nil
	case "-":
		text, err = io.ReadAll(p.stdin)
	default:
		text, err = os.ReadFile(file) //nolint:gosec // the file is the one the user named
	}
	if err != nil {
		return nil, fmt.Errorf("read event: %w", err)
	}
	if !json.Valid(text) {
		return nil, fmt.Errorf("the event in %s is not JSON", file)
	}
	return text, nil
}
