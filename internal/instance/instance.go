// Package instance runs commands as an EC2 instance would: with the
// instance's role as the only credentials in reach.
//
// [Run] starts one command or a shell in namespaces of its own, where the
// instance metadata service and the APIs are at the addresses that they have on
// EC2; no variable leads there. [RunBeside] is for machines without namespaces:
// it leads the SDKs by the variables that they honour. The package knows nothing
// of roles: whoever calls it answers metadata requests.
package instance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"strings"
)

// ErrNoNamespaces means that the command did not start because this machine
// gives no namespaces, and why.
var ErrNoNamespaces = errors.New("no namespaces")

// A Command is what to run, and where.
type Command struct {
	Args        []string // program and arguments; empty: a shell
	Script      []byte   // in place of Args: run by a user that is root inside, and has no power outside; not for RunBeside
	Environment []string // the caller's own, NAME=VALUE
	Metadata    http.Handler
	HopLimit    int    // of the metadata service's answers; 0 means 1
	Gateway     string // host:port of the data plane, HTTPS
	Control     string // host:port of the control plane, which answers HTTP and HTTPS

	// Names returns what leads to Gateway and to Control, on port 443. It is asked
	// again while the command runs, because APIs come and go. RunBeside does not ask.
	Names func(context.Context) (Names, error)

	// Egress reports whether the command may reach an address by "tcp" or "udp". It
	// reaches nothing but Gateway and Control if it is nil. RunBeside does not ask.
	Egress    func(network string, to netip.AddrPort) bool
	PrivateIP string // the instance's own address, if there is Egress

	Hidden   []string // folders that are not shown in any case
	Hostname string
	Region   string
	CAFile   string // certificate authority to trust besides the system's
	Prompt   string // shown by an interactive shell, such as "Ec2Instance"
	Terminal *Terminal
	Stdin    io.Reader
	Stdout   io.Writer
	Stderr   io.Writer
}

// Names are the host names that AWS's clients know the APIs and the services by.
type Names struct{ Gateway, Control []string }

// A Terminal is a terminal that the command gets; Stdin and Stdout are then the
// other side of it. RunBeside ignores it: there the terminal is the caller's.
type Terminal struct {
	Rows, Columns uint16
	Resize        <-chan [2]uint16 // rows, columns; may be nil
}

// prompt returns the variables that give a shell its prompt. Files that an
// interactive shell reads may set another one.
func (c *Command) prompt() map[string]string {
	if len(c.Args) > 0 {
		return nil
	}
	text := "[ec2-user@" + c.Prompt + " \\W]$ "
	return map[string]string{"PROMPT_COMMAND": `PS1=$HAKONE_PROMPT; unset PROMPT_COMMAND`, "HAKONE_PROMPT": text, "PS1": text}
}

// systemBundles are where systems keep the certificate authorities they trust.
var systemBundles = []string{
	"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem",
}

// trusted returns the local certificate authority, and it with those that the
// system trusts: the variables that clients read replace their store.
func (c *Command) trusted() (local, all []byte, err error) {
	local, err = os.ReadFile(c.CAFile)
	if err != nil {
		return nil, nil, fmt.Errorf("read certificate authority: %w", err)
	}
	for _, file := range systemBundles {
		if system, err := os.ReadFile(file); err == nil { //nolint:gosec // from the fixed list above
			return local, append(append(system, '\n'), local...), nil
		}
	}
	return local, local, nil
}

// shell is what runs command lines, here as inside.
func shell() string {
	if _, err := os.Stat("/bin/bash"); err == nil {
		return "/bin/bash"
	}
	return "/bin/sh"
}

// variable returns the value of a variable, "" without.
func variable(environment []string, name string) string {
	for _, entry := range environment {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}

// missing tells that the program is not there, and returns a shell's status.
func (c *Command) missing(program string) (int, error) {
	_, err := fmt.Fprintf(c.Stderr, "hakone: %s: command not found\n", program)
	return 127, err
}
