package awscurl

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// A network is how hosts are reached: addresses, TLS, proxies. What TLS needs is
// read when a host wants it: a bundle of authorities takes milliseconds.
type network struct {
	o      *options
	s      *streams
	log    *wireLog
	dialer *net.Dialer
	proxy  func(*http.Request) (*url.URL, error)

	plain  func() *http.Transport // for http URLs that no proxy with TLS is asked for
	secure func() (*http.Transport, error)
}

func newNetwork(o *options, s *streams, log *wireLog) (*network, error) {
	n := &network{o: o, s: s, log: log, dialer: &net.Dialer{Timeout: o.connectTimeout}}
	if o.netInterface != "" {
		address, err := localAddress(o.netInterface, o.ipv6)
		if err != nil {
			return nil, err
		}
		n.dialer.LocalAddr = address
	}
	var err error
	if n.proxy, err = o.proxyFunc(s); err != nil {
		return nil, err
	}
	n.plain = sync.OnceValue(func() *http.Transport { return n.transport(nil) })
	n.secure = sync.OnceValues(func() (*http.Transport, error) {
		config, err := o.tlsConfig(s)
		if err != nil {
			return nil, err
		}
		return n.transport(config), nil
	})
	return n, nil
}

// transport makes the transport with, or without, TLS.
func (n *network) transport(config *tls.Config) *http.Transport {
	return &http.Transport{
		Proxy: n.proxy, TLSClientConfig: config, TLSHandshakeTimeout: n.o.connectTimeout, DisableCompression: true,
		Protocols: n.o.protocols(config != nil), MaxResponseHeaderBytes: 1 << 20, ReadBufferSize: 32 << 10, WriteBufferSize: 32 << 10,
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			connection, err := n.dial(ctx, address)
			if err != nil {
				return nil, err
			}
			return n.log.connection(connection), nil
		},
	}
}

// RoundTrip implements [http.RoundTripper].
func (n *network) RoundTrip(request *http.Request) (*http.Response, error) {
	proxy, err := n.proxy(request)
	if err != nil {
		return nil, err
	}
	if request.URL.Scheme != "https" && (proxy == nil || proxy.Scheme != "https") {
		return n.plain().RoundTrip(request)
	}
	transport, err := n.secure()
	if err != nil {
		return nil, err
	}
	return transport.RoundTrip(request)
}

// protocols are those to speak, over TLS or without.
func (o *options) protocols(secure bool) *http.Protocols {
	p := new(http.Protocols)
	switch {
	case o.httpVersion == "2-prior":
		p.SetHTTP2(true)
		p.SetUnencryptedHTTP2(true)
	case o.httpVersion == "1.1" || !secure:
		p.SetHTTP1(true)
	default:
		p.SetHTTP1(true)
		p.SetHTTP2(true)
	}
	return p
}

// dial connects to address as --unix-socket, --connect-to and --resolve say.
func (n *network) dial(ctx context.Context, address string) (net.Conn, error) {
	if n.o.unixSocket != "" {
		return n.dialer.DialContext(ctx, "unix", n.o.unixSocket)
	}
	family := "tcp"
	switch {
	case n.o.ipv4:
		family = "tcp4"
	case n.o.ipv6:
		family = "tcp6"
	}
	address = n.connectTo(address)
	addresses := n.resolved(address)
	var errs []error
	for _, one := range addresses {
		connection, err := n.dialer.DialContext(ctx, family, one)
		if err == nil {
			return connection, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

// connectTo applies the first --connect-to that fits.
func (n *network) connectTo(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	for _, rule := range n.o.connectTo {
		parts := splitColons(rule, 4)
		if len(parts) != 4 || parts[0] != "" && !strings.EqualFold(parts[0], host) || parts[1] != "" && parts[1] != port {
			continue
		}
		return net.JoinHostPort(firstOf(parts[2], host), firstOf(parts[3], port))
	}
	return address
}

// resolved returns where to find address: itself, or what --resolve says.
func (n *network) resolved(address string) []string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return []string{address}
	}
	for _, rule := range n.o.resolve {
		parts := splitColons(strings.TrimPrefix(rule, "+"), 3)
		if len(parts) != 3 || parts[0] != "*" && !strings.EqualFold(parts[0], host) || parts[1] != port {
			continue
		}
		var found []string
		for one := range strings.SplitSeq(parts[2], ",") {
			found = append(found, net.JoinHostPort(strings.Trim(one, "[]"), port))
		}
		return found
	}
	return []string{address}
}

// splitColons splits at colons outside of brackets, which it removes, into at
// most n parts.
func splitColons(s string, n int) []string {
	var parts []string
	depth, start := 0, 0
	for i, c := range s {
		switch {
		case c == '[':
			depth++
		case c == ']':
			depth--
		case c == ':' && depth == 0 && len(parts) < n-1:
			parts = append(parts, strings.Trim(s[start:i], "[]"))
			start = i + 1
		}
	}
	return append(parts, strings.Trim(s[start:], "[]"))
}

// localAddress finds the address to connect from.
func localAddress(name string, v6 bool) (net.Addr, error) {
	name = strings.TrimPrefix(strings.TrimPrefix(name, "if!"), "host!")
	if ip := net.ParseIP(name); ip != nil {
		return &net.TCPAddr{IP: ip}, nil
	}
	device, err := net.InterfaceByName(name)
	if err != nil {
		return nil, failf(45, "--interface %s: %w", name, err)
	}
	addresses, err := device.Addrs()
	if err != nil {
		return nil, failf(45, "--interface %s: %w", name, err)
	}
	for _, address := range addresses {
		if ip, ok := address.(*net.IPNet); ok && (ip.IP.To4() == nil) == v6 {
			return &net.TCPAddr{IP: ip.IP}, nil
		}
	}
	return nil, failf(45, "--interface %s has no fitting address", name)
}

var tlsVersions = map[string]uint16{"1.0": tls.VersionTLS10, "1.1": tls.VersionTLS11, "1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

func (o *options) tlsConfig(s *streams) (*tls.Config, error) {
	config := &tls.Config{
		MinVersion: tls.VersionTLS12, MaxVersion: tlsVersions[o.tlsMax],
		InsecureSkipVerify: o.insecure, //nolint:gosec // -k asks for it
	}
	switch {
	case o.tlsMin != "":
		config.MinVersion = tlsVersions[o.tlsMin]
	case o.tlsMax != "" && config.MaxVersion < config.MinVersion:
		config.MinVersion = config.MaxVersion
	}
	var err error
	if config.RootCAs, err = o.authorities(s); err != nil {
		return nil, err
	}
	if o.cert == "" {
		return config, nil
	}
	certificate, err := tls.LoadX509KeyPair(o.cert, firstOf(o.key, o.cert))
	if err != nil {
		return nil, failf(exitClientCert, "client certificate: %w", err)
	}
	config.Certificates = []tls.Certificate{certificate}
	return config, nil
}

// authorities returns whom to trust; nil means the system's.
func (o *options) authorities(s *streams) (*x509.CertPool, error) {
	if o.insecure {
		return nil, nil // reading a bundle takes milliseconds
	}
	files, from := []string{o.caCert}, "--cacert"
	if o.caCert == "" && o.caPath != "" {
		entries, err := os.ReadDir(o.caPath)
		if err != nil {
			return nil, failf(exitAuthorities, "--capath: %w", err)
		}
		files, from = nil, "--capath"
		for _, entry := range entries {
			if !entry.IsDir() {
				files = append(files, filepath.Join(o.caPath, entry.Name()))
			}
		}
	} else if o.caCert == "" {
		for _, name := range []string{"AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"} {
			if files[0], from = s.getenv(name), name; files[0] != "" {
				break
			}
		}
		if files[0] == "" {
			return systemOrMozilla(), nil
		}
	}
	pool, found := x509.NewCertPool(), false
	for _, file := range files {
		pem, err := os.ReadFile(file) //nolint:gosec // the user's own configuration
		if err != nil {
			return nil, failf(exitAuthorities, "%s: %w", from, err)
		}
		found = pool.AppendCertsFromPEM(pem) || found
	}
	if !found {
		return nil, failf(exitAuthorities, "%s: no certificate in %s", from, strings.Join(files, ", "))
	}
	return pool, nil
}

// transportFailure gives an error of the network curl's number.
func transportFailure(err error) error {
	var known *failure
	var dns *net.DNSError
	var operation *net.OpError
	var timeout net.Error
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, context.DeadlineExceeded):
		return failf(exitTimeout, "timed out")
	case errors.Is(err, context.Canceled):
		return failf(exitFailure, "interrupted")
	case errors.As(err, &certificate):
		return failf(exitCertificate, "certificate: %w (trust an authority with --cacert or AWS_CA_BUNDLE, or use -k)", certificate.Err)
	case errors.As(err, &record), errors.As(err, &alert), strings.Contains(err.Error(), "tls: "),
		strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return failf(exitTLSConnect, "TLS: %w", err)
	case errors.As(err, &operation) && operation.Op == "proxyconnect" && errors.As(err, &dns):
		return failf(exitProxyDNS, "could not resolve proxy: %s", dns.Name)
	case errors.As(err, &dns):
		return failf(exitDNS, "could not resolve host: %s", dns.Name)
	case errors.As(err, &timeout) && timeout.Timeout():
		return failf(exitTimeout, "timed out: %w", err)
	case errors.As(err, &operation) && (operation.Op == "dial" || operation.Op == "proxyconnect"):
		return failf(exitConnect, "could not connect: %w", err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return failf(exitEmpty, "the server closed the connection without an answer")
	default:
		return failf(exitFailure, "%w", err)
	}
}

// patience is how long to wait before try number n again.
func (o *options) patience(n int) time.Duration {
	if o.retryDelay > 0 {
		return o.retryDelay
	}
	return min(time.Second<<min(n, 10), 10*time.Minute)
}
