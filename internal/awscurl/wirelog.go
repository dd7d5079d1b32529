package awscurl

import (
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
)

// A wireLog writes what -v and --trace show. Nothing secret passes it: tokens,
// keys and signatures are masked, whoever put them there.
type wireLog struct {
	verbose io.Writer // nil: no -v
	trace   io.Writer // nil: no --trace
	file    *os.File
	ascii   bool

	mu      sync.Mutex
	secrets []string
	closed  bool // connections may outlive the program's work, their trace not
}

func newWireLog(o *options, s *streams) (*wireLog, error) {
	l := &wireLog{ascii: o.traceASCII}
	l.secret(o.secretKey, o.sessionToken, o.securityToken, s.getenv("AWS_SECRET_ACCESS_KEY"), s.getenv("AWS_SESSION_TOKEN"), s.getenv("AWS_SECURITY_TOKEN"))
	switch o.trace {
	case "":
	case "-":
		s.stdout = &shared{w: s.stdout}
		l.trace = s.stdout
	case "%":
		s.stderr = &shared{w: s.stderr}
		l.trace = s.stderr
	default:
		file, err := os.Create(o.trace)
		if err != nil {
			return nil, failf(exitWrite, "--trace: %w", err)
		}
		l.file, l.trace = file, file
	}
	if o.verbose {
		l.verbose = s.stderr
	}
	return l, nil
}

// shared is a writer for the connection, which traces what it sends, and for the
// program, which prints what it gets.
type shared struct {
	mu sync.Mutex
	w  io.Writer
}

func (s *shared) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(text)
}

func (l *wireLog) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.file != nil {
		_ = l.file.Close()
	}
}

// secret adds texts that no output may hold.
func (l *wireLog) secret(texts ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, text := range texts {
		if len(text) >= 4 {
			l.secrets = append(l.secrets, text)
		}
	}
}

var signaturePattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(Signature=[0-9a-f]{8})[0-9a-f]+`)
})

// mask hides what is secret in a header's value.
func (l *wireLog) mask(name, value string) string {
	switch strings.ToLower(name) {
	case "x-amz-security-token", "cookie", "set-cookie", "x-api-key", "proxy-authorization":
		return "***"
	case "authorization":
		if !strings.HasPrefix(value, "AWS4-") {
			scheme, _, _ := strings.Cut(value, " ")
			return scheme + " ***"
		}
	}
	return l.maskText(value)
}

func (l *wireLog) maskText(text string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, secret := range l.secrets {
		text = strings.ReplaceAll(text, secret, "***")
	}
	return signaturePattern().ReplaceAllString(text, "$1…")
}

// Write lets others make remarks.
func (l *wireLog) Write(b []byte) (int, error) {
	l.note(strings.TrimRight(string(b), "\n"))
	return len(b), nil
}

func (l *wireLog) note(text string) { l.lines("* ", text) }

func (l *wireLog) notef(format string, args ...any) {
	if l.verbose != nil || l.trace != nil {
		l.note(fmt.Sprintf(format, args...))
	}
}

func (l *wireLog) lines(mark, text string) {
	if l.verbose == nil && l.trace == nil {
		return
	}
	text = l.maskText(text)
	for _, out := range []io.Writer{l.verbose, l.trace} {
		if out == nil {
			continue
		}
		for line := range strings.SplitSeq(text, "\n") {
			fmt.Fprintf(out, "%s%s\n", mark, line)
		}
	}
}

// signed shows what was signed. The words in capitals are the original's, which
// people search for.
func (l *wireLog) signed(canonicalRequest, stringToSign string) {
	if l.verbose == nil {
		return
	}
	fmt.Fprintf(l.verbose, "CANONICAL REQUEST = %s\nSTRING_TO_SIGN = %s\n", l.maskText(canonicalRequest), stringToSign)
}

func (l *wireLog) request(r *http.Request, h header) {
	if l.verbose == nil && l.trace == nil {
		return
	}
	b := &strings.Builder{}
	fmt.Fprintf(b, "%s %s HTTP\nHost: %s\n", r.Method, r.URL.RequestURI(), r.Host)
	for _, field := range h {
		fmt.Fprintf(b, "%s: %s\n", field.Name, l.mask(field.Name, field.Value))
	}
	l.lines("> ", b.String())
}

func (l *wireLog) response(r *http.Response) {
	if l.verbose == nil && l.trace == nil {
		return
	}
	b := &strings.Builder{}
	fmt.Fprintf(b, "%s %s\n", r.Proto, r.Status)
	for _, field := range fields(r.Header) {
		fmt.Fprintf(b, "%s: %s\n", field.Name, l.mask(field.Name, field.Value))
	}
	l.lines("< ", b.String())
}

// connection watches what goes over c for --trace. TLS hides the text of it, but
// not the amounts.
func (l *wireLog) connection(c net.Conn) net.Conn {
	if l.trace == nil {
		return c
	}
	return &watched{Conn: c, log: l}
}

// A watched connection reports what passes it.
type watched struct {
	net.Conn
	log *wireLog
}

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	w.log.dump("<= received", b[:n])
	return n, err
}

func (w *watched) Write(b []byte) (int, error) {
	w.log.dump("=> sent", b) // first, or the answer could be there before
	return w.Conn.Write(b)
}

func (l *wireLog) dump(title string, b []byte) {
	if len(b) == 0 {
		return
	}
	text := l.maskWire(string(b))
	if l.ascii {
		text = strings.Map(func(r rune) rune {
			if r < ' ' && r != '\n' || r == 0x7f {
				return '.'
			}
			return r
		}, strings.ReplaceAll(text, "\r\n", "\n"))
	} else {
		text = hex.Dump([]byte(text))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	fmt.Fprintf(l.trace, "%s, %d bytes\n%s\n", title, len(b), strings.TrimRight(text, "\n"))
}

var secretField = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?im)^(authorization: (?:basic|bearer) |x-amz-security-token: |cookie: |set-cookie: |x-api-key: |proxy-authorization: )[^\r\n]*`)
})

func (l *wireLog) maskWire(text string) string {
	return l.maskText(secretField().ReplaceAllString(text, "${1}***"))
}
