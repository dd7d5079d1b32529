package cli_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"github.com/hakonegate/hakone/internal/instance"
)

// condition answers [namespaces] of scripts: whether this machine gives them.
func condition(name string) (bool, error) {
	if name != "namespaces" {
		return false, fmt.Errorf("unknown condition %s", name)
	}
	return namespaces()
}

var namespaces = sync.OnceValues(func() (bool, error) {
	dir, err := os.MkdirTemp("", "hakone-test-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	authority := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(authority, nil, 0o600); err != nil {
		return false, err
	}
	_, err = instance.Run(context.Background(), instance.Command{
		Args: []string{"true"}, CAFile: authority, Environment: os.Environ(),
		Metadata: http.NotFoundHandler(), Stdout: io.Discard, Stderr: io.Discard,
	})
	if errors.Is(err, instance.ErrNoNamespaces) {
		fmt.Fprintln(os.Stderr, err)
		return false, nil
	}
	return err == nil, err
})
