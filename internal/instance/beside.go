package instance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// RunBeside runs c among the caller's own processes until it ends or ctx is
// done, and returns its exit status. The caller's AWS credentials are taken out
// of the environment, and variables lead the SDKs to the metadata service. The
// error says that it could not be started; one that does not exist has the
// status 127, as in a shell. An interrupt from the terminal goes to the command
// and is not RunBeside's to act on.
func RunBeside(ctx context.Context, c Command) (status int, err error) {
	home, err := os.MkdirTemp("", "hakone-instance-")
	if err != nil {
		return 0, fmt.Errorf("make home directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(home)) }()
	_, all, err := c.trusted()
	if err != nil {
		return 0, err
	}
	bundle := home + "/ca-bundle.pem"
	if err := os.WriteFile(bundle, all, 0o600); err != nil {
		return 0, fmt.Errorf("write certificate authorities: %w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("open metadata endpoint: %w", err)
	}
	defer serveMetadata(listener, withToken(c.Metadata))()

	args := c.Args
	if len(args) == 0 {
		args = []string{cmp.Or(variable(c.Environment, "SHELL"), "/bin/sh")}
	}
	command := exec.CommandContext(ctx, args[0], args[1:]...) //nolint:gosec // running the user's command is the purpose
	command.Env = c.leading("http://"+listener.Addr().String(), home, bundle)
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
		return c.missing(args[0])
	default:
		return 0, fmt.Errorf("run %s: %w", args[0], err)
	}
}

// withToken refuses requests without a session token, even if the instance takes
// them: every program of this machine reaches this endpoint.
func withToken(metadata http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPut && r.Header.Get("X-Aws-Ec2-Metadata-Token") == "" {
			http.Error(w, "401 - Unauthorized", http.StatusUnauthorized)
			return
		}
		metadata.ServeHTTP(w, r)
	})
}

// serveMetadata serves the metadata service until stop is called.
func serveMetadata(listener net.Listener, handler http.Handler) (stop func()) {
	s := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10}
	done := make(chan error, 1)
	go func() { done <- s.Serve(listener) }()
	return func() {
		err := errors.Join(s.Close(), <-done)
		_ = err // the command has ended: nobody needs the endpoint
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

// leading returns the environment that leads the SDKs to endpoint.
func (c *Command) leading(endpoint, home, bundle string) []string {
	set := map[string]string{
		"HOME":                              home,
		"AWS_SHARED_CREDENTIALS_FILE":       home + "/.aws/credentials", // neither exists
		"AWS_CONFIG_FILE":                   home + "/.aws/config",
		"AWS_EC2_METADATA_SERVICE_ENDPOINT": endpoint,
		"AWS_EC2_METADATA_V1_DISABLED":      "true",
		"AWS_ENDPOINT_URL":                  "http://" + c.Control,
		"AWS_REGION":                        c.Region,
		"AWS_DEFAULT_REGION":                c.Region,
		"AWS_CA_BUNDLE":                     bundle,
		"REQUESTS_CA_BUNDLE":                bundle,
		"CURL_CA_BUNDLE":                    bundle,
		"SSL_CERT_FILE":                     bundle,
		"NODE_EXTRA_CA_CERTS":               bundle, // the authority's own file lies beside the administrator's key
	}
	maps.Copy(set, c.prompt())
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
