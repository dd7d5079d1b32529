package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// An acmeBench is a listener with certificates of a fake authority.
type acmeBench struct {
	ca      *fakeCA
	local   *authority
	public  *publicCertificates
	address string
	dir     string
	log     *lockedBuilder
	changes chan struct{}

	mu    sync.Mutex
	names []string
}

// newACMEBench makes one for names, in the data directory dir. Names in mutual
// want a client certificate.
func newACMEBench(t *testing.T, ca *fakeCA, dir string, mutual map[string]bool, names ...string) *acmeBench {
	t.Helper()
	b := &acmeBench{ca: ca, local: testAuthority(t), dir: dir, log: &lockedBuilder{}, changes: make(chan struct{}, 1), names: names}
	log := slog.New(slog.NewTextHandler(b.log, nil))
	var err error
	if b.public, err = newPublicCertificates(ca.config(), dir, log); err != nil {
		t.Fatal(err)
	}
	b.public.changes = func() (<-chan struct{}, func()) { return b.changes, func() {} }
	b.public.names = func(yield func(string) bool) {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, name := range b.names {
			if !yield(name) {
				return
			}
		}
	}
	b.public.retry = 20 * time.Millisecond
	s := &Server{public: b.public}
	config := s.publicTLS(&tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if c := b.public.certificate(hello.ServerName); c != nil {
				return c, nil
			}
			return b.local.leafFor(hello)
		},
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			if mutual[hello.ServerName] {
				return &tls.Config{MinVersion: tls.VersionTLS12, ClientAuth: tls.RequireAnyClientCert, GetCertificate: b.local.leafFor}, nil
			}
			return nil, nil //nolint:nilnil // as crypto/tls wants it
		},
	})
	f, err := listenData(t.Context(), "test", "127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") }), config, log)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- f.serve() }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_ = f.shutdown(ctx)
		<-served
	})
	b.address = f.listener.Addr().String()
	ca.set(func() { ca.validate = b.address })
	return b
}

// run gets certificates until the test or stop ends it.
func (b *acmeBench) run(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- b.public.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// issuer returns who signed the certificate that a client of name sees.
func (b *acmeBench) issuer(t *testing.T, name string) (issuer string, leaf *x509.Certificate) {
	t.Helper()
	c, err := tls.Dial("tcp", b.address, &tls.Config{ServerName: name, InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	leaf = c.ConnectionState().PeerCertificates[0]
	switch {
	case leaf.VerifyHostname(name) != nil:
		t.Errorf("the certificate is not for %s", name)
	case leaf.CheckSignatureFrom(b.ca.root) == nil:
		return "public", leaf
	case leaf.CheckSignatureFrom(b.local.certificate) == nil:
		return "local", leaf
	}
	return leaf.Issuer.String(), leaf
}

// until waits for what will be true.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited for nothing: %s", what)
		}
	}
}

func TestConfiguredNamesGetAPublicCertificate(t *testing.T) {
	ca, dir := newFakeCA(t), t.TempDir()
	b := newACMEBench(t, ca, dir, map[string]bool{"mutual.example.com": true}, "api.example.com", "mutual.example.com", "*.example.com")
	if got, _ := b.issuer(t, "api.example.com"); got != "local" {
		t.Errorf("before there is one: %s", got)
	}
	stop := b.run(t)
	until(t, "two certificates", func() bool {
		return b.public.certificate("api.example.com") != nil && b.public.certificate("mutual.example.com") != nil
	})
	got, first := b.issuer(t, "api.example.com")
	if got != "public" {
		t.Errorf("api.example.com: %s", got)
	}
	for _, name := range []string{"localhost", "other.example.com", "x.execute-api.eu-west-1.amazonaws.com"} {
		if got, _ := b.issuer(t, name); got != "local" {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := ca.ordered(); !slices.Equal(got, []string{"api.example.com", "mutual.example.com"}) {
		t.Errorf("ordered %q", got)
	}
	for _, want := range []string{"a public certificate is served", "a wildcard domain name gets no public certificate"} {
		if !strings.Contains(b.log.String(), want) {
			t.Errorf("the log lacks %q: %s", want, b.log)
		}
	}

	// A name that is not configured any more has none; one that comes gets one.
	b.mu.Lock()
	b.names = []string{"new.example.com", "api.example.com"}
	b.mu.Unlock()
	b.changes <- struct{}{}
	until(t, "a certificate of a new name", func() bool { return b.public.certificate("new.example.com") != nil })
	if b.public.certificate("mutual.example.com") != nil {
		t.Error("the certificate of a name that is gone is served")
	}
	stop()

	// Another server finds the files, and asks for nothing.
	kept, err := os.Stat(filepath.Join(dir, "acme"))
	if err != nil || kept.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v, %v", kept.Mode(), err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "acme", "*", "*"))
	if len(files) != 4 { // the account and three names
		t.Errorf("files %q", files)
	}
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
	}
	again := newACMEBench(t, ca, dir, nil, "api.example.com")
	again.run(t)
	until(t, "the certificate from before", func() bool { return again.public.certificate("api.example.com") != nil })
	if _, leaf := again.issuer(t, "api.example.com"); !leaf.Equal(first) {
		t.Error("another certificate than before")
	}
	if got := ca.ordered(); len(got) != 3 {
		t.Errorf("ordered %q", got)
	}
}

func TestWithoutAPublicCertificateTheLocalOneIsServed(t *testing.T) {
	ca := newFakeCA(t)
	ca.refuse = true
	b := newACMEBench(t, ca, t.TempDir(), nil, "api.example.com")
	b.run(t)
	until(t, "a log line", func() bool { return strings.Contains(b.log.String(), "no public certificate") })
	for _, want := range []string{"host=api.example.com", "nobody answers at api.example.com", `served="the local authority's"`, "next_try="} {
		if !strings.Contains(b.log.String(), want) {
			t.Errorf("the log lacks %q: %s", want, b.log)
		}
	}
	if got, _ := b.issuer(t, "api.example.com"); got != "local" {
		t.Errorf("got %s", got)
	}
	ca.set(func() { ca.refuse = false })
	until(t, "another try", func() bool { return b.public.certificate("api.example.com") != nil })
	if got, _ := b.issuer(t, "api.example.com"); got != "public" {
		t.Errorf("got %s", got)
	}
}

func TestPublicCertificatesAreRenewed(t *testing.T) {
	ca := newFakeCA(t)
	ca.validity = -time.Second // run out when it comes
	b := newACMEBench(t, ca, t.TempDir(), nil, "api.example.com")
	stop := b.run(t)
	until(t, "a certificate", func() bool { return strings.Contains(b.log.String(), "a public certificate is served") })
	if got, _ := b.issuer(t, "api.example.com"); got != "local" {
		t.Errorf("one that has run out: %s", got)
	}
	stop()
	ca.set(func() { ca.validity = time.Hour })
	b.run(t)
	until(t, "a new one", func() bool { return b.public.certificate("api.example.com") != nil })
	if got, _ := b.issuer(t, "api.example.com"); got != "public" {
		t.Errorf("got %s", got)
	}
}

func TestWaitsBetweenTriesGrow(t *testing.T) {
	p := &publicCertificates{log: slog.New(slog.DiscardHandler), retry: firstRetry, failures: map[string]failure{}}
	began := time.Now()
	last := began
	for i := range 20 {
		next := p.failed("api.example.com", false, os.ErrDeadlineExceeded)
		if next.Before(last) || next.After(time.Now().Add(lastRetry)) {
			t.Fatalf("try %d is at %v", i, next.Sub(began))
		}
		last = next
	}
}

func TestAKeptCertificateThatCannotBeUsedIsReplaced(t *testing.T) {
	ca, dir := newFakeCA(t), t.TempDir()
	b := newACMEBench(t, ca, dir, nil, "api.example.com")
	if err := os.WriteFile(b.public.file("api.example.com"), []byte("half a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.run(t)
	until(t, "a certificate", func() bool { return b.public.certificate("api.example.com") != nil })
	if got, _ := b.issuer(t, "api.example.com"); got != "public" || !strings.Contains(b.log.String(), "a kept public certificate cannot be used") {
		t.Errorf("got %s: %s", got, b.log)
	}
}

// A proof is no way around mutual TLS: nobody asks for a client certificate, and
// nobody answers.
func TestAProofEndsWithItsHandshake(t *testing.T) {
	b := newACMEBench(t, newFakeCA(t), t.TempDir(), map[string]bool{"mutual.example.com": true}, "mutual.example.com")
	proof, err := b.local.leaf("mutual.example.com", []string{"mutual.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	dial := func() (string, error) {
		c, err := tls.Dial("tcp", b.address, &tls.Config{ServerName: "mutual.example.com", NextProtos: []string{"acme-tls/1"}, InsecureSkipVerify: true})
		if err != nil {
			return "", err
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(time.Minute))
		fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: mutual.example.com\r\n\r\n")
		answer, _ := io.ReadAll(c)
		return string(answer), nil
	}
	if answer, err := dial(); err == nil && answer != "" {
		t.Errorf("without a proof under way: %q", answer)
	}
	if err := b.public.show(t.Context(), "mutual.example.com", proof); err != nil {
		t.Fatal(err)
	}
	if answer, err := dial(); err != nil || answer != "" {
		t.Errorf("with one: %q, %v", answer, err)
	}
}
