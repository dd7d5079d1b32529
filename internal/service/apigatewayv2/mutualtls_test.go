package apigatewayv2

import (
	"strings"
	"testing"
)

func TestATruststoreNeedsAFile(t *testing.T) {
	s := &Service{config: Config{HasTruststore: func(uri string) bool { return uri == "s3://b/k.pem" }}}
	for _, tt := range []struct{ name, uri, want string }{
		{"given", "s3://b/k.pem", ""},
		{"none", "", ""},
		{"not given", "s3://b/other.pem", "start hakone with --truststore s3://b/other.pem=FILE"},
		{"no S3 URI", "https://b/k.pem", "looks like s3://bucket/key"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := s.checkMutualTLS(&DomainName{MutualTlsAuthentication: &MutualTlsAuthentication{TruststoreUri: tt.uri}})
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}
