package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
)

// truststores are whom custom domain names with mutual TLS trust, by URI.
type truststores map[string]*watched[*x509.CertPool]

func openTruststores(files map[string]string, log *slog.Logger) (truststores, error) {
	out := truststores{}
	for uri, file := range files {
		w, err := watch(log, func(contents [][]byte) (*x509.CertPool, error) {
			pool := x509.NewCertPool()
			if !pool.AppendCertsFromPEM(contents[0]) {
				return nil, errors.New("no certificate in PEM form")
			}
			return pool, nil
		}, file)
		if err != nil {
			return nil, fmt.Errorf("truststore %s, file %s: %w", uri, file, err)
		}
		out[uri] = w
	}
	return out, nil
}

func (t truststores) has(uri string) bool { return t[uri] != nil }

// require makes config want a client certificate where a domain name does. Of
// what truststore returns, a file goes before the pool.
func (t truststores) require(config *tls.Config, truststore func(serverName string) (uri string, pool *x509.CertPool)) {
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		uri, pool := truststore(hello.ServerName)
		if uri == "" {
			return nil, nil //nolint:nilnil // as crypto/tls wants it: config as it is
		}
		if store := t[uri]; store != nil {
			pool = store.get()
		}
		if pool == nil {
			return nil, fmt.Errorf("%s: the truststore %s was not given", hello.ServerName, uri)
		}
		mutual := config.Clone()
		mutual.GetConfigForClient = nil
		mutual.ClientAuth, mutual.ClientCAs = tls.RequireAndVerifyClientCert, pool
		mutual.SessionTicketsDisabled = true // a ticket would outlive a change of the truststore
		mutual.VerifyConnection = checkClientChain
		return mutual, nil
	}
}

// maxChain is how long the chain of a client certificate may be, the root among
// it.
const maxChain = 4

// checkClientChain refuses what API Gateway's mutual TLS does. Signatures over
// SHA-1 or MD5 are refused by crypto/x509.
func checkClientChain(c tls.ConnectionState) error {
	for _, chain := range c.VerifiedChains {
		if len(chain) <= maxChain {
			return checkClientKey(chain[0])
		}
	}
	return fmt.Errorf("the chain of the client certificate is longer than %d", maxChain)
}

func checkClientKey(c *x509.Certificate) error {
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() >= 2048 {
			return nil
		}
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P256() || key.Curve == elliptic.P384() {
			return nil
		}
	}
	return errors.New("the key of the client certificate is neither RSA of 2,048 bits nor ECDSA on P-256 or P-384")
}
