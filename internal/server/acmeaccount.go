package server

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/crypto/acme"
)

// An account orders certificates of one ACME authority (RFC 8555). It is made
// with the first order; its key is kept in file. Not safe for concurrent use.
type account struct {
	file   string           // of its key, where share is nil
	share  certificateShare // where the nodes of a fleet have the key
	config *ACME
	client *acme.Client // nil before the first order
}

// order gets a certificate for name and returns its key and chain as PEM. show
// makes the listener answer the authority with a proof (tls-alpn-01, RFC 8737);
// nil takes it away.
func (a *account) order(ctx context.Context, name string, show func(proof *tls.Certificate) error) ([]byte, error) {
	if err := a.open(ctx); err != nil {
		return nil, err
	}
	order, err := a.client.AuthorizeOrder(ctx, acme.DomainIDs(name))
	if err != nil {
		return nil, fmt.Errorf("order a certificate: %w", err)
	}
	for _, url := range order.AuthzURLs {
		if err := a.prove(ctx, name, url, show); err != nil {
			return nil, fmt.Errorf("prove that the name leads here: %w", err)
		}
	}
	if order, err = a.client.WaitOrder(ctx, order.URI); err != nil {
		return nil, fmt.Errorf("wait for the order: %w", err)
	}
	key, _, err := newKey()
	if err != nil {
		return nil, err
	}
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{name}}, key)
	if err != nil {
		return nil, fmt.Errorf("sign certificate request: %w", err)
	}
	chain, _, err := a.client.CreateCertFromOrder(ctx, order, request, true)
	if err != nil {
		return nil, fmt.Errorf("fetch the certificate: %w", err)
	}
	return asPEM(&tls.Certificate{Certificate: chain, PrivateKey: key})
}

// prove answers the authority's challenge for one authorization.
func (a *account) prove(ctx context.Context, name, url string, show func(*tls.Certificate) error) error {
	z, err := a.client.GetAuthorization(ctx, url)
	if err != nil || z.Status == acme.StatusValid {
		return err
	}
	for _, c := range z.Challenges {
		if c.Type != "tls-alpn-01" {
			continue
		}
		proof, err := a.client.TLSALPN01ChallengeCert(c.Token, name)
		if err != nil {
			return fmt.Errorf("sign the proof: %w", err)
		}
		defer func() { _ = show(nil) }() // a proof that stays proves nothing later
		if err := show(&proof); err != nil {
			return fmt.Errorf("show the proof: %w", err)
		}
		if _, err := a.client.Accept(ctx, c); err != nil {
			return err
		}
		_, err = a.client.WaitAuthorization(ctx, url)
		return err
	}
	return errors.New("the authority does not offer tls-alpn-01")
}

// open makes the account, or finds the one that the key has.
func (a *account) open(ctx context.Context) error {
	if a.client != nil {
		return nil
	}
	key, err := a.key(ctx)
	if err != nil {
		return err
	}
	client := &acme.Client{Key: key, DirectoryURL: a.config.Directory, HTTPClient: a.config.client, UserAgent: "hakone"}
	_, err = client.Register(ctx, &acme.Account{Contact: []string{"mailto:" + a.config.Email}}, acme.AcceptTOS)
	if err != nil && !errors.Is(err, acme.ErrAccountAlreadyExists) {
		return fmt.Errorf("open an account at %s: %w", a.config.Directory, err)
	}
	a.client = client
	return nil
}

// key returns the account's key, a new one where there is none.
func (a *account) key(ctx context.Context) (crypto.Signer, error) {
	text, err := a.read()
	if err != nil {
		return nil, err
	}
	if text == nil {
		key, text, err := newKey()
		if err != nil {
			return nil, err
		}
		if a.share != nil {
			return key, a.share.put(ctx, sharedAccount, a.config.Directory, text)
		}
		return key, writeFile(a.file, text)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("key of the ACME account: it is not PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("key of the ACME account: %w", err)
	}
	key, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, errors.New("key of the ACME account: it cannot sign")
	}
	return key, nil
}

// read returns the account's key as PEM, or nil where there is none.
func (a *account) read() ([]byte, error) {
	if a.share != nil {
		return a.share.get(sharedAccount, a.config.Directory), nil
	}
	text, err := os.ReadFile(a.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read key of the ACME account: %w", err)
	}
	return text, nil
}

// newKey makes a key, and returns it as PEM too.
func newKey() (*ecdsa.PrivateKey, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("encode key: %w", err)
	}
	return key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}
