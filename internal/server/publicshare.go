package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"time"

	"github.com/hakonegate/hakone/internal/access/seal"
	"github.com/hakonegate/hakone/internal/store"
)

// A certificateShare is what the nodes of a fleet tell each other of public
// certificates: one of them orders, all of them serve and show proofs, since the
// authority reaches any of them.
type certificateShare interface {
	// lead returns the context under which this node orders; false where another
	// node does.
	lead(ctx context.Context) (context.Context, bool)
	// get returns a key with its certificates as PEM, or nil.
	get(kind, name string) []byte
	// put keeps such a text; none takes it away.
	put(ctx context.Context, kind, name string, text []byte) error
}

// The kinds of what is shared.
const (
	sharedAccount     = "account"
	sharedCertificate = "certificate"
	sharedProof       = "proof"
)

// proofSpread is how long a proof takes to reach all nodes, with some to spare.
const proofSpread = time.Second

// recordShare is a certificateShare in the records.
type recordShare struct {
	store   *store.Store
	ring    *seal.Ring
	records store.Collection[sharedPEM]
}

// A sharedPEM is a key with its certificates, sealed: whoever reads the records
// must not impersonate a domain name.
type sharedPEM struct{ Sealed []byte }

const certificateSeal = "server.publiccertificates"

// sharePublicCertificates makes the nodes of a fleet act as one.
func (s *Server) sharePublicCertificates(ctx context.Context) error {
	if s.public == nil || s.engine.Embedded() {
		return nil
	}
	ring, err := seal.Open(ctx, s.store)
	if err != nil {
		return fmt.Errorf("open seals: %w", err)
	}
	s.public.share = &recordShare{store: s.store, ring: ring, records: store.In[sharedPEM](s.store, certificateSeal)}
	s.public.account.share = s.public.share
	return nil
}

// lead claims the work anew each time, and never gives it back: the node that
// had it first has it until it is gone, so that failures are counted once.
func (r *recordShare) lead(ctx context.Context) (context.Context, bool) {
	leading, _, err := r.store.Lease(ctx, certificateSeal)
	return leading, err == nil
}

func (r *recordShare) get(kind, name string) []byte {
	kept, ok := r.records.Get(kind + "." + name)
	if !ok {
		return nil
	}
	text, err := r.ring.Open(certificateSeal, kept.Sealed, []byte(kind+"."+name))
	if err != nil {
		return nil // as good as none: it is ordered again
	}
	return text
}

func (r *recordShare) put(ctx context.Context, kind, name string, text []byte) error {
	key := kind + "." + name
	if text == nil {
		return r.records.Delete(ctx, key)
	}
	sealed, err := r.ring.Seal(certificateSeal, text, []byte(key))
	if err != nil {
		return fmt.Errorf("seal %s of %s: %w", kind, name, err)
	}
	return r.records.Put(ctx, key, sharedPEM{sealed})
}

// asPEM returns a certificate with its key as PEM.
func asPEM(c *tls.Certificate) ([]byte, error) {
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		return nil, fmt.Errorf("encode key: %w", err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	for _, der := range c.Certificate {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return text, nil
}
