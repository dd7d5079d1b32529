package awscurl

import (
	"slices"
	"strings"
)

// options are the command line, parsed.
type options struct {
	url     string
	help    bool
	version bool

	verbose      bool
	include      bool
	method       string
	data         []string
	dataGiven    bool
	binary       bool
	headers      []string
	insecure     bool
	failWithBody bool
	location     bool
	output       string
	unsigned     bool

	region        string
	regionGiven   bool
	service       string
	profile       string
	accessKey     string
	secretKey     string
	sessionToken  string
	securityToken string
}

// A flag is one option of the command line. Original flags keep their unique
// prefixes, whatever flags are added beside them.
type flag struct {
	long     string
	short    byte
	original bool
	value    func(*options, string) // takes a value; nil: a switch
	set      func(*options)
}

// flags are all options, in the order of the help.
var flags = []flag{
	{long: "help", short: 'h', original: true, set: func(o *options) { o.help = true }},
	{long: "version", short: 'V', set: func(o *options) { o.version = true }},
	{long: "verbose", short: 'v', original: true, set: func(o *options) { o.verbose = true }},
	{long: "include", short: 'i', original: true, set: func(o *options) { o.include = true }},
	{long: "request", short: 'X', original: true, value: func(o *options, v string) { o.method = v }},
	{long: "data", short: 'd', original: true, value: func(o *options, v string) { o.data, o.dataGiven = append(o.data, v), true }},
	{long: "data-binary", original: true, set: func(o *options) { o.binary = true }},
	{long: "header", short: 'H', original: true, value: func(o *options, v string) { o.headers = append(o.headers, v) }},
	{long: "insecure", short: 'k', original: true, set: func(o *options) { o.insecure = true }},
	{long: "fail-with-body", original: true, set: func(o *options) { o.failWithBody = true }},
	{long: "location", short: 'L', original: true, set: func(o *options) { o.location = true }},
	{long: "output", short: 'o', original: true, value: func(o *options, v string) { o.output = v }},
	{long: "region", original: true, value: func(o *options, v string) { o.region, o.regionGiven = v, true }},
	{long: "service", original: true, value: func(o *options, v string) { o.service = v }},
	{long: "profile", original: true, value: func(o *options, v string) { o.profile = v }},
	{long: "access_key", original: true, value: func(o *options, v string) { o.accessKey = v }},
	{long: "secret_key", original: true, value: func(o *options, v string) { o.secretKey = v }},
	{long: "security_token", original: true, value: func(o *options, v string) { o.securityToken = v }},
	{long: "session_token", original: true, value: func(o *options, v string) { o.sessionToken = v }},
	{long: "access-key", value: func(o *options, v string) { o.accessKey = v }},
	{long: "secret-key", value: func(o *options, v string) { o.secretKey = v }},
	{long: "session-token", value: func(o *options, v string) { o.sessionToken = v }},
	{long: "no-sign-request", set: func(o *options) { o.unsigned = true }},
}

const usage = `usage: awscurl [options] URL

A curl that signs its requests with AWS Signature Version 4.

  -X, --request METHOD   the method (GET; data does not change it)
  -d, --data DATA        body; @FILE and @- read a file and standard input
  -H, --header LINE      a header, "Name: value" (repeatable)
  -i, --include          print the response's headers too
  -k, --insecure         do not verify the server's certificate
  -L, --location         follow redirects, unsigned
  -o, --output FILE      write the body to FILE
  -v, --verbose          show what is signed and sent, on standard error
      --fail-with-body   exit with 22 when the status is 400 or above
      --no-sign-request  send without a signature

      --service NAME     what to sign for (from the host, else execute-api)
      --region REGION    what to sign for (from the host, AWS_REGION, AWS_DEFAULT_REGION, else us-east-1)
      --profile NAME     section of ~/.aws/credentials
      --access_key, --secret_key, --session_token   credentials

  awscurl https://abcdef1234.execute-api.eu-west-1.amazonaws.com/prod/items
`

// parse reads the command line as Python's argparse does: flags anywhere, short
// ones combined, unique prefixes of long ones.
func parse(args []string) (*options, error) {
	o := &options{}
	var words []string
	for i := 0; i < len(args); i++ {
		arg := args[i]
		take := func() (string, error) {
			if i+1 >= len(args) {
				return "", failf(exitUsage, "option %s needs a value", arg)
			}
			i++
			return args[i], nil
		}
		var err error
		switch {
		case arg == "--":
			words = append(words, args[i+1:]...)
			i = len(args)
		case strings.HasPrefix(arg, "--"):
			err = o.long(arg, take)
		case len(arg) > 1 && arg[0] == '-':
			err = o.short(arg, take)
		default:
			words = append(words, arg)
		}
		if err != nil {
			return nil, err
		}
	}
	switch {
	case o.help || o.version:
	case len(words) == 0:
		return nil, failf(exitUsage, "the following arguments are required: uri")
	case len(words) > 1:
		return nil, failf(exitUsage, "unrecognized arguments: %s", strings.Join(words[1:], " "))
	default:
		o.url = words[0]
	}
	return o, nil
}

func (o *options) long(arg string, take func() (string, error)) error {
	name, value, glued := strings.Cut(arg[2:], "=")
	f, err := find(name)
	switch {
	case err != nil:
		return err
	case f.value == nil && glued:
		return failf(exitUsage, "option --%s takes no value", f.long)
	case f.value == nil:
		f.set(o)
		return nil
	case !glued:
		if value, err = take(); err != nil {
			return err
		}
	}
	f.value(o, value)
	return nil
}

// find returns the flag called name, or the one that name is a unique prefix of:
// among the original's flags first.
func find(name string) (*flag, error) {
	for i := range flags {
		if flags[i].long == name {
			return &flags[i], nil
		}
	}
	for _, original := range []bool{true, false} {
		var found []*flag
		var names []string
		for i := range flags {
			if flags[i].original == original && strings.HasPrefix(flags[i].long, name) {
				found, names = append(found, &flags[i]), append(names, "--"+flags[i].long)
			}
		}
		if len(found) == 1 {
			return found[0], nil
		}
		if len(found) > 1 {
			return nil, failf(exitUsage, "ambiguous option: --%s could match %s", name, strings.Join(names, ", "))
		}
	}
	return nil, failf(exitUsage, "unrecognized arguments: --%s", name)
}

func (o *options) short(arg string, take func() (string, error)) error {
	for rest := arg[1:]; rest != ""; {
		at := slices.IndexFunc(flags, func(f flag) bool { return f.short == rest[0] })
		if at < 0 {
			return failf(exitUsage, "unrecognized arguments: -%c", rest[0])
		}
		f := flags[at]
		rest = rest[1:]
		if f.value == nil {
			f.set(o)
			continue
		}
		value := strings.TrimPrefix(rest, "=")
		if rest == "" {
			var err error
			if value, err = take(); err != nil {
				return err
			}
		}
		f.value(o, value)
		return nil
	}
	return nil
}
