package apigatewayv2

import (
	"context"
	"crypto/x509"
	"regexp"
	"strings"
)

// MutualTlsAuthentication says whose certificates a domain name wants to see.
type MutualTlsAuthentication struct {
	TruststoreUri     string
	TruststoreVersion string `json:",omitempty"`
}

var truststorePattern = regexp.MustCompile(`^s3://[^/\s]+/\S+$`)

// checkMutualTLS refuses truststores that cannot be read: a domain name must not
// be open to everybody because nobody could tell whom it trusts.
func (s *Service) checkMutualTLS(d *DomainName) error {
	uri := d.truststore()
	if uri == "" {
		d.MutualTlsAuthentication = nil
		return nil
	}
	if !truststorePattern.MatchString(uri) {
		return badRequest("Invalid truststore URI %q. It looks like s3://bucket/key", uri)
	}
	if s.config.Objects == nil && !s.hasTruststore(uri) {
		return badRequest("The truststore %s is not fetched from S3: start hakone with --truststore %s=FILE", uri, uri)
	}
	return nil
}

// hasTruststore reports whether the operator gives a file for a truststore. It
// goes before an object.
func (s *Service) hasTruststore(uri string) bool {
	return s.config.HasTruststore != nil && s.config.HasTruststore(uri)
}

// maxTruststore is AWS's limit for a truststore.
const maxTruststore = 1 << 20

// fetchTruststore returns the certificates that d trusts, in PEM form, as they
// are in S3 now: a newer object counts from the next update of the domain name on.
// "" are none, or those of a file of the operator.
func (s *Service) fetchTruststore(ctx context.Context, d *DomainName) (string, error) {
	uri := d.truststore()
	if uri == "" || s.hasTruststore(uri) {
		return "", nil
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(uri, "s3://"), "/")
	text, err := s.config.Objects.Read(ctx, bucket, key, d.MutualTlsAuthentication.TruststoreVersion, maxTruststore)
	if err != nil {
		return "", badRequest("The truststore %s cannot be read: %v Put it there, or start hakone with --truststore %s=FILE", uri, err, uri)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(text) {
		return "", badRequest("The truststore %s has no certificate in PEM form", uri)
	}
	return string(text), nil
}

// truststore returns the URI of the domain name's truststore, or "".
func (d *DomainName) truststore() string {
	if d.MutualTlsAuthentication == nil {
		return ""
	}
	return d.MutualTlsAuthentication.TruststoreUri
}
