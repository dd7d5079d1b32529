package cli

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/server"
)

func (p *program) envCommand() *cobra.Command {
	var role string
	command := &cobra.Command{
		Use:   "env",
		Short: "Print credentials and addresses as shell export lines",
		Long: `Print export lines for a shell: the administrator's access key or, with --role, a
session of a role; the region; the control plane's address for the AWS CLI and
SDKs; and the certificate authority that they should trust.`,
		Example: `  eval "$(hakone env)"
  eval "$(hakone env --role Ec2IamRole)"`,
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
			variables := []variable{
				{"AWS_ACCESS_KEY_ID", client.credentials.AccessKeyID},
				{"AWS_SECRET_ACCESS_KEY", client.credentials.SecretAccessKey},
				{"AWS_SESSION_TOKEN", ""},
			}
			if role != "" {
				var session access.Credentials
				err := client.call(c.Context(), http.MethodPost, "/_hakone/sessions", server.SessionRequest{Role: role}, &session)
				if err != nil {
					return err
				}
				variables = []variable{
					{"AWS_ACCESS_KEY_ID", session.AccessKeyID},
					{"AWS_SECRET_ACCESS_KEY", session.SecretAccessKey},
					{"AWS_SESSION_TOKEN", session.SessionToken},
				}
			}
			variables = append(variables,
				variable{"AWS_REGION", status.Region},
				variable{"AWS_DEFAULT_REGION", status.Region},
				variable{"AWS_ENDPOINT_URL", status.Control},
				variable{"AWS_CA_BUNDLE", status.CAFile},
			)
			return p.printVariables(variables)
		},
	}
	command.Flags().StringVar(&role, "role", "", "a session of this role: its logical ID in a stack, or its name")
	return command
}

// A variable of the environment; an empty value takes the variable away.
type variable struct{ name, value string }

func (p *program) printVariables(variables []variable) error {
	if p.output == "json" {
		facts := map[string]string{}
		for _, v := range variables {
			if v.value != "" {
				facts[v.name] = v.value
			}
		}
		return p.printJSON(facts)
	}
	var failed error
	for _, v := range variables {
		line := fmt.Sprintf("export %s=%s\n", v.name, shellQuote(v.value))
		if v.value == "" {
			line = fmt.Sprintf("unset %s\n", v.name)
		}
		_, err := fmt.Fprint(p.stdout, line)
		failed = errors.Join(failed, err)
	}
	return failed
}

// shellQuote quotes a value for a POSIX shell where it needs it.
func shellQuote(value string) string {
	plain := strings.IndexFunc(value, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=+@%,", r)
	}) < 0
	if plain && value != "" {
		return value
	}
	return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}
