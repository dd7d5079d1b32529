package cli

import (
	"bytes"
	"io"
	"log/slog"

	"github.com/spf13/pflag"
	"gopkg.in/natefinch/lumberjack.v2"
)

// logOptions say where the server's log goes.
type logOptions struct {
	verbose bool
	format  string
	file    string
	sizeMB  int
	keep    int
}

func (o *logOptions) flags(flags *pflag.FlagSet) {
	flags.BoolVar(&o.verbose, "verbose", false, "log what the server does")
	flags.StringVar(&o.format, "log", "text", "text or json: the form of the log; json turns everything on standard error into it")
	flags.StringVar(&o.file, "log-file", "", "FILE for the log instead of standard error; a full one is set aside with its time in the name")
	flags.IntVar(&o.sizeMB, "log-size", 100, "megabytes at which --log-file is full")
	flags.IntVar(&o.keep, "log-keep", 10, "full log files to keep; 0: all")
}

// logger writes what the server has to say: warnings, and with --verbose
// everything. The caller closes what closer is, when the server has stopped.
func (p *program) logger(o *logOptions) (log *slog.Logger, closer io.Closer, err error) {
	closer = io.NopCloser(nil)
	if o.format != "text" && o.format != "json" {
		return nil, closer, usagef("--log must be text or json, not %q", o.format)
	}
	if o.sizeMB < 1 || o.keep < 0 {
		return nil, closer, usagef("--log-size is at least 1, --log-keep at least 0")
	}
	options := &slog.HandlerOptions{Level: slog.LevelWarn}
	if o.verbose {
		options.Level = slog.LevelDebug
	}
	to := p.stderr
	switch {
	case o.file != "":
		if err := replaceable(o.file); err != nil { // by the next one, when it is full
			return nil, closer, usagef("--log-file: %w", err)
		}
		rotating := &lumberjack.Logger{Filename: o.file, MaxSize: o.sizeMB, MaxBackups: o.keep}
		if _, err := rotating.Write(nil); err != nil { // opens it: a wrong name is told now
			return nil, closer, usagef("--log-file: %w", err)
		}
		to, closer = rotating, rotating
	case o.format == "text":
		to = p.progressView()
	}
	if o.format == "text" {
		return slog.New(slog.NewTextHandler(to, options)), closer, nil
	}
	if o.file == "" {
		p.stderr = &lineLog{slog.New(slog.NewJSONHandler(to, nil))}
	}
	return slog.New(slog.NewJSONHandler(to, options)), closer, nil
}

// A lineLog makes each line that is written for a person a record of the log.
type lineLog struct{ log *slog.Logger }

func (l *lineLog) Write(text []byte) (int, error) {
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			l.log.Info(string(line)) //nolint:sloglint // what was said is the message
		}
	}
	return len(text), nil
}
