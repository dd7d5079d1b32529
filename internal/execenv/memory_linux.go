package execenv

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// systemMemory returns the machine's memory and what of it can be had; zero where
// that is not known.
func systemMemory() (total, free int64) {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(text)) {
		var kb int64
		if _, err := fmt.Sscanf(line, "MemTotal: %d kB", &kb); err == nil {
			total = kb << 10
		}
		if _, err := fmt.Sscanf(line, "MemAvailable: %d kB", &kb); err == nil {
			return total, kb << 10
		}
	}
	return 0, 0
}

// used returns how many bytes the files of a /tmp have.
func used(tmp *os.File) int64 {
	var st unix.Statfs_t
	if tmp == nil || unix.Fstatfs(int(tmp.Fd()), &st) != nil {
		return 0
	}
	return int64(st.Blocks-st.Bfree) * st.Bsize //nolint:gosec // below 2^63
}
