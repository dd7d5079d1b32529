package event

// A ClientCert is the certificate that a client showed, where a domain name
// has mutual TLS.
type ClientCert struct {
	PEM                 string
	SubjectDN, IssuerDN string
	SerialNumber        string // "a1:0f"
	NotBefore, NotAfter string // "May 28 12:30:02 2019 GMT"
}

// appendClientCert appends `"clientCert":{…}`.
func appendClientCert(b []byte, c *ClientCert) []byte {
	b = append(b, `"clientCert":{"clientCertPem":`...)
	b = AppendString(b, c.PEM)
	b = appendMember(b, "subjectDN", c.SubjectDN)
	b = appendMember(b, "issuerDN", c.IssuerDN)
	b = appendMember(b, "serialNumber", c.SerialNumber)
	b = append(b, `,"validity":{"notBefore":`...)
	b = AppendString(b, c.NotBefore)
	b = appendMember(b, "notAfter", c.NotAfter)
	return append(b, "}}"...)
}
