package instance_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"sync"
	"testing"

	"github.com/hakonegate/hakone/internal/instance"
)

var noNamespaces = sync.OnceValue(func() error {
	authority, err := os.CreateTemp("", "hakone-test-")
	if err != nil {
		return err
	}
	defer os.Remove(authority.Name())
	_, err = instance.Run(context.Background(), instance.Command{Args: []string{"true"}, CAFile: authority.Name(), Environment: os.Environ()})
	return err
})

// needNamespaces skips a test on a machine that gives none.
func needNamespaces(t *testing.T) {
	t.Helper()
	if err := noNamespaces(); errors.Is(err, instance.ErrNoNamespaces) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
}

// run runs a command line as an instance and returns what it prints.
func run(t *testing.T, c *instance.Command, line string) string {
	t.Helper()
	var out, errs bytes.Buffer
	c.Args, c.Stdout, c.Stderr = []string{"/bin/sh", "-c", line}, &out, &errs
	if status, err := instance.Run(t.Context(), *c); err != nil || status != 0 {
		t.Fatalf("%s: status %d, %v\n%s", line, status, err, errs.String())
	}
	return out.String()
}
