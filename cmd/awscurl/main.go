// Command awscurl is a curl that signs its requests with AWS Signature Version 4.
package main

import (
	"os"

	"github.com/hakonegate/hakone/internal/awscurl"
)

func main() {
	os.Exit(awscurl.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv))
}
