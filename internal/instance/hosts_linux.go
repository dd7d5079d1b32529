package instance

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// lookAgain is how often a session asks whether there are other names.
const lookAgain = time.Second

// A hosts is the hosts file inside, seen from outside: there it is read only.
type hosts struct {
	file    *os.File
	command *Command
	written string
}

// write writes the file anew, if there are other names than before.
func (h *hosts) write(ctx context.Context) error {
	var names Names
	if h.command.Names != nil {
		var err error
		if names, err = h.command.Names(ctx); err != nil {
			return err
		}
	}
	var b strings.Builder
	b.WriteString("127.0.0.1 localhost\n")
	if h.command.Hostname != "" {
		fmt.Fprintf(&b, "127.0.0.1 %s\n", h.command.Hostname)
	}
	for _, to := range []struct {
		address string
		names   []string
	}{{gatewayAddress, names.Gateway}, {controlAddress, names.Control}} {
		for _, name := range slices.Sorted(slices.Values(to.names)) {
			fmt.Fprintf(&b, "%s %s\n", to.address, name)
		}
	}
	text := b.String()
	if text == h.written {
		return nil
	}
	// Whoever reads meanwhile finds whole lines: what is too much goes last.
	if _, err := h.file.WriteAt([]byte(text), 0); err != nil {
		return fmt.Errorf("write the instance's hosts: %w", err)
	}
	if err := h.file.Truncate(int64(len(text))); err != nil {
		return fmt.Errorf("write the instance's hosts: %w", err)
	}
	h.written = text
	return nil
}

// follow writes the file whenever there are other names, until ctx is done. What
// cannot be asked just now is asked the next time.
func (h *hosts) follow(ctx context.Context) {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			_ = h.write(ctx)
		}
	}
}
