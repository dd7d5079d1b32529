package awscurl

import (
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/hakonegate/hakone/sigv4"
)

// A header is the fields of a request in order, spelled as the user spelled
// them. Host is among them only if the user gave it.
type header []sigv4.Header

func (h header) get(name string) (string, bool) {
	for _, field := range h {
		if strings.EqualFold(field.Name, name) {
			return field.Value, true
		}
	}
	return "", false
}

func (h header) without(name string) header {
	var kept header
	for _, field := range h {
		if !strings.EqualFold(field.Name, name) {
			kept = append(kept, field)
		}
	}
	return kept
}

// set puts a field in place of those of its name.
func (h header) set(name, value string) header {
	return append(h.without(name), sigv4.Header{Name: name, Value: value})
}

// add appends a field. Fields of one name share the spelling of the first, so
// that they stay in order.
func (h header) add(name, value string) header {
	for _, field := range h {
		if strings.EqualFold(field.Name, name) {
			name = field.Name
			break
		}
	}
	return append(h, sigv4.Header{Name: name, Value: value})
}

// http returns the fields as net/http writes them: with their spelling for
// HTTP/1.1, in lower case for HTTP/2.
func (h header) http() http.Header {
	out := http.Header{}
	for _, field := range h {
		out[field.Name] = append(out[field.Name], field.Value)
	}
	if _, ok := out["User-Agent"]; !ok {
		out["User-Agent"] = nil // else net/http would send its own
	}
	return out
}

// single are the fields of which the last one wins.
var single = map[string]bool{
	"host": true, "content-type": true, "authorization": true, "x-amz-date": true, "x-amz-content-sha256": true, "x-amz-security-token": true,
}

// ours are fields that follow from the request itself.
var ours = map[string]bool{"content-length": true, "transfer-encoding": true}

// userHeader reads the -H lines. Removed are the names of "Name:" lines.
func (o *options) userHeader(s *streams) (given header, removed map[string]bool, err error) {
	removed = map[string]bool{}
	for _, line := range o.headers {
		lines := []string{line}
		if name, ok := strings.CutPrefix(line, "@"); ok {
			content, err := readAll(name, s)
			if err != nil {
				return nil, nil, failf(exitRead, "read headers: %w", err)
			}
			lines = strings.Split(string(content), "\n")
		}
		for _, line := range lines {
			if line = strings.TrimRight(line, "\r"); line == "" {
				continue
			}
			name, value, ok := strings.Cut(line, ":")
			empty := ok && value == ""
			if !ok {
				if name, ok = strings.CutSuffix(line, ";"); !ok {
					return nil, nil, failf(exitUsage, "bad header %q: it is Name: value", firstWord(line))
				}
			}
			name, value = strings.TrimSpace(name), strings.Trim(value, " \t")
			lower := strings.ToLower(name)
			switch {
			case !isToken(name):
				return nil, nil, failf(exitUsage, "bad header %q: no header name has such characters", firstWord(line))
			case strings.ContainsFunc(value, isControl):
				return nil, nil, failf(exitUsage, "bad header %s: its value has a control character", name)
			case ours[lower]:
			case empty:
				removed[lower] = true
				given = given.without(name)
			case single[lower]:
				given = given.set(name, value)
			default:
				given = given.add(name, value)
			}
		}
	}
	return given, removed, nil
}

// firstWord keeps what may be a secret out of messages.
func firstWord(line string) string {
	if i := strings.IndexAny(line, " =\t"); i >= 0 {
		return line[:i] + "…"
	}
	if len(line) > 20 {
		return line[:20] + "…"
	}
	return line
}

// header returns all fields that are sent, but for those of the signature.
func (o *options) header(body *payload, s *streams) (header, error) {
	given, removed, err := o.userHeader(s)
	if err != nil {
		return nil, err
	}
	defaults := header{{Name: "User-Agent", Value: "hakone-curl/" + Version}, {Name: "Accept-Encoding", Value: "gzip, deflate"}}
	if len(o.headers) == 0 && !o.jsonBody {
		defaults = append(defaults, sigv4.Header{Name: "Accept", Value: "application/xml"})
		defaults = append(defaults, sigv4.Header{Name: "Content-Type", Value: "application/json"})
	} else {
		defaults = append(defaults, sigv4.Header{Name: "Accept", Value: "*/*"})
	}
	defaults = append(defaults, sigv4.Header{Name: "Connection", Value: "keep-alive"})
	if body.contentType != "" {
		defaults = defaults.set("Content-Type", body.contentType)
	}
	for _, field := range []sigv4.Header{
		{Name: "Accept", Value: map[bool]string{true: "application/json"}[o.jsonBody]},
		{Name: "User-Agent", Value: o.userAgent},
		{Name: "Referer", Value: o.referer},
		{Name: "Range", Value: o.rangeHeader()},
	} {
		if field.Value != "" {
			defaults = defaults.set(field.Name, field.Value)
		}
	}
	if o.user != "" && o.awsSigV4 == "" {
		defaults = defaults.set("Authorization", "Basic "+basic(o.user))
	}
	all := header{}
	for _, field := range defaults {
		if _, ok := given.get(field.Name); !ok && !removed[strings.ToLower(field.Name)] {
			all = append(all, field)
		}
	}
	return append(all, given...), nil
}

// basic encodes user:password for HTTP Basic (RFC 7617).
func basic(user string) string { return base64.StdEncoding.EncodeToString([]byte(user)) }

// isToken reports whether name may name a header or a method (RFC 9110, 5.6.2).
func isToken(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return !isAlphanumeric(r) && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}

func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

func (o *options) rangeHeader() string {
	switch {
	case o.byteRange != "":
		return "bytes=" + o.byteRange
	case o.resume != "" && o.resume != "-":
		return "bytes=" + o.resume + "-"
	default:
		return ""
	}
}

func isAlphanumeric(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}
