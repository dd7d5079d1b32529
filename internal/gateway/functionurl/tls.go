package functionurl

import (
	"crypto/tls"
	"strings"
)

// tlsVersion is the version as AWS writes it: TLSv1.3.
func tlsVersion(v uint16) string { return strings.Replace(tls.VersionName(v), "TLS ", "TLSv", 1) }

// cipherSuite is the suite's name.
func cipherSuite(id uint16) string { return tls.CipherSuiteName(id) }
