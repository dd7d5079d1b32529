package server

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"
)

// lookAgain is how often files of certificates are looked at for changes.
const lookAgain = time.Second

// A watched is what some files hold, read anew when they changed. Nothing runs
// in the background: whoever asks looks, at most once in [lookAgain]. Files that
// cannot be read any more leave what was read last. Safe for concurrent use.
type watched[T any] struct {
	names []string
	parse func(contents [][]byte) (T, error)
	log   *slog.Logger

	mu     sync.Mutex
	value  T
	seen   [][]byte
	looked time.Time
}

// watch reads the files for the first time.
func watch[T any](log *slog.Logger, parse func([][]byte) (T, error), names ...string) (*watched[T], error) {
	w := &watched[T]{names: names, parse: parse, log: log}
	return w, w.read()
}

// get returns what the files hold.
func (w *watched[T]) get() T {
	w.mu.Lock()
	defer w.mu.Unlock()
	if time.Since(w.looked) < lookAgain {
		return w.value
	}
	if err := w.read(); err != nil {
		w.log.Warn("changed files cannot be used: what they held before stays", "files", w.names, "error", err)
	}
	return w.value
}

// read reads the files and takes over what they hold, if it is new. A pair of
// files that is caught half replaced does not parse, and is looked at again.
func (w *watched[T]) read() error {
	w.looked = time.Now()
	contents := make([][]byte, len(w.names))
	same := w.seen != nil
	for i, name := range w.names {
		var err error
		if contents[i], err = os.ReadFile(name); err != nil { //nolint:gosec // a file that the operator names
			return fmt.Errorf("read: %w", err)
		}
		same = same && bytes.Equal(contents[i], w.seen[i])
	}
	if same {
		return nil
	}
	value, err := w.parse(contents)
	if err != nil {
		return err
	}
	w.value, w.seen = value, contents
	return nil
}

// A certificate is one that the operator has, from files.
type certificate = watched[*tls.Certificate]

// openCertificate reads a certificate chain and its key.
func openCertificate(certFile, keyFile string, log *slog.Logger) (*certificate, error) {
	c, err := watch(log, func(contents [][]byte) (*tls.Certificate, error) {
		pair, err := tls.X509KeyPair(contents[0], contents[1])
		return &pair, err
	}, certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("certificate %s with key %s: %w", certFile, keyFile, err)
	}
	return c, nil
}

// dataPlaneTLS returns the data plane's configuration: TLS 1.2 and 1.3, HTTP/2
// before HTTP/1.1, as API Gateway offers. A name gets the operator's certificate
// where that covers it, else a public authority's, else the local authority's.
func (s *Server) dataPlaneTLS(a *authority) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	s.truststores.require(config, s.gateway.Truststore)
	given := func(string) *tls.Certificate { return nil }
	if d := &s.config.DataPlane; d.CertFile != "" || d.KeyFile != "" {
		c, err := openCertificate(d.CertFile, d.KeyFile, s.log)
		if err != nil {
			return nil, err
		}
		given = func(name string) *tls.Certificate {
			if c := c.get(); name == "" || c.Leaf.VerifyHostname(name) == nil {
				return c
			}
			return nil
		}
	}
	if err := s.openPublicCertificates(given); err != nil {
		return nil, err
	}
	config.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if c := given(hello.ServerName); c != nil {
			return c, nil
		}
		if s.public != nil {
			if c := s.public.certificate(hello.ServerName); c != nil {
				return c, nil
			}
		}
		return a.leafFor(hello)
	}
	return s.publicTLS(config), nil
}

// openPublicCertificates prepares certificates by ACME, if they are on, for the
// names that the operator's own does not cover.
func (s *Server) openPublicCertificates(given func(name string) *tls.Certificate) error {
	acme := s.config.DataPlane.ACME
	if acme == nil {
		return nil
	}
	p, err := newPublicCertificates(acme, s.config.DataDir, s.log)
	if err != nil {
		return err
	}
	p.changes = s.apis.Changes
	p.names = func(yield func(string) bool) {
		for _, name := range acme.Hosts {
			if given(name) == nil && !yield(name) {
				return
			}
		}
		for d := range s.apis.Domains() {
			if given(strings.Replace(d.Name, "*", "x", 1)) == nil && !yield(d.Name) {
				return
			}
		}
	}
	s.public = p
	return nil
}

// publicTLS makes config answer an authority that looks for a proof, also on
// names with mutual TLS: such a connection has no client certificate, so no API
// answers on it there.
func (s *Server) publicTLS(config *tls.Config) *tls.Config {
	if s.public == nil {
		return config
	}
	ordinary := config.GetConfigForClient
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if challenge := s.public.challenge(hello); challenge != nil {
			return challenge, nil
		}
		return ordinary(hello)
	}
	return config
}
