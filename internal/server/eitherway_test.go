package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"
)

// The control plane's port speaks HTTP and, to whoever begins with TLS, HTTPS.
func TestOnePortAnswersHTTPAndHTTPS(t *testing.T) {
	authority, err := openAuthority(t.TempDir(), "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto)
		if r.TLS != nil {
			_, _ = io.WriteString(w, " secure")
		}
	})
	f, err := listenControl(t.Context(), "a test", "127.0.0.1:0", handler, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	address := f.listener.Addr().String()
	f.listener = listenEitherWay(f.listener, &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, GetCertificate: authority.leafFor})
	served := make(chan error, 1)
	go func() { served <- f.serve() }()

	silent, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address) // keeps nobody waiting
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	roots := x509.NewCertPool()
	roots.AddCert(authority.certificate)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "sts.us-east-1.amazonaws.com"}, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	for url, want := range map[string]string{"http://" + address: "HTTP/1.1", "https://" + address: "HTTP/2.0 secure"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := transport.RoundTrip(request)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		text, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if string(text) != want || err != nil {
			t.Errorf("%s: %q, %v, want %q", url, text, err, want)
		}
	}
	transport.CloseIdleConnections()
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	if err := f.shutdown(ctx); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil && !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}
