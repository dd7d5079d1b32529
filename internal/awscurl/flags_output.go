package awscurl

import (
	"errors"
	"slices"
)

func outputFlags() []flag {
	return []flag{
		{
			long: "help", short: 'h', arg: "[TOPIC]", original: true, group: groupOutput,
			help:     "this, or a part of it: request, signing, credentials, connection, output, compat, man",
			optional: func(_ *options, word string, _ []string) bool { return slices.Contains(helpTopics(), word) },
			set:      func(o *options, value string) error { o.help, o.helpTopic = true, value; return nil },
		},
		{long: "version", short: 'V', group: groupOutput, help: "print the version", set: on(func(o *options) *bool { return &o.version })},
		{
			long: "completion", arg: "SHELL", group: groupOutput,
			help: "print a completion script: bash, zsh or fish",
			set: func(o *options, value string) error {
				if o.completion = value; !slices.Contains([]string{"bash", "zsh", "fish"}, value) {
					return errors.New("it is bash, zsh or fish")
				}
				return nil
			},
		},
		{
			long: "verbose", short: 'v', original: true, group: groupOutput,
			help: "show what is signed, sent and received, on standard error", set: on(func(o *options) *bool { return &o.verbose }),
		},
		{
			long: "include", short: 'i', original: true, group: groupOutput,
			help: "print the headers of the answer too", set: on(func(o *options) *bool { return &o.include }),
		},
		{
			long: "fail-with-body", original: true, group: groupOutput,
			help: "exit with 22 when the status is 400 or above", set: on(func(o *options) *bool { return &o.failWithBody }),
		},
		{
			long: "output", short: 'o', arg: "FILE", original: true, group: groupOutput,
			help: "write the body to FILE", set: text(func(o *options) *string { return &o.output }),
		},
		{
			long: "fail", short: 'f', group: groupOutput,
			help: "the same, without the body", set: on(func(o *options) *bool { return &o.fail }),
		},
		{
			long: "remote-name", short: 'O', group: groupOutput,
			help: "write the body to a file named like the URL's", set: on(func(o *options) *bool { return &o.remoteName }),
		},
		{
			long: "remote-header-name", short: 'J', group: groupOutput,
			help: "with -O, take the name that the server gives", set: on(func(o *options) *bool { return &o.remoteHeader }),
		},
		{
			long: "create-dirs", group: groupOutput,
			help: "create the folders of the output file", set: on(func(o *options) *bool { return &o.createDirs }),
		},
		{
			long: "dump-header", short: 'D', arg: "FILE", group: groupOutput,
			help: "write the headers of the answer to FILE", set: text(func(o *options) *string { return &o.dumpHeader }),
		},
		{
			long: "write-out", short: 'w', arg: "FORMAT", group: groupOutput,
			help: `print this afterwards, as "%{http_code} %{time_total}\n"`, set: text(func(o *options) *string { return &o.writeOut }),
		},
		{long: "silent", short: 's', group: groupOutput, help: "no error messages and hints", set: on(func(o *options) *bool { return &o.silent })},
		{long: "show-error", short: 'S', group: groupOutput, help: "with -s, error messages still", set: on(func(o *options) *bool { return &o.showError })},
		{long: "no-buffer", short: 'N', group: groupOutput, help: "print at once, without --pretty", set: on(func(o *options) *bool { return &o.noBuffer })},
		{long: "progress-bar", short: '#', group: groupOutput, help: "show progress on the terminal", set: on(func(o *options) *bool { return &o.progress })},
		{long: "pretty", group: groupOutput, help: "indent JSON and XML; the default on a terminal", set: on(func(o *options) *bool { return &o.pretty })},
		{long: "no-pretty", group: groupOutput, help: "print the body as it came, on a terminal too", set: on(func(o *options) *bool { return &o.noPretty })},
		{
			long: "trace", arg: "FILE", group: groupOutput,
			help: "write everything sent and received to FILE, in hex; secrets masked", set: text(func(o *options) *string { return &o.trace }),
		},
		{
			long: "trace-ascii", arg: "FILE", group: groupOutput,
			help: "the same without hex",
			set:  func(o *options, value string) error { o.trace, o.traceASCII = value, true; return nil },
		},
	}
}
