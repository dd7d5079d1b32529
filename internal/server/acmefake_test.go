package server

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// A fakeCA is an ACME authority (RFC 8555) in this process. It looks for proofs
// (RFC 8737) at one address, whatever the name. It verifies no signatures of
// requests: those are the library's.
type fakeCA struct {
	t        *testing.T
	server   *httptest.Server
	validate string // where proofs are looked for
	validity time.Duration

	key  *ecdsa.PrivateKey
	root *x509.Certificate

	mu         sync.Mutex
	thumbprint string
	orders     []*fakeOrder
	refuse     bool // every proof
}

type fakeOrder struct {
	name, token, status string
	problem             string
	chain               []byte
}

func newFakeCA(t *testing.T) *fakeCA {
	t.Helper()
	ca := &fakeCA{t: t, validity: 90 * 24 * time.Hour}
	var err error
	if ca.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a public authority"}, NotAfter: time.Now().Add(24 * 365 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, ca.key.Public(), ca.key)
	if err != nil {
		t.Fatal(err)
	}
	if ca.root, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	ca.server = httptest.NewTLSServer(ca)
	t.Cleanup(ca.server.Close)
	return ca
}

func (ca *fakeCA) config() *ACME {
	return &ACME{Directory: ca.server.URL + "/directory", Email: "a@example.com", client: ca.server.Client()}
}

func (ca *fakeCA) set(change func()) {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	change()
}

// ordered returns the names that certificates were ordered for.
func (ca *fakeCA) ordered() (names []string) {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	for _, o := range ca.orders {
		names = append(names, o.name)
	}
	return names
}

func (ca *fakeCA) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	url := ca.server.URL
	w.Header().Set("Replay-Nonce", fmt.Sprint(time.Now().UnixNano()))
	answer := func(status int, v any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
	var n int
	kind, number, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	fmt.Sscan(number, &n)
	payload, jwk := jws(r.Body)
	switch kind {
	case "directory":
		answer(200, map[string]string{"newNonce": url + "/nonce", "newAccount": url + "/account", "newOrder": url + "/order"})
	case "nonce":
	case "account":
		if jwk != "" {
			sum := sha256.Sum256([]byte(jwk))
			ca.thumbprint = base64.RawURLEncoding.EncodeToString(sum[:])
		}
		w.Header().Set("Location", url+"/account/1")
		answer(201, map[string]string{"status": "valid"})
	case "order":
		if number == "" {
			var said struct{ Identifiers []struct{ Value string } }
			_ = json.Unmarshal(payload, &said)
			n = len(ca.orders)
			ca.orders = append(ca.orders, &fakeOrder{name: said.Identifiers[0].Value, token: fmt.Sprint("token", n), status: "pending"})
			w.Header().Set("Location", fmt.Sprint(url, "/order/", n))
			answer(201, ca.view(n))
			return
		}
		answer(200, ca.view(n))
	case "authz", "challenge":
		o := ca.orders[n]
		if kind == "challenge" {
			o.status = "ready"
			if err := ca.look(o); err != nil {
				o.status, o.problem = "invalid", err.Error()
			}
		}
		status := map[string]string{"ready": "valid", "valid": "valid", "invalid": "invalid"}[o.status]
		if status == "" {
			status = "pending"
		}
		challenge := map[string]any{"type": "tls-alpn-01", "url": fmt.Sprint(url, "/challenge/", n), "token": o.token, "status": status}
		if o.problem != "" {
			challenge["error"] = map[string]any{"type": "urn:ietf:params:acme:error:connection", "detail": o.problem}
		}
		if kind == "challenge" {
			answer(200, challenge)
			return
		}
		answer(200, map[string]any{
			"status": status, "identifier": map[string]string{"type": "dns", "value": o.name},
			"challenges": []any{map[string]string{"type": "http-01", "url": url + "/no"}, challenge},
		})
	case "finalize":
		var said struct{ CSR string }
		_ = json.Unmarshal(payload, &said)
		der, _ := base64.RawURLEncoding.DecodeString(said.CSR)
		ca.orders[n].status = "processing"
		answer(200, ca.view(n)) // as Pebble and Let's Encrypt: later, and without the order's URL
		ca.sign(ca.orders[n], der)
	case "cert":
		_, _ = w.Write(ca.orders[n].chain)
	default:
		http.NotFound(w, r)
	}
}

// jws returns what a signed request says, and the key of one that has it.
func jws(body io.Reader) (payload []byte, jwk string) {
	var envelope struct{ Protected, Payload string }
	_ = json.NewDecoder(body).Decode(&envelope)
	payload, _ = base64.RawURLEncoding.DecodeString(envelope.Payload)
	head, _ := base64.RawURLEncoding.DecodeString(envelope.Protected)
	var protected struct{ JWK json.RawMessage }
	_ = json.Unmarshal(head, &protected)
	return payload, string(protected.JWK)
}

func (ca *fakeCA) view(n int) any {
	o := ca.orders[n]
	v := map[string]any{
		"status": o.status, "authorizations": []string{fmt.Sprint(ca.server.URL, "/authz/", n)}, "finalize": fmt.Sprint(ca.server.URL, "/finalize/", n),
	}
	if o.status == "valid" {
		v["certificate"] = fmt.Sprint(ca.server.URL, "/cert/", n)
	}
	return v
}

// look looks for the proof of an order, as RFC 8737 says.
func (ca *fakeCA) look(o *fakeOrder) error {
	if ca.refuse {
		return fmt.Errorf("nobody answers at %s", o.name)
	}
	dialer := &net.Dialer{Timeout: time.Minute}
	c, err := tls.DialWithDialer(dialer, "tcp", ca.validate, &tls.Config{ServerName: o.name, NextProtos: []string{"acme-tls/1"}, InsecureSkipVerify: true})
	if err != nil {
		return err
	}
	defer c.Close()
	leaf := c.ConnectionState().PeerCertificates[0]
	sum := sha256.Sum256([]byte(o.token + "." + ca.thumbprint))
	want, _ := asn1.Marshal(sum[:])
	for _, e := range leaf.Extensions {
		if e.Id.String() == "1.3.6.1.5.5.7.1.31" && bytes.Equal(e.Value, want) && leaf.VerifyHostname(o.name) == nil {
			return nil
		}
	}
	return fmt.Errorf("the certificate at %s is no proof", o.name)
}

func (ca *fakeCA) sign(o *fakeOrder, csr []byte) {
	request, err := x509.ParseCertificateRequest(csr)
	if err != nil {
		ca.t.Error(err)
		return
	}
	template := &x509.Certificate{
		SerialNumber: serialNumber(), DNSNames: request.DNSNames, NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(ca.validity),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.root, request.PublicKey, ca.key)
	if err != nil {
		ca.t.Error(err)
		return
	}
	o.status = "valid"
	o.chain = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	o.chain = append(o.chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.root.Raw})...)
}
