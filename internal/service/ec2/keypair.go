package ec2

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/md5" //nolint:gosec // EC2 defines fingerprints of imported RSA keys as MD5
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // EC2 defines fingerprints of its RSA keys as SHA-1
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/store"
	"github.com/hakonegate/hakone/internal/template"
)

// A KeyPair is a public key by name. The private key, if EC2 made it, is in the
// parameter store.
type KeyPair struct {
	KeyName     string
	KeyPairID   string
	KeyType     string
	Fingerprint string
	PublicKey   string // as in authorized_keys
	CreateTime  time.Time
	Tags        []Tag
}

// PrivateKeyParameter is the name of the parameter that holds a private key, as
// CloudFormation names it.
func PrivateKeyParameter(keyPairID string) string { return "/ec2/keypair/" + keyPairID }

// KeyPair returns a key pair by its name.
func (s *Service) KeyPair(name string) (KeyPair, bool) { return s.pairs.Get(name) }

// WithKey returns the instances whose key pair has a public key, in the form of
// the SSH protocol.
func (s *Service) WithKey(key []byte) []Instance {
	var found []Instance
	for _, i := range s.Instances() {
		pair, ok := s.KeyPair(i.KeyName)
		fields := strings.Fields(pair.PublicKey)
		if !ok || len(fields) < 2 {
			continue
		}
		if blob, err := base64.StdEncoding.DecodeString(fields[1]); err == nil && bytes.Equal(blob, key) {
			found = append(found, i)
		}
	}
	return found
}

// keyPairType is AWS::EC2::KeyPair. Ref gives the name.
type keyPairType struct{ s *Service }

type keyPairProperties struct {
	KeyName           string `required:"true"`
	KeyType           string `oneof:"rsa,ed25519"`
	KeyFormat         string `oneof:"pem,ppk"`
	PublicKeyMaterial string
	Tags              []Tag
}

var keyName = regexp.MustCompile(`^[ -~]{1,255}$`)

// Create implements [stack.Handler].
func (t keyPairType) Create(ctx context.Context, r *stack.Request) (stack.Result, error) {
	var p keyPairProperties
	if err := r.Properties.Decode(&p); err != nil {
		return stack.Result{}, err
	}
	p.KeyType, p.KeyFormat = cmp.Or(p.KeyType, "rsa"), cmp.Or(p.KeyFormat, "pem")
	switch {
	case !keyName.MatchString(p.KeyName) || strings.TrimSpace(p.KeyName) != p.KeyName:
		return stack.Result{}, invalid("InvalidParameterValue", "Value (%s) for parameter KeyName is invalid.", p.KeyName)
	case p.KeyType != "rsa" && p.KeyType != "ed25519":
		return stack.Result{}, invalid("InvalidParameterValue", "Invalid value '%s' for keyType; it is rsa or ed25519", p.KeyType)
	case p.KeyFormat == "ppk":
		return stack.Result{}, invalid("InvalidParameterValue", "hakone writes private keys as pem; KeyFormat ppk is for PuTTY, whose puttygen converts a pem file")
	case p.KeyFormat != "pem":
		return stack.Result{}, invalid("InvalidParameterValue", "Invalid value '%s' for keyFormat; it is pem", p.KeyFormat)
	}
	pair := KeyPair{KeyName: p.KeyName, KeyPairID: newID("key"), KeyType: p.KeyType, CreateTime: t.s.now().UTC(), Tags: p.Tags}
	private, err := pair.fill(p.PublicKeyMaterial)
	if err != nil {
		return stack.Result{}, err
	}
	if err := t.s.pairs.Create(ctx, pair.KeyName, pair); err != nil {
		if errors.Is(err, store.ErrExists) {
			return stack.Result{}, invalid("InvalidKeyPair.Duplicate", "The keypair already exists")
		}
		return stack.Result{}, err
	}
	result := stack.Result{PhysicalID: pair.KeyName, Attributes: map[string]string{"KeyFingerprint": pair.Fingerprint, "KeyPairId": pair.KeyPairID}}
	if private != "" {
		description := "Private key of the key pair " + pair.KeyName
		if err := t.s.parameters.PutSecret(ctx, PrivateKeyParameter(pair.KeyPairID), description, private); err != nil {
			return result, fmt.Errorf("store the private key of %s: %w", pair.KeyName, err)
		}
	}
	return result, nil
}

// Update implements [stack.Handler]. Every property but the tags replaces the
// pair.
func (t keyPairType) Update(ctx context.Context, r *stack.Request, _ *template.Node) (stack.Result, error) {
	var p keyPairProperties
	if err := r.Properties.Decode(&p); err != nil {
		return stack.Result{}, err
	}
	var now KeyPair
	if err := t.s.pairs.Update(ctx, r.PhysicalID, func(k *KeyPair) error { k.Tags = p.Tags; now = *k; return nil }); err != nil {
		return stack.Result{}, fmt.Errorf("change the key pair %s: %w", r.PhysicalID, err)
	}
	return stack.Result{PhysicalID: now.KeyName, Attributes: map[string]string{"KeyFingerprint": now.Fingerprint, "KeyPairId": now.KeyPairID}}, nil
}

// Delete implements [stack.Handler].
func (t keyPairType) Delete(ctx context.Context, r *stack.Request) error {
	pair, ok := t.s.pairs.Get(r.PhysicalID)
	if !ok {
		return nil
	}
	if err := t.s.parameters.DeleteSecret(ctx, PrivateKeyParameter(pair.KeyPairID)); err != nil {
		return fmt.Errorf("delete the private key of %s: %w", pair.KeyName, err)
	}
	return t.s.pairs.Delete(ctx, pair.KeyName)
}

// fill makes the key, or takes the given public one, and returns the private key
// in PEM if there is one.
func (k *KeyPair) fill(given string) (private string, err error) {
	if given != "" {
		return "", k.imported(given)
	}
	if k.KeyType == "rsa" {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return "", fmt.Errorf("make the key: %w", err)
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return "", fmt.Errorf("make the key: %w", err)
		}
		sum := sha1.Sum(der) //nolint:gosec // see the import
		k.Fingerprint = colons(sum[:])
		if k.PublicKey, _, err = authorized(&key.PublicKey, k.KeyName); err != nil {
			return "", err
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})), nil
	}
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", fmt.Errorf("make the key: %w", err)
	}
	line, blob, err := authorized(public, k.KeyName)
	if err != nil {
		return "", err
	}
	k.Fingerprint, k.PublicKey = sha256Fingerprint(blob), line
	block, err := ssh.MarshalPrivateKey(key, k.KeyName)
	if err != nil {
		return "", fmt.Errorf("make the key: %w", err)
	}
	return string(pem.EncodeToMemory(block)), nil
}

// imported takes a public key as authorized_keys has it.
func (k *KeyPair) imported(given string) error {
	fields := strings.Fields(given)
	malformed := invalid("InvalidKey.Format", "Key is not in valid OpenSSH public key format")
	if len(fields) < 2 {
		return malformed
	}
	blob, err := base64.StdEncoding.DecodeString(fields[1])
	if err != nil {
		return malformed
	}
	parsed, err := ssh.ParsePublicKey(blob)
	if err != nil {
		return malformed
	}
	key, ok := parsed.(ssh.CryptoPublicKey)
	if !ok {
		return malformed
	}
	k.PublicKey = strings.Join(fields, " ")
	switch public := key.CryptoPublicKey().(type) {
	case *rsa.PublicKey:
		if n := public.N.BitLen(); n < 1024 || n > 16384 {
			return malformed
		}
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			return malformed
		}
		sum := md5.Sum(der) //nolint:gosec // see the import
		k.KeyType, k.Fingerprint = "rsa", colons(sum[:])
	case ed25519.PublicKey:
		k.KeyType, k.Fingerprint = "ed25519", sha256Fingerprint(blob)
	default:
		return malformed
	}
	return nil
}

func colons(sum []byte) string {
	return strings.ReplaceAll(fmt.Sprintf("% x", sum), " ", ":")
}

func sha256Fingerprint(blob []byte) string {
	sum := sha256.Sum256(blob)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// authorized returns a public key as authorized_keys has it, and as the SSH
// protocol has it.
func authorized(public any, comment string) (line string, blob []byte, err error) {
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		return "", nil, fmt.Errorf("make the key: %w", err)
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))) + " " + comment, key.Marshal(), nil
}
