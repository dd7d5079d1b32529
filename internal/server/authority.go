package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Validity of what the authority signs. Clients refuse leaves that live longer
// than 825 days; a leaf is made anew at each start.
const (
	authorityValidity = 10 * 365 * 24 * time.Hour
	leafValidity      = 90 * 24 * time.Hour
	maxLeaves         = 256 // certificates kept for names that clients asked for
)

// An authority is the local certificate authority of a data directory. It signs
// the certificates of the data plane, so that a client that trusts ca.pem can
// verify every address that hakone serves. Safe for concurrent use.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	region      string

	mu     sync.Mutex
	leaves map[string]*tls.Certificate // by server name; "" for clients that send none
}

// caFile is the certificate that clients trust.
func caFile(dataDir string) string { return filepath.Join(dataDir, "ca.pem") }

// openAuthority reads the authority of dataDir, or makes one.
func openAuthority(dataDir, region string) (*authority, error) {
	certPath, keyPath := caFile(dataDir), filepath.Join(dataDir, "ca-key.pem")
	certPEM, err := os.ReadFile(certPath) //nolint:gosec // in the data directory
	if errors.Is(err, fs.ErrNotExist) {
		return createAuthority(certPath, keyPath, region)
	}
	if err != nil {
		return nil, fmt.Errorf("read certificate authority: %w", err)
	}
	keyPEM, err := os.ReadFile(keyPath) //nolint:gosec // in the data directory
	if err != nil {
		return nil, fmt.Errorf("read key of certificate authority: %w", err)
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, fmt.Errorf("certificate authority %s and %s do not fit together: %w", certPath, keyPath, err)
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("key of certificate authority %s is not an ECDSA key", keyPath)
	}
	return &authority{certificate: pair.Leaf, key: key, region: region, leaves: map[string]*tls.Certificate{}}, nil
}

func createAuthority(certPath, keyPath, region string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key of certificate authority: %w", err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          serialNumber(),
		Subject:               pkix.Name{Organization: []string{"hakone"}, CommonName: "hakone local authority"},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(authorityValidity),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("sign certificate authority: %w", err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode key of certificate authority: %w", err)
	}
	// The key first: a certificate without its key is never left behind.
	if err := writeFile(keyPath, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})); err != nil {
		return nil, fmt.Errorf("write key of certificate authority: %w", err)
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := writeFileMode(certPath, certPEM, 0o644); err != nil { // a certificate is public: curl and others read it
		return nil, fmt.Errorf("write certificate authority: %w", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("parse certificate authority: %w", err)
	}
	return &authority{certificate: certificate, key: key, region: region, leaves: map[string]*tls.Certificate{}}, nil
}

// leafFor returns the certificate for a client's server name. One certificate
// covers loopback and the default endpoints of the region; a name beyond those
// gets one of its own.
func (a *authority) leafFor(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	name := hello.ServerName
	standard, err := a.leaf("", a.standardNames())
	if err != nil || name == "" || standard.Leaf.VerifyHostname(name) == nil {
		return standard, err
	}
	if len(a.leaves) >= maxLeaves {
		return standard, nil
	}
	return a.leaf(name, []string{name})
}

func (a *authority) standardNames() []string {
	return []string{
		"localhost", "*.execute-api." + a.region + ".amazonaws.com", "*.execute-api." + a.region + ".localhost",
	}
}

// leaf returns the certificate kept under name, or signs one for names. The
// caller holds a.mu.
func (a *authority) leaf(name string, names []string) (*tls.Certificate, error) {
	if kept, ok := a.leaves[name]; ok && time.Until(kept.Leaf.NotAfter) > 24*time.Hour {
		return kept, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key of certificate: %w", err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serialNumber(),
		Subject:      pkix.Name{CommonName: names[0]},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(leafValidity),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     names,
	}
	if name == "" {
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("sign certificate: %w", err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("parse certificate: %w", err)
	}
	made := &tls.Certificate{Certificate: [][]byte{der, a.certificate.Raw}, PrivateKey: key, Leaf: parsed}
	a.leaves[name] = made
	return made, nil
}

func serialNumber() *big.Int {
	bytes := make([]byte, 16)
	_, _ = rand.Read(bytes) // never fails: crypto/rand
	bytes[0] &= 0x7f
	return new(big.Int).SetBytes(bytes)
}
