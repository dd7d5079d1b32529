// Package cli is the hakone command: one file for each subcommand.
//
// [Main] is the whole program but for signals and the exit status, so that tests
// run what users run. Standard output carries results, standard error everything
// else; the exit status is 0 for success, 1 for a failure or a refusal, 2 for
// wrong usage.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hakonegate/hakone/internal/server"
)

// A program is one run of the command: its streams, environment and the flags
// that every subcommand shares.
type program struct {
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	getenv func(string) string

	dataDir      string
	dataDirGiven bool // by flag or environment: commands to paste must name it
	control      string
	account      string
	region       string
	output       string // "text" or "json"

	view *progressView // from progressView, which makes it
}

// Main runs hakone with args (without the program's name) and returns its exit
// status. It returns early, after cleaning up, when ctx is done.
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	p := &program{stdin: stdin, stdout: stdout, stderr: stderr, getenv: getenv}
	if len(args) > 0 && args[0] == "curl" {
		return p.curl(args[1:]) //nolint:contextcheck // it minds signals itself
	}
	root := p.rootCommand() //nolint:contextcheck // commands get the context when they run
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return p.exitStatus(root.ExecuteContext(ctx))
}

func (p *program) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "hakone",
		Short: "API Gateway with IAM authorization that runs anywhere",
		Long: `Hakone takes a SAM or CloudFormation template and serves it as AWS would: an
HTTP API whose IAM authorization is really enforced, in front of Lambda functions
that run as local processes. No Docker, no AWS account.

  hakone up examples/article     deploy a folder of templates and serve it
  eval "$(hakone env)"           credentials for this shell
  hakone curl URL                a signed request
  hakone why                     why was the last request refused?`,
		Version:       server.Version,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          p.noSubcommand,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetVersionTemplate("hakone {{.Version}}\n")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })

	flags := root.PersistentFlags()
	flags.StringVar(&p.dataDir, "data-dir", "", "where state lives (env HAKONE_DATA_DIR; default ~/.local/share/hakone)")
	flags.StringVar(&p.control, "control", "", "address of the control plane (default 127.0.0.1:4566 to serve; else the running server's)")
	flags.StringVar(&p.account, "account", "", "12-digit account ID of a fresh data directory (default 123456789012)")
	flags.StringVar(&p.region, "region", "", "region (default: samconfig.toml, the data directory's, AWS_REGION, us-east-1)")
	flags.StringVar(&p.output, "output", "text", "text or json")

	root.AddCommand(
		p.upCommand(), p.deployCommand(), p.diffCommand(), p.eventsCommand(), p.deleteCommand(),
		p.statusCommand(), p.outputsCommand(), p.envCommand(), p.sshCommand(), p.whyCommand(),
		p.curlCommand(), p.transformCommand(), p.validateCommand(), p.simulateCommand(), p.logsCommand(), p.invokeCommand(),
		p.backupCommand(), p.restoreCommand(), p.doctorCommand(), p.workerCommand(),
	)
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error {
		if err := refuseUnused(c.Name(), c.Flags()); err != nil {
			return err
		}
		return p.settle(c.Name())
	}
	return root
}

// settle completes the shared flags.
func (p *program) settle(command string) error {
	sarif := p.output == "sarif" && command == "validate"
	if p.output != "text" && p.output != "json" && !sarif {
		return usagef("--output must be text or json, not %q", p.output)
	}
	if p.dataDir == "" {
		p.dataDir = p.getenv("HAKONE_DATA_DIR")
	}
	p.dataDirGiven = p.dataDir != ""
	if p.dataDir == "" {
		base := p.getenv("XDG_DATA_HOME")
		if base == "" {
			home, err := os.UserHomeDir()
			if err != nil {
				return fmt.Errorf("find the data directory: %w: give --data-dir", err)
			}
			base = filepath.Join(home, ".local", "share")
		}
		p.dataDir = filepath.Join(base, "hakone")
	}
	absolute, err := filepath.Abs(p.dataDir)
	if err != nil {
		return fmt.Errorf("find the data directory: %w", err)
	}
	p.dataDir = absolute
	return nil
}

// A usageError is a mistake on the command line: exit status 2.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// An exitError ends the program with a status of its own and nothing to say: the
// command that was run has said it.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func (p *program) noSubcommand(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("unknown command %q: see hakone --help", args[0])
	}
	return nil
}

// arguments says how many words a command takes, as usage errors.
func arguments(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return usagef("%w: see %s --help", err, c.CommandPath())
		}
		return nil
	}
}

// exitStatus prints err for a person and returns the status to exit with.
func (p *program) exitStatus(err error) int {
	var usage *usageError
	var status exitError
	var problem *server.ProblemError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &status):
		return int(status)
	case errors.As(err, &usage):
		p.say("hakone: %v", err)
		return 2
	case errors.As(err, &problem):
		p.say("%s", problem.Message)
		if problem.Details != "" {
			p.say("%s", strings.TrimRight(problem.Details, "\n"))
		}
		return 1
	default:
		p.say("hakone: %v", err)
		return 1
	}
}

// say writes a line for a person to standard error.
func (p *program) say(format string, args ...any) {
	fmt.Fprintf(p.stderr, format+"\n", args...)
}

// invocation is how the user runs this program, for commands to paste.
func invocation() string {
	if strings.Contains(os.Args[0], string(filepath.Separator)+"go-build") {
		return "go run ./cmd/hakone"
	}
	return os.Args[0]
}
