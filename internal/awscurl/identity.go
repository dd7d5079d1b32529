package awscurl

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/hakonegate/hakone/sigv4"
)

// identity finds who signs: flags, else the environment, else the credentials
// file. It never guesses: a profile that was named and is not there is an error.
func (o *options) identity(s *streams) (sigv4.Credentials, error) {
	if (o.accessKey == "") != (o.secretKey == "") {
		return sigv4.Credentials{}, failf(exitUsage, "--access_key and --secret_key: needs both")
	}
	if o.accessKey != "" {
		return sigv4.Credentials{AccessKeyID: o.accessKey, SecretAccessKey: o.secretKey, SessionToken: firstOf(o.securityToken, o.sessionToken)}, nil
	}
	id, secret := s.getenv("AWS_ACCESS_KEY_ID"), s.getenv("AWS_SECRET_ACCESS_KEY")
	if o.profile == "" && (id == "") != (secret == "") {
		return sigv4.Credentials{}, failf(exitFailure, "the environment has only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	if o.profile == "" && id != "" {
		token := firstOf(o.securityToken, o.sessionToken, s.getenv("AWS_SECURITY_TOKEN"), s.getenv("AWS_SESSION_TOKEN"))
		return sigv4.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: token}, nil
	}
	return o.fromFile(s)
}

func (o *options) fromFile(s *streams) (sigv4.Credentials, error) {
	path := s.getenv("AWS_SHARED_CREDENTIALS_FILE")
	if path == "" {
		path = filepath.Join(s.getenv("HOME"), ".aws", "credentials")
	}
	profile := firstOf(o.profile, s.getenv("AWS_PROFILE"), "default")
	section, err := readSection(path, profile)
	if err != nil || section["aws_access_key_id"] == "" {
		return sigv4.Credentials{}, failf(exitFailure,
			"no credentials: no --access_key, no AWS_ACCESS_KEY_ID in the environment, no profile %s in %s", profile, path)
	}
	if section["aws_secret_access_key"] == "" {
		return sigv4.Credentials{}, failf(exitFailure, "profile %s in %s has no aws_secret_access_key", profile, path)
	}
	return sigv4.Credentials{
		AccessKeyID:     section["aws_access_key_id"],
		SecretAccessKey: section["aws_secret_access_key"],
		SessionToken:    section["aws_session_token"],
	}, nil
}

// readSection reads one section of an AWS configuration file, values as they
// stand.
func readSection(path, name string) (map[string]string, error) {
	file, err := os.Open(path) //nolint:gosec // the user's own configuration
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	var section map[string]string
	lines := bufio.NewScanner(file)
	for inside := false; lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if strings.HasPrefix(line, "[") {
			inside = strings.TrimSpace(strings.Trim(line, "[]")) == name
			if inside {
				section = map[string]string{}
			}
			continue
		}
		if key, value, ok := strings.Cut(line, "="); ok && inside && !strings.HasPrefix(line, "#") {
			section[strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
	if section == nil {
		return nil, errors.Join(lines.Err(), os.ErrNotExist)
	}
	return section, lines.Err()
}

func firstOf(values ...string) string {
	for _, value := range values {
		if value != "" {
			return value
		}
	}
	return ""
}
