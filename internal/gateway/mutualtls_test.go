package gateway

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"maps"
	"math/big"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
)

// mutualBench serves one API under two domain names with mutual TLS and one
// without.
func mutualBench(t *testing.T) *bench {
	t.Helper()
	b := newBench(t, nil, httpAPI("$default", "GET /"))
	mappings := []apigatewayv2.ApiMapping{{ApiId: testAPI, Stage: "$default"}}
	b.apis.domains = []apigatewayv2.ServedDomain{
		{Name: "mutual.example.com", Mappings: mappings, Truststore: "s3://b/one"},
		{Name: "*.mutual.example.com", Mappings: mappings, Truststore: "s3://b/two"},
		{Name: "open.example.com", Mappings: mappings},
	}
	b.Refresh()
	return b
}

var testCert = &x509.Certificate{
	SerialNumber: big.NewInt(0xa10f), Subject: pkix.Name{CommonName: "client"}, Issuer: pkix.Name{CommonName: "authority"}, Raw: []byte("raw"),
	NotBefore: time.Date(2019, 5, 28, 12, 30, 2, 0, time.UTC), NotAfter: time.Date(2021, 8, 5, 9, 36, 4, 0, time.UTC),
}

func TestMutualTLSIsAskedOfTheRequestsConnection(t *testing.T) {
	b := mutualBench(t)
	chains := [][]*x509.Certificate{{testCert}}
	for _, tt := range []struct {
		name, host string
		tls        *tls.ConnectionState
		want       int
	}{
		{"verified for the name", "mutual.example.com", &tls.ConnectionState{ServerName: "Mutual.example.com", VerifiedChains: chains}, 200},
		{"verified for the wildcard", "a.mutual.example.com", &tls.ConnectionState{ServerName: "b.mutual.example.com", VerifiedChains: chains}, 200},
		{"verified against another truststore", "mutual.example.com", &tls.ConnectionState{ServerName: "a.mutual.example.com", VerifiedChains: chains}, 403},
		{"a connection to a name without mutual TLS", "mutual.example.com", &tls.ConnectionState{ServerName: "open.example.com"}, 403},
		{"a certificate that nobody verified", "mutual.example.com", &tls.ConnectionState{ServerName: "mutual.example.com", PeerCertificates: chains[0]}, 403},
		{"no TLS", "mutual.example.com", nil, 403},
		{"a name without mutual TLS", "open.example.com", nil, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := request(t, "GET", "/", "", nil)
			r.Host, r.TLS = tt.host, tt.tls
			if w := b.do(r); w.Code != tt.want {
				t.Errorf("got %d %s: %+v", w.Code, w.Body, b.trace.Last())
			}
		})
	}
	for name, want := range map[string]string{"MUTUAL.example.com": "s3://b/one", "x.mutual.example.com": "s3://b/two", "open.example.com": "", "": ""} {
		if got, _ := b.Truststore(name); got != want {
			t.Errorf("Truststore(%q) = %q", name, got)
		}
	}
}

func TestFunctionsAndLogsSeeTheClientCertificate(t *testing.T) {
	const pem = "-----BEGIN CERTIFICATE-----\ncmF3\n-----END CERTIFICATE-----\n"
	want := map[string]any{
		"clientCertPem": pem, "subjectDN": "CN=client", "issuerDN": "CN=authority", "serialNumber": "a1:0f",
		"validity": map[string]any{"notBefore": "May 28 12:30:02 2019 GMT", "notAfter": "Aug  5 09:36:04 2021 GMT"},
	}
	for version, under := range map[string]string{"2.0": "authentication", "1.0": "identity"} {
		b := mutualBench(t)
		served := httpAPI("$default", "GET /")
		i := served.Stages[0].Configuration.Integrations["int"]
		i.PayloadFormatVersion = version
		served.Stages[0].Configuration.Integrations["int"] = i
		served.Stages[0].Stage.AccessLogSettings = &apigatewayv2.AccessLogSettings{
			DestinationArn: "x", Format: "$context.identity.clientCert.subjectDN|$context.identity.clientCert.serialNumber|$context.identity.clientCert.validity.notAfter",
		}
		b.apis.set(served)
		log := &lines{}
		b.config.AccessLogs = log
		b.Refresh()
		r := request(t, "GET", "/", "", nil)
		r.Host, r.TLS = "mutual.example.com", &tls.ConnectionState{ServerName: "mutual.example.com", VerifiedChains: [][]*x509.Certificate{{testCert}}}
		b.do(r)
		c := b.lastEvent(t)["requestContext"].(map[string]any)[under].(map[string]any)
		if diff := cmp.Diff(any(want), c["clientCert"]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", version, diff)
		}
		if got := (*log)[0]; got != "x: CN=client|a1:0f|Aug  5 09:36:04 2021 GMT" {
			t.Errorf("access log %q", got)
		}
	}
}

func TestACertificateIsToldOnceAsLongAsItIsThere(t *testing.T) {
	var k clientCerts
	c := *testCert
	first := k.of(&c)
	if k.of(&c) != first {
		t.Error("it is written again")
	}
	runtime.KeepAlive(&c)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		runtime.GC()
		if n := len(maps.Collect(k.told.Range)); n == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("it is remembered without a connection")
		}
	}
}
