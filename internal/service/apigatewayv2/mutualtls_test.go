package apigatewayv2

import (
	"slices"
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

func TestATruststoreIsReadFromAnObject(t *testing.T) {
	s := newService(t)
	const first, second = testCertificate, testCertificate + "\n" + testCertificate
	s.config.Objects = objects{"b/k.pem/": first, "b/k.pem/v2": second, "b/none.pem/": "no certificate"}
	trusted := func() string {
		t.Helper()
		return slices.Collect(s.Domains())[0].Trusted
	}
	with := func(key, version string) *MutualTlsAuthentication {
		return &MutualTlsAuthentication{TruststoreUri: "s3://b/" + key, TruststoreVersion: version}
	}
	must[*DomainName](t)(s.CreateDomainName(t.Context(), DomainName{DomainName: "api.example.com", MutualTlsAuthentication: with("k.pem", "")}))
	if trusted() != first {
		t.Errorf("got %q", trusted())
	}
	update := func(m *MutualTlsAuthentication) error {
		_, err := s.UpdateDomainName(t.Context(), "api.example.com", func(d *DomainName) error { d.MutualTlsAuthentication = m; return nil })
		return err
	}
	if err := update(with("k.pem", "v2")); err != nil || trusted() != second {
		t.Errorf("another version: %v, %q", err, trusted())
	}
	for _, key := range []string{"none.pem", "gone.pem"} {
		if err := update(with(key, "")); status(err) != 400 || trusted() != second {
			t.Errorf("%s: %v, %q", key, err, trusted())
		}
	}
	s.config.HasTruststore = func(string) bool { return true }
	if err := update(with("k.pem", "")); err != nil || trusted() != "" {
		t.Errorf("a file: %v, %q", err, trusted())
	}
	s.config.HasTruststore = nil
	if err := update(nil); err != nil || trusted() != "" || slices.Collect(s.Domains())[0].Truststore != "" {
		t.Errorf("none: %v, %q", err, trusted())
	}
}

// testCertificate is of an authority whose key nobody has.
const testCertificate = `-----BEGIN CERTIFICATE-----
MIIBjTCCATOgAwIBAgIUchgg/inQtxPpyd6azy73W39iPrQwCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQYSB0ZXN0IGF1dGhvcml0eTAgFw0yNjExMjQxMjEwMDlaGA8y
MTI2MTAzMTEyMTAwOVowGzEZMBcGA1UEAwwQYSB0ZXN0IGF1dGhvcml0eTBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABBhKiU6pWUjbzKmC8upYyjjEL9bKWjuhGB49
R9gKs8JEGcSBvnIYV7MYSPUvfBDzfVgZDQTiChIkQA8XKcYxUsqjUzBRMB0GA1Ud
DgQWBBRBYu3npCXIDT0Lif5QjeRexVDO/TAfBgNVHSMEGDAWgBRBYu3npCXIDT0L
if5QjeRexVDO/TAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCICYX
mIiGjAvhvCIs86T7246cJXS0si/hTCAG8E3Xq8PrAiEAvWIuJZK7+aKG+MHKZ/Ke
stWYOOa3ewMT7b1EVD6TnOM=
-----END CERTIFICATE-----`
