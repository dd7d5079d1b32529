package server

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// testLeaf writes a certificate for name and its key to dir, and returns the
// files.
func testLeaf(t *testing.T, a *authority, dir, name string) (certFile, keyFile string) {
	t.Helper()
	a.leaves = map[string]*tls.Certificate{}
	leaf, err := a.leaf(name, []string{name})
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(leaf.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writePEM(t, certFile, "CERTIFICATE", leaf.Certificate[0])
	writePEM(t, keyFile, "PRIVATE KEY", key)
	return certFile, keyFile
}

func writePEM(t *testing.T, file, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

func testAuthority(t *testing.T) *authority {
	t.Helper()
	a, err := openAuthority(t.TempDir(), "eu-west-1")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestGivenCertificates(t *testing.T) {
	dir, other, local := t.TempDir(), testAuthority(t), testAuthority(t)
	certFile, keyFile := testLeaf(t, other, dir, "*.example.com")
	var log strings.Builder
	s := &Server{log: slog.New(slog.NewTextHandler(&log, nil)), config: Config{DataPlane: DataPlane{CertFile: certFile, KeyFile: keyFile}}}
	config, err := s.dataPlaneTLS(local)
	if err != nil {
		t.Fatal(err)
	}
	leaf := func(name string) *x509.Certificate {
		t.Helper()
		c, err := config.GetCertificate(&tls.ClientHelloInfo{ServerName: name})
		if err != nil {
			t.Fatal(err)
		}
		return c.Leaf
	}
	first := leaf("api.example.com")
	for name, want := range map[string]*authority{"api.example.com": other, "": other, "localhost": local, "api.example.org": local} {
		if err := leaf(name).CheckSignatureFrom(want.certificate); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	// What cannot be used changes nothing, and is said.
	if err := os.WriteFile(certFile, []byte("half a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); !strings.Contains(log.String(), "cannot be used") && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if !leaf("api.example.com").Equal(first) {
			t.Fatal("a broken file took the certificate away")
		}
	}
	testLeaf(t, other, dir, "*.example.com")
	for deadline := time.Now().Add(time.Minute); leaf("api.example.com").Equal(first); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the new certificate is not served")
		}
	}
}

func TestACertificateThatCannotBeReadStopsTheServer(t *testing.T) {
	dir := t.TempDir()
	certFile, _ := testLeaf(t, testAuthority(t), dir, "a.example")
	s := &Server{log: slog.New(slog.DiscardHandler), config: Config{DataPlane: DataPlane{CertFile: certFile, KeyFile: certFile}}}
	if _, err := s.dataPlaneTLS(testAuthority(t)); err == nil {
		t.Error("a key file without a key was accepted")
	}
}
