package awscurl

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/term"

	"github.com/hakonegate/hakone/sigv4"
)

// An output is where an answer goes. Files are opened before anything is sent.
type output struct {
	o       *options
	s       *streams
	body    io.Writer
	file    *os.File // of -o or -O
	name    string
	headers io.WriteCloser // of -D
	seen    *bytes.Buffer  // the start of an error's body, to explain it
	answer  *http.Response
}

// explained is how much of a refusal is read for an explanation.
const explained = 64 << 10

func newOutput(x *exchange) (*output, error) {
	out := &output{o: x.o, s: x.s, body: x.s.stdout, name: x.o.output, seen: &bytes.Buffer{}}
	if x.o.remoteName {
		out.name = path.Base(x.target.path)
		if out.name == "/" || out.name == "." {
			return nil, failf(exitWrite, "-O: the URL has no file name")
		}
	}
	if out.name != "" && out.name != "-" && (!x.o.remoteName || !x.o.remoteHeader) {
		if err := out.open(out.name); err != nil {
			return nil, err
		}
	}
	if name := x.o.dumpHeader; name == "-" {
		out.headers = nopCloser{x.s.stdout}
	} else if name != "" {
		file, err := os.Create(name) //nolint:gosec // the file is the one the user named
		if err != nil {
			return nil, failf(exitWrite, "%w", err)
		}
		out.headers = file
	}
	return out, nil
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

func (out *output) open(name string) (err error) {
	if out.o.createDirs {
		if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
			return failf(exitWrite, "%w", err)
		}
	}
	flags := os.O_CREATE | os.O_WRONLY | os.O_TRUNC
	if out.o.resume != "" {
		flags = os.O_CREATE | os.O_WRONLY | os.O_APPEND
	}
	if out.file, err = os.OpenFile(name, flags, 0o644); err != nil { //nolint:gosec // like curl's: the umask decides
		return failf(exitWrite, "%w", err)
	}
	out.body = out.file
	return nil
}

// write prints the answer as it comes.
func (out *output) write(response *http.Response, x *exchange) error {
	defer func() { _ = response.Body.Close() }()
	out.answer = response
	if out.o.remoteName && out.o.remoteHeader {
		if err := out.open(remoteName(response, out.name)); err != nil {
			return err
		}
	}
	head := responseHead(response)
	if out.headers != nil {
		if _, err := io.WriteString(out.headers, head); err != nil {
			return failf(exitWrite, "%w", err)
		}
	}
	if out.o.include || out.o.head {
		if _, err := io.WriteString(out.body, head); err != nil {
			return failf(exitWrite, "%w", err)
		}
	}
	failed := response.StatusCode >= 400
	if failed && out.o.fail && !out.o.failWithBody {
		return failf(exitHTTP, "the server answered %s", response.Status)
	}
	if out.o.resume != "" && out.o.resume != "0" && response.StatusCode != http.StatusPartialContent {
		if response.StatusCode == http.StatusRequestedRangeNotSatisfiable {
			return nil // as curl has it: everything is there
		}
		return failf(exitRange, "the server does not go on at byte %s: it answered %s", out.o.resume, response.Status)
	}
	if err := out.copyBody(response, x); err != nil {
		return err
	}
	if failed && (out.o.failWithBody || out.o.fail) {
		return failf(exitHTTP, "the server answered %s", response.Status)
	}
	return nil
}

func (out *output) copyBody(response *http.Response, x *exchange) error {
	_, given := userField(out.o, "Accept-Encoding")
	var body io.Reader = response.Body
	if !given && response.Request.Method != http.MethodHead {
		decoded, err := decode(body, response.Header.Get("Content-Encoding"))
		if err != nil {
			return failf(exitFailure, "the body is not what Content-Encoding says: %w", err)
		}
		body = decoded
	}
	to := &counter{to: out.body, n: &x.stats.downloaded}
	if response.StatusCode >= 400 {
		body = io.TeeReader(body, &limited{out.seen, explained})
	}
	if out.o.progress {
		body = newProgress(body, response.ContentLength, out.s)
	}
	var err error
	if out.isPretty() && isText(response.Header.Get("Content-Type")) {
		err = pretty(to, body, out.onTerminal())
	} else {
		if out.onTerminal() {
			to.refuseBinary = true
		}
		_, err = io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{body}, make([]byte, 32<<10))
	}
	switch {
	case errors.Is(err, errBinary):
		return failf(exitWrite, "the answer is binary and would mess up the terminal: use -o FILE, or -o - to have it all the same")
	case to.err != nil:
		return failf(exitWrite, "write the body: %w", to.err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return failf(exitPartial, "the connection ended before the body did")
	case err != nil:
		return transportFailure(err)
	}
	return nil
}

func (out *output) onTerminal() bool {
	file, ok := out.body.(*os.File)
	return ok && out.file == nil && out.name != "-" && term.IsTerminal(int(file.Fd()))
}

func (out *output) isPretty() bool {
	return !out.o.noPretty && !out.o.noBuffer && (out.o.pretty || out.onTerminal())
}

// finish closes the files, prints -w and says what is known of a refusal.
func (out *output) finish(x *exchange, err error) error {
	var failed error
	if out.file != nil {
		failed = out.file.Close()
	}
	if out.headers != nil {
		failed = errors.Join(failed, out.headers.Close())
	}
	if out.o.writeOut != "" {
		failed = errors.Join(failed, out.writeOut(x, err))
	}
	if out.answer != nil && !out.o.silent {
		explainRefusal(out.s.stderr, x, out.answer, out.seen.Bytes())
	}
	if failed != nil {
		return failf(exitWrite, "%w", failed)
	}
	return nil
}

// responseHead is the status line and the headers, as curl prints them.
func responseHead(response *http.Response) string {
	b := &strings.Builder{}
	proto, status := response.Proto, response.Status
	if response.ProtoMajor == 2 {
		proto, status = "HTTP/2", strconv.Itoa(response.StatusCode)+" "
	}
	fmt.Fprintf(b, "%s %s\r\n", proto, status)
	for _, field := range fields(response.Header) {
		name := field.Name
		if response.ProtoMajor == 2 {
			name = strings.ToLower(name)
		}
		fmt.Fprintf(b, "%s: %s\r\n", name, field.Value)
	}
	return b.String() + "\r\n"
}

// fields lists headers by name.
func fields(h http.Header) []sigv4.Header {
	var out []sigv4.Header
	for name, values := range h {
		for _, value := range values {
			out = append(out, sigv4.Header{Name: name, Value: value})
		}
	}
	slices.SortStableFunc(out, func(a, b sigv4.Header) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// remoteName is the file name that the server gives, without any folder.
func remoteName(response *http.Response, otherwise string) string {
	_, parameters, err := mime.ParseMediaType(response.Header.Get("Content-Disposition"))
	if err != nil {
		return otherwise
	}
	name := parameters["filename"]
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	if name == "." || name == "/" || name == ".." || strings.HasPrefix(name, ".") {
		return otherwise
	}
	return name
}

// userField returns what a -H line says of a header.
func userField(o *options, name string) (string, bool) {
	for _, line := range o.headers {
		if given, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(strings.TrimSpace(given), name) {
			return strings.TrimSpace(value), true
		}
	}
	return "", false
}

// resumeOffset finds where to go on for -C -.
func (o *options) resumeOffset() error {
	switch {
	case o.resume == "":
	case o.resume != "-":
		if n, err := strconv.ParseInt(o.resume, 10, 64); err != nil || n < 0 {
			return failf(exitUsage, "-C %q: it is a number of bytes or -", o.resume)
		}
	case o.output == "":
		return failf(exitUsage, "-C - needs -o FILE to see how much is there")
	default:
		o.resume = ""
		if info, err := os.Stat(o.output); err == nil && info.Size() > 0 {
			o.resume = strconv.FormatInt(info.Size(), 10)
		}
	}
	return nil
}
