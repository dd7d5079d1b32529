package cli_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"github.com/hakonegate/hakone/internal/instance"
)

// condition answers [namespaces] of scripts, whether this machine gives them, and
// [nonamespaces], whether it lets a command be run that gets none.
func condition(name string) (bool, error) {
	switch name {
	case "namespaces":
		return namespaces()
	case "nonamespaces":
		return exec.Command("unshare", "-Ur", "sh", "-c", "echo 0 >/proc/sys/user/max_user_namespaces").Run() == nil, nil
	default:
		return false, fmt.Errorf("unknown condition %s", name)
	}
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
