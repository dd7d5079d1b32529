package awscurl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"syscall"
)

// Version is what -V prints and the User-Agent says.
var Version = "0.1.0"

// Exit statuses: curl's numbers where curl has one.
const (
	exitFailure     = 1
	exitUsage       = 2
	exitURL         = 3
	exitProxyDNS    = 5
	exitDNS         = 6
	exitConnect     = 7
	exitPartial     = 18
	exitHTTP        = 22
	exitWrite       = 23
	exitRead        = 26
	exitTimeout     = 28
	exitRange       = 33
	exitTLSConnect  = 35
	exitRedirects   = 47
	exitEmpty       = 52
	exitClientCert  = 58
	exitCertificate = 60
	exitAuthorities = 77
)

// A failure is an error with the status to exit with. Without an error there is
// nothing to say.
type failure struct {
	status int
	err    error
}

func (f *failure) Error() string {
	if f.err == nil {
		return fmt.Sprintf("exit status %d", f.status)
	}
	return f.err.Error()
}

func (f *failure) Unwrap() error { return f.err }

func failf(status int, format string, args ...any) error {
	return &failure{status, fmt.Errorf(format, args...)}
}

// statusOf returns the exit status that err stands for.
func statusOf(err error) int {
	var f *failure
	switch {
	case err == nil:
		return 0
	case errors.As(err, &f):
		return f.status
	default:
		return exitFailure
	}
}

// A Program is awscurl with what its surroundings add to it. Its zero value is
// ready to use.
type Program struct {
	// Why writes a gateway's account of the request that it answered with this
	// ID. Nil means that nobody can be asked: --why is then a usage error.
	Why func(ctx context.Context, requestID string, w io.Writer) error
}

// Main runs a Program without surroundings.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	return Program{}.Main(args, stdin, stdout, stderr, getenv)
}

// streams are what the program reads and writes beside the network.
type streams struct {
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	getenv func(string) string
}

// Main runs the program with args (without its name) and returns the exit
// status.
func (p Program) Main(args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	s := &streams{stdin, stdout, stderr, getenv}
	o, err := parse(args, s)
	switch {
	case err != nil:
	case o.help:
		err = writeHelp(stdout, o.helpTopic)
	case o.version:
		_, err = io.WriteString(stdout, "awscurl (hakone) "+Version+"\n")
	case o.completion != "":
		err = writeCompletion(stdout, o.completion)
	case o.why && p.Why == nil:
		err = failf(exitUsage, "--why asks a hakone server: use it as hakone curl --why")
	default:
		err = p.run(ctx, o, s)
	}
	return report(err, o, stderr)
}

// report writes err to stderr and returns the exit status.
func report(err error, o *options, stderr io.Writer) int {
	status := statusOf(err)
	var f *failure
	if err == nil || errors.As(err, &f) && f.err == nil {
		return status
	}
	if o != nil && o.silent && !o.showError {
		return status
	}
	if status == exitUsage {
		_, _ = io.WriteString(stderr, "usage: awscurl [options] URL (see awscurl --help)\n")
	}
	fmt.Fprintf(stderr, "awscurl: (%d) %v\n", status, err)
	return status
}
