package worker

import (
	"context"
	"crypto/ecdh"
	"crypto/hpke"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/hakonegate/hakone/internal/engine"
	"github.com/hakonegate/hakone/internal/execenv"
)

// Credentials of an execution role are asked for when an environment starts, and
// before they end. They are encrypted for the one process that asked: what NATS
// carries and stores tells nothing.

// A credentialRequest asks for credentials.
type credentialRequest struct {
	Role, Function string
	PublicKey      []byte
}

type credentialAnswer struct {
	Sealed []byte `json:",omitempty"` // [execenv.Keys] as JSON
	Error  string `json:",omitempty"`
}

func suite() (hpke.KEM, hpke.KDF, hpke.AEAD) {
	return hpke.DHKEM(ecdh.X25519()), hpke.HKDFSHA256(), hpke.AES256GCM()
}

const sealInfo = "hakone worker credentials"

// Credentials asks gateways for credentials. It is an [execenv.Credentials].
type Credentials struct{ Engine *engine.Engine }

// FunctionCredentials implements [execenv.Credentials].
func (c Credentials) FunctionCredentials(ctx context.Context, roleARN, functionName string) (execenv.Keys, error) {
	kem, kdf, aead := suite()
	private, err := kem.GenerateKey()
	if err != nil {
		return execenv.Keys{}, fmt.Errorf("make a key: %w", err)
	}
	question, err := json.Marshal(credentialRequest{roleARN, functionName, private.PublicKey().Bytes()})
	if err != nil {
		return execenv.Keys{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	text, err := c.Engine.Ask(ctx, roleSubject, question)
	if err != nil {
		return execenv.Keys{}, fmt.Errorf("ask a gateway for credentials of %s: %w", roleARN, err)
	}
	var answer credentialAnswer
	if err := json.Unmarshal(text, &answer); err != nil {
		return execenv.Keys{}, errFrame
	}
	if answer.Error != "" {
		return execenv.Keys{}, fmt.Errorf("credentials of %s: %s", roleARN, answer.Error)
	}
	plain, err := hpke.Open(private, kdf, aead, []byte(sealInfo), answer.Sealed)
	if err != nil {
		return execenv.Keys{}, fmt.Errorf("open credentials of %s: %w", roleARN, err)
	}
	var keys execenv.Keys
	if err := json.Unmarshal(plain, &keys); err != nil {
		return execenv.Keys{}, errFrame
	}
	return keys, nil
}

// giveCredentials answers a worker.
func (w *Workers) giveCredentials(ctx context.Context, m *engine.Message) {
	answer := credentialAnswer{}
	sealed, err := w.sealCredentials(ctx, m.Data)
	if err != nil {
		w.Log.WarnContext(ctx, "a worker gets no credentials", slog.Any("error", err))
		answer.Error = err.Error()
	}
	answer.Sealed = sealed
	if text, err := json.Marshal(answer); err == nil {
		_ = m.Answer(text) // the worker asks again
	}
}

func (w *Workers) sealCredentials(ctx context.Context, question []byte) ([]byte, error) {
	var q credentialRequest
	if err := json.Unmarshal(question, &q); err != nil {
		return nil, errFrame
	}
	if w.Credentials == nil {
		return nil, execenv.ErrCredentials
	}
	kem, kdf, aead := suite()
	public, err := kem.NewPublicKey(q.PublicKey)
	if err != nil {
		return nil, errFrame
	}
	keys, err := w.Credentials.FunctionCredentials(ctx, q.Role, q.Function)
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(keys) //nolint:gosec // it is encrypted below
	if err != nil {
		return nil, err
	}
	return hpke.Seal(public, kdf, aead, []byte(sealInfo), plain)
}
