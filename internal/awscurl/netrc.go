package awscurl

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"
)

// readNetrc returns the user and password, as user:password, that the netrc file
// has for the host; "" if it has none.
func readNetrc(s *streams, host string) (string, error) {
	file := cmp.Or(s.getenv("NETRC"), filepath.Join(s.getenv("HOME"), ".netrc"))
	content, err := os.ReadFile(file) //nolint:gosec // the user's own file
	if err != nil {
		return "", failf(exitRead, "-n: %w", err)
	}
	return netrcEntry(string(content), host), nil
}

// netrcEntry finds the first entry for host, or else the default one. A macro
// ends at an empty line.
func netrcEntry(content, host string) string {
	var login, password string
	inMacro, here := false, false
	for line := range strings.Lines(content) {
		line = strings.TrimSpace(line)
		if inMacro = inMacro && line != ""; inMacro || strings.HasPrefix(line, "#") {
			continue
		}
		words := strings.Fields(line)
		for i := 0; i < len(words) && !inMacro; i++ {
			value := ""
			if i+1 < len(words) {
				value = strings.Trim(words[i+1], `"`)
			}
			switch words[i] {
			case "machine", "default":
				if here {
					return netrcUser(login, password)
				}
				if here = words[i] == "default" || strings.EqualFold(value, host); words[i] == "default" {
					continue
				}
			case "login":
				if here {
					login = value
				}
			case "password":
				if here {
					password = value
				}
			case "macdef":
				inMacro = true
			}
			i++
		}
	}
	return netrcUser(login, password)
}

func netrcUser(login, password string) string {
	if login == "" && password == "" {
		return ""
	}
	return login + ":" + password
}
