package execenv

import (
	"os"
	"path/filepath"
	"strings"
)

// behindShim returns the program that a shim of pyenv, rbenv or nodenv starts, when
// that is plain: a version that is installed is named by the environment, by a file
// in the working directory or above it, or for the whole account. To ask the shim
// takes a dozen shell scripts. Else it returns the shim, which knows.
func behindShim(shim string) string {
	name := filepath.Base(shim)
	root := filepath.Dir(filepath.Dir(shim))
	manager := strings.TrimPrefix(filepath.Base(root), ".")
	file := map[string]string{"pyenv": ".python-version", "rbenv": ".ruby-version", "nodenv": ".node-version"}[manager]
	if file == "" {
		return shim
	}
	chosen := os.Getenv(strings.ToUpper(manager) + "_VERSION")
	if chosen == "" {
		chosen = versionFile(file, filepath.Join(root, "version"))
	}
	version, _, several := strings.Cut(strings.TrimSpace(chosen), "\n")
	program := filepath.Join(root, "versions", version, "bin", name)
	if version == "" || several || strings.ContainsAny(version, ":/ #") {
		return shim
	}
	if st, err := os.Stat(program); err != nil || !st.Mode().IsRegular() || st.Mode()&0o111 == 0 { //nolint:gosec // of the manager's versions
		return shim
	}
	return program
}

// versionFile returns what the nearest file of that name says, in the working
// directory or above it, else what the account's file does.
func versionFile(name, account string) string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	for {
		if text, err := os.ReadFile(filepath.Join(dir, name)); err == nil { //nolint:gosec // as the shim does
			return string(text)
		}
		up := filepath.Dir(dir)
		if up == dir {
			break
		}
		dir = up
	}
	text, _ := os.ReadFile(account) //nolint:gosec // as the shim does
	return string(text)
}
