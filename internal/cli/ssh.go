package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hakonegate/hakone/internal/access"
	"github.com/hakonegate/hakone/internal/imds"
	"github.com/hakonegate/hakone/internal/instance"
	"github.com/hakonegate/hakone/internal/server"
)

func (p *program) sshCommand() *cobra.Command {
	var o sshOptions
	command := &cobra.Command{
		Use:   "ssh INSTANCE [-- COMMAND…]",
		Short: "Run a command, or a shell, as an EC2 instance of a stack",
		Long: `Run a command, or a shell, as on the EC2 instance INSTANCE: a logical ID in a
stack, an instance ID, or a Name tag.

On Linux it runs in namespaces of its own. There the APIs have their names on AWS
and port 443, 169.254.169.254 is the instance's metadata service (IMDSv2) with the
credentials of its role, and the local certificate authority is trusted. It sees the
machine's programs and those of PATH, a home of its own, and no network beyond,
unless --egress host asks for it. Whether the instance lets anybody in on port 22 is
for its security groups to say.

Where there are no namespaces, variables lead the AWS SDKs to the role instead.`,
		Example: `  hakone ssh Ec2Instance
  hakone ssh Ec2Instance -- awscurl --service execute-api --region REGION https://ID.execute-api.REGION.amazonaws.com/`,
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if at := c.ArgsLenAtDash(); len(args) > 1 && at != 1 {
				return usagef("separate the command by --: %s ssh %s -- %s …", invocation(), args[0], args[1])
			}
			o.egressGiven = c.Flags().Changed("egress")
			return p.ssh(c.Context(), args[0], args[1:], &o)
		},
	}
	command.Flags().BoolVar(&o.beside, "no-namespaces", false, "run among your own processes, led by variables, as where there are no namespaces")
	egressFlag(command.Flags(), &o.egress)
	return command
}

// sshOptions are the flags of ssh.
type sshOptions struct {
	beside      bool
	egress      string
	egressGiven bool
}

// egressFlag is what of the network an instance may reach.
func egressFlag(flags *pflag.FlagSet, into *string) {
	flags.StringVar(into, "egress", "none", "what an instance reaches beyond the APIs: none, or host: what this machine does, if a security group lets it out")
}

func checkEgress(egress string) error {
	if egress != "none" && egress != "host" {
		return usagef("--egress is none or host, not %q", egress)
	}
	return nil
}

func (p *program) ssh(ctx context.Context, name string, args []string, o *sshOptions) error {
	if err := checkEgress(o.egress); err != nil {
		return err
	}
	if o.beside && o.egressGiven {
		return usagef("--egress is for namespaces: with --no-namespaces the command reaches what you do")
	}
	c, err := p.connect(ctx)
	if err != nil {
		return err
	}
	var status server.Status
	if err := c.get(ctx, "/_hakone/status", nil, &status); err != nil {
		return err
	}
	source := &remoteInstance{client: c, name: name}
	var session server.InstanceSession
	if err := c.call(ctx, http.MethodPost, "/_hakone/instances/session", server.InstanceRequest{Instance: name}, &session); err != nil {
		return err
	}
	facts := session.Instance
	hostname, _, _ := strings.Cut(facts.PrivateDNSName, ".")
	command := &instance.Command{
		Args:        args,
		Environment: os.Environ(),
		Metadata:    imds.New(imds.Config{Source: source}),
		HopLimit:    facts.HopLimit,
		Gateway:     strings.TrimPrefix(status.HTTPS, "https://"),
		Names:       source.names,
		Hidden:      []string{status.DataDir},
		Hostname:    hostname,
		Control:     strings.TrimPrefix(status.Control, "http://"),
		Region:      status.Region,
		CAFile:      status.CAFile,
		Prompt:      name,
		Stdin:       p.stdin,
		Stdout:      p.stdout,
		Stderr:      p.stderr,
		PrivateIP:   facts.PrivateIP,
	}
	if o.egress == "host" {
		command.Egress = session.Egress.Allows
	}
	exit, err := p.runInstance(ctx, o, command)
	if err != nil {
		return err
	}
	if exit != 0 {
		return exitError(exit)
	}
	return nil
}

// runInstance runs the command in namespaces if they are to be had, else beside
// the caller's processes, which knows no limits of what it reaches.
func (p *program) runInstance(ctx context.Context, o *sshOptions, c *instance.Command) (int, error) {
	if o.beside {
		return instance.RunBeside(ctx, *c)
	}
	confined := *c
	restore := func() {}
	if stdin, ok := p.stdin.(*os.File); ok {
		confined.Terminal, restore = instance.Console(stdin)
	}
	exit, err := instance.Run(ctx, confined)
	restore()
	if errors.Is(err, instance.ErrNoNamespaces) && o.egressGiven {
		return 0, fmt.Errorf("--egress: %w: without --egress the command runs among your own processes and reaches what you do", err)
	}
	if errors.Is(err, instance.ErrNoNamespaces) {
		fmt.Fprintf(p.stderr, "hakone: %v: variables lead AWS SDKs to the role of %s; use the API's address of hakone outputs\n", err, c.Prompt)
		return instance.RunBeside(ctx, *c)
	}
	return exit, err
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

// names are those that lead to the server now.
func (i *remoteInstance) names(ctx context.Context) (instance.Names, error) {
	var status server.Status
	err := i.client.get(ctx, "/_hakone/status", nil, &status)
	return instance.Names{Gateway: status.Names, Control: status.Services}, err
}

// RoleCredentials implements [imds.Source]; how long they live is the server's
// choice.
func (i *remoteInstance) RoleCredentials(ctx context.Context, _ time.Duration) (*access.Credentials, error) {
	credentials := &access.Credentials{}
	err := i.client.call(ctx, http.MethodPost, "/_hakone/instances/credentials", server.InstanceRequest{Instance: i.name}, credentials)
	return credentials, err
}
