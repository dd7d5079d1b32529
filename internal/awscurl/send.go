package awscurl

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/hakonegate/hakone/sigv4"
)

// run signs and sends one request and writes its answer.
func run(ctx context.Context, o *options, s *streams) error {
	body, err := o.body(s)
	if err != nil {
		return err
	}
	request, err := o.request(ctx, body)
	if err != nil {
		return err
	}
	if err := o.sign(request, s); err != nil {
		return err
	}
	client, err := o.client(s)
	if err != nil {
		return err
	}
	response, err := client.Do(request) //nolint:gosec // sending to the user's URL is the purpose
	if err != nil {
		return transportFailure(err)
	}
	defer func() { _ = response.Body.Close() }()
	return o.write(response, s)
}

// body joins the data of the command line.
func (o *options) body(s *streams) ([]byte, error) {
	parts := make([][]byte, 0, len(o.data))
	for _, data := range o.data {
		name, isFile := strings.CutPrefix(data, "@")
		switch {
		case !isFile:
			parts = append(parts, []byte(data))
		case name == "-":
			text, err := io.ReadAll(s.stdin)
			if err != nil {
				return nil, failf(exitRead, "read standard input: %w", err)
			}
			parts = append(parts, text)
		default:
			text, err := os.ReadFile(name) //nolint:gosec // the file is the one the user named
			if err != nil {
				return nil, failf(exitRead, "read data: %w", err)
			}
			parts = append(parts, text)
		}
	}
	return bytes.Join(parts, []byte("&")), nil
}

func (o *options) request(ctx context.Context, body []byte) (*http.Request, error) {
	address := o.url
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	target, err := url.Parse(address)
	if err != nil {
		return nil, failf(exitURL, "bad URL: %w", err)
	}
	if target.Scheme != "http" && target.Scheme != "https" || target.Host == "" {
		return nil, failf(exitURL, "bad URL %q: http or https and a host are needed", o.url)
	}
	target.User, target.Fragment = nil, ""
	method := firstOf(o.method, http.MethodGet)
	if upper := strings.ToUpper(method); slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}, upper) {
		method = upper
	}
	request, err := http.NewRequestWithContext(ctx, method, target.String(), bytes.NewReader(body))
	if err != nil {
		return nil, failf(exitURL, "bad request: %w", err)
	}
	if len(body) == 0 {
		request.Body, request.ContentLength = http.NoBody, 0
	}
	request.Header.Set("User-Agent", "hakone-curl/"+Version)
	if len(o.headers) == 0 {
		request.Header.Set("Accept", "application/xml")
		request.Header.Set("Content-Type", "application/json")
	}
	for _, line := range o.headers {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, failf(exitUsage, "bad header %q: it is Name: value", line)
		}
		if strings.EqualFold(name, "host") {
			request.Host = strings.TrimSpace(value)
			continue
		}
		request.Header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	return request, nil
}

func (o *options) sign(request *http.Request, s *streams) error {
	if o.unsigned {
		return nil
	}
	credentials, err := o.identity(s)
	if err != nil {
		return err
	}
	region := firstOf(o.region, s.getenv("AWS_REGION"), s.getenv("AWS_DEFAULT_REGION"), "us-east-1")
	signer := sigv4.Signer{
		Service:         firstOf(o.service, "execute-api"),
		Region:          region,
		SendPayloadHash: true,
		Headers:         func(name string) bool { return name == "content-type" },
	}
	if o.verbose {
		signer.Trace = func(canonicalRequest, stringToSign string) {
			fmt.Fprintf(s.stderr, "CANONICAL REQUEST = %s\nSTRING_TO_SIGN = %s\n", sigv4.MaskToken(canonicalRequest), stringToSign)
		}
	}
	if err := signer.SignHTTP(request, credentials, time.Now()); err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	return nil
}

func (o *options) client(s *streams) (*http.Client, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: o.insecure} //nolint:gosec // -k asks for it
	for _, name := range []string{"AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"} {
		file := s.getenv(name)
		if file == "" {
			continue
		}
		pem, err := os.ReadFile(file) //nolint:gosec // the user's own configuration
		if err != nil {
			return nil, failf(exitTLS, "read certificate authorities of %s: %w", name, err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, failf(exitTLS, "%s %s holds no certificate", name, file)
		}
		break
	}
	client := &http.Client{Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: config, ForceAttemptHTTP2: true,
	}}
	if !o.location {
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	return client, nil
}

func transportFailure(err error) error {
	var dns *net.DNSError
	var operation *net.OpError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &dns):
		return failf(exitDNS, "could not resolve host: %s", dns.Name)
	case errors.As(err, &certificate):
		return failf(exitTLS, "certificate: %w (trust an authority with AWS_CA_BUNDLE, or use -k)", certificate.Err)
	case errors.Is(err, context.DeadlineExceeded):
		return failf(exitTimeout, "timed out")
	case errors.As(err, &operation):
		return failf(exitConnect, "%w", operation)
	default:
		return failf(exitFailure, "%w", err)
	}
}

func (o *options) write(response *http.Response, s *streams) error {
	out := s.stdout
	if o.output != "" && o.output != "-" {
		file, err := os.Create(o.output)
		if err != nil {
			return failf(exitWrite, "%w", err)
		}
		defer func() { _ = file.Close() }()
		out = file
	}
	if o.include {
		fmt.Fprintf(s.stdout, "%s %s\n", response.Proto, response.Status)
		if err := response.Header.Write(s.stdout); err != nil {
			return failf(exitWrite, "%w", err)
		}
		fmt.Fprintln(s.stdout)
	}
	if _, err := io.Copy(out, response.Body); err != nil {
		return failf(exitFailure, "read answer: %w", err)
	}
	if o.failWithBody && response.StatusCode >= 400 {
		return failf(exitHTTP, "the server answered %s", response.Status)
	}
	return nil
}
