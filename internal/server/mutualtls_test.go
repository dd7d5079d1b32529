package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"
)

// clientLeaf returns a client's certificate that a signed.
func clientLeaf(t *testing.T, a *authority, curve elliptic.Curve) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serialNumber(), Subject: pkix.Name{CommonName: "client"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestMutualTLS(t *testing.T) {
	local, trusted, other := testAuthority(t), testAuthority(t), testAuthority(t)
	file := filepath.Join(t.TempDir(), "truststore.pem")
	writePEM(t, file, "CERTIFICATE", trusted.certificate.Raw)
	stores, err := openTruststores(map[string]string{"s3://b/k": file}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{GetCertificate: local.leafFor, NextProtos: []string{"h2", "http/1.1"}}
	kept := x509.NewCertPool()
	kept.AddCert(other.certificate)
	stores.require(config, func(name string) (string, *x509.CertPool) {
		switch name {
		case "mutual.example.com":
			return "s3://b/k", kept // the file goes before
		case "kept.example.com":
			return "s3://b/kept", kept
		case "empty.example.com":
			return "s3://b/empty", x509.NewCertPool()
		case "lost.example.com":
			return "s3://b/gone", nil
		}
		return "", nil
	})
	backend := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, len(r.TLS.VerifiedChains))
	}))
	backend.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	backend.TLS = config
	backend.StartTLS()
	defer backend.Close()

	roots := x509.NewCertPool()
	roots.AddCert(local.certificate)
	for _, tt := range []struct {
		name, host string
		cert       *tls.Certificate
		ok         bool
	}{
		{"a trusted certificate", "mutual.example.com", clientLeaf(t, trusted, elliptic.P256()), true},
		{"no certificate", "mutual.example.com", nil, false},
		{"a certificate of somebody else", "mutual.example.com", clientLeaf(t, other, elliptic.P256()), false},
		{"a key that API Gateway does not take", "mutual.example.com", clientLeaf(t, trusted, elliptic.P521()), false},
		{"a domain name without mutual TLS", "open.example.com", nil, true},
		{"a certificate that a truststore in S3 has", "kept.example.com", clientLeaf(t, other, elliptic.P256()), true},
		{"a certificate that it has not", "kept.example.com", clientLeaf(t, trusted, elliptic.P256()), false},
		{"a truststore without a certificate", "empty.example.com", clientLeaf(t, other, elliptic.P256()), false},
		{"a truststore that is gone", "lost.example.com", clientLeaf(t, trusted, elliptic.P256()), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &tls.Config{RootCAs: roots, ServerName: tt.host}
			if tt.cert != nil {
				c.Certificates = []tls.Certificate{*tt.cert}
			}
			conn, err := tls.DialWithDialer(&net.Dialer{Timeout: time.Minute}, "tcp", backend.Listener.Addr().String(), c)
			if err == nil { // TLS 1.3 tells a client with the first read
				_ = conn.SetDeadline(time.Now().Add(time.Minute))
				fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", tt.host)
				_, err = conn.Read(make([]byte, 1))
				conn.Close()
			}
			if (err == nil) != tt.ok {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestATruststoreWithoutACertificateStopsTheServer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "empty.pem")
	writePEM(t, file, "PRIVATE KEY", nil)
	if _, err := openTruststores(map[string]string{"s3://b/k": file}, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("accepted")
	}
}
