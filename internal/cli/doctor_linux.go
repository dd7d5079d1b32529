package cli

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// enoughFiles is what 1,000 connections with their backends and functions need.
const enoughFiles = 4096

func examineFiles() diagnosis {
	f := diagnosis{Name: "open files", Level: "ok"}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return diagnosis{Name: f.Name, Level: "lack", Detail: "unknown", Cost: err.Error()}
	}
	f.Detail = fmt.Sprintf("at most %d", limit.Max)
	if limit.Max < enoughFiles {
		f.Level = "lack"
		f.Cost = fmt.Sprintf("connections beyond that are refused: raise it to %d or more (ulimit -Hn, LimitNOFILE=)", enoughFiles)
	}
	return f
}

// examineClock asks the kernel whether anything keeps the clock right.
func examineClock() diagnosis {
	f := diagnosis{Name: "clock", Level: "ok", Detail: "synchronised"}
	var state unix.Timex
	status, err := unix.Adjtimex(&state)
	switch {
	case err != nil:
		f.Level, f.Detail, f.Cost = "lack", "unknown", err.Error()
	case status == unix.TIME_ERROR || state.Status&unix.STA_UNSYNC != 0:
		f.Level, f.Detail = "lack", "the kernel knows of nothing that sets it"
		f.Cost = "signatures are refused when it is 5 minutes off from the clients': run an NTP client"
	}
	return f
}
