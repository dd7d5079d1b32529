// Command hakone is an API Gateway with IAM authorization that runs anywhere.
// Called by the name awscurl it is the signing client alone.
package main

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/hakonegate/hakone/internal/awscurl"
	"github.com/hakonegate/hakone/internal/cli"
)

func main() {
	os.Exit(run())
}

func run() int {
	if strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe") == "awscurl" {
		return awscurl.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	return cli.Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv)
}
