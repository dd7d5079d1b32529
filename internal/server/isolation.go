package server

import (
	"fmt"

	"github.com/hakonegate/hakone/internal/sandbox"
)

// Functions says how functions run. The zero value isolates them as well as
// the system can, with the machine's network.
type Functions struct {
	Isolation sandbox.Isolation
	NoNetwork bool // functions reach their Runtime API and nothing else
}

// ParseIsolation returns the isolation of that name.
func ParseIsolation(name string) (sandbox.Isolation, error) {
	switch i := sandbox.Isolation(name); i {
	case sandbox.Default, sandbox.Require, sandbox.Off:
		return i, nil
	}
	return "", fmt.Errorf("%q is not default, require or off", name)
}

// requireIsolation fails before anything is served if functions cannot be kept
// apart as they must be.
func (s *Server) requireIsolation() error {
	if s.config.Functions.Isolation != sandbox.Require {
		return nil // told when the pool runs
	}
	return s.pool.Prepare()
}
