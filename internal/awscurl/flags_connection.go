package awscurl

import (
	"errors"
	"slices"
	"strconv"
	"time"
)

func connectionFlags() []flag {
	return []flag{
		{
			long: "insecure", short: 'k', original: true, group: groupConnection,
			help: "do not verify the server's certificate", set: on(func(o *options) *bool { return &o.insecure }),
		},
		{
			long: "location", short: 'L', original: true, group: groupConnection,
			help: "follow redirects, unsigned", set: on(func(o *options) *bool { return &o.location }),
		},
		{
			long: "location-trusted", group: groupConnection,
			help: "follow redirects and sign for each host anew; headers go along",
			set:  func(o *options, _ string) error { o.location, o.locationTrusted = true, true; return nil },
		},
		{
			long: "resign", group: groupConnection,
			help: "with -L, sign redirects within the host anew", set: on(func(o *options) *bool { return &o.resign }),
		},
		{
			long: "max-redirs", arg: "N", group: groupConnection,
			help: "how many redirects to follow (30)", set: number(func(o *options) *int { return &o.maxRedirects }, -1),
		},
		{
			long: "proto-redir", arg: "SCHEMES", group: groupConnection,
			help: "schemes to be redirected to; from https only =http,https allows http", set: text(func(o *options) *string { return &o.protoRedir }),
		},
		{
			long: "tls-min", arg: "VERSION", original: true, group: groupConnection,
			help: "the lowest TLS version: 1.0, 1.1, 1.2, 1.3", set: tlsVersion(func(o *options) *string { return &o.tlsMin }),
		},
		{
			long: "tls-max", arg: "VERSION", original: true, group: groupConnection,
			help: "the highest TLS version", set: tlsVersion(func(o *options) *string { return &o.tlsMax }),
		},
		{long: "tlsv1.0", hidden: true, group: groupConnection, set: func(o *options, _ string) error { o.tlsMin = "1.0"; return nil }},
		{long: "tlsv1.1", hidden: true, group: groupConnection, set: func(o *options, _ string) error { o.tlsMin = "1.1"; return nil }},
		{long: "tlsv1.2", hidden: true, group: groupConnection, set: func(o *options, _ string) error { o.tlsMin = "1.2"; return nil }},
		{long: "tlsv1.3", hidden: true, group: groupConnection, set: func(o *options, _ string) error { o.tlsMin = "1.3"; return nil }},
		{
			long: "cacert", arg: "FILE", group: groupConnection,
			help: "trust these authorities (AWS_CA_BUNDLE, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, SSL_CERT_FILE)", set: text(func(o *options) *string { return &o.caCert }),
		},
		{
			long: "capath", arg: "FOLDER", group: groupConnection,
			help: "trust the authorities in the files of FOLDER", set: text(func(o *options) *string { return &o.caPath }),
		},
		{
			long: "cert", short: 'E', arg: "FILE", group: groupConnection,
			help: "the client's certificate, PEM", set: text(func(o *options) *string { return &o.cert }),
		},
		{
			long: "key", arg: "FILE", group: groupConnection,
			help: "its private key, if that is in another file", set: text(func(o *options) *string { return &o.key }),
		},
		{
			long: "proxy", short: 'x', arg: "URL", group: groupConnection,
			help: "go through this proxy (http_proxy, https_proxy, all_proxy): http, https, socks5, socks5h", set: text(func(o *options) *string { return &o.proxy }),
		},
		{
			long: "noproxy", arg: "HOSTS", group: groupConnection,
			help: "hosts to reach without a proxy (no_proxy); * is all",
			set:  func(o *options, value string) error { o.noProxy, o.noProxyGiven = value, true; return nil },
		},
		{
			long: "proxy-user", short: 'U', arg: "USER:PASSWORD", group: groupConnection,
			help: "for the proxy", set: text(func(o *options) *string { return &o.proxyUser }),
		},
		{
			long: "resolve", arg: "HOST:PORT:ADDRESS", group: groupConnection,
			help: "use ADDRESS for this host and port", set: list(func(o *options) *[]string { return &o.resolve }),
		},
		{
			long: "connect-to", arg: "HOST:PORT:HOST2:PORT2", group: groupConnection,
			help: "connect elsewhere; empty parts mean any, or the same", set: list(func(o *options) *[]string { return &o.connectTo }),
		},
		{
			long: "unix-socket", arg: "PATH", group: groupConnection,
			help: "connect through a Unix socket", set: text(func(o *options) *string { return &o.unixSocket }),
		},
		{
			long: "interface", arg: "NAME", group: groupConnection,
			help: "connect from this interface or address", set: text(func(o *options) *string { return &o.netInterface }),
		},
		{long: "ipv4", short: '4', group: groupConnection, help: "use IPv4 only", set: on(func(o *options) *bool { return &o.ipv4 })},
		{long: "ipv6", short: '6', group: groupConnection, help: "use IPv6 only", set: on(func(o *options) *bool { return &o.ipv6 })},
		{long: "http1.1", group: groupConnection, help: "HTTP/1.1 only", set: version("1.1")},
		{long: "http2", group: groupConnection, help: "HTTP/2 over TLS where the server can; the default", set: version("2")},
		{long: "http2-prior-knowledge", group: groupConnection, help: "HTTP/2 without TLS too", set: version("2-prior")},
		{
			long: "http3", hidden: true, group: groupConnection,
			set: func(*options, string) error { return errors.New("HTTP/3 is not offered: leave it out for HTTP/2") },
		},
		{
			long: "max-time", short: 'm', arg: "SECONDS", group: groupConnection,
			help: "end after this time", set: seconds(func(o *options) *time.Duration { return &o.maxTime }),
		},
		{
			long: "connect-timeout", arg: "SECONDS", group: groupConnection,
			help: "how long connecting may take", set: seconds(func(o *options) *time.Duration { return &o.connectTimeout }),
		},
		{
			long: "retry", arg: "N", group: groupConnection,
			help: "try N more times after 408, 429, 500, 502, 503, 504 or a timeout; each try is signed anew", set: number(func(o *options) *int { return &o.retries }, 0),
		},
		{
			long: "retry-delay", arg: "SECONDS", group: groupConnection,
			help: "between tries; else 1, 2, 4 … or what Retry-After says", set: seconds(func(o *options) *time.Duration { return &o.retryDelay }),
		},
		{
			long: "retry-max-time", arg: "SECONDS", group: groupConnection,
			help: "no new try after this time", set: seconds(func(o *options) *time.Duration { return &o.retryMaxTime }),
		},
		{
			long: "retry-connrefused", group: groupConnection,
			help: "try again when the connection is refused, too", set: on(func(o *options) *bool { return &o.retryConnRefused }),
		},
		{
			long: "retry-all-errors", group: groupConnection,
			help: "try again after any error", set: on(func(o *options) *bool { return &o.retryErrors }),
		},
	}
}

func version(v string) func(*options, string) error {
	return func(o *options, _ string) error { o.httpVersion = v; return nil }
}

func tlsVersion(field func(*options) *string) func(*options, string) error {
	return func(o *options, value string) error {
		if !slices.Contains([]string{"1.0", "1.1", "1.2", "1.3"}, value) {
			return errors.New("invalid choice: it is 1.0, 1.1, 1.2 or 1.3")
		}
		*field(o) = value
		return nil
	}
}

func number(field func(*options) *int, least int) func(*options, string) error {
	return func(o *options, value string) error {
		n, err := strconv.Atoi(value)
		if err != nil || n < least {
			return errors.New("it is a whole number")
		}
		*field(o) = n
		return nil
	}
}

func seconds(field func(*options) *time.Duration) func(*options, string) error {
	return func(o *options, value string) error {
		const longest = 1e9 // seconds; a Duration holds no more than ten times that
		n, err := strconv.ParseFloat(value, 64)
		if err != nil || !(n >= 0 && n <= longest) {
			return errors.New("it is a number of seconds")
		}
		*field(o) = time.Duration(n * float64(time.Second))
		return nil
	}
}
