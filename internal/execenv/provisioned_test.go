package execenv_test

import (
	"errors"
	"testing"
	"time"

	"github.com/hakonegate/hakone/internal/execenv"
)

// eventually polls until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not after a minute: %s", what)
		}
	}
}

func TestProvisionedEnvironmentsAreReadyAndStay(t *testing.T) {
	r := start(t, func(c *execenv.Config) { c.IdleTimeout = 50 * time.Millisecond })
	fn := r.python(t, "python3.11", "import os\ndef handler(event, context):\n    return os.getpid()\n")
	fn.Version = "1"
	ready := func(want int) func() bool {
		return func() bool {
			n, failed := r.Provisioned(fn.ARN, "1")
			return n == want && !failed
		}
	}
	r.Provision(fn, 2)
	eventually(t, "two environments are ready", ready(2))
	first := r.invoke(t, fn, `{}`)
	if first.InitDuration != 0 {
		t.Errorf("the first call waited %v for an init", first.InitDuration)
	}
	time.Sleep(200 * time.Millisecond) // longer than others may be idle
	if n, _ := r.Provisioned(fn.ARN, "1"); n != 2 {
		t.Errorf("%d environments after the idle timeout, want 2", n)
	}
	r.Provision(fn, 0)
	if n, _ := r.Provisioned(fn.ARN, "1"); n != 0 {
		t.Errorf("%d environments are provisioned after the end", n)
	}
}

func TestProvisionedConcurrencyIsTakenFromTheReserved(t *testing.T) {
	r := start(t, nil)
	one := r.python(t, "python3.11", "def handler(event, context):\n    return 1\n")
	one.Version, one.Concurrent = "1", 1
	latest := *one
	latest.Version = "$LATEST"
	r.Provision(one, 1)
	if _, err := r.Invoke(t.Context(), &latest, []byte(`{}`), execenv.Invocation{}); !errors.Is(err, execenv.ErrFunctionLimit) {
		t.Errorf("$LATEST: %v, want ErrFunctionLimit", err)
	}
	if got := string(r.invoke(t, one, `{}`).Payload); got != "1" {
		t.Errorf("version 1: %s", got)
	}
}

func TestProvisionedEnvironmentThatFailsIsToldOf(t *testing.T) {
	r := start(t, nil)
	fn := r.python(t, "python3.11", "raise Exception('no')\n")
	fn.Version = "1"
	r.Provision(fn, 1)
	eventually(t, "the failure is known", func() bool {
		_, failed := r.Provisioned(fn.ARN, "1")
		return failed
	})
}
