package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/hakonegate/hakone/internal/backup"
)

func (p *program) backupCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the data directory into a file",
		Long: `Copy everything that the data directory holds, keys and secrets included, into a
file that only you may read. - is standard output. The server must be stopped.`,
		Example: `  hakone backup hakone-$(date +%F).tar.gz`,
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			if args[0] == "-" {
				return backup.Write(p.stdout, p.dataDir)
			}
			if err := writeBackup(args[0], p.dataDir); err != nil {
				return err
			}
			p.say("Backed up %s into %s. It holds secrets: keep it as safe as the original.", p.dataDir, args[0])
			return nil
		},
	}
}

// writeBackup replaces file once the backup is whole.
func writeBackup(file, dataDir string) error {
	if err := replaceable(file); err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	half, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*") // mode 0600
	if err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	err = backup.Write(half, dataDir)
	err = errors.Join(err, half.Sync(), half.Close())
	if err == nil {
		err = os.Rename(half.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(half.Name()))
	}
	return nil
}

// replaceable refuses to put a file where something else is, such as a device or
// a link.
func replaceable(file string) error {
	info, err := os.Lstat(file)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return fmt.Errorf("%s is there and is not a regular file", file)
	case err == nil || errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return err
}

func (p *program) restoreCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "restore FILE",
		Short: "Make a data directory from a backup",
		Long: `Make the data directory, which must be missing or empty, from a backup. - is
standard input. When the backup is not whole, nothing is left behind.`,
		Example: `  hakone restore hakone-2026-11-24.tar.gz --data-dir ~/hakone-again`,
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			from := p.stdin
			if args[0] != "-" {
				file, err := os.Open(args[0])
				if err != nil {
					return fmt.Errorf("restore: %w", err)
				}
				defer file.Close()
				from = file
			}
			if err := backup.Read(from, p.dataDir); err != nil {
				return err
			}
			p.say("Restored into %s: hakone up --data-dir %s serves it.", p.dataDir, shellQuote(p.dataDir))
			return nil
		},
	}
}
