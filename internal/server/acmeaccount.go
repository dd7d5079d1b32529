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
	file   string
	config *ACME
	client *acme.Client // nil before the first order
}

// order gets a certificate for name and returns its key and chain as PEM. show
// makes the listener answer the authority with a proof (tls-alpn-01, RFC 8737);
// nil takes it away.
func (a *account) order(ctx context.Context, name string, show func(proof *tls.Certificate)) ([]byte, error) {
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
	key, keyPEM, err := newKey()
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
	for _, der := range chain {
		keyPEM = append(keyPEM, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return keyPEM, nil
}

// prove answers the authority's challenge for one authorization.
func (a *account) prove(ctx context.Context, name, url string, show func(*tls.Certificate)) error {
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
		show(&proof)
		defer show(nil)
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
	key, err := a.key()
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

// key returns the account's key.
func (a *account) key() (crypto.Signer, error) {
	text, err := os.ReadFile(a.file)
	if errors.Is(err, fs.ErrNotExist) {
		key, text, err := newKey()
		if err != nil {
			return nil, err
		}
		return key, writeFile(a.file, text)
	}
	if err != nil {
		return nil, fmt.Errorf("read key of the ACME account: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("key of the ACME account %s is not PEM", a.file)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("key of the ACME account %s: %w", a.file, err)
	}
	key, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("key of the ACME account %s cannot sign", a.file)
	}
	return key, nil
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
