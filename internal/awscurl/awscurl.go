// Package awscurl is a curl that signs its requests with AWS Signature Version 4,
// a drop-in for the awscurl of PyPI.
//
// [Main] is the whole program: parse the command line, find region, service and
// credentials, sign, send, write the answer. It imports little, so that it starts
// in milliseconds.
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
	exitFailure  = 1
	exitUsage    = 2
	exitURL      = 3
	exitDNS      = 6
	exitConnect  = 7
	exitHTTP     = 22
	exitWrite    = 23
	exitRead     = 26
	exitTimeout  = 28
	exitTLS      = 60
	exitRedirect = 47
)

// A failure is an error with the status to exit with.
type failure struct {
	status int
	err    error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func failf(status int, format string, args ...any) error {
	return &failure{status, fmt.Errorf(format, args...)}
}

// Main runs the program with args (without its name) and returns the exit
// status.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	o, err := parse(args)
	if err == nil && (o.help || o.version) {
		text := usage
		if o.version {
			text = "awscurl (hakone) " + Version + "\n"
		}
		_, _ = io.WriteString(stdout, text)
		return 0
	}
	if err == nil {
		err = run(ctx, o, &streams{stdin, stdout, stderr, getenv})
	}
	var f *failure
	switch {
	case err == nil:
		return 0
	case !errors.As(err, &f):
		f = &failure{exitFailure, err}
	case f.status == exitUsage:
		_, _ = io.WriteString(stderr, "usage: awscurl [options] URL (see awscurl --help)\n")
	}
	if f.err != nil {
		fmt.Fprintf(stderr, "awscurl: (%d) %v\n", f.status, f.err)
	}
	return f.status
}

// streams are what the program reads and writes beside the network.
type streams struct {
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	getenv func(string) string
}
