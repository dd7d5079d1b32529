//go:build !linux

package instance

import (
	"context"
	"fmt"
	"os"
	"runtime"
)

// Run needs Linux.
func Run(context.Context, Command) (status int, err error) {
	return 0, fmt.Errorf("%w on %s", ErrNoNamespaces, runtime.GOOS)
}

// Console returns nil: there are no terminals to give here.
func Console(*os.File) (t *Terminal, restore func()) { return nil, func() {} }
