package gateway

import (
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"weak"

	"github.com/hakonegate/hakone/internal/gateway/event"
)

// Truststore returns the URI of whom the domain name of a TLS server name
// trusts, or "" where clients need no certificate, and the certificates where they
// are known here. A listener must verify the client's certificate before the first
// request.
func (g *Gateway) Truststore(serverName string) (uri string, trusted *x509.CertPool) {
	if d := g.table.Load().domains.find(strings.ToLower(serverName)); d != nil {
		return d.truststore, d.trusted
	}
	return "", nil
}

// checkClientCertificate refuses requests to a domain name with mutual TLS on
// connections that were not made for it: they were verified against another
// truststore, or not at all.
func (x *exchange) checkClientCertificate(d *domain) error {
	if d.truststore == "" {
		return nil
	}
	c := x.r.TLS
	switch {
	case c == nil || len(c.VerifiedChains) == 0:
		return refuseWith(http.StatusForbidden, "the domain name wants a client certificate, and the connection has none that was verified")
	case x.table.domains.find(strings.ToLower(c.ServerName)) != d:
		return refuseWith(http.StatusForbidden, "the connection was made for the server name "+c.ServerName+", whose truststore is another one")
	}
	x.clientCert = x.g.clientCerts.of(c.VerifiedChains[0][0])
	return nil
}

// clientCerts remembers what is told of certificates, as long as connections have
// them: a connection's is written once, not with each request.
type clientCerts struct{ told sync.Map } // *event.ClientCert by weak.Pointer[x509.Certificate]

func (k *clientCerts) of(c *x509.Certificate) *event.ClientCert {
	key := weak.Make(c)
	told, ok := k.told.Load(key)
	if !ok {
		if told, ok = k.told.LoadOrStore(key, clientCert(c)); !ok {
			runtime.AddCleanup(c, func(key weak.Pointer[x509.Certificate]) { k.told.Delete(key) }, key)
		}
	}
	return told.(*event.ClientCert) //nolint:forcetypeassert // nothing else is stored
}

// clientCert is what events and access logs tell of a certificate.
func clientCert(c *x509.Certificate) *event.ClientCert {
	const layout = "Jan _2 15:04:05 2006 GMT"
	serial := c.SerialNumber.Bytes()
	if len(serial) == 0 {
		serial = []byte{0}
	}
	return &event.ClientCert{
		PEM:          string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})),
		SubjectDN:    c.Subject.String(),
		IssuerDN:     c.Issuer.String(),
		SerialNumber: colons(serial),
		NotBefore:    c.NotBefore.UTC().Format(layout),
		NotAfter:     c.NotAfter.UTC().Format(layout),
	}
}

// colons writes bytes as "a1:0f".
func colons(bytes []byte) string {
	const digits = "0123456789abcdef"
	out := make([]byte, 0, 3*len(bytes))
	for _, b := range bytes {
		out = append(out, digits[b>>4], digits[b&0xf], ':')
	}
	return string(out[:max(len(out)-1, 0)])
}

// logClientCert returns the value of an identity.clientCert variable.
func (x *exchange) logClientCert(name string) string {
	c := x.clientCert
	if c == nil {
		return ""
	}
	switch name {
	case "clientCertPem":
		return c.PEM
	case "subjectDN":
		return c.SubjectDN
	case "issuerDN":
		return c.IssuerDN
	case "serialNumber":
		return c.SerialNumber
	case "validity.notBefore":
		return c.NotBefore
	case "validity.notAfter":
		return c.NotAfter
	default:
		return ""
	}
}
