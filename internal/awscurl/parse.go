package awscurl

import (
	"slices"
	"strings"
)

// A parser reads the command line as Python's argparse does: flags anywhere,
// short ones combined, unique prefixes of long ones.
type parser struct {
	o     *options
	s     *streams
	known []flag
	words []string // what is no flag
	args  []string // what is still to read
	depth int      // of configuration files within each other
}

func parse(args []string, s *streams) (*options, error) {
	p := &parser{o: &options{maxRedirects: 30}, s: s, known: flags(), args: args}
	if err := p.read(); err != nil {
		return p.o, err
	}
	o := p.o
	if o.url != "" {
		p.words = append([]string{o.url}, p.words...)
	}
	switch {
	case o.help || o.version || o.completion != "":
		return o, nil
	case len(p.words) == 0:
		return o, failf(exitUsage, "the following arguments are required: uri")
	case len(p.words) > 1:
		return o, failf(exitUsage, "unrecognized arguments: %s", strings.Join(p.words[1:], " "))
	}
	o.url = p.words[0]
	return o, o.check()
}

// check refuses flags that contradict each other.
func (o *options) check() error {
	bodies := 0
	for _, given := range []bool{len(o.data) > 0 && !o.get, len(o.form) > 0, o.upload != ""} {
		if given {
			bodies++
		}
	}
	switch {
	case bodies > 1:
		return failf(exitUsage, "give only one of -d, -F and -T: a request has one body")
	case o.head && bodies > 0:
		return failf(exitUsage, "-I asks for headers only and sends no body: leave out -d, -F and -T, or add -G")
	case o.tlsMin != "" && o.tlsMax != "" && o.tlsMin > o.tlsMax:
		return failf(exitUsage, "--tls-min %s is above --tls-max %s", o.tlsMin, o.tlsMax)
	case o.ipv4 && o.ipv6:
		return failf(exitUsage, "give only one of -4 and -6")
	case o.remoteName && o.output != "":
		return failf(exitUsage, "give only one of -o and -O")
	case o.unsigned && (o.presign > 0 || o.showSigning):
		return failf(exitUsage, "--no-sign-request leaves nothing to presign or show")
	case o.netrc && !o.unsigned:
		return failf(exitUsage, "-n puts HTTP Basic in place of the signature: give --no-sign-request too")
	case o.netrc && o.user != "":
		return failf(exitUsage, "give only one of -n and -u")
	case o.regionSet != "" && strings.Trim(o.regionSet, ", ") == "":
		return failf(exitUsage, "--region-set needs a region")
	}
	return nil
}

func (p *parser) read() error {
	for len(p.args) > 0 && !p.o.help {
		arg := p.args[0]
		p.args = p.args[1:]
		var err error
		switch {
		case arg == "--":
			p.words = append(p.words, p.args...)
			p.args = nil
		case strings.HasPrefix(arg, "--"):
			err = p.long(arg)
		case len(arg) > 1 && arg[0] == '-':
			err = p.short(arg)
		default:
			p.words = append(p.words, arg)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) long(arg string) error {
	name, value, glued := strings.Cut(arg[2:], "=")
	f, err := find(p.known, name)
	switch {
	case err != nil:
		return err
	case f.arg == "" && glued:
		return failf(exitUsage, "option --%s takes no value", f.long)
	case f.optional != nil && !glued:
		return p.optional(f, arg)
	case f.arg != "" && !glued:
		if value, err = p.take(arg); err != nil {
			return err
		}
	}
	return p.set(f, value)
}

// take returns the word after arg, which is its value.
func (p *parser) take(arg string) (string, error) {
	if len(p.args) == 0 {
		return "", failf(exitUsage, "option %s needs a value", arg)
	}
	value := p.args[0]
	p.args = p.args[1:]
	return value, nil
}

func (p *parser) optional(f *flag, arg string) error {
	if len(p.args) == 0 || !f.optional(p.o, p.args[0], slices.Concat(p.words, p.args[1:])) {
		return p.set(f, "")
	}
	value, err := p.take(arg)
	if err != nil {
		return err
	}
	return p.set(f, value)
}

func (p *parser) short(arg string) error {
	for rest := arg[1:]; rest != ""; {
		at := slices.IndexFunc(p.known, func(f flag) bool { return f.short == rest[0] })
		if at < 0 {
			return failf(exitUsage, "unrecognized arguments: -%s", rest)
		}
		f := &p.known[at]
		rest = rest[1:]
		if f.optional != nil && rest == "" {
			return p.optional(f, arg)
		}
		if f.arg == "" || f.optional != nil {
			if err := p.set(f, ""); err != nil {
				return err
			}
			continue
		}
		value := strings.TrimPrefix(rest, "=") // as argparse has it: -d=x is x
		if rest == "" {
			var err error
			if value, err = p.take(arg); err != nil {
				return err
			}
		}
		return p.set(f, value)
	}
	return nil
}

func (p *parser) set(f *flag, value string) error {
	if f.long == "config" {
		return p.config(value)
	}
	if err := f.set(p.o, value); err != nil {
		return failf(exitUsage, "--%s: %w", f.long, err)
	}
	return nil
}
