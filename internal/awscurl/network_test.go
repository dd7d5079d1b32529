package awscurl

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// with adds to the keys of tests.
func with(pairs ...string) map[string]string {
	env := maps.Clone(testKeys)
	for i := 0; i < len(pairs); i += 2 {
		env[pairs[i]] = pairs[i+1]
	}
	return env
}

// TestProxies looks at what a proxy is asked for. It answers plain requests
// itself and joins tunnels to the server.
func TestProxies(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "secure "+r.Host) }))
	defer server.Close()
	inner := strings.TrimPrefix(server.URL, "https://")
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, strings.TrimSpace(r.Method+" "+r.RequestURI+" "+r.Header.Get("Proxy-Authorization")))
		if r.Method != http.MethodConnect {
			fmt.Fprintf(w, "proxied %v", strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 "))
			return
		}
		to, err := net.Dial("tcp", inner)
		if err != nil {
			return
		}
		defer to.Close()
		from, buffered, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer from.Close()
		io.WriteString(from, "HTTP/1.1 200 OK\r\n\r\n")
		go io.Copy(to, buffered)
		io.Copy(from, to)
	}))
	defer proxy.Close()
	bare := strings.TrimPrefix(proxy.URL, "http://")
	for _, tt := range []struct {
		name          string
		env           map[string]string
		args          []string
		asked, stdout string
	}{
		{"T2: http_proxy", with("http_proxy", proxy.URL), []string{"http://api.example.com/p?a=b"}, "GET http://api.example.com/p?a=b", "proxied true"},
		{"T2: HTTP_PROXY", with("HTTP_PROXY", proxy.URL), []string{"http://api.example.com/p"}, "GET http://api.example.com/p", "proxied true"},
		{"T2: all_proxy", with("all_proxy", bare), []string{"http://api.example.com/p"}, "GET http://api.example.com/p", "proxied true"},
		{"T2: localhost too", with("http_proxy", proxy.URL), []string{"http://localhost:1/p"}, "GET http://localhost:1/p", "proxied true"},
		{"T2: https_proxy", with("https_proxy", proxy.URL), []string{"-k", "https://api.example.com/p"}, "CONNECT api.example.com:443", "secure api.example.com"},
		{"-x beats the environment", with("http_proxy", "http://127.0.0.1:1"), []string{"-x", bare, "http://api.example.com/p"}, "GET http://api.example.com/p", "proxied true"},
		{"-U", testKeys, []string{"-x", bare, "-U", "a:b", "http://api.example.com/p"}, "GET http://api.example.com/p Basic YTpi", "proxied true"},
		{"T2: no_proxy", with("https_proxy", proxy.URL, "no_proxy", "example.org,127.0.0.1"), []string{"-k", server.URL + "/p"}, "", "secure " + inner},
		{"T2: no_proxy of a network", with("https_proxy", proxy.URL, "no_proxy", "127.0.0.0/8"), []string{"-k", server.URL + "/p"}, "", "secure " + inner},
		{"--noproxy *", with("https_proxy", proxy.URL), []string{"--noproxy", "*", "-k", server.URL + "/p"}, "", "secure " + inner},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked = nil
			status, stdout, stderr := invoke(t, surrounding{env: tt.env}, tt.args...)
			if got := strings.Join(asked, ", "); status != 0 || stdout != tt.stdout || got != tt.asked {
				t.Errorf("exit status %d, printed %q, proxy asked for %q; want %q and %q: %s", status, stdout, got, tt.stdout, tt.asked, stderr)
			}
		})
	}
}

// TestSOCKSProxy has a SOCKS 5 proxy (RFC 1928) that leads every address to the
// recording server: the signature is for the URL's host.
func TestSOCKSProxy(t *testing.T) {
	r := record(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	asked := make(chan string, 2)
	go func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer from.Close()
				greeting := make([]byte, 2)
				io.ReadFull(from, greeting)
				io.CopyN(io.Discard, from, int64(greeting[1]))
				from.Write([]byte{5, 0}) // no authentication
				head := make([]byte, 5)  // version, connect, reserved, a name, its length
				io.ReadFull(from, head)
				rest := make([]byte, int(head[4])+2)
				io.ReadFull(from, rest)
				asked <- fmt.Sprintf("%d %d %s", head[1], head[3], rest[:head[4]])
				from.Write([]byte{5, 0, 0, 1, 127, 0, 0, 1, 0, 0})
				r.serve(from)
			}()
		}
	}()
	for _, scheme := range []string{"socks5", "socks5h"} {
		status, stdout, stderr := invoke(t, surrounding{env: testKeys}, "-x", scheme+"://"+listener.Addr().String(), "http://api.example.com/p")
		if status != 0 {
			t.Fatalf("%s: exit status %d, printed %q: %s", scheme, status, stdout, stderr)
		}
		if got := <-asked; got != "1 3 api.example.com" {
			t.Errorf("%s: asked for %q", scheme, got)
		}
	}
	status, _, stderr := invoke(t, surrounding{env: testKeys}, "-x", "socks5://127.0.0.1:1", "http://api.example.com/p")
	if status == 0 {
		t.Errorf("went round a proxy that is not there: %s", stderr)
	}
}

// TestWhereToConnect checks that the signature is for the URL's host wherever the
// connection goes.
func TestWhereToConnect(t *testing.T) {
	r := record(t)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(r.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	folder, err := os.MkdirTemp("", "") //nolint:usetesting // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	socket := filepath.Join(folder, "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go r.serve(connection)
		}
	}()
	for _, tt := range []struct {
		name string
		args []string
		host string
	}{
		{"--resolve", []string{"--resolve", "api.example.com:" + port + ":127.0.0.1", "http://api.example.com:" + port + "/p"}, "api.example.com:" + port},
		{"--resolve of any host, the second address", []string{"--resolve", "*:" + port + ":127.9.9.9,127.0.0.1", "http://api.example.com:" + port + "/p"}, "api.example.com:" + port},
		{"--connect-to", []string{"--connect-to", "api.example.com:80:127.0.0.1:" + port, "http://api.example.com/p"}, "api.example.com"},
		{"--connect-to for all", []string{"--connect-to", "::127.0.0.1:" + port, "http://api.example.com:8080/p"}, "api.example.com:8080"},
		{"--unix-socket", []string{"--unix-socket", socket, "http://api.example.com/p"}, "api.example.com"},
		{"--interface", []string{"--interface", "127.0.0.1", "--connect-to", "::127.0.0.1:" + port, "http://api.example.com/p"}, "api.example.com"},
		{"an explicit port 80 is not sent", []string{"--connect-to", "::127.0.0.1:" + port, "http://api.example.com:80/p"}, "api.example.com"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if status, _, stderr := invoke(t, surrounding{}, tt.args...); status != 0 {
				t.Fatalf("exit status %d: %s", status, stderr)
			}
			if got := r.last(t).get("Host"); got != tt.host {
				t.Errorf("Host: %s, want %s", got, tt.host)
			}
		})
	}
}

// TestTrust checks whom TLS trusts, and that bundles are read only for TLS.
func TestTrust(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "hello")
		for _, certificate := range r.TLS.PeerCertificates {
			io.WriteString(w, " "+certificate.Subject.CommonName)
		}
	}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	server.StartTLS()
	defer server.Close()
	plain := record(t)
	bundle := writeFile(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	empty := writeFile(t, "no certificate")
	certificate, key := newCertificate(t, "ada")
	for _, tt := range []struct {
		name   string
		env    map[string]string
		args   []string
		status int
		stdout string
		stderr string
	}{
		{"nobody", testKeys, []string{server.URL}, exitCertificate, "", "--cacert"},
		{"T4: -k", testKeys, []string{"-k", server.URL}, 0, "hello", ""},
		{"T3: --cacert", with("AWS_CA_BUNDLE", empty), []string{"--cacert", bundle, server.URL}, 0, "hello", ""},
		{"T3: --capath", testKeys, []string{"--capath", filepath.Dir(bundle), server.URL}, 0, "hello", ""},
		{"T3: AWS_CA_BUNDLE", with("AWS_CA_BUNDLE", bundle, "REQUESTS_CA_BUNDLE", empty), []string{server.URL}, 0, "hello", ""},
		{"T3: REQUESTS_CA_BUNDLE", with("REQUESTS_CA_BUNDLE", bundle, "CURL_CA_BUNDLE", empty), []string{server.URL}, 0, "hello", ""},
		{"T3: CURL_CA_BUNDLE", with("CURL_CA_BUNDLE", bundle, "SSL_CERT_FILE", empty), []string{server.URL}, 0, "hello", ""},
		{"T3: SSL_CERT_FILE", with("SSL_CERT_FILE", bundle), []string{server.URL}, 0, "hello", ""},
		{"an empty bundle", with("AWS_CA_BUNDLE", empty), []string{server.URL}, exitAuthorities, "", "AWS_CA_BUNDLE: no certificate in"},
		{"a bundle that nobody needs", with("AWS_CA_BUNDLE", empty), []string{plain.url}, 0, "ok\n", ""},
		{"another host's certificate", with("AWS_CA_BUNDLE", bundle), []string{"--connect-to", "::" + strings.TrimPrefix(server.URL, "https://"), "https://api.example.org"}, exitCertificate, "", "api.example.org"},
		{"-E and --key", testKeys, []string{"-k", "-E", certificate, "--key", key, server.URL}, 0, "hello ada", ""},
		{"-E without a key", testKeys, []string{"-k", "-E", certificate, server.URL}, exitClientCert, "", "client certificate"},
		{"T5: --tls-max", testKeys, []string{"-k", "--tls-max", "1.2", "-w", "%{http_version}", "--http1.1", server.URL}, 0, "hello1.1", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, stdout, stderr := invoke(t, surrounding{env: tt.env}, tt.args...)
			if status != tt.status || stdout != tt.stdout || !strings.Contains(stderr, tt.stderr) {
				t.Errorf("exit status %d, printed %q and %q; want %d, %q and %q", status, stdout, stderr, tt.status, tt.stdout, tt.stderr)
			}
		})
	}
}

// newCertificate writes a certificate and its key to files.
func newCertificate(t *testing.T, name string) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour)}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return writeFile(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}))),
		writeFile(t, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})))
}
