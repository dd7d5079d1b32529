package awscurl

import (
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// writeOut prints the format of -w, with curl's variables.
func (out *output) writeOut(x *exchange, err error) error {
	format := out.o.writeOut
	if name, ok := strings.CutPrefix(format, "@"); ok {
		content, e := readAll(name, out.s)
		if e != nil {
			return e
		}
		format = string(content)
	}
	values := out.variables(x, err)
	to := out.s.stdout
	b := &strings.Builder{}
	flush := func() error {
		_, e := io.WriteString(to, b.String())
		b.Reset()
		return e
	}
	for i := 0; i < len(format); i++ {
		rest := format[i:]
		switch {
		case strings.HasPrefix(rest, "%%"):
			b.WriteByte('%')
			i++
		case strings.HasPrefix(rest, `\n`), strings.HasPrefix(rest, `\t`), strings.HasPrefix(rest, `\r`):
			b.WriteByte(map[byte]byte{'n': '\n', 't': '\t', 'r': '\r'}[rest[1]])
			i++
		case strings.HasPrefix(rest, "%header{"):
			name, _, ok := strings.Cut(rest[len("%header{"):], "}")
			if !ok {
				b.WriteByte('%')
				continue
			}
			if out.answer != nil {
				b.WriteString(out.answer.Header.Get(name))
			}
			i += len("%header{") + len(name)
		case strings.HasPrefix(rest, "%{"):
			name, _, ok := strings.Cut(rest[2:], "}")
			if !ok {
				b.WriteByte('%')
				continue
			}
			i += 2 + len(name)
			switch name {
			case "stdout", "stderr":
				if e := flush(); e != nil {
					return e
				}
				if to = out.s.stdout; name == "stderr" {
					to = out.s.stderr
				}
			case "onerror":
				if err == nil {
					return flush()
				}
			default:
				value, known := values[name]
				if !known {
					fmt.Fprintf(out.s.stderr, "awscurl: -w: unknown variable %s\n", name)
				}
				b.WriteString(value)
			}
		default:
			b.WriteByte(format[i])
		}
	}
	return flush()
}

func (out *output) variables(x *exchange, err error) map[string]string {
	s := &x.stats
	total := time.Since(x.begun)
	seconds := func(d time.Duration) string { return fmt.Sprintf("%.6f", d.Seconds()) }
	values := map[string]string{
		"http_code": "000", "response_code": "000", "content_type": "", "http_version": "0", "redirect_url": "", "num_headers": "0",
		"method": x.method, "url": x.o.url, "url_effective": x.target.String(), "scheme": x.target.scheme,
		"num_redirects": strconv.Itoa(x.redirects), "size_download": strconv.FormatInt(s.downloaded, 10), "size_upload": strconv.FormatInt(s.uploaded, 10),
		"speed_download":  strconv.FormatInt(int64(float64(s.downloaded)/total.Seconds()), 10),
		"speed_upload":    strconv.FormatInt(int64(float64(s.uploaded)/total.Seconds()), 10),
		"time_namelookup": seconds(s.lookup), "time_connect": seconds(s.connect), "time_appconnect": seconds(s.handshake),
		"time_pretransfer": seconds(s.ready), "time_starttransfer": seconds(s.firstByte), "time_total": seconds(total), "time_redirect": "0.000000",
		"exitcode": strconv.Itoa(statusOf(err)), "errormsg": "", "filename_effective": "", "ssl_verify_result": "0",
	}
	if x.redirects > 0 && !s.sent.IsZero() {
		values["time_redirect"] = seconds(s.sent.Sub(x.begun))
	}
	if err != nil {
		values["errormsg"] = err.Error()
	}
	if s.target != nil {
		values["url_effective"], values["method"], values["scheme"] = s.target.String(), s.method, s.target.scheme
	}
	if out.file != nil {
		values["filename_effective"] = out.file.Name()
	}
	values["remote_ip"], values["remote_port"] = address(s.remote)
	values["local_ip"], values["local_port"] = address(s.local)
	if r := out.answer; r != nil {
		values["http_code"] = strconv.Itoa(r.StatusCode)
		values["response_code"] = values["http_code"]
		values["content_type"] = r.Header.Get("Content-Type")
		values["http_version"] = strings.TrimSuffix(strings.TrimPrefix(r.Proto, "HTTP/"), ".0")
		values["num_headers"] = strconv.Itoa(len(fields(r.Header)))
		if location := r.Header.Get("Location"); location != "" {
			if u, e := r.Request.URL.Parse(location); e == nil {
				values["redirect_url"] = u.String()
			}
		}
	}
	return values
}

func address(a net.Addr) (ip, port string) {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return "", "0"
	}
	return tcp.IP.String(), strconv.Itoa(tcp.Port)
}
