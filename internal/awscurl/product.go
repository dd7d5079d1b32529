package awscurl

import (
	"context"
	"fmt"
	"io"
	"strings"
)

// isProduct reports whether something is printed instead of sent.
func (x *exchange) isProduct() bool {
	return x.o.presign > 0 || x.o.printCurl || x.o.dryRun || x.o.showSigning
}

// product prints what the command line asks for instead of an answer.
func (x *exchange) product(ctx context.Context) error {
	out := x.draft()
	if x.o.presign > 0 {
		url, err := x.presigned(ctx, out)
		if err != nil {
			return err
		}
		return x.print(url + "\n")
	}
	if x.signs() {
		if err := x.sign(ctx, out); err != nil {
			return err
		}
	}
	switch {
	case x.o.showSigning:
		return x.print(fmt.Sprintf("CANONICAL REQUEST =\n%s\n\nSTRING_TO_SIGN =\n%s\n", x.log.maskText(x.canonical), x.toSign))
	case x.o.printCurl:
		return x.print(x.curlLine(out))
	default:
		return x.printRequest(out)
	}
}

func (x *exchange) print(text string) error {
	if _, err := io.WriteString(x.s.stdout, text); err != nil {
		return failf(exitWrite, "%w", err)
	}
	return nil
}

// curlLine is a curl command that sends out. A session token stays in the
// environment; the signature, which is good for this request and some minutes,
// stands in it.
func (x *exchange) curlLine(out *outgoing) string {
	words := []string{"curl", "--path-as-is", "-g", "-X", quoteShell(out.method)}
	if out.host != out.target.host {
		words = append(words, "-H", quoteShell("Host: "+out.host))
	}
	for _, field := range out.header {
		switch strings.ToLower(field.Name) {
		case "connection":
		case "x-amz-security-token":
			words = append(words, "-H", `"`+field.Name+`: $AWS_SESSION_TOKEN"`)
		case "accept-encoding":
			words = append(words, "--compressed", "-H", quoteShell(field.Name+": "+field.Value))
		default:
			line := field.Name + ": " + field.Value
			if field.Value == "" {
				line = field.Name + ";"
			}
			words = append(words, "-H", quoteShell(line))
		}
	}
	if x.o.insecure {
		words = append(words, "-k")
	}
	for _, piece := range out.payload.pieces {
		switch {
		case piece.file != "" && len(out.payload.pieces) == 1 && len(out.payload.spools) == 0:
			words = append(words, "--data-binary", quoteShell("@"+piece.file))
		case len(out.payload.pieces) == 1 && piece.file == "":
			words = append(words, "--data-raw", quoteShell(string(piece.text)))
		default:
			words = append(words, "--data-binary", "@-")
		}
		if words[len(words)-1] == "@-" {
			break
		}
	}
	return strings.Join(append(words, quoteShell(out.target.String())), " ") + "\n"
}

func quoteShell(s string) string {
	safe := s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !isAlphanumeric(r) && !strings.ContainsRune("-_./:=@,+", r)
	})
	if safe {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// printRequest prints out as HTTP/1.1 would send it, a session token masked.
func (x *exchange) printRequest(out *outgoing) error {
	b := &strings.Builder{}
	path := out.target.path
	if out.target.hasQuery {
		path += "?" + out.target.query
	}
	fmt.Fprintf(b, "%s %s HTTP/1.1\r\nHost: %s\r\n", out.method, path, out.host)
	for _, field := range out.header {
		value := field.Value
		if strings.EqualFold(field.Name, "x-amz-security-token") {
			value = "***"
		}
		fmt.Fprintf(b, "%s: %s\r\n", field.Name, value)
	}
	if out.payload.size > 0 || out.method != "GET" && out.method != "HEAD" {
		fmt.Fprintf(b, "Content-Length: %d\r\n", out.payload.size)
	}
	b.WriteString("\r\n")
	if err := x.print(b.String()); err != nil {
		return err
	}
	body := out.payload.open()
	defer func() { _ = body.Close() }()
	if _, err := io.Copy(x.s.stdout, body); err != nil {
		return failf(exitWrite, "%w", err)
	}
	return nil
}
