package cli

import (
	"log/slog"
)

// logger writes what the server has to say to standard error: warnings, and with
// verbose everything.
func (p *program) logger(verbose bool) *slog.Logger {
	level := slog.LevelWarn
	if verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(p.progressView(), &slog.HandlerOptions{Level: level}))
}
