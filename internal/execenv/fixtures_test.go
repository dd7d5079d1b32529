package execenv_test

import (
	"context"
	"testing"
	"time"

	"github.com/hakonegate/hakone/internal/execenv"
)

// fixedKeys gives every role the same credentials.
type fixedKeys struct{}

func (fixedKeys) FunctionCredentials(context.Context, string, string) (execenv.Keys, error) {
	return execenv.Keys{AccessKeyID: "ASIAEXAMPLE", SecretAccessKey: "secret", SessionToken: "token", Expiration: time.Now().Add(time.Hour)}, nil
}

func contextWithTimeout(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeout(t.Context(), d)
}
