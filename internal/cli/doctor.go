package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/hakonegate/hakone/internal/execenv"
	"github.com/hakonegate/hakone/internal/sandbox"
)

// A diagnosis is what doctor found out about one thing that hakone uses.
type diagnosis struct {
	Name   string `json:"name"`
	Level  string `json:"level"` // "ok", "lack": something is not to be had; "stop": hakone cannot run
	Detail string `json:"detail"`
	Cost   string `json:"cost,omitempty"` // what the lack means, and what helps
}

func (p *program) doctorCommand() *cobra.Command {
	var listen string
	command := &cobra.Command{
		Use:   "doctor",
		Short: "Check what this machine offers, and what each lack costs",
		Long: `Check what this machine offers for what hakone does, and say what each lack
costs. Exit status 1 if hakone could not run at all.`,
		Args: arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			all := p.examine(c.Context(), listen)
			if err := p.printDiagnoses(all); err != nil {
				return err
			}
			for _, f := range all {
				if f.Level == "stop" {
					return exitError(1)
				}
			}
			return nil
		},
	}
	command.Flags().StringVar(&listen, "listen", "127.0.0.1:8443", "address that the data plane is to have")
	return command
}

func (p *program) printDiagnoses(all []diagnosis) error {
	if p.output == "json" {
		return p.printJSON(all)
	}
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for _, f := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\n", f.Level, f.Name, f.Detail)
		if f.Cost != "" {
			fmt.Fprintf(table, "\t\t%s\n", f.Cost)
		}
	}
	return table.Flush()
}

func (p *program) examine(ctx context.Context, listen string) []diagnosis {
	all := []diagnosis{examineDataDir(p.dataDir)}
	if _, err := p.connect(ctx); err == nil {
		all = append(all, diagnosis{Name: "ports", Level: "ok", Detail: "a server runs for the data directory"})
	} else {
		for _, address := range []string{listen, firstOf(p.control, "127.0.0.1:4566")} {
			all = append(all, examineAddress(ctx, address))
		}
	}
	return append(append(all, examineIsolation(), examineMemory(), examineFiles(), examineClock()), examineInterpreters()...)
}

// examineDataDir looks for the data directory, or for where it is to be made.
func examineDataDir(dir string) diagnosis {
	f := diagnosis{Name: "data directory", Level: "ok", Detail: dir}
	at := dir
	info, err := os.Stat(at)
	for errors.Is(err, fs.ErrNotExist) && at != filepath.Dir(at) {
		at = filepath.Dir(at)
		info, err = os.Stat(at)
	}
	switch {
	case err != nil:
		f.Level, f.Cost = "stop", err.Error()
	case !info.IsDir():
		f.Level, f.Cost = "stop", at+" is not a directory: name another --data-dir"
	case at == dir && info.Mode().Perm()&0o077 != 0:
		f.Level, f.Cost = "lack", fmt.Sprintf("others may look into it (mode %04o), and it holds keys: chmod 700 %s", info.Mode().Perm(), dir)
	}
	if f.Level == "stop" {
		return f
	}
	probe, err := os.CreateTemp(at, ".hakone-doctor-*")
	if err != nil {
		f.Level, f.Cost = "stop", fmt.Sprintf("nothing can be written there (%v): name another --data-dir", err)
		return f
	}
	_ = probe.Close()
	_ = os.Remove(probe.Name())
	return f
}

func examineAddress(ctx context.Context, address string) diagnosis {
	f := diagnosis{Name: "address " + address, Level: "ok", Detail: "free"}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		f.Level, f.Detail, f.Cost = "stop", "taken or not to be had", err.Error()+": give another with --listen or --control, port 0 takes any"
		return f
	}
	_ = listener.Close()
	return f
}

func examineIsolation() diagnosis {
	found, err := sandbox.Probe()
	missing := found.Missing()
	if len(missing) == 0 {
		return diagnosis{Name: "isolation", Level: "ok", Detail: "namespaces, Landlock, seccomp, no new privileges, resource limits"}
	}
	f := diagnosis{Name: "isolation", Level: "lack", Detail: "not here: " + strings.Join(missing, ", ")}
	f.Cost = "functions are kept apart from the machine by the rest only; --isolation require refuses to run like this"
	if err != nil {
		f.Cost += " (" + err.Error() + ")"
	}
	return f
}

// examineMemory says what bounds the memory and processes of functions.
func examineMemory() diagnosis {
	f := diagnosis{Name: "memory limit", Level: "ok", Detail: "by control groups: the kernel counts"}
	if err := sandbox.CheckCgroups(); err != nil {
		f.Detail = "by looking every 20 ms, and by the number of processes (" + err.Error() + ")"
		f.Cost = "a function may have more for a moment; under systemd, Delegate=yes gives hakone control groups of its own"
	}
	return f
}

// examineInterpreters looks for one of each kind. A template asks for a version,
// and the nearest one stands in.
func examineInterpreters() []diagnosis {
	var all []diagnosis
	for _, language := range []struct{ name, runtime, cost string }{
		{"Python", "python3.13", "templates with Python functions are refused: install python3"},
		{"Node.js", "nodejs22.x", "templates with Node.js functions are refused: install nodejs"},
		{"Java", "java21", "templates with Java functions are refused: install a Java runtime"},
		{"Ruby", "ruby3.4", "templates with Ruby functions are refused: install ruby"},
		{".NET", "dotnet8", "templates with .NET functions are refused: install the .NET runtime"},
	} {
		path, version, err := execenv.Locate(language.runtime)
		if err != nil {
			all = append(all, diagnosis{Name: language.name, Level: "lack", Detail: "not found on the PATH", Cost: language.cost})
			continue
		}
		all = append(all, diagnosis{Name: language.name, Level: "ok", Detail: version + " (" + path + ")"})
	}
	return all
}
