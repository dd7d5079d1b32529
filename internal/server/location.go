package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hakonegate/hakone/sigv4"
)

// Version is the version of the program.
var Version = "0.1.0"

// OperatorService is what requests to the operator's API are signed for.
const OperatorService = "hakone"

// A Location is where a running server is found. It is kept in a file of the
// data directory while the server runs.
type Location struct {
	PID     int    `json:"pid"`
	Control string `json:"control"`
	Region  string `json:"region"`
}

func locationFile(dataDir string) string { return filepath.Join(dataDir, "server.json") }

// ReadLocation finds the server of a data directory. The file may be that of a
// server that was killed: whoever connects finds out.
func ReadLocation(dataDir string) (*Location, error) {
	text, err := os.ReadFile(locationFile(dataDir))
	if err != nil {
		return nil, fmt.Errorf("find server: %w", err)
	}
	location := &Location{}
	if err := json.Unmarshal(text, location); err != nil {
		return nil, fmt.Errorf("find server: %s: %w", locationFile(dataDir), err)
	}
	return location, nil
}

func writeLocation(dataDir string, location *Location) error {
	text, err := json.Marshal(location)
	if err != nil {
		return fmt.Errorf("encode location: %w", err)
	}
	return writeFile(locationFile(dataDir), text)
}

// An administrator is the file that holds the administrator's access key, for
// the command line of the same user.
type administrator struct {
	AccessKeyID     string `json:"accessKeyId"`
	SecretAccessKey string `json:"secretAccessKey"`
}

func administratorFile(dataDir string) string { return filepath.Join(dataDir, "administrator.json") }

// ReadAdministrator returns the administrator's access key of a data directory.
func ReadAdministrator(dataDir string) (sigv4.Credentials, error) {
	text, err := os.ReadFile(administratorFile(dataDir))
	if err != nil {
		return sigv4.Credentials{}, fmt.Errorf("read the administrator's access key: %w", err)
	}
	var a administrator
	if err := json.Unmarshal(text, &a); err != nil || a.AccessKeyID == "" || a.SecretAccessKey == "" {
		return sigv4.Credentials{}, fmt.Errorf("read the administrator's access key: %s is damaged", administratorFile(dataDir))
	}
	return sigv4.Credentials{AccessKeyID: a.AccessKeyID, SecretAccessKey: a.SecretAccessKey}, nil
}

// writeFile replaces a file that only its owner may read, so that a reader sees
// the old text or the new, also after the power was cut.
func writeFile(path string, text []byte) error { return writeFileMode(path, text, 0o600) }

func writeFileMode(path string, text []byte, mode fs.FileMode) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = temporary.Write(text)
	err = errors.Join(err, temporary.Chmod(mode), temporary.Sync(), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(temporary.Name()))
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes the names in a directory safe.
func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // of the operator
	if err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return nil
}

// removeFile removes a file that may be gone already.
func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove file: %w", err)
	}
	return nil
}
