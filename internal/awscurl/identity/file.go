package identity

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"strings"
)

// settings returns what the files say of a profile, values as they stand: the
// credentials file beats the configuration file.
func (s *Sources) settings(name string) (map[string]string, bool, error) {
	if s.files == nil {
		files := map[string]map[string]string{}
		if err := readFile(s.configFile(), files, configSection); err != nil {
			return nil, false, err
		}
		if err := readFile(s.credentialsFile(), files, func(section string) string { return section }); err != nil {
			return nil, false, err
		}
		s.files = files
	}
	settings, ok := s.files[name]
	return settings, ok, nil
}

// configSection gives the profile that a section of the configuration file is
// about: profiles other than default say so. Sections of another kind keep
// their whole name, which no profile has.
func configSection(section string) string {
	if name, ok := strings.CutPrefix(section, "profile "); ok {
		return strings.Trim(strings.TrimSpace(name), `"'`)
	}
	if section == "default" || strings.HasPrefix(section, "sso-session ") || strings.HasPrefix(section, "services ") {
		return section
	}
	return "\x00" + section
}

// readFile adds the sections of path to files. A file that is not there is an
// empty one.
func readFile(path string, files map[string]map[string]string, rename func(string) string) error {
	file, err := os.Open(path) //nolint:gosec // the user's own configuration
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read AWS configuration: %w", err)
	}
	defer func() { _ = file.Close() }()
	section, key := "", ""
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		line := strings.TrimRight(lines.Text(), " \t\r")
		text := strings.TrimSpace(line)
		nested := text != line
		switch {
		case text == "" || text[0] == '#' || text[0] == ';':
		case text[0] == '[':
			section, key = rename(strings.TrimSpace(strings.Trim(text, "[]"))), ""
			if files[section] == nil {
				files[section] = map[string]string{}
			}
		case nested && key != "":
			// "s3 =" and its settings on lines of their own
			if name, value, ok := strings.Cut(text, "="); ok {
				files[section][key+"."+strings.TrimSpace(name)] = strings.TrimSpace(value)
			}
		case section != "":
			name, value, ok := strings.Cut(text, "=")
			if !ok {
				continue
			}
			key = ""
			name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
			if value == "" {
				key = name
			}
			if i := strings.Index(value, " #"); i >= 0 {
				value = strings.TrimSpace(value[:i])
			}
			files[section][name] = value
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

// credentialSettings are those that make a profile somebody.
var credentialSettings = []string{
	"aws_access_key_id", "aws_secret_access_key", "role_arn", "credential_process", "sso_session", "sso_start_url", "sso_account_id",
	"web_identity_token_file", "login_session",
}

func hasCredentials(settings map[string]string) bool {
	for _, name := range credentialSettings {
		if settings[name] != "" {
			return true
		}
	}
	return false
}

// profiles lists the names of all profiles, for messages.
func (s *Sources) profiles() []string {
	var names []string
	for name := range maps.Keys(s.files) {
		if !strings.HasPrefix(name, "\x00") && !strings.HasPrefix(name, "sso-session ") && !strings.HasPrefix(name, "services ") {
			names = append(names, name)
		}
	}
	return names
}
