package cli

import (
	"net/mail"
	"net/url"
	"strings"

	"github.com/spf13/pflag"

	"github.com/hakonegate/hakone/internal/server"
)

// acmeOptions are the flags of up that are about certificates of a public
// authority.
type acmeOptions struct {
	email     string
	directory string
	hosts     []string
}

func (o *acmeOptions) flags(flags *pflag.FlagSet) {
	flags.StringVar(&o.email, "acme", "", "EMAIL of an account at --acme-directory, whose terms you accept: custom domain names get its certificates (off). "+
		"Port 443 of each name must lead to --listen")
	flags.StringVar(&o.directory, "acme-directory", server.LetsEncrypt, "URL of the ACME directory of an authority")
	flags.StringArrayVar(&o.hosts, "acme-host", nil, "a further NAME that gets a certificate (repeatable)")
}

// config returns nil when there is nothing to do.
func (o *acmeOptions) config() (*server.ACME, error) {
	if o.email == "" {
		return nil, nil //nolint:nilnil // off
	}
	if address, err := mail.ParseAddress(o.email); err != nil || address.Address != o.email {
		return nil, usagef("--acme: %q is no email address", o.email)
	}
	if u, err := url.Parse(o.directory); err != nil || u.Scheme != "https" || u.Host == "" {
		return nil, usagef("--acme-directory: %q is no https URL", o.directory)
	}
	config := &server.ACME{Email: o.email, Directory: o.directory}
	for _, host := range o.hosts {
		if !strings.Contains(host, ".") || strings.ContainsAny(host, "*/: ") {
			return nil, usagef("--acme-host: %q is no name of a host", host)
		}
		config.Hosts = append(config.Hosts, strings.ToLower(host))
	}
	return config, nil
}
