//go:build unix

package backend

import (
	"errors"
	"syscall"
)

// silent reports whether nothing waits to be read on a socket, neither bytes nor
// its end. It does not wait.
func silent(fd uintptr) bool {
	var one [1]byte
	_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	return errors.Is(err, syscall.EAGAIN)
}
