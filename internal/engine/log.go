package engine

import (
	"fmt"
	"log/slog"
)

// logger passes the server's log on. All of it is for somebody who debugs the
// engine, except what the server calls an error.
type logger struct{ to *slog.Logger }

func (l logger) Noticef(format string, v ...any) { l.debug(format, v) }
func (l logger) Warnf(format string, v ...any)   { l.debug(format, v) }
func (l logger) Debugf(format string, v ...any)  { l.debug(format, v) }
func (l logger) Tracef(format string, v ...any)  { l.debug(format, v) }
func (l logger) Errorf(format string, v ...any)  { l.fail(format, v) }
func (l logger) Fatalf(format string, v ...any)  { l.fail(format, v) }

func (l logger) debug(format string, v []any) {
	l.to.Debug("nats", "text", fmt.Sprintf(format, v...))
}

func (l logger) fail(format string, v []any) {
	l.to.Error("nats", "text", fmt.Sprintf(format, v...))
}
