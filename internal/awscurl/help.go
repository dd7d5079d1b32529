package awscurl

import (
	"fmt"
	"io"
	"strings"
)

const introduction = `usage: awscurl [options] URL

A curl that signs its requests with AWS Signature Version 4.
`

const examples = `Examples:
  awscurl https://abcdef1234.execute-api.eu-west-1.amazonaws.com/prod/items
  awscurl -X POST -d '{"name":"Ada"}' -H 'Content-Type: application/json' $API/items
  awscurl --service es --region eu-west-1 -d @query.json https://search.example.com/_search
  awscurl -T big.iso s3://my-bucket/big.iso
  awscurl --profile dev --role-arn arn:aws:iam::123456789012:role/Caller $API/hello
  awscurl --presign 600 s3://my-bucket/report.pdf
  awscurl wss://abcdef1234.execute-api.eu-west-1.amazonaws.com/prod
`

// compat lists what differs on purpose from a working command line of the
// original.
const compat = `What differs from PyPI's awscurl 0.44, and why

  --profile X with keys in the environment   X signs, as with the AWS CLI; there the keys do
  a profile that is unknown or incomplete    an error; there somebody else signs
  --access_key without --secret_key          an error; there it is ignored
  --session_token and AWS_SECURITY_TOKEN     the flag wins
  -d @FILE with CRLF                         the bytes as they are; there CRLF becomes LF
  -d a -d b                                  a&b, as with curl; there b
  one header twice                           both are sent, as with curl; there the last one
  -i                                         status line and headers, as curl prints them
  -o FILE                                    to the file only; there to standard output too
  -L                                         301 and 302 turn only POST into GET, 303 leaves HEAD alone;
                                             keys, cookies and X-Amz-* stay with the host
  .netrc                                     read for -n --no-sign-request only; there it replaces
                                             the signature
  -v                                         curl's form, secrets masked
  region and service                         from AWS host names; there us-east-1, execute-api
  failures                                   one line and curl's exit status; there a traceback and 1
  --data-raw, --json, -F and such            curl's flags mean POST, as with curl; -d leaves the method alone
`

func helpTopics() []string {
	topics := []string{"compat", "man", "all"}
	for _, g := range groups {
		topics = append(topics, string(g.name))
	}
	return topics
}

func writeHelp(w io.Writer, topic string) error {
	b := &strings.Builder{}
	switch topic {
	case "compat":
		b.WriteString(compat)
	case "man":
		manual(b)
	default:
		if topic == "" || topic == "all" {
			b.WriteString(introduction)
			topic = ""
		}
		for _, g := range groups {
			if topic == "" || topic == string(g.name) {
				fmt.Fprintf(b, "\n%s:\n", g.title)
				writeGroup(b, g.name)
			}
		}
		if topic == "" {
			b.WriteString("\n" + examples + "\nWhat differs from the original: awscurl --help compat\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeGroup writes one line for each flag, longer ones on two.
func writeGroup(b *strings.Builder, name group) {
	const column = 30
	for _, f := range flags() {
		if f.group != name || f.hidden {
			continue
		}
		left := "      "
		if f.short != 0 {
			left = "  -" + string(f.short) + ", "
		}
		left += f.spelling()
		pad := column - len(left)
		if pad < 2 {
			left, pad = left+"\n", column
		}
		b.WriteString(left + strings.Repeat(" ", pad) + wrap(f.help, 100-column, column) + "\n")
	}
}

func (f *flag) spelling() string {
	if f.arg == "" {
		return "--" + f.long
	}
	return "--" + f.long + " " + f.arg
}

// wrap breaks text into lines of a width, further lines indented.
func wrap(text string, width, indent int) string {
	b := &strings.Builder{}
	used := 0
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
		case used+1+len(word) > width:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			used = 0
		default:
			b.WriteByte(' ')
			used++
		}
		b.WriteString(word)
		used += len(word)
	}
	return b.String()
}

// manual writes the manual page.
func manual(b *strings.Builder) {
	escape := strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`)
	fmt.Fprintf(b, ".TH AWSCURL 1 \"\" \"hakone %s\"\n.SH NAME\nawscurl \\- a curl that signs its requests with AWS Signature Version 4\n", Version)
	b.WriteString(".SH SYNOPSIS\n.B awscurl\n[options] URL\n.SH DESCRIPTION\n")
	b.WriteString("Sends one request, signed with the caller's AWS credentials, and prints the answer.\n")
	b.WriteString("Long options may be shortened as long as they are unique; the original's options keep their short forms.\n")
	for _, g := range groups {
		fmt.Fprintf(b, ".SH %s\n", strings.ToUpper(g.title))
		for _, f := range flags() {
			if f.group != g.name || f.hidden {
				continue
			}
			b.WriteString(".TP\n.B ")
			if f.short != 0 {
				b.WriteString(`\-` + string(f.short) + ", ")
			}
			fmt.Fprintf(b, "%s\n%s\n", escape.Replace(f.spelling()), escape.Replace(f.help))
		}
	}
	fmt.Fprintf(b, ".SH EXAMPLES\n.nf\n%s.fi\n", escape.Replace(examples[strings.Index(examples, "\n")+1:]))
	fmt.Fprintf(b, ".SH COMPATIBILITY\n.nf\n%s.fi\n", escape.Replace(compat))
	b.WriteString(".SH EXIT STATUS\n0 for any answer; 22 for a status of 400 or above with \\-f or \\-\\-fail\\-with\\-body; 2 for wrong usage;\n" +
		"1 when there are no credentials; else curl's numbers: 3 bad URL, 6 host not found, 7 no connection, 23 cannot write,\n" +
		"26 cannot read, 28 too late, 35 and 60 TLS, 47 too many redirects.\n")
}

// writeCompletion writes a shell's completion script.
func writeCompletion(w io.Writer, shell string) error {
	b := &strings.Builder{}
	switch shell {
	case "bash":
		var words []string
		for _, f := range flags() {
			words = append(words, "--"+f.long)
		}
		fmt.Fprintf(b, "_awscurl() {\n  local cur=${COMP_WORDS[COMP_CWORD]}\n  case $cur in\n    -*) COMPREPLY=($(compgen -W '%s' -- \"$cur\")) ;;\n"+
			"    *) COMPREPLY=($(compgen -f -- \"${cur#@}\")) ;;\n  esac\n}\ncomplete -o filenames -F _awscurl awscurl\n", strings.Join(words, " "))
	case "zsh":
		b.WriteString("#compdef awscurl\n_arguments -S \\\n")
		for _, f := range flags() {
			text := strings.NewReplacer("'", `'\''`, "[", `\[`, "]", `\]`, ":", `\:`).Replace(f.help)
			value := ""
			if f.arg != "" && f.optional == nil {
				value = ":" + strings.NewReplacer(":", " ", "[", "", "]", "").Replace(f.arg) + ":_files"
			}
			fmt.Fprintf(b, "  '--%s[%s]%s' \\\n", f.long, text, value)
		}
		b.WriteString("  '*:URL:'\n")
	default:
		for _, f := range flags() {
			fmt.Fprintf(b, "complete -c awscurl -l %s", f.long)
			if f.short != 0 {
				fmt.Fprintf(b, " -s '%c'", f.short)
			}
			if f.arg != "" && f.optional == nil {
				b.WriteString(" -r")
			}
			fmt.Fprintf(b, " -d '%s'\n", strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(f.help))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
