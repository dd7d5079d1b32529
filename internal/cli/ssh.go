package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/imds"
	"github.com/hakonegate/hakone/internal/instance"
	"github.com/hakonegate/hakone/internal/server"
)

func (p *program) sshCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "ssh INSTANCE [-- COMMAND…]",
		Short: "Run a command, or a shell, as an EC2 instance of a stack",
		Long: `Run a command, or a shell, with only the credentials of an instance's role in
reach: through an IMDSv2 endpoint, as on EC2. INSTANCE is its logical ID in a
stack, its instance ID, or its Name tag.`,
		Example: `  hakone ssh Ec2Instance
  hakone ssh Ec2Instance -- hakone curl --service execute-api https://127.0.0.1:8443/`,
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if at := c.ArgsLenAtDash(); len(args) > 1 && at != 1 {
				return usagef("separate the command by --: %s ssh %s -- %s …", invocation(), args[0], args[1])
			}
			return p.ssh(c.Context(), args[0], args[1:])
		},
	}
}

func (p *program) ssh(ctx context.Context, name string, args []string) error {
	c, err := p.connect(ctx)
	if err != nil {
		return err
	}
	var status server.Status
	if err := c.get(ctx, "/_hakone/status", nil, &status); err != nil {
		return err
	}
	source := &remoteInstance{client: c, name: name}
	if _, err := source.Instance(ctx); err != nil {
		return err
	}
	endpoint, stop, err := serveMetadata(ctx, imds.Config{Source: source})
	if err != nil {
		return err
	}
	defer stop()

	exit, err := instance.Run(ctx, instance.Command{
		Args:        args,
		Environment: os.Environ(),
		Metadata:    endpoint,
		Control:     status.Control,
		Region:      status.Region,
		CAFile:      status.CAFile,
		Prompt:      name,
		Stdin:       p.stdin,
		Stdout:      p.stdout,
		Stderr:      p.stderr,
	})
	if err != nil {
		return err
	}
	if exit != 0 {
		return exitError(exit)
	}
	return nil
}

// A remoteInstance is an instance that the server knows.
type remoteInstance struct {
	client *client
	name   string
}

// Instance implements [imds.Source].
func (i *remoteInstance) Instance(ctx context.Context) (*imds.Instance, error) {
	facts := &imds.Instance{}
	err := i.client.call(ctx, http.MethodPost, "/_hakone/instances", server.InstanceRequest{Instance: i.name}, facts)
	return facts, err
}

// RoleCredentials implements [imds.Source]; how long they live is the server's
// choice.
func (i *remoteInstance) RoleCredentials(ctx context.Context, _ time.Duration) (*access.Credentials, error) {
	credentials := &access.Credentials{}
	err := i.client.call(ctx, http.MethodPost, "/_hakone/instances/credentials", server.InstanceRequest{Instance: i.name}, credentials)
	return credentials, err
}

// serveMetadata serves the metadata endpoint on a free loopback port until stop
// is called.
func serveMetadata(ctx context.Context, config imds.Config) (endpoint string, stop func(), err error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("open metadata endpoint: %w", err)
	}
	s := &http.Server{Handler: imds.New(config), ReadHeaderTimeout: 5 * time.Second}
	done := make(chan error, 1)
	go func() { done <- s.Serve(listener) }()
	return "http://" + listener.Addr().String(), func() {
		err := errors.Join(s.Close(), <-done)
		_ = err // the command has ended: nobody needs the endpoint
	}, nil
}
