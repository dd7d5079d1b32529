package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
)

// An ACME says which public authority certificates come from. Directory and
// Email are required.
type ACME struct {
	Directory string   // URL
	Email     string   // of the account; using it accepts the authority's terms
	Hosts     []string // beside the custom domain names

	client *http.Client // nil means http.DefaultClient
}

// LetsEncrypt is the directory of Let's Encrypt.
const LetsEncrypt = acme.LetsEncryptURL

// Times of public certificates.
const (
	orderTimeout = 2 * time.Minute
	firstRetry   = 5 * time.Minute // authorities allow a handful of failures an hour
	lastRetry    = 6 * time.Hour
	lookAround   = time.Hour // for certificates that near their end, at least this often
	settleAfter  = time.Second
)

// publicCertificates are those that a public authority signs by ACME, proved by
// tls-alpn-01 on the data plane's own listener. Only names that are configured
// get one. Files in dir keep them, one a name; the nodes of a fleet share them.
//
// Handshakes never wait for the authority: until there is a certificate, and
// when one has run out, they get the local authority's. Safe for concurrent use.
type publicCertificates struct {
	names   iter.Seq[string] // that want a certificate now, in lower case
	changes func() (<-chan struct{}, func())
	dir     string
	log     *slog.Logger
	account account
	share   certificateShare // nil: this is the only node
	retry   time.Duration    // the first; doubled with each failure

	mu         sync.Mutex
	held       map[string]*tls.Certificate
	challenges map[string]*tls.Certificate // of proofs under way

	failures map[string]failure // used by Run alone
	told     map[string]bool    // wildcards that were told of; used by Run alone
}

// A failure is how often a name failed in a row, and when it is tried again.
type failure struct {
	count int
	next  time.Time
}

// newPublicCertificates makes the folder below dataDir. One authority's files
// are not another's.
func newPublicCertificates(config *ACME, dataDir string, log *slog.Logger) (*publicCertificates, error) {
	dir := filepath.Join(dataDir, "acme", strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '_'
	}, strings.TrimPrefix(config.Directory, "https://")), "."))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make folder of public certificates: %w", err)
	}
	return &publicCertificates{
		dir: dir, log: log, retry: firstRetry, account: account{file: filepath.Join(dir, "account.pem"), config: config},
		held: map[string]*tls.Certificate{}, challenges: map[string]*tls.Certificate{}, failures: map[string]failure{}, told: map[string]bool{},
	}, nil
}

// certificate returns the certificate of a configured name, or nil when there is
// none that is valid now.
func (p *publicCertificates) certificate(serverName string) *tls.Certificate {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.held[strings.ToLower(serverName)]
	if c == nil || time.Now().After(c.Leaf.NotAfter) {
		return nil
	}
	return c
}

// challenge returns what answers the handshake of an authority that looks for a
// proof, or nil for any other handshake.
func (p *publicCertificates) challenge(hello *tls.ClientHelloInfo) *tls.Config {
	if len(hello.SupportedProtos) != 1 || hello.SupportedProtos[0] != acme.ALPNProto {
		return nil
	}
	name := strings.ToLower(hello.ServerName)
	p.mu.Lock()
	c := p.challenges[name]
	p.mu.Unlock()
	if c == nil && p.share != nil { // another node's
		text := p.share.get(sharedProof, name)
		if pair, err := tls.X509KeyPair(text, text); err == nil {
			c = &pair
		}
	}
	if c == nil {
		return nil
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{acme.ALPNProto}, Certificates: []tls.Certificate{*c}}
}

// Run gets certificates for names that have none, and new ones in the last third
// of their time, until ctx is done. It returns nil then.
func (p *publicCertificates) Run(ctx context.Context) error {
	changes, cancel := p.changes()
	defer cancel()
	for {
		next := p.round(ctx)
		timer := time.NewTimer(time.Until(next))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		case _, ok := <-changes: // many records may change at once
			timer.Stop()
			if !ok {
				return nil
			}
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(settleAfter):
			}
		}
	}
}

// round looks at every name once, one after the other, and returns when to look
// again.
func (p *publicCertificates) round(ctx context.Context) time.Time {
	wanted := p.wanted()
	next := time.Now().Add(lookAround)
	for _, name := range wanted {
		if ctx.Err() != nil {
			break
		}
		c := p.keep(name)
		if c != nil && time.Now().Before(renewal(c)) {
			delete(p.failures, name)
			continue
		}
		if f := p.failures[name]; time.Now().Before(f.next) {
			next = earlier(next, f.next)
			continue
		}
		leading, ok := ctx, true
		if p.share != nil {
			leading, ok = p.share.lead(ctx)
		}
		if !ok { // another node orders: a change tells when it is done
			next = earlier(next, time.Now().Add(p.retry))
			continue
		}
		if err := p.renew(leading, name); err != nil && ctx.Err() == nil {
			next = earlier(next, p.failed(name, c != nil, err))
		}
	}
	return next
}

// wanted returns the names that get certificates, and forgets those of all others.
func (p *publicCertificates) wanted() []string {
	names := map[string]bool{}
	for name := range p.names {
		if !strings.HasPrefix(name, "*.") {
			names[name] = true
		} else if !p.told[name] {
			p.told[name] = true
			p.log.Warn("a wildcard domain name gets no public certificate: the proof is for single names", "host", name, "help", "name hosts with --acme-host, or give a certificate with --tls-cert")
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.held, func(name string, _ *tls.Certificate) bool { return !names[name] })
	maps.DeleteFunc(p.failures, func(name string, _ failure) bool { return !names[name] })
	return slices.Sorted(maps.Keys(names))
}

// keep returns the certificate that is held for name, or the one that is kept from
// before. One that cannot be used is as good as none.
func (p *publicCertificates) keep(name string) *tls.Certificate {
	p.mu.Lock()
	held := p.held[name]
	p.mu.Unlock()
	if held != nil && p.share == nil {
		return held
	}
	text, err := p.read(name)
	if text == nil && err == nil {
		return held
	}
	var c tls.Certificate
	if err == nil {
		c, err = tls.X509KeyPair(text, text)
	}
	if err == nil {
		err = c.Leaf.VerifyHostname(name)
	}
	if err != nil {
		if _, told := p.failures[name]; !told {
			p.log.Warn("a kept public certificate cannot be used", "host", name, "error", err)
		}
		return held
	}
	if held != nil && !c.Leaf.NotAfter.After(held.Leaf.NotAfter) {
		return held
	}
	p.mu.Lock()
	p.held[name] = &c
	p.mu.Unlock()
	return &c
}

// read returns what is kept of name: its key, then the chain; nil is nothing.
func (p *publicCertificates) read(name string) ([]byte, error) {
	if p.share != nil {
		return p.share.get(sharedCertificate, name), nil
	}
	text, err := os.ReadFile(p.file(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read a kept certificate: %w", err)
	}
	return text, nil
}

// write keeps what read returns.
func (p *publicCertificates) write(ctx context.Context, name string, text []byte) error {
	if p.share != nil {
		return p.share.put(ctx, sharedCertificate, name, text)
	}
	return writeFile(p.file(name), text)
}

// file is where the certificate of a name is kept: its key, then the chain. A
// domain name has no character that means something in a path.
func (p *publicCertificates) file(name string) string { return filepath.Join(p.dir, name+".pem") }

// renew gets a certificate and keeps it.
func (p *publicCertificates) renew(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, orderTimeout)
	defer cancel()
	text, err := p.account.order(ctx, name, func(proof *tls.Certificate) error { return p.show(ctx, name, proof) })
	if err != nil {
		return err
	}
	c, err := tls.X509KeyPair(text, text)
	if err == nil {
		err = c.Leaf.VerifyHostname(name)
	}
	if err != nil {
		return fmt.Errorf("the authority's certificate cannot be used: %w", err)
	}
	if err := p.write(ctx, name, text); err != nil {
		p.log.WarnContext(ctx, "a public certificate is not kept: it is asked for again at the next start", "host", name, "error", err)
	}
	delete(p.failures, name)
	p.mu.Lock()
	p.held[name] = &c
	p.mu.Unlock()
	p.log.InfoContext(ctx, "a public certificate is served", "host", name, "issuer", c.Leaf.Issuer.String(), "until", c.Leaf.NotAfter, "renewal", renewal(&c))
	return nil
}

// show makes the listeners answer the authority with a proof; nil takes it away.
func (p *publicCertificates) show(ctx context.Context, name string, proof *tls.Certificate) error {
	p.mu.Lock()
	if p.challenges[name] = proof; proof == nil {
		delete(p.challenges, name)
	}
	p.mu.Unlock()
	if p.share == nil {
		return nil
	}
	if proof == nil {
		return p.share.put(ctx, sharedProof, name, nil)
	}
	text, err := asPEM(proof)
	if err == nil {
		err = p.share.put(ctx, sharedProof, name, text)
	}
	select {
	case <-time.After(proofSpread):
	case <-ctx.Done():
	}
	return err
}

// failed tells of a failure and returns when name is tried again.
func (p *publicCertificates) failed(name string, held bool, err error) time.Time {
	f := p.failures[name]
	wait := min(p.retry<<min(f.count, 10), lastRetry)
	if limit, ok := acme.RateLimit(err); ok {
		wait = max(wait, limit)
	}
	f.count, f.next = f.count+1, time.Now().Add(wait)
	p.failures[name] = f
	served := "the local authority's"
	if held {
		served = "the present one, until it has run out"
	}
	p.log.Warn("no public certificate", "host", name, "error", err, "served", served, "next_try", f.next)
	return f.next
}

// renewal is when the last third of a certificate's time begins.
func renewal(c *tls.Certificate) time.Time {
	return c.Leaf.NotAfter.Add(-c.Leaf.NotAfter.Sub(c.Leaf.NotBefore) / 3)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
