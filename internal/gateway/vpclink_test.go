package gateway

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hakonegate/hakone/internal/gateway/backend"
	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
)

const listener = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:listener/app/a/b/c"

// privateAPI returns an API with one route to a listener behind a VPC link.
func privateAPI(stage, route string) apigatewayv2.Served {
	served := httpAPI(stage, route)
	served.Stages[0].Configuration.Integrations["int"] = apigatewayv2.Integration{
		IntegrationId: "int", IntegrationType: "HTTP_PROXY", IntegrationMethod: "ANY", IntegrationUri: listener, ConnectionType: "VPC_LINK", ConnectionId: "vl1234",
	}
	return served
}

func echoBackend(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	_, _ = io.WriteString(w, r.Method+" "+r.Host+" "+r.RequestURI+" "+string(body))
}

func TestPrivateIntegrationsReachTheAddressThatWasGiven(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(echoBackend))
	defer backend.Close()
	address := strings.TrimPrefix(backend.URL, "http://")
	overwrite := map[string]string{"overwrite:path": "$request.path", "overwrite:header.host": "other.example"}
	for _, tt := range []struct {
		name, stage, sent string
		links             VPCLinks
		mapping           map[string]string
		want              string // empty: 500
	}{
		{"by the listener", "$default", "/a/b%20c?q=1", VPCLinks{listener: address, "vl1234": "127.0.0.1:1"}, nil, "POST " + testHost + " /a/b%20c?q=1 body"},
		{"by the VPC link", "$default", "/a", VPCLinks{"vl1234": address}, nil, "POST " + testHost + " /a body"},
		{"by the name for all", "$default", "/a", VPCLinks{"*": address}, nil, "POST " + testHost + " /a body"},
		{"the path keeps the stage", "prod", "/prod/a", VPCLinks{"vl1234": address}, nil, "POST " + testHost + " /prod/a body"},
		{"unless it is mapped, as the host is", "prod", "/prod/a", VPCLinks{"vl1234": address}, overwrite, "POST other.example /a body"},
		{"no address", "$default", "/a", nil, nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			served := privateAPI(tt.stage, "ANY /{proxy+}")
			i := served.Stages[0].Configuration.Integrations["int"]
			i.RequestParameters = tt.mapping
			served.Stages[0].Configuration.Integrations["int"] = i
			b := newBench(t, nil, served)
			b.config.VPCLinks = tt.links
			b.Refresh()
			w := b.do(request(t, "POST", tt.sent, "body", nil))
			if tt.want == "" && w.Code != 500 || tt.want != "" && w.Body.String() != tt.want {
				t.Errorf("got %d %q, want %q: %+v", w.Code, w.Body, tt.want, b.trace.Last())
			}
		})
	}
}

func TestPrivateIntegrationsVerifyTheServerNameThatIsConfigured(t *testing.T) {
	target := httptest.NewTLSServer(http.HandlerFunc(echoBackend)) // its certificate is for example.com
	defer target.Close()
	roots := x509.NewCertPool()
	roots.AddCert(target.Certificate())
	for name, want := range map[string]int{"example.com": 200, "example.org": 503} {
		served := privateAPI("$default", "GET /a")
		i := served.Stages[0].Configuration.Integrations["int"]
		i.TlsConfig = &apigatewayv2.TlsConfig{ServerNameToVerify: name}
		served.Stages[0].Configuration.Integrations["int"] = i
		b := newBench(t, nil, served)
		b.config.VPCLinks = VPCLinks{listener: strings.TrimPrefix(target.URL, "https://")}
		b.transport = &backend.Transport{TLS: &tls.Config{RootCAs: roots}}
		b.Refresh()
		if w := b.do(request(t, "GET", "/a", "", nil)); w.Code != want || want == 200 && w.Body.String() != "GET "+testHost+" /a " {
			t.Errorf("%s: got %d %q: %+v", name, w.Code, w.Body, b.trace.Last())
		}
	}
}
