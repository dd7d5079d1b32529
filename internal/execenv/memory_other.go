//go:build !linux

package execenv

import "os"

// systemMemory returns zeros: nothing of it is needed where there are no rooms.
func systemMemory() (total, free int64) { return 0, 0 }

func used(*os.File) int64 { return 0 }
