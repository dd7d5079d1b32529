package awscurl

import (
	"crypto/x509"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// systemOrMozilla returns the system's authorities, or Mozilla's set as built in
// where the system has none, as in an image made from scratch.
func systemOrMozilla() *x509.CertPool {
	system, err := x509.SystemCertPool()
	if err == nil && !system.Equal(x509.NewCertPool()) {
		return nil // crypto/tls takes the system's by itself
	}
	return mozilla()
}

// mozilla parses the set that is built in, which takes some milliseconds.
func mozilla() *x509.CertPool {
	pool := x509.NewCertPool()
	for root := range bundle.Roots() {
		certificate, err := x509.ParseCertificate(root.Certificate)
		switch {
		case err != nil: // a build's mistake: the others serve
		case root.Constraint != nil:
			pool.AddCertWithConstraint(certificate, root.Constraint)
		default:
			pool.AddCert(certificate)
		}
	}
	return pool
}
