// Package instance runs commands as an EC2 instance would: with the
// instance's role as the only credentials in reach.
//
// [Run] starts one command or a shell. It takes the caller's own AWS
// credentials out of the environment and points the SDKs at an instance
// metadata endpoint by the variables that they honour. The package knows
// nothing of roles: whoever calls it serves the endpoint.
package instance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

// A Command is what to run, and where.
type Command struct {
	Args        []string // program and arguments; empty: the user's shell
	Environment []string // the caller's own, NAME=VALUE
	Metadata    string   // address of the metadata endpoint, such as http://127.0.0.1:1338
	Control     string   // address of the control plane
	Region      string
	CAFile      string // certificate authority to trust besides the system's
	Prompt      string // shown by an interactive shell, such as "Ec2Instance"
	Stdin       io.Reader
	Stdout      io.Writer
	Stderr      io.Writer
}

// Run runs c until it ends or ctx is done, and returns its exit status. The
// error says that it could not be started; one that does not exist has the
// status 127, as in a shell. An interrupt from the terminal goes
// to the command and is not Run's to act on.
func Run(ctx context.Context, c Command) (status int, err error) {
	home, err := os.MkdirTemp("", "hakone-instance-")
	if err != nil {
		return 0, fmt.Errorf("make home directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(home)) }()

	bundle, err := c.trustBundle(home)
	if err != nil {
		return 0, err
	}
	args := c.Args
	if len(args) == 0 {
		args = []string{shell(c.Environment)}
	}
	command := exec.CommandContext(ctx, args[0], args[1:]...) //nolint:gosec // running the user's command is the purpose
	command.Env = c.environment(home, bundle)
	command.Stdin, command.Stdout, command.Stderr = c.Stdin, c.Stdout, c.Stderr
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }

	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	var exit *exec.ExitError
	switch err := command.Run(); {
	case err == nil:
		return 0, nil
	case errors.As(err, &exit) && exit.ExitCode() >= 0:
		return exit.ExitCode(), nil
	case errors.As(err, &exit):
		if killed, ok := exit.Sys().(syscall.WaitStatus); ok {
			return 128 + int(killed.Signal()), nil // as a shell reports it
		}
		return 1, nil
	case errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist):
		_, err := fmt.Fprintf(c.Stderr, "hakone: %s: command not found\n", args[0])
		return 127, err // as a shell reports it
	default:
		return 0, fmt.Errorf("run %s: %w", args[0], err)
	}
}

// hidden are the variables that would lend the command an identity other than
// the instance's, or lead it past the metadata endpoint.
var hidden = []string{
	"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_CREDENTIAL_EXPIRATION",
	"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE",
	"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
	"AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
	"AWS_EC2_METADATA_DISABLED", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
	"HAKONE_DATA_DIR", // with it, the administrator's key
}

func (c *Command) environment(home, bundle string) []string {
	set := map[string]string{
		"HOME":                              home,
		"AWS_SHARED_CREDENTIALS_FILE":       home + "/.aws/credentials", // neither exists
		"AWS_CONFIG_FILE":                   home + "/.aws/config",
		"AWS_EC2_METADATA_SERVICE_ENDPOINT": c.Metadata,
		"AWS_EC2_METADATA_V1_DISABLED":      "true",
		"AWS_ENDPOINT_URL":                  c.Control,
		"AWS_REGION":                        c.Region,
		"AWS_DEFAULT_REGION":                c.Region,
		"AWS_CA_BUNDLE":                     bundle,
		"REQUESTS_CA_BUNDLE":                bundle,
		"CURL_CA_BUNDLE":                    bundle,
		"SSL_CERT_FILE":                     bundle,
		"NODE_EXTRA_CA_CERTS":               bundle, // the authority's own file lies beside the administrator's key
	}
	if len(c.Args) == 0 {
		// Files that an interactive shell reads may set another prompt.
		set["PROMPT_COMMAND"] = `PS1=$HAKONE_PROMPT; unset PROMPT_COMMAND`
		set["HAKONE_PROMPT"] = "[ec2-user@" + c.Prompt + " \\W]$ "
		set["PS1"] = "[ec2-user@" + c.Prompt + " \\W]$ "
	}
	var environment []string
	for _, entry := range c.Environment {
		name, _, _ := strings.Cut(entry, "=")
		if _, replaced := set[name]; !replaced && !slices.Contains(hidden, name) {
			environment = append(environment, entry)
		}
	}
	for name, value := range set {
		environment = append(environment, name+"="+value)
	}
	return environment
}

// systemBundles are where systems keep the certificate authorities they trust.
var systemBundles = []string{
	"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem",
}

// trustBundle writes the system's certificate authorities and the local one into
// a file: the variables that clients read replace their store.
func (c *Command) trustBundle(home string) (string, error) {
	local, err := os.ReadFile(c.CAFile)
	if err != nil {
		return "", fmt.Errorf("read certificate authority: %w", err)
	}
	for _, file := range systemBundles {
		if system, err := os.ReadFile(file); err == nil { //nolint:gosec // from the fixed list above
			local = append(append(system, '\n'), local...)
			break
		}
	}
	bundle := home + "/ca-bundle.pem"
	if err := os.WriteFile(bundle, local, 0o600); err != nil { //nolint:gosec // home is the directory made above
		return "", fmt.Errorf("write certificate authorities: %w", err)
	}
	return bundle, nil
}

func shell(environment []string) string {
	for _, entry := range environment {
		if shell, ok := strings.CutPrefix(entry, "SHELL="); ok && shell != "" {
			return shell
		}
	}
	return "/bin/sh"
}
