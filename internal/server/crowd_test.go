package server

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// testCrowd serves "ok" to at most two connections.
func testCrowd(t *testing.T, config *tls.Config) (address string, log *lockedBuilder) {
	t.Helper()
	log = &lockedBuilder{}
	logger := slog.New(slog.NewTextHandler(log, nil))
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") }), ReadHeaderTimeout: time.Minute, TLSConfig: config}
	admitted := (&crowd{limit: 2, log: logger}).admit(l, config)
	done := make(chan error)
	go func() {
		if config != nil {
			done <- server.ServeTLS(admitted, "", "")
		} else {
			done <- server.Serve(admitted)
		}
	}()
	t.Cleanup(func() {
		server.Close()
		<-done
	})
	return l.Addr().String(), log
}

// ask sends a request and returns the status line and the rest.
func ask(t *testing.T, c net.Conn) (status, body string) {
	t.Helper()
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	return response.Status, string(text)
}

func TestTooManyConnectionsAreRefused(t *testing.T) {
	address, log := testCrowd(t, nil)
	first, second := connect(t, address), connect(t, address)
	for _, c := range []net.Conn{first, second} {
		if status, body := ask(t, c); status != "200 OK" || body != "ok" {
			t.Fatalf("got %s %s", status, body)
		}
	}
	for range 5 {
		if status, body := ask(t, connect(t, address)); status != "503 Service Unavailable" || body != `{"message":"Service Unavailable"}` {
			t.Errorf("one too many: %s %s", status, body)
		}
	}
	if n := strings.Count(log.String(), "a connection was refused"); n != 1 {
		t.Errorf("%d lines: %s", n, log)
	}
	if status, _ := ask(t, first); status != "200 OK" {
		t.Errorf("who is in stays in: %s", status)
	}
	first.Close()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		status, _ := ask(t, connect(t, address))
		if status == "200 OK" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("who left still counts")
		}
	}
}

func TestTooManySecureConnectionsAreRefused(t *testing.T) {
	a := testAuthority(t)
	address, _ := testCrowd(t, &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, GetCertificate: a.leafFor})
	connect(t, address)
	connect(t, address)
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", address)
		},
	}}
	defer client.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://localhost/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	// The two connections may not have been taken yet.
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		response, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if response.StatusCode == http.StatusServiceUnavailable && string(body) == `{"message":"Service Unavailable"}` {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %s %s", response.Status, body)
		}
		client.CloseIdleConnections()
	}
}

func TestConnectionsLeaveFilesForTheRest(t *testing.T) {
	if n := dataConnections(0); n < 1 || n > defaultConnections {
		t.Errorf("%d by default", n)
	}
	if n := dataConnections(20_000); n != 20_000 {
		t.Errorf("%d where 20,000 were asked for", n)
	}
}
