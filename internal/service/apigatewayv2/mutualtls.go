package apigatewayv2

import "regexp"

// MutualTlsAuthentication says whose certificates a domain name wants to see.
type MutualTlsAuthentication struct {
	TruststoreUri     string
	TruststoreVersion string `json:",omitempty"`
}

var truststorePattern = regexp.MustCompile(`^s3://[^/\s]+/\S+$`)

// checkMutualTLS refuses truststores that the operator has given no file for:
// a domain name must not be open to everybody because nobody could fetch whom
// it trusts.
func (s *Service) checkMutualTLS(d *DomainName) error {
	uri := d.truststore()
	if uri == "" {
		d.MutualTlsAuthentication = nil
		return nil
	}
	if !truststorePattern.MatchString(uri) {
		return badRequest("Invalid truststore URI %q. It looks like s3://bucket/key", uri)
	}
	if s.config.HasTruststore == nil || !s.config.HasTruststore(uri) {
		return badRequest("The truststore %s is not fetched from S3: start hakone with --truststore %s=FILE", uri, uri)
	}
	return nil
}

// truststore returns the URI of the domain name's truststore, or "".
func (d *DomainName) truststore() string {
	if d.MutualTlsAuthentication == nil {
		return ""
	}
	return d.MutualTlsAuthentication.TruststoreUri
}
